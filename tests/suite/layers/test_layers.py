from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import stat
import string
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import SuiteError, UsageError
from fixtures.layers import leftovers, reader, rights, secrets, storage
from fixtures.layers.archive import layout_layers
from fixtures.layers.entries import LayerEntry, visible
from fixtures.layers.reviewed import Finding, Reviewed, ReviewedPaths
from fixtures.paths import IMAGE_DIRECTORY

REVIEWED = IMAGE_DIRECTORY / "reviewed.toml"


@dataclass(frozen=True)
class Item:
    """What one layer holds at a path."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    type: bytes = tarfile.REGTYPE
    link: str = ""
    capability: bool = False


def folder(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Item:
    return Item(path, mode=mode, uid=uid, gid=gid, type=tarfile.DIRTYPE)


def tar(items: Sequence[Item]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for item in items:
            member = tarfile.TarInfo(item.path)
            member.mode, member.uid, member.gid, member.type = item.mode, item.uid, item.gid, item.type
            member.linkname, member.size = item.link, len(item.data)
            if item.capability:
                member.pax_headers = {"SCHILY.xattr.security.capability": "\1"}
            archive.addfile(member, io.BytesIO(item.data))
    return stream.getvalue()


def save(path: Path, *contents: Sequence[Item], pack: Callable[[bytes], bytes] = bytes) -> Path:
    """Lay out an OCI image of these layers in a directory."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> dict[str, str]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}"}

    tars = [tar(items) for items in contents]
    diff_ids = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in tars]
    config = put(json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode())
    manifest = put(json.dumps({"config": config, "layers": [put(pack(data)) for data in tars]}).encode())
    (path / "index.json").write_text(json.dumps({"manifests": [manifest]}), encoding="utf-8")
    return path


@contextmanager
def image(tmp_path: Path, *contents: Sequence[Item]) -> Iterator[list[LayerEntry]]:
    with layout_layers(save(tmp_path / "image", *contents)) as entries:
        yield entries


def hidden(entries: Sequence[LayerEntry]) -> dict[tuple[int, str], int | None]:
    return {(entry.layer_index, entry.path): entry.hidden_by for entry in entries}


# A key's form with a body that opens nothing.
BODY = base64.b64encode(bytes(random.Random(1).randbytes(300))).decode()  # noqa: S311  # not for security
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n".encode()
WORD = "".join(random.Random(2).choices(string.ascii_letters + string.digits, k=100))  # noqa: S311
UPPER = "Q7WERTYUI2OPASDF"


def as_archive(path: Path) -> Path:
    target = path.with_suffix(".tar")
    with tarfile.open(target, "w") as archive:
        for name in sorted(path.rglob("*")):
            archive.add(name, name.relative_to(path), recursive=False)
    return target


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", [Path, as_archive], ids=["directory", "archive"])
def test_layout_is_read_in_every_form(
    tmp_path: Path, pack: Callable[[bytes], bytes], form: Callable[[Path], Path]
) -> None:
    first = [folder("./opt"), Item("opt/a", b"one", mode=0o4711, uid=3, gid=4)]
    second = [Item("opt/b", b"two"), Item("opt/c", link="opt/b", type=tarfile.LNKTYPE)]
    with layout_layers(form(save(tmp_path / "image", first, second, pack=pack))) as entries:
        found = {entry.path: entry for entry in entries}
        assert list(found) == ["/opt", "/opt/a", "/opt/b", "/opt/c"]
        a, c = found["/opt/a"], found["/opt/c"]
        assert (a.mode, a.uid, a.gid, a.size, a.read(), a.layer_index) == (0o4711, 3, 4, 3, b"one", 0)
        assert (c.linkname, c.size, c.read(), c.layer_index) == ("/opt/b", 3, b"two", 1)
        assert a.layer_digest == "sha256:" + hashlib.sha256(tar(first)).hexdigest()


