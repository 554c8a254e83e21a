"""What is told of the image under test: where its base comes from, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import inventory as inventories
from fixtures.builder import manifest as manifests
from fixtures.image.image import Image

LABELS = {"org.opencontainers.image.base.name": "h/base", "conformance.base": "stand-in"}


def image(**labels: str) -> Image:
    """An image with labels."""
    return Image("image", inventories.load(), {"Id": "1", "Config": {"Labels": labels}})


def written(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """Let there be the manifest of an image."""
    base, about = SimpleNamespace(reason="no route"), SimpleNamespace(id=number)
    monkeypatch.setattr(manifests, "read", lambda _: SimpleNamespace(image=about, base=base))


def test_base_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    written(monkeypatch, "1")
    assert image(**LABELS).described() == ["image: image", "base: stand-in, h/base (no route)"]


def test_reason_of_another_image_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    written(monkeypatch, "2")
    assert image().described()[1] == "base: unknown, unknown (unknown)"


def test_reason_is_unknown_without_a_manifest(tmp_path: Path, relocate: Callable[[str, Path], None]) -> None:
    relocate("BUILD_DIRECTORY", tmp_path)
    assert image(**LABELS).base_reason == "unknown"


def test_image_says_what_it_was_built_upon_where_that_is_not_its_base() -> None:
    assert image(**LABELS, **{"conformance.base.image": "h/base"}).described()[2:] == []
    trimmed = image(**LABELS, **{"conformance.base.image": "localhost/trimmed"})
    assert trimmed.built_on == "localhost/trimmed"
    assert trimmed.described()[2:] == ["base: its layers made one, trimmed: localhost/trimmed"]
