"""The embedded registry: who reaches it, how long it is waited for, and what nodes are told of it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.certificates import Authority
from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.redaction import MASK, redact
from fixtures.registry import server
from fixtures.registry.client import Registry
from fixtures.registry.refusals import refusal
from fixtures.registry.settings import RegistryError, RegistrySettings
from tests.suite.published import addresses

SETTINGS = RegistrySettings("h", "conformance", "s3cret")
CLOSED = RegistryError(*refusal("h", "conformance", "log in", "connection refused"))
REFUSED = RegistryError(*refusal("h", "conformance", "log in", "unauthorized"))


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]) -> EmbeddedCluster:
    """A cluster of two nodes whose registry wrote one line to its log."""
    relocate("BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(server, "call", lambda *_words: "listening\n")
    return EmbeddedCluster("c", "podman", "i", ("n1", "n2"), tmp_path)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause, none of which is made."""
    made: list[float] = []
    monkeypatch.setattr(server, "pause", made.append)
    return made


def answers(monkeypatch: pytest.MonkeyPatch, errors: Iterator[BaseException | None]) -> None:
    """Have the registry answer log-ins by errors, in turn."""

    def login(_self: Registry) -> None:
        if (error := next(errors)) is not None:
            raise error

    monkeypatch.setattr(Registry, "login", login)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that an engine gets, whose container answers at once at a port of the loopback interface."""
    asked: list[tuple[str, ...]] = []

    def call(_engine: object, *words: str) -> str:
        asked.append(words)
        return "127.0.0.1:45678" if words[0] == "port" else ""

    monkeypatch.setattr(server, "call", call)
    monkeypatch.setattr(server, "image", lambda: "registry")
    monkeypatch.setattr(EmbeddedCluster, "write", lambda *_: None)
    answers(monkeypatch, iter([None]))
    return asked


def test_registry_is_reached_from_this_machine_alone(cluster: EmbeddedCluster, engine: list[tuple[str, ...]]) -> None:
    settings = server.start(cluster)
    (started,) = (words for words in engine if words[0] == "run")
    assert addresses(started) == ["127.0.0.1"]
    assert settings.push_host == "127.0.0.1:45678"


def test_key_and_password_of_the_registry_are_for_this_user_alone(
    cluster: EmbeddedCluster, engine: list[tuple[str, ...]]
) -> None:
    settings = server.start(cluster)
    (mount,) = (word for words in engine for word in words if word.endswith(":/etc/registry:ro,z"))
    folder = Path(mount.removeprefix("--volume=").partition(":")[0])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert settings.password not in (folder / "htpasswd").read_text(encoding="utf-8")
    assert redact(settings.password) == MASK


@pytest.mark.parametrize("error", [REFUSED, KeyboardInterrupt()], ids=["refused", "interrupted"])
def test_registry_that_cannot_be_started_leaves_nothing(
    cluster: EmbeddedCluster,
    engine: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: BaseException,
) -> None:
    del engine
    answers(monkeypatch, iter([error]))
    with pytest.raises(type(error)):
        server.start(cluster)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_registry_that_is_starting_is_asked_again_after_a_pause(
    cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    answers(monkeypatch, iter([CLOSED, CLOSED, None]))
    server.wait_answering(cluster, SETTINGS)
    assert pauses == [server.PAUSE_SECONDS] * 2


@pytest.mark.parametrize(
    ("error", "seconds", "problem"),
    [
        pytest.param(CLOSED, 0, r"does not answer \(to log in\), 0 s after its start: .* \(listening\)$", id="silent"),
        pytest.param(REFUSED, 30, r"^registry h refuses user conformance", id="wrong password"),
    ],
)
def test_registry_that_does_not_serve_is_an_error_with_its_last_line(
    cluster: EmbeddedCluster,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    error: RegistryError,
    seconds: float,
    problem: str,
) -> None:
    answers(monkeypatch, iter([error]))
    with pytest.raises(RegistryError, match=problem):
        server.wait_answering(cluster, SETTINGS, seconds=seconds)
    assert not pauses


@pytest.mark.parametrize("authority", [True, False], ids=["private authority", "public authority"])
def test_nodes_are_told_where_and_whom_to_trust(
    authority: bool,  # noqa: FBT001
    cluster: EmbeddedCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: dict[str, bytes] = {}
    monkeypatch.setattr(EmbeddedCluster, "write", lambda _, node, path, content: written.update({node + path: content}))
    ca_file = Authority("test").write(tmp_path / "ca.crt") if authority else None
    server.trust(cluster, RegistrySettings("h", ca_file=ca_file), "https://elsewhere")
    folder = "/etc/containerd/certs.d/h"
    files = ["ca.crt", "hosts.toml"] if authority else ["hosts.toml"]
    assert sorted(written) == [f"{node}{folder}/{name}" for node in ("n1", "n2") for name in files]
    text = written[f"n1{folder}/hosts.toml"].decode()
    assert 'server = "https://elsewhere"' in text
    assert (f'ca = "{folder}/ca.crt"' in text) == authority


def test_image_is_named_after_all_that_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "image_exists", lambda _: True)
    names = []
    for folder, debian in (("1", "debian:1"), ("2", "debian:1"), ("1", "debian:2"), ("1", "debian:1")):
        monkeypatch.setattr(server, "folder_digest", lambda _, digest=folder: digest)
        monkeypatch.setattr(server, "debian_image", lambda name=debian: name)
        names.append(server.image())
    assert len(set(names)) == 3
    assert names[0] == names[3]
