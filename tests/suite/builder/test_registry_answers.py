"""Answer of the registry → what happens: the real skopeo against a small registry, and against none."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.builder import base, registry_answers
from fixtures.builder.references import parse
from fixtures.builder.registry_answers import NoRouteError, RegistryAnswerError, failure
from fixtures.certificates import Authority
from fixtures.host.packages import install
from fixtures.host.process import PodmanError, ProgramTimeoutError
from tests.suite.builder.small_registry import DIGEST, small_registry

SOON = 5.0
"""Seconds for which a registry is asked that does not answer: skopeo greets it within that on a busy machine too."""
HAND = r"; or build on the stand-in: --base stand-in$"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Signs the certificate of the registry."""
    return Authority("registry")


@pytest.fixture(scope="module")
def registry(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a registry."""
    with small_registry(authority, tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(autouse=True)
def skopeo(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """skopeo, which trusts the registry and knows no proxy; returns its environment."""
    if shutil.which("skopeo") is None and os.geteuid() != 0:
        pytest.skip("skopeo is not installed")
    install(("skopeo",), ("skopeo",), PodmanError)
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    env["SSL_CERT_FILE"] = str(authority.write(tmp_path / "ca.crt"))
    monkeypatch.setattr(registry_answers, "environment", lambda: env)
    return env


@pytest.fixture
def silent() -> Iterator[str]:
    """Host and port of what takes a connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def refused() -> str:
    """Return host and port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def own(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let an image be the plan's own base; returns its name."""
    monkeypatch.setattr(base, "STOOD_IN_FOR", text)
    return text


def test_ok_is_upstream_s_base_by_digest(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (own(f"{registry}/ok/base:latest", monkeypatch), f"{registry}/other/base"):
        found = base.choose_base(text, "auto")
        assert (found.kind, found.digest, found.reason) == ("upstream", DIGEST, "its registry answered")
        assert found.reference == f"{text.removesuffix(':latest')}@{DIGEST}"


@pytest.mark.parametrize("host", ["no name", "refused", "timed out"])
def test_no_route_is_the_stand_in_for_the_plan_s_own_base_alone(
    host: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host == "timed out":
        monkeypatch.setattr(registry_answers, "REGISTRY_SECONDS", SOON)
    text = {"no name": "registry.invalid", "refused": refused(), "timed out": silent}[host] + "/ok/base:latest"
    line = rf"^no route to the registry of {text} \([^()]+\): check its host name and the network"
    with pytest.raises(NoRouteError, match=f"{line}$"):
        base.choose_base(text, "auto")
    found = base.choose_base(own(text, monkeypatch), "auto")
    assert (found.kind, found.digest) == ("stand-in", "")
    assert found.reason.startswith(f"no route to the registry of {text} (")


def test_upstream_that_is_asked_for_is_never_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    text = own(f"{refused()}/ok/base:latest", monkeypatch)
    with pytest.raises(NoRouteError, match=f"^no route to .*{HAND}"):
        base.choose_base(text, "upstream")


ANSWERS = {
    "log-in": r"asks for a log-in \(401\) .*: log in with `podman login 127\.0\.0\.1:\d+`; .* correct it",
    "denied": r"refuses it \(403\) .*: log in with `podman login 127\.0\.0\.1:\d+` as somebody who may pull it",
    "busy": r"limits how often it may be asked \(429\) .*: wait, or log in with `podman login 127\.0\.0\.1:\d+`",
    "down": r"is out of order \(.*503.*\): try again when it works",
    "no-name": r"has no such repository \(404\) .*: correct the name",
    "no-tag": r"has no such tag or digest \(404\) .*: correct the tag or digest",
    "half": r"gave half an answer \(unexpected EOF\): try again",
    "hangs": r"gave half an answer \(.*deadline exceeded\): try again",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answer_that_is_no_image_is_one_line_and_no_stand_in(
    answer: str, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer in {"busy", "hangs"}:
        monkeypatch.setattr(registry_answers, "REGISTRY_SECONDS", SOON)
    text = own(f"{registry}/{answer}/base:latest", monkeypatch)
    with pytest.raises(
        RegistryAnswerError, match=rf"^{text}: the registry {registry} {ANSWERS[answer]}.*{HAND}"
    ) as told:
        base.choose_base(text, "auto")
    assert "\n" not in str(told.value)


def test_answer_for_another_base_names_no_stand_in(registry: str) -> None:
    with pytest.raises(RegistryAnswerError, match=r"\(404\) .*: correct the name$"):
        base.choose_base(f"{registry}/no-name/base:latest", "auto")


def test_certificate_that_is_not_trusted_is_no_stand_in(
    registry: str, skopeo: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skopeo["SSL_CERT_FILE"] = str(Authority("another").write(tmp_path / "another.crt"))
    line = (
        r"has a certificate that this machine does not trust \(.*x509: .*\): add its authority's .*/127\.0\.0\.1:\d+/"
    )
    with pytest.raises(RegistryAnswerError, match=line):
        base.choose_base(own(f"{registry}/ok/base:latest", monkeypatch), "auto")


@pytest.mark.parametrize("proxy", ["nonsense", "http://127.0.0.1:1"])
def test_proxy_that_leads_nowhere_is_no_stand_in(
    proxy: str, skopeo: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    skopeo["HTTPS_PROXY"] = proxy
    line = r"cannot be asked by way of the proxy that HTTPS_PROXY names \(.*\): correct HTTPS_PROXY, or unset it"
    with pytest.raises(RegistryAnswerError, match=line):
        base.choose_base(own("registry.invalid/ok/base:latest", monkeypatch), "auto")


def test_mirror_that_podman_is_told_of_answers_in_upstream_s_name(
    registry: str, skopeo: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "registry.invalid/ok"
    lines = [
        f'[[registry]]\nprefix = "{host}"\nlocation = "{host}"',
        f'[[registry.mirror]]\nlocation = "{registry}/ok"',
    ]
    (tmp_path / "registries.conf").write_text("\n".join(lines), encoding="utf-8")
    skopeo["CONTAINERS_REGISTRIES_CONF"] = str(tmp_path / "registries.conf")
    found = base.choose_base(own(f"{host}/base:latest", monkeypatch), "auto")
    assert (found.reference, found.kind) == (f"{host}/base@{DIGEST}", "upstream")


@pytest.mark.parametrize("content", [None, "[[registry"], ids=["no file", "no TOML"])
def test_mirrors_that_cannot_be_read_are_no_stand_in(
    content: str | None, skopeo: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registries.conf"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    skopeo["CONTAINERS_REGISTRIES_CONF"] = str(path)
    line = r"cannot be asked with this registries\.conf \(.*\): correct that file, or CONTAINERS_REGISTRIES_CONF"
    with pytest.raises(RegistryAnswerError, match=line):
        base.choose_base(own("registry.invalid/ok/base:latest", monkeypatch), "auto")


def test_log_ins_that_cannot_be_read_are_no_refusal(registry: str, skopeo: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text("{log-ins", encoding="utf-8")
    skopeo["REGISTRY_AUTH_FILE"] = str(tmp_path / "auth.json")
    line = r"cannot be asked, because this user's file of log-ins cannot be read \(.*auth\.json.*\): correct or remove"
    with pytest.raises(RegistryAnswerError, match=line):
        base.choose_base(f"{registry}/ok/base:latest", "auto")


def test_image_pinned_by_digest_is_asked_for_by_digest(registry: str) -> None:
    pinned = f"{registry}/ok/base@{DIGEST}"
    assert base.choose_base(pinned, "auto").reference == pinned
    with pytest.raises(RegistryAnswerError, match="gave no image"):
        base.choose_base(f"{registry}/ok/base@sha256:{'a' * 64}", "auto")


# ---- words of other versions, and of podman

NOT_ALLOWED = (
    'Error parsing image name "docker://h:5/x:1": getting username and password: 1 error occurred: '
    '* reading JSON file "/run/containers/1001/auth.json": open /run/containers/1001/auth.json: permission denied'
)

PINGING = "Error: initializing source docker://h:5/denied/x:1: pinging container registry h:5: "
LOGGED = 'time="now" level=debug msg="Accessing \\"{}\\" failed: {}"\n'
WORDS = {
    "timeout": (PINGING + 'Get "https://h:5/v2/": dial tcp 1.2.3.4:5: i/o timeout', "no route"),
    "503": (PINGING + "received unexpected HTTP status: 503 Service Unavailable", "is out of order"),
    "token": ('Error: Get "https://t/token": dial tcp 1.2.3.4:443: connect: connection refused', "gave half an answer"),
    "log-ins": (NOT_ALLOWED, "cannot be asked, because this user's file of log-ins cannot be read"),
    "disk": ("Error: writing blob: write /x: no space left on device", "the disk is full"),
    "mirror": (
        LOGGED.format("m/x:1", "reading manifest 1 in m/x: manifest unknown")
        + LOGGED.format("h:5/denied/x:1", "pinging container registry h:5: dial tcp: lookup h: no such host"),
        "has no such tag",
    ),
    "told to wait": (
        'msg="Too many requests to https://h:5/v2/: sleeping for 2.000000 seconds before next attempt"\n'
        + LOGGED.format("h:5/denied/x:1", "pinging container registry h:5: context deadline exceeded"),
        "limits how often it may be asked",
    ),
    "unknown": ("Error: reading manifest 1 in h:5/denied/x: something new", "gave no image: reading manifest"),
}


@pytest.mark.parametrize("words", WORDS)
def test_words_are_told_apart(words: str) -> None:
    said, expected = WORDS[words]
    found = failure(parse("h:5/denied/x:1", "x"), said)
    assert expected in str(found)
    assert isinstance(found, NoRouteError) == (words == "timeout")


def test_image_is_pulled_once_and_a_refusal_is_one_line(tmp_path: Path, skopeo: dict[str, str]) -> None:
    podman = tmp_path / "podman"
    podman.touch(mode=0o755)
    skopeo["PATH"] = f"{tmp_path}{os.pathsep}{skopeo['PATH']}"
    reference = parse(f"h:5/x@{DIGEST}", "x")
    podman.write_text('#!/bin/sh\n[ "$1" = image ]\n', encoding="utf-8")
    assert registry_answers.pull(reference) == str(reference)
    podman.write_text("#!/bin/sh\necho 'Error: reading manifest: manifest unknown' >&2; exit 1\n", encoding="utf-8")
    with pytest.raises(RegistryAnswerError, match=rf"^h:5/x@{DIGEST}: the registry h:5 has no such tag or digest"):
        registry_answers.pull(reference)


def test_skopeo_that_does_not_end_says_nothing_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: object, timeout: float, late: type[ProgramTimeoutError], **__: object) -> None:
        assert timeout > registry_answers.REGISTRY_SECONDS, "skopeo is killed before it can say what keeps it waiting"
        raise late("`skopeo` has not ended", "look at the load")

    monkeypatch.setattr(registry_answers, "run", hangs)
    line = r"^h:5/x:1: skopeo has not ended \d+ s after it asked h:5: look at this machine's load and its name servers$"
    with pytest.raises(RegistryAnswerError, match=line):
        registry_answers.remote_digest(parse("h:5/x:1", "x"))