def test_hidden_by_names_the_layer_that_deletes_or_replaces(tmp_path: Path) -> None:
    lowest = [Item("a/gone"), Item("a/kept"), Item("b/old"), Item("c/x"), Item("d")]
    middle = [Item("a/.wh.gone"), folder("b"), Item("b/.wh..wh..opq"), Item("b/new"), Item("c")]
    with image(tmp_path, lowest, middle, [Item("d"), Item("a/gone")]) as entries:
        assert hidden([entry for entry in entries if entry.type == "file"]) == {
            (0, "/a/gone"): 1,
            (0, "/a/kept"): None,
            (0, "/b/old"): 1,
            (0, "/c/x"): 1,
            (0, "/d"): 2,
            (1, "/b/new"): None,
            (1, "/c"): None,
            (2, "/d"): None,
            (2, "/a/gone"): None,
        }
        assert "/a/gone" in {entry.path for entry in visible(entries)}


def test_hidden_by_is_the_nearest_layer_above(tmp_path: Path) -> None:
    deleted, again = [Item(".wh.a")], [folder("a"), Item("a/b")]
    with image(tmp_path, [folder("a"), Item("a/b")], deleted, again) as entries:
        assert hidden([entry for entry in entries if entry.layer_index == 0]) == {(0, "/a"): 1, (0, "/a/b"): 1}


def test_emptied_directory_itself_stays(tmp_path: Path) -> None:
    with image(tmp_path, [folder("a"), Item("a/b")], [Item("a/.wh..wh..opq")]) as entries:
        assert [entry.path for entry in visible(entries)] == ["/a"]


def overlay(root: Path, items: Sequence[Item]) -> str:
    for item in items:
        path = root / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == ".wh..wh..opq":
            try:
                os.setxattr(path.parent, "user.overlay.opaque", b"y")
            except OSError as error:
                pytest.skip(f"no user attributes on this file system: {error.strerror}")
        elif path.name.startswith(".wh."):
            os.mknod(path.with_name(path.name.removeprefix(".wh.")), stat.S_IFCHR, os.makedev(0, 0))
        elif item.type == tarfile.DIRTYPE:
            path.mkdir(exist_ok=True)
        elif item.type == tarfile.LNKTYPE:
            path.hardlink_to(root / item.link)
        else:
            path.write_bytes(item.data)
    return str(root)


def test_storage_and_layout_tell_the_same(tmp_path: Path) -> None:
    lowest = [folder("a"), Item("a/gone", b"1"), folder("b"), Item("b/old", b"22")]
    lowest += [Item("a/hard", b"333"), Item("a/link", link="a/hard", type=tarfile.LNKTYPE)]
    highest = [folder("a"), Item("a/.wh.gone"), folder("b"), Item("b/.wh..wh..opq"), Item("b/new", b"4")]
    folders = [overlay(tmp_path / name, items) for name, items in (("0", lowest), ("1", highest))]

    def told(entries: Sequence[LayerEntry]) -> set[tuple[object, ...]]:
        return {(e.layer_index, e.path, e.type, e.size, e.hidden_by) for e in entries}

    stored = storage.folder_layers(folders, ["sha256:0", "sha256:1"])
    with image(tmp_path, lowest, highest) as entries:
        assert told(stored) == told(entries)
    assert sum(bool(entry.linkname) for entry in stored) == 1
    assert {e.path: e.read() for e in stored if e.size and not e.hidden_by}["/a/link"] == b"333"


def test_storage_does_not_follow_links_out_of_the_layer(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "out").symlink_to("/etc")
    (entry,) = storage.folder_layers([str(tmp_path / "0")], ["sha256:0"])
    assert (entry.type, entry.linkname) == ("symlink", "/etc")
    with pytest.raises(ValueError, match="has no content"):
        entry.open()


def inspected(driver: str, *folders: Path) -> dict[str, Any]:
    top, *lower = (str(folder) for folder in reversed(folders))
    data = {"UpperDir": top, "LowerDir": ":".join(lower)}
    return {"GraphDriver": {"Name": driver, "Data": data}, "RootFS": {"Layers": ["sha256:x"] * len(folders)}}


def test_storage_folders_are_lowest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.layers.storage._may_read_trusted_attributes", lambda: True)
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    assert storage.storage_folders(inspected("overlay", first, second)) == [str(first), str(second)]
    assert storage.storage_folders(inspected("vfs", first, second)) == []
    assert storage.storage_folders(inspected("overlay", first, tmp_path / "absent")) == []
    monkeypatch.setattr("fixtures.layers.storage._may_read_trusted_attributes", lambda: False)
    assert storage.storage_folders(inspected("overlay", first, second)) == []


