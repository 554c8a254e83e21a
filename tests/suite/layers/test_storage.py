"""Layers that are read where podman stores them."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from fixtures.errors import SuiteError
from fixtures.layers import storage
from fixtures.layers.entries import LayerEntry
from tests.suite.layers.images import Item, folder, image, inspected, overlay


def test_storage_and_layout_have_the_same_entries(tmp_path: Path) -> None:
    lowest = [folder("a"), Item("a/gone", b"1"), folder("b"), Item("b/old", b"22")]
    lowest += [Item("a/hard", b"333"), Item("a/link", link="a/hard", type=tarfile.LNKTYPE)]
    highest = [folder("a"), Item("a/.wh.gone"), folder("b"), Item("b/.wh..wh..opq"), Item("b/new", b"4")]
    folders = [overlay(tmp_path / name, items) for name, items in (("0", lowest), ("1", highest))]

    def facts(entries: Sequence[LayerEntry]) -> set[tuple[object, ...]]:
        return {(e.layer_index, e.path, e.type, e.size, e.hidden_by) for e in entries}

    stored = storage.folder_layers(folders, ["sha256:0", "sha256:1"])
    with image(tmp_path, lowest, highest) as entries:
        assert facts(stored) == facts(entries)
    assert sum(bool(entry.linkname) for entry in stored) == 1
    assert {e.path: e.read() for e in stored if e.size and not e.hidden_by}["/a/link"] == b"333"


def test_a_stack_that_is_remembered_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lowest, middle = [Item("a"), folder("b"), Item("b/c"), Item("d")], [Item(".wh.a"), Item("e")]
    folders = [overlay(tmp_path / str(n), items) for n, items in enumerate((lowest, middle, [Item("d"), Item("b")]))]
    digests = ["sha256:0", "sha256:1", "sha256:2"]

    def facts() -> list[tuple[object, ...]]:
        return [(e.layer_index, e.path, e.hidden_by) for e in storage.folder_layers(folders, digests)]

    expected = facts()
    monkeypatch.setattr("fixtures.layers.entries._remembered", {})
    monkeypatch.setattr("fixtures.layers.entries._stacks", {})
    storage.folder_layers(folders[:2], digests[:2])
    folders[:2] = ["/gone", "/gone"]
    assert facts() == expected


def test_storage_does_not_follow_links_out_of_the_layer(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "out").symlink_to("/etc")
    (entry,) = storage.folder_layers([str(tmp_path / "0")], ["sha256:0"])
    assert (entry.type, entry.linkname) == ("symlink", "/etc")
    with pytest.raises(ValueError, match="has no content"):
        entry.open()


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


def test_layer_that_disappears_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        SuiteError, match=r"^a layer of the image could not be read to its end \(No such file .*\): run again while"
    ):
        storage.folder_layers([str(tmp_path / "none")], ["sha256:0"])
