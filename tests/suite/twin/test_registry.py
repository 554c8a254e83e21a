"""The registry that serves the twin: what podman is told, and that nothing of it is left."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fixtures.builder.references import Reference
from fixtures.host.process import PodmanError
from fixtures.registry.settings import RegistryError
from fixtures.twin import registry
from tests.suite.published import addresses
from tests.suite.serving import serving

REFERENCE = Reference("docker.io", "codercom/code-server", "latest")
ID = "a" * 64


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        manifests = "/v2/codercom/code-server/manifests"
        known: dict[str, Any] = {"/v2/": {}, f"{manifests}/index": {"manifests": []}}
        known[f"{manifests}/latest"] = {"config": {"digest": f"sha256:{ID}"}}
        self.send_response(200 if self.path in known else 404)
        self.end_headers()
        self.wfile.write(json.dumps(known.get(self.path, {})).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Port of a registry that has the twin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    with serving(server):
        yield server.server_port


@pytest.fixture
def started() -> list[str]:
    """The words by which podman starts the container."""
    return []


@pytest.fixture
def asked(
    port: int,
    started: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    relocate: Callable[[str, Path], None],
) -> list[str]:
    """The first words of podman's commands; its container's port is that of the registry above."""
    commands: list[str] = []

    def podman(*words: str, **_: object) -> str:
        commands.append(words[0])
        started.extend(words if words[0] == "run" else ())
        return {"port": f"127.0.0.1:{port}", "logs": "it is broken\n"}.get(words[0], "")

    relocate("BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(registry, "podman", podman)
    monkeypatch.setattr(registry, "inspect", lambda name: {"Id": ID if name == "twin" else "b" * 64})
    monkeypatch.setattr("fixtures.registry.server.image", lambda: "registry")
    return commands


def test_podman_is_told_of_the_mirror_as_long_as_it_serves(asked: list[str], port: int) -> None:
    with registry.serving("twin", REFERENCE):
        (told,) = tomllib.loads(registry.MIRRORS.read_text(encoding="utf-8"))["registry"]
    name = "docker.io/codercom/code-server"
    mirror = {"location": f"127.0.0.1:{port}/codercom/code-server", "insecure": True}
    assert told == {"prefix": name, "location": name, "mirror": [mirror]}
    assert registry.MIRRORS.read_text(encoding="utf-8") == ""
    assert asked == ["rm", "run", "port", "rm"]


@pytest.mark.usefixtures("asked")
def test_registry_is_reached_from_this_machine_alone(started: list[str]) -> None:
    with registry.serving("twin", REFERENCE):
        assert addresses(started) == ["127.0.0.1"]


def test_another_image_than_the_registry_has_is_pushed(asked: list[str]) -> None:
    with registry.serving("another", REFERENCE):
        pass
    assert asked == ["rm", "run", "port", "push", "rm"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, PodmanError("it failed", "look")])
def test_registry_is_removed_whatever_happens(asked: list[str], end: type[BaseException] | BaseException) -> None:
    def fail() -> None:
        with registry.serving("twin", REFERENCE):
            raise end

    with pytest.raises((KeyboardInterrupt, PodmanError)):
        fail()
    assert asked[-1] == "rm"


def test_registry_that_is_silent_is_told_with_its_last_words(asked: list[str]) -> None:
    with pytest.raises(RegistryError, match=r"^registry upstream-twin-\w+ has not answered 0 s .*: it is broken$"):
        registry.wait_answering(1, seconds=0)
    assert asked == ["logs"]


def test_registry_without_the_image_has_served_nothing(port: int) -> None:
    assert registry.served(port, REFERENCE) == f"sha256:{ID}"
    for tag in ("other", "index"):
        assert registry.served(port, Reference("docker.io", "codercom/code-server", tag)) == ""
    assert registry.served(1, REFERENCE) == ""