def test_image_is_read_in_place_where_storage_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr("fixtures.layers.storage._may_read_trusted_attributes", lambda: True)
    monkeypatch.setattr("fixtures.layers.reader.inspect", lambda _: inspected("overlay", tmp_path))
    monkeypatch.setattr("fixtures.layers.reader.podman", lambda *_, **__: pytest.fail("the image was saved"))
    with reader.image_layers("localhost/x") as entries:
        assert [(entry.path, entry.layer_digest, entry.read()) for entry in entries] == [("/a", "sha256:x", b"1")]


def test_image_is_saved_where_storage_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = save(tmp_path / "saved", [Item("a", b"1")])

    def podman(*arguments: str, timeout: float) -> str:
        assert arguments[0] == "save"
        assert timeout > 0
        shutil.copytree(saved, arguments[arguments.index("--output") + 1])
        return ""

    monkeypatch.setattr("fixtures.layers.reader.inspect", lambda _: inspected("vfs", tmp_path))
    monkeypatch.setattr("fixtures.layers.reader.podman", podman)
    with reader.image_layers("localhost/x") as entries:
        assert [entry.read() for entry in entries] == [b"1"]


def damage(path: Path, how: str) -> Path:
    if how == "absent":
        return path / "none"
    if how == "not an archive":
        (path.parent / "file").write_bytes(b"no tar" * 200)
        return path.parent / "file"
    for blob in (path / "blobs" / "sha256").iterdir():
        document = json.loads(blob.read_bytes()) if blob.read_bytes().startswith(b"{") else {}
        if how == "no blob" and not document:
            blob.unlink()
        elif how == "zstd" and not document:
            blob.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(2000))
        elif how == "platforms" and "layers" in document:
            blob.write_text('{"manifests": []}', encoding="utf-8")
    if how == "two images":
        index = json.loads((path / "index.json").read_text(encoding="utf-8"))
        (path / "index.json").write_text(json.dumps({"manifests": index["manifests"] * 2}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("absent", "no image at"),
        ("not an archive", "not a tar archive"),
        ("no blob", "is missing: save the image"),
        ("zstd", "neither tar nor gzip"),
        ("platforms", "an index of platforms"),
        ("two images", "holds 2 images"),
    ],
)
def test_broken_layout_is_a_usage_error(tmp_path: Path, how: str, message: str) -> None:
    path = damage(save(tmp_path / "image", [Item("a", b"1")]), how)
    with pytest.raises(UsageError, match=message), layout_layers(path):
        pytest.fail("a broken image was read")


def test_hard_link_out_of_its_layer_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path / "image", [Item("a", link="elsewhere", type=tarfile.LNKTYPE)])
    with pytest.raises(SuiteError, match="hard link to /elsewhere"), layout_layers(path):
        pytest.fail("a broken layer was read")


def test_vanished_layer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="a layer vanished"):
        storage.folder_layers([str(tmp_path / "none")], ["sha256:0"])


def test_setuid_setgid_and_capabilities_are_found(tmp_path: Path) -> None:
    items = [
        Item("bin/su", mode=0o4755),
        Item("bin/wall", mode=0o2755),
        Item("bin/newuidmap", mode=0o755, capability=True),
        Item("bin/plain", mode=0o755),
        folder("var/mail", mode=0o2775),
    ]
    with image(tmp_path, items) as entries:
        found = {finding.path: finding.seen for finding in rights.setuid_files(entries)}
    assert found == {
        "/bin/newuidmap": "file capabilities, mode 0755, owner 0:0",
        "/bin/su": "setuid, mode 4755, owner 0:0",
        "/bin/wall": "setgid, mode 2755, owner 0:0",
    }


def test_setuid_bit_that_a_later_layer_takes_away_grants_nothing(tmp_path: Path) -> None:
    with image(tmp_path, [Item("bin/x", mode=0o4755)], [Item("bin/x", mode=0o755)]) as entries:
        assert rights.setuid_files(entries) == []


def test_finding_is_one_line_with_layer_and_repair(tmp_path: Path) -> None:
    with image(tmp_path, [Item("usr/bin/bash", mode=0o4755)]) as entries:
        (finding,) = rights.setuid_files(entries)
    assert str(finding).startswith(f"/usr/bin/bash (layer 0, {finding.layer_digest[:19]}): setuid, mode 4755")
    assert str(finding).endswith(": remove the bit where it is installed, or review it with a reason")


