"""Which entries of the layers a container sees, and which layer hides the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fixtures.layers.entries import LayerEntry, once_per_layer, remember, visible
from tests.suite.layers.images import Item, folder, image


def hidden(entries: Sequence[LayerEntry]) -> dict[tuple[int, str], int | None]:
    """Return what hides each entry, by its layer and path."""
    return {(entry.layer_index, entry.path): entry.hidden_by for entry in entries}


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


def test_a_file_of_a_layer_is_asked_once_where_layers_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @once_per_layer
    def content(entry: LayerEntry) -> bytes:
        asked.append(entry.path)
        return entry.read()

    monkeypatch.setattr("fixtures.layers.entries._remembered", None)
    with image(tmp_path, [Item("a", b"1"), Item("b", b"2")], [Item("a", b"3")]) as entries:
        assert [content(entry) for entry in entries * 2] == [b"1", b"2", b"3"] * 2
        assert asked == ["/a", "/b", "/a"] * 2
        asked.clear()
        remember()
        assert [content(entry) for entry in entries * 2] == [b"1", b"2", b"3"] * 2
        assert asked == ["/a", "/b", "/a"]


def test_two_questions_of_a_remembered_layer_have_their_own_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @once_per_layer
    def path(entry: LayerEntry) -> str:
        return entry.path

    @once_per_layer
    def size(entry: LayerEntry) -> int:
        return entry.size

    monkeypatch.setattr("fixtures.layers.entries._remembered", None)
    remember()
    with image(tmp_path, [Item("a", b"12")]) as (entry,):
        assert (path(entry), size(entry)) == ("/a", 2)


def test_a_saved_image_is_read_anew_where_layers_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.layers.entries._remembered", None)
    monkeypatch.setattr("fixtures.layers.entries._stacks", {})
    remember()
    for name in ("once", "again"):
        with image(tmp_path / name, [Item("a", b"1")]) as (entry,):
            assert entry.read() == b"1"
