"""Layers that are read where podman stores them."""

from __future__ import annotations

import os
import stat
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
    (link,) = (entry for entry in stored if entry.linkname)
    assert {link.path, link.linkname} == {"/a/hard", "/a/link"}
    assert {e.path: e.read() for e in stored if e.size and not e.hidden_by}["/a/link"] == b"333"


@pytest.mark.parametrize("known", [1, 2, 3])
def test_a_stack_that_is_remembered_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    lowest, middle = [Item("a"), folder("b"), Item("b/c"), Item("d")], [Item(".wh.a"), Item("e")]
    layers = (lowest, middle, [Item("a"), Item("d"), Item("b")])
    folders = [overlay(tmp_path / str(n), items) for n, items in enumerate(layers)]
    digests = ["sha256:0", "sha256:1", "sha256:2"]

    def facts() -> list[tuple[object, ...]]:
        return [(e.layer_index, e.path, e.hidden_by) for e in storage.folder_layers(folders, digests)]

    expected = facts()
    monkeypatch.setattr("fixtures.layers.entries._remembered", {})
    monkeypatch.setattr("fixtures.layers.entries._stacks", {})
    storage.folder_layers(folders[:known], digests[:known])
    folders[:known] = ["/gone"] * known
    assert facts() == expected


def test_every_whiteout_of_a_folder_is_read_and_no_socket(tmp_path: Path) -> None:
    layer = Path(overlay(tmp_path / "0", [Item("a/.wh.one"), Item("a/.wh.two"), Item("b/kept")]))
    for name in ("a/.wh.three", "a/.wh.four"):
        (layer / name).touch()
    os.mknod(layer / "b" / "socket", stat.S_IFSOCK)
    entries = storage.folder_layers([str(layer)], ["sha256:0"])
    deleted = {entry.path for entry in entries if entry.type == "whiteout"}
    assert deleted == {"/a/one", "/a/two", "/a/three", "/a/four"}
    assert {entry.path for entry in entries} - deleted == {"/a", "/b", "/b/kept"}


@pytest.mark.parametrize("mode", [0o644, 0o700, 0o650, 0o641], ids="{:o}".format)
def test_a_file_that_somebody_may_run_can_have_capabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    layer = Path(overlay(tmp_path / "0", [folder("a"), Item("a/file")]))
    (layer / "a" / "file").chmod(mode)
    monkeypatch.setattr("os.listxattr", lambda *_, **__: ["security.capability"])
    found = {entry.path: entry.capabilities for entry in storage.folder_layers([str(layer)], ["sha256:0"])}
    assert found == {"/a": False, "/a/file": mode != 0o644}


def test_a_file_without_capabilities_has_none(tmp_path: Path) -> None:
    layer = Path(overlay(tmp_path / "0", [Item("a")]))
    (layer / "a").chmod(0o755)
    assert not any(entry.capabilities for entry in storage.folder_layers([str(layer)], ["sha256:0"]))


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


SYS_ADMIN = 1 << 21


@pytest.mark.parametrize(
    ("uid", "status", "folders"),
    [
        pytest.param(0, f"CapEff:\t{SYS_ADMIN:016x}\n", 1, id="that-capability-alone"),
        pytest.param(0, f"CapEff:\t{(1 << 41) - 1:016x}\n", 1, id="all"),
        pytest.param(0, f"CapEff:\t{(1 << 41) - 1 - SYS_ADMIN:016x}\n", 0, id="all-others"),
        pytest.param(0, "CapInh:\t0\n", 0, id="kernel-says-nothing"),
        pytest.param(1000, f"CapEff:\t{SYS_ADMIN:016x}\n", 0, id="other-user"),
    ],
)
def test_storage_is_read_by_root_with_the_capability_for_trusted_attributes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, status: str, folders: int
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"CapPrm:\t0\n{status}CapBnd:\t0\n")
    assert storage.storage_folders(inspected("overlay", tmp_path)) == [str(tmp_path)] * folders


def test_folders_and_digests_of_two_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="longer"):
        storage.folder_layers([str(tmp_path)], ["sha256:0", "sha256:1"])


def test_layer_that_disappears_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        SuiteError, match=r"^a layer of the image could not be read to its end \(No such file .*\): run again while"
    ):
        storage.folder_layers([str(tmp_path / "none")], ["sha256:0"])