def test_finding_of_an_undecodable_name_can_be_printed() -> None:
    name = os.fsdecode(b"/opt/\xff/id_rsa")
    line = str(Finding("secret", name, 0, "sha256:0", None, "holds", "build without"))
    assert line.encode("utf-8").startswith(b"/opt/\\udcff/id_rsa")


def test_reviewed_list_allows_and_does_not_rot(tmp_path: Path) -> None:
    reviewed = [
        Reviewed(path="/usr/bin/s*", reason="may become root"),
        Reviewed(path="/usr/bin/gone", reason="was there once"),
        Reviewed(path="/usr/bin/maybe", reason="on some bases", optional=True),
    ]
    items = [Item("usr/bin/sudo", mode=0o4755), Item("usr/bin/bash", mode=0o4755)]
    with image(tmp_path, items) as entries:
        found = [str(finding) for finding in rights.setuid_files(entries, reviewed)]
    assert [line.split(" ")[0] for line in found] == ["/usr/bin/bash", "/usr/bin/gone:"]
    assert found[1] == (
        "/usr/bin/gone: reviewed as setuid, but nothing such is in the image: "
        "take it off the reviewed list, or mark it optional"
    )


def test_projects_reviewed_list_is_valid() -> None:
    reviewed = ReviewedPaths.load(REVIEWED)
    assert "/usr/bin/passwd" in {entry.path for entry in reviewed.setuid}
    for table in (reviewed.setuid, reviewed.world_writable, reviewed.secret, reviewed.leftover, reviewed.owner):
        paths = [entry.path for entry in table]
        assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[setuid]]\npath = "/usr/bin/x"', "setuid number 1, reason: is missing"),
        ('[[setuid]]\npath = "bin/x"\nreason = "because it is"', "setuid number 1, path: must match"),
        ('[[secret]]\npath = "/opt/*"\nreason = "because it is"', "secret number 1, path: must match"),
        ('[[secret]]\npath = "/opt/x"\nreason = "ok"', "secret number 1, reason: must have at least"),
        (
            '[[setgid]]\npath = "/opt/x"\nreason = "because it is"',
            "unknown key 'setgid', did you mean 'setuid'?",
        ),
        ("[[setuid", "not TOML: "),
    ],
)
def test_reviewed_list_errors_name_entry_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "reviewed.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        ReviewedPaths.load(path)
    assert message in str(error.value)
    with pytest.raises(UsageError, match="cannot be read"):
        ReviewedPaths.load(tmp_path / "none.toml")


def test_world_writable_outside_the_usual(tmp_path: Path) -> None:
    items = [
        folder("tmp", mode=0o1777),
        folder("var/tmp", mode=0o777),
        folder("opt/free", mode=0o1777),
        Item("opt/link", mode=0o777, type=tarfile.SYMTYPE, link="x"),
        Item("opt/file", mode=0o646),
        Item("opt/group", mode=0o664),
        Item("dev/null", mode=0o666, type=tarfile.CHRTYPE),
        Item("opt/null", mode=0o666, type=tarfile.CHRTYPE),
    ]
    with image(tmp_path, items) as entries:
        found = [finding.path for finding in rights.world_writable(entries)]
    assert found == ["/opt/file", "/opt/free", "/opt/null", "/var/tmp"]


def login(text: str) -> bytes:
    return json.dumps({"auths": {"registry": {"auth": base64.b64encode(text.encode()).decode()}}}).encode()


