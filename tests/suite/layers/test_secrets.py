"""Secrets are found by name or content, in every layer, and no finding shows one."""

from __future__ import annotations

import base64
import gzip
import io
import json
import lzma
import random
import string
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.layers import secrets
from fixtures.layers.reviewed import Reviewed
from tests.suite.layers.images import Item, image, tar

# The form of a key, with a body that opens nothing.
BODY = base64.b64encode(bytes(random.Random(1).randbytes(300))).decode()  # noqa: S311  # not for security
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n".encode()
RANDOM_WORD = "".join(random.Random(2).choices(string.ascii_letters + string.digits, k=100))  # noqa: S311
UPPER = "Q7WERTYUI2OPASDF"


def login(text: str) -> bytes:
    return json.dumps({"auths": {"registry": {"auth": base64.b64encode(text.encode()).decode()}}}).encode()


def der(begin: str, size: int = 100) -> bytes:
    """Return a sequence of DER (X.690) that begins so and has so many bytes in it."""
    body = bytes.fromhex(begin).ljust(size, b"\5")
    return b"\x30" + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + body


def archive(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, content)
    return packed.getvalue()


SECRETS = {
    "opt/__pycache__/a.pyc": (b"\0" * 9 + f"ghp_{RANDOM_WORD[:36]}".encode(), "a GitHub token"),
    "opt/backup.tar.gz": (archive("keys/id", KEY), "a private key (keys/id)"),
    "opt/keys.zip": (zipped("keys/id", KEY), "a private key (keys/id)"),
    "opt/backup.tar.xz": (lzma.compress(gzip.decompress(archive("keys/id", KEY))), "a private key (keys/id)"),
    "opt/dump.sql.gz": (gzip.compress(f"ghp_{RANDOM_WORD[:36]}".encode()), "a GitHub token (dump.sql)"),
    "opt/store.p12": (b"\0\1", "a store of keys by its name"),
    "etc/app/app.ini": (b"[db]\npassword = k3wq9Zr7Lm2x\n", "a password in a setting"),
    "home/me/.config/x.yaml": (b"remote: https://me:k3wq9Zr7@git.example.com/r\n", "a password in a setting"),
    "opt/jwt": (f"t=eyJhbGciOiJIUzI1NiJ9.eyJ{RANDOM_WORD[:40]}.{RANDOM_WORD[40:90]}".encode(), "a signed token (JWT)"),
    "opt/slack": (f"xoxb-123456789012-123456789012-{RANDOM_WORD[:24]}".encode(), "a Slack token"),
    "opt/slack-hook": (f"hooks.slack.com/services/TEXAMPLE/B1/{RANDOM_WORD[:24]}".encode(), "a Slack webhook"),
    "opt/stripe": (f"sk_live_{RANDOM_WORD[:24]}".encode(), "a Stripe key"),
    "opt/google": (f"AIza{RANDOM_WORD[:35]}".encode(), "a Google API key"),
    "opt/model": (f"KEY=sk-ant-{RANDOM_WORD[:40]}".encode(), "a language model's API key"),
    "opt/hugging-face": (f"hf_{RANDOM_WORD[:34]}".encode(), "a Hugging Face token"),
    "opt/docker-hub": (f"dckr_pat_{RANDOM_WORD[:27]}".encode(), "a Docker Hub token"),
    "opt/vault": (f"hvs.{RANDOM_WORD[:30]}".encode(), "a Vault token"),
    "opt/azure": (f"AccountKey={(BODY * 2)[:86]}==".encode(), "an Azure storage key"),
    "opt/aws-secret": (f"aws_secret_access_key = {RANDOM_WORD[:40]}".encode(), "an AWS secret key"),
    "opt/app/.env": (b"DEBUG=1\nDATABASE_PASSWORD=x1\n", "the settings of an application"),
    "root/.ssh/authorized_keys": (b"ssh-ed25519 AAAA a@b", "a key that may log in"),
    "etc/pip.conf": (b"index-url = https://me:word@host/simple", "a package index's password"),
    "opt/any-name": (KEY, "a private key"),
    "opt/binary": (bytes(5000) + KEY, "a private key"),
    "opt/near-one-MiB": (b"\0" * (secrets.SMALL - len(KEY)) + KEY, "a private key"),
    "opt/member-of-one-MiB.tar.gz": (archive("keys/id", KEY.rjust(1 << 20, b"\0")), "a private key (keys/id)"),
    "opt/member-of-one-MiB.zip": (zipped("keys/id", KEY.rjust(1 << 20, b"\0")), "a private key (keys/id)"),
    "opt/long-text-in-it.tar.gz": (archive("a.log", b"text\n" * 600_000 + KEY), "a private key (a.log)"),
    "opt/long-text-in-it.zip": (zipped("a.log", b"text\n" * 600_000 + KEY), "a private key (a.log)"),
    "opt/store-over-one-MiB.p12": (bytes(1 << 21), "a store of keys by its name"),
    "opt/text-over-16-MiB/id_rsa": (b"a" * ((16 << 20) + 1), "an SSH private key by its name"),
    "opt/long.log": (b"text\n" * 600_000 + KEY, "a private key"),
    "opt/in.json": (json.dumps({"key": KEY.decode()}).encode(), "a private key"),
    "opt/encrypted.pem": (KEY.replace(b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "a private key"),
    "opt/second": (b"-----BEGIN PRIVATE KEY----- is how it begins\n" + KEY, "a private key"),
    "opt/pkcs8.der": (der("020100 3013 06072a8648ce3d0201 06082a8648ce3d030107"), "a private key (DER)"),
    "opt/pkcs1": (der("020100 028201", 600), "a private key (DER)"),
    "opt/sec1": (der("020101 0420"), "a private key (DER)"),
    "opt/pkcs8-encrypted": (der("3057 06092a864886f70d01050d"), "a private key (DER)"),
    "opt/key.jwk": (f'{{"kty":"OKP","d":"{RANDOM_WORD[:43]}"}}'.encode(), "a private key (JWK)"),
    "var/cache/debconf/passwords.dat": (b"Name: a/b\nValue: x\n", "a password that a package asked for"),
    "opt/putty": (f"PuTTY-User-Key-File-3: x\nPrivate-Lines: 1\n{BODY}".encode(), "a PuTTY private key"),
    "opt/age": (f"AGE-SECRET-KEY-1{(UPPER * 4)[:58]}".encode(), "an age private key"),
    "opt/github": (f"t=ghp_{RANDOM_WORD[:36]}\n".encode(), "a GitHub token"),
    "opt/github-pat": (f"github_pat_{RANDOM_WORD[:60]}".encode(), "a GitHub token"),
    "opt/gitlab": (f"glpat-{RANDOM_WORD[:20]}".encode(), "a GitLab token"),
    "opt/aws": (f"id=AKIA{UPPER}".encode(), "an AWS access key"),
    "opt/npm": (f"npm_{RANDOM_WORD[:36]}".encode(), "an npm token"),
    "root/.npmrc": (f"//r/:_authToken={RANDOM_WORD[:30]}".encode(), "an npm registry's token"),
    "opt/pypi": (f"pypi-AgE{RANDOM_WORD}".encode(), "a PyPI token"),
    "root/.docker/config.json": (login("user:password"), "a container registry's login"),
    "opt/two-logins": (b'{"auth": "ninechars"}' + login("user:password"), "a container registry's login"),
    "root/.kube/config": (f"  client-key-data: {BODY}".encode(), "a cluster's client key"),
    "opt/kubeconfig": (f"users:\n    token: {RANDOM_WORD[:30]}\n".encode(), "a cluster's credentials"),
    "root/.ssh/id_ed25519": (b"any content", "an SSH private key by its name"),
    "root/.git-credentials": (b"any content", "git's stored passwords"),
    "root/.aws/credentials": (b"any content", "AWS credentials"),
    "root/.netrc": (b"machine h login u password p", "a password for a host"),
    "root/.pypirc": (b"[pypi]\npassword = p", "a package index's password"),
    "etc/npmrc": (b"_password=cGFzcw", "an npm registry's password"),
    "root/.config/gh/hosts.yml": (b"github.com:\n  oauth_token: x", "gh's token"),
}


def test_secrets_in_a_text() -> None:
    assert secrets.secrets_in_text(f"ENV GH_TOKEN=ghp_{RANDOM_WORD[:36]}") == ["a GitHub token"]
    assert secrets.secrets_in_text("ENV GH_TOKEN=ghp_short") == []


@pytest.mark.parametrize("path", SECRETS)
def test_secret_is_found_and_not_shown(tmp_path: Path, path: str) -> None:
    data, what = SECRETS[path]
    with image(tmp_path, [Item(path, data)]) as entries:
        (finding,) = secrets.secrets(entries)
    assert finding.path == f"/{path}"
    assert what in finding.seen
    assert BODY[:20] not in str(finding)
    assert RANDOM_WORD[:20] not in str(finding)


NO_SECRETS = {
    "headers-in-source": (
        b'HEADER = "-----BEGIN RSA PRIVATE KEY-----"\nFOOTER = "-----END RSA PRIVATE KEY-----"\n' * 40
    ),
    "placeholder-of-a-body": b"-----BEGIN PRIVATE KEY-----\n<key bytes>\n-----END PRIVATE KEY-----",
    "body-of-one-letter": b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64 + b"\n-----END PRIVATE KEY-----",
    "der-of-a-public-key": der("3059 3013 06072a8648ce3d0201"),
    "der-with-more-after-it": der("020101 0420") + b"x",
    "der-without-a-key": der("020101 0420", 20),
    "jwk-of-a-public-key": f'{{"kty":"OKP","x":"{RANDOM_WORD[:43]}"}}'.encode(),
    "certificate": b"-----BEGIN CERTIFICATE-----\n" + BODY.encode() + b"\n-----END CERTIFICATE-----",
    "token-of-one-letter": b"token: ghp_" + b"x" * 36,
    "token-of-one-letter-after-a-long-name": b"github_pat_" + b"x" * 40,
    "example-of-aws": b"AKIAIOSFODNN7EXAMPLE",
    "slack-in-a-manual": b"see xoxb-1234-56789abcdefghijklmnop",
    "variable": b"_authToken=${NPM_TOKEN}",
    "word-instead-of-a-token": b"//registry/:_authToken=mytoken",
    "login-without-a-colon": login("no colon in it"),
    "login-that-is-no-base64": b'{"auth": "ninechars"}',
}


@pytest.mark.parametrize("name", NO_SECRETS)
def test_header_placeholder_or_certificate_is_no_secret(tmp_path: Path, name: str) -> None:
    data = NO_SECRETS[name]
    with image(tmp_path, [Item("opt/doc", data), Item("root/.ssh/id_rsa.pub", data)]) as entries:
        assert secrets.secrets(entries) == []


@pytest.mark.parametrize("byte", [b"\0", b"a"], ids=["binary-of-one-MiB", "text-of-16-MiB"])
def test_files_are_searched_up_to_their_size(tmp_path: Path, byte: bytes) -> None:
    most = 1 << 20 if byte == b"\0" else 16 << 20
    items = [Item(f"opt/{size}", KEY.rjust(size, byte)) for size in (most, most + 1)]
    with image(tmp_path, items) as entries:
        assert [finding.path for finding in secrets.secrets(entries)] == [f"/opt/{most}"]


def test_an_archive_is_searched_beyond_a_link_to_nothing(tmp_path: Path) -> None:
    packed = tar([Item("link", type=tarfile.SYMTYPE, link="nothing"), Item("keys/id", KEY)])
    with image(tmp_path, [Item("opt/backup.tar", packed)]) as entries:
        (finding,) = secrets.secrets(entries)
    assert finding.seen == "holds a private key (keys/id)"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("root/.netrc", b"machine h"),
        ("var/cache/debconf/passwords.dat", b"Name: a/b\nValue:\n"),
        ("etc/npmrc", b"registry=https://r/"),
        ("opt/.env", b"DEBUG=1"),
        ("opt/id_rsa", b""),
    ],
)
def test_a_named_file_without_a_secret_is_none(tmp_path: Path, path: str, data: bytes) -> None:
    with image(tmp_path, [Item(path, data)]) as entries:
        assert secrets.secrets(entries) == []


