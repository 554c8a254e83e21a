"""The image of the twin: built once on a machine, however many checkouts want it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.marks import PROJECT
from fixtures.twin import image


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What podman was asked to build."""
    asked: list[list[str]] = []
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(image, "prepare_debian", lambda: "debian")
    monkeypatch.setattr(image, "image_exists", lambda _: False)
    monkeypatch.setattr(image, "podman_build", lambda _label, _folder, words: asked.append(words))
    return asked


def test_editor_is_built_before_the_twin_that_takes_it(built: list[list[str]]) -> None:
    name = image.build()
    editor, twin = built
    assert {"--target", "editor", "DEBIAN_IMAGE=debian"} < set(editor)
    assert f"EDITOR_IMAGE={editor[-1]}" in twin
    assert twin[-1] == name


def test_twin_that_another_checkout_has_made_meanwhile_is_taken(
    built: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def waited() -> Iterator[None]:
        monkeypatch.setattr(image, "image_exists", lambda _: True)
        yield

    monkeypatch.setattr(image, "alone_on_this_machine", waited)
    assert image.build().startswith(PROJECT)
    assert built == []


def test_twin_is_named_after_all_that_it_is_made_of(
    built: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [image.build()]
    places = {"DIRECTORY": tmp_path / "twin", "BASE_DIRECTORY": tmp_path / "base", "IMAGE_DIRECTORY": tmp_path}
    for name, place in places.items():
        for folder in (place, place / "toolchain"):
            folder.mkdir(exist_ok=True)
            (folder / "Dockerfile").write_text(name, encoding="utf-8")
        monkeypatch.setattr(image, name, place)
        names.append(image.build())
    monkeypatch.setattr(image, "debian_image", lambda: "a Debian with other packages")
    names.append(image.build())
    assert len(set(names)) == 5
    assert len(built) == 10
