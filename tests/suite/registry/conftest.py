"""A small registry that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.registry.api import Manifest
from fixtures.registry.client import Pushed, Registry
from tests.suite.registry.fakes.registry import MEDIA_TYPE, FakeRegistry, digest_of, manifest
from tests.suite.serving import serving

Opened = Callable[..., Registry]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeRegistry]:
    """A registry on this machine."""
    server = FakeRegistry(tmp_path)
    server.daemon_threads = True
    with serving(server):
        yield server


@pytest.fixture
def environment(fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that name it, as a user sets them."""
    given = {"": fake.settings.push_host, "_USERNAME": "robot", "_PASSWORD": "s3cret"}
    for name, value in (given | {"_CA_FILE": str(fake.settings.ca_file)}).items():
        monkeypatch.setenv(f"CONFORMANCE_REGISTRY{name}", value)
    monkeypatch.delenv("CONFORMANCE_REGISTRY_PASSWORD_FILE", raising=False)


@pytest.fixture
def client(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a client of it for a run; the image that it pushes has the image's name for its content."""

    def push(self: Registry, image: str, path: str, tag: str) -> Pushed:
        self.api.put(path, tag, Manifest(manifest(image), MEDIA_TYPE))
        fake.blobs.add(digest_of(image.encode()))
        return Pushed(self.settings.host, path, digest_of(manifest(image)), tag=tag)

    monkeypatch.setattr(Registry, "_push", push)
    monkeypatch.setattr(Registry, "login", lambda _self: None)

    def opened(run: str = "1a2b3c4d") -> Registry:
        folder = tmp_path / f"client-{run}"
        folder.mkdir(exist_ok=True)
        return Registry(fake.settings, folder, run)

    return opened