def test_source_that_handles_kubeconfigs_is_no_secret(tmp_path: Path) -> None:
    with image(tmp_path, [Item("opt/modules/kubeconfig.py", b"options:\n  token: an_example_token\n")]) as entries:
        assert secrets.secrets(entries) == []


@pytest.mark.parametrize(
    "line",
    ["password = $PASSWORD", "# token = abc12345678", "PasswordAuthentication no", "secret: {{ vault_1secret }}"],
)
def test_setting_without_a_password_is_no_secret(tmp_path: Path, line: str) -> None:
    with image(tmp_path, [Item("etc/app.conf", f"a = b\n{line}\n".encode())]) as entries:
        assert secrets.secrets(entries) == []


def test_key_that_a_later_layer_deletes_is_found(tmp_path: Path) -> None:
    with image(tmp_path, [Item("root/key", KEY)], [Item("root/.wh.key")]) as entries:
        (finding,) = secrets.secrets(entries)
    assert (finding.layer_index, finding.hidden_by) == (0, 1)
    assert "hidden by layer 1 but still readable by anyone who pulls" in str(finding)


def test_reviewed_secret_is_allowed(tmp_path: Path) -> None:
    reviewed = [Reviewed(path="/opt/tests/*.pem", reason="a test's key, published with the package")]
    with image(tmp_path, [Item("opt/tests/x/key.pem", KEY)]) as entries:
        assert secrets.secrets(entries, reviewed) == []


def test_a_file_of_a_remembered_layer_is_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.layers.entries._remembered", {})
    with image(tmp_path, [Item("root/key", KEY)]) as (entry,):
        (first,) = secrets.secrets([entry])
        unreadable = replace(entry, content=lambda: pytest.fail("it was opened again"))
        assert secrets.secrets([unreadable]) == [first]