SECRETS = {
    "opt/any-name": (KEY, "a private key"),
    "opt/binary": (bytes(5000) + KEY, "a private key"),
    "opt/near-one-MiB": (b"\0" * (secrets.SMALL - len(KEY)) + KEY, "a private key"),
    "opt/long.log": (b"text\n" * 600_000 + KEY, "a private key"),
    "opt/in.json": (json.dumps({"key": KEY.decode()}).encode(), "a private key"),
    "opt/encrypted.pem": (KEY.replace(b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "a private key"),
    "opt/second": (b"-----BEGIN PRIVATE KEY----- is how it begins\n" + KEY, "a private key"),
    "opt/putty": (f"PuTTY-User-Key-File-3: x\nPrivate-Lines: 1\n{BODY}".encode(), "a PuTTY private key"),
    "opt/age": (f"AGE-SECRET-KEY-1{(UPPER * 4)[:58]}".encode(), "an age private key"),
    "opt/github": (f"t=ghp_{WORD[:36]}\n".encode(), "a GitHub token"),
    "opt/github-pat": (f"github_pat_{WORD[:60]}".encode(), "a GitHub token"),
    "opt/gitlab": (f"glpat-{WORD[:20]}".encode(), "a GitLab token"),
    "opt/aws": (f"id=AKIA{UPPER}".encode(), "an AWS access key"),
    "opt/npm": (f"npm_{WORD[:36]}".encode(), "an npm token"),
    "root/.npmrc": (f"//r/:_authToken={WORD[:30]}".encode(), "an npm registry's token"),
    "opt/pypi": (f"pypi-AgE{WORD}".encode(), "a PyPI token"),
    "root/.docker/config.json": (login("user:password"), "a container registry's login"),
    "root/.kube/config": (f"  client-key-data: {BODY}".encode(), "a cluster's client key"),
    "opt/kubeconfig": (f"users:\n    token: {WORD[:30]}\n".encode(), "a cluster's credentials"),
    "root/.ssh/id_ed25519": (b"any content", "an SSH private key by its name"),
    "root/.git-credentials": (b"any content", "git's stored passwords"),
    "root/.aws/credentials": (b"any content", "AWS credentials"),
    "root/.netrc": (b"machine h login u password p", "a password for a host"),
    "root/.pypirc": (b"[pypi]\npassword = p", "a package index's password"),
    "etc/npmrc": (b"_password=cGFzcw", "an npm registry's password"),
    "root/.config/gh/hosts.yml": (b"github.com:\n  oauth_token: x", "gh's token"),
}


@pytest.mark.parametrize("path", SECRETS)
def test_secret_is_found_and_never_printed(tmp_path: Path, path: str) -> None:
    data, what = SECRETS[path]
    with image(tmp_path, [Item(path, data)]) as entries:
        (finding,) = secrets.secrets(entries)
    assert finding.path == f"/{path}"
    assert what in finding.seen
    assert BODY[:20] not in str(finding)
    assert WORD[:20] not in str(finding)


@pytest.mark.parametrize(
    "data",
    [
        b'HEADER = "-----BEGIN RSA PRIVATE KEY-----"\nFOOTER = "-----END RSA PRIVATE KEY-----"\n' * 40,
        b"-----BEGIN PRIVATE KEY-----\n<key bytes>\n-----END PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64 + b"\n-----END PRIVATE KEY-----",
        b"-----BEGIN CERTIFICATE-----\n" + BODY.encode() + b"\n-----END CERTIFICATE-----",
        b"token: ghp_" + b"x" * 36,
        b"AKIAIOSFODNN7EXAMPLE",
        b"_authToken=${NPM_TOKEN}",
        b"//registry/:_authToken=mytoken",
        login("no colon in it"),
        b'{"auth": "ninechars"}',
    ],
)
def test_what_only_speaks_of_secrets_is_none(tmp_path: Path, data: bytes) -> None:
    with image(tmp_path, [Item("opt/doc", data), Item("root/.ssh/id_rsa.pub", data)]) as entries:
        assert secrets.secrets(entries) == []


def test_source_that_handles_kubeconfigs_is_no_secret(tmp_path: Path) -> None:
    with image(tmp_path, [Item("opt/modules/kubeconfig.py", b"options:\n  token: an_example_token\n")]) as entries:
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


LEFTOVERS = {
    "var/lib/apt/lists/host_Packages": "/var/lib/apt/lists",
    "var/cache/apt/archives/x.deb": "/var/cache/apt",
    "var/cache/apt/pkgcache.bin": "/var/cache/apt",
    "root/.cache/pip/http/a": "/root/.cache",
    "opt/build/.cache/go-build/00/a": "/opt/build/.cache/go-build",
    "home/coder/.npm/_cacache/index/a": "/home/coder/.npm",
    "opt/x/_cacache/a": "/opt/x/_cacache",
    "go/pkg/mod/m/a.go": "/go/pkg",
    "root/go/bin/a": "/root/go",
    "tmp/a/b": "/tmp/a",
    "var/tmp/a": "/var/tmp/a",
    "usr/lib/m/build/Release/obj.target/x/a.o": "/usr/lib/m/build/Release/obj.target",
    "usr/lib/m/a.o": "/usr/lib/m/a.o",
    "run/host-ca.pem": "/run/host-ca.pem",
    "usr/local/share/ca-certificates/host.crt": "/usr/local/share/ca-certificates",
    "etc/x.dpkg-old": "/etc/x.dpkg-old",
    "var/lib/dpkg/status-old": "/var/lib/dpkg/status-old",
    "var/log/apt/term.log": "/var/log/apt/term.log",
    "root/.bash_history": "/root/.bash_history",
}


@pytest.mark.parametrize("path", LEFTOVERS)
def test_leftover_is_found_in_any_layer(tmp_path: Path, path: str) -> None:
    parent, _, name = path.rpartition("/")
    with image(tmp_path, [Item(path, b"x")], [Item(f"{parent}/.wh.{name}")]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert (finding.path, finding.hidden_by) == (LEFTOVERS[path], 1)


def test_leftovers_of_one_cache_are_one_finding(tmp_path: Path) -> None:
    with image(tmp_path, [Item(f"root/.cache/x/{n}", b"12345") for n in range(3)]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert finding.seen == "a user's cache, 3 entries of 15 bytes"


def test_what_belongs_there_is_no_leftover(tmp_path: Path) -> None:
    items = [
        Item("var/lib/apt/lists/lock"),
        folder("var/lib/apt/lists/partial"),
        folder("root/.cache/pip"),
        folder("run/lock"),
        Item("var/log/dpkg.log"),
        Item("usr/lib/gcc/x86_64-linux-gnu/14/crtbegin.o", b"x"),
        Item("usr/lib/x86_64-linux-gnu/crt1.o", b"x"),
        Item("usr/lib/go/pkg/tool", b"x"),
        folder("tmp", mode=0o1777),
    ]
    with image(tmp_path, items) as entries:
        assert leftovers.leftovers(entries) == []


def test_empty_directory_left_in_tmp_is_a_leftover(tmp_path: Path) -> None:
    with image(tmp_path, [folder("tmp"), folder("tmp/npm-123")]) as entries:
        assert [finding.path for finding in leftovers.leftovers(entries)] == ["/tmp/npm-123"]


def test_host_authority_in_the_bundle_is_found(tmp_path: Path) -> None:
    packaged, host = (
        f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode() for body in ("MIIA", "MIIB")
    )
    certificates = [Item("usr/share/ca-certificates/mozilla/a.crt", packaged)]
    bundle = Item("etc/ssl/certs/ca-certificates.crt", packaged)
    with image(tmp_path, [*certificates, bundle], [replace(bundle, data=packaged + host)]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert finding.layer_index == 1
    assert finding.seen.startswith("1 certificate authorities that are not in /usr/share/ca-certificates")


def test_foreign_owners(tmp_path: Path) -> None:
    accounts = b"root:x:0:0::/root:\nbin:x:2:2::/bin:\nman:x:6:12::/var/cache/man:\n_apt:x:42:65534::/:\n"
    items = [
        Item("etc/passwd", accounts),
        Item("etc/shadow", gid=42),
        folder("var/cache/man", uid=6, gid=12),
        folder("var/lib/apt/lists/partial", uid=42),
        Item("usr/bin/tool", uid=2),
        Item("usr/bin/man", uid=6),
        Item("var/lib/other", uid=6),
        Item("var/lib/x", uid=77),
        Item("opt/mine", uid=1000, gid=1000),
        Item("opt/ours", gid=1000),
        folder("home/coder", uid=1000, gid=1000),
        Item("home/coder/root", uid=0, gid=0),
        Item("home/coder/group", uid=1000, gid=0),
    ]
    with image(tmp_path, items) as entries:
        found = rights.foreign_owners(entries)
    assert [finding.path for finding in found] == [
        "/home/coder/group",
        "/home/coder/root",
        "/opt/mine",
        "/opt/ours",
        "/usr/bin/man",
        "/usr/bin/tool",
        "/var/lib/other",
        "/var/lib/x",
    ]
    assert found[1].seen == "owner 0:0 (root), not 1000:1000"
    assert found[-1].seen == "owner 77:0 (no account), not 0:0"
