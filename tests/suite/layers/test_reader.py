"""An image is read from podman's storage, or saved first where that cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fixtures.layers import reader
from tests.suite.layers.images import Item, inspected, save


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
