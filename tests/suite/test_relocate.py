"""The fixture that moves a folder of the checkout for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fixtures import paths
from fixtures.cluster import embedded, node_image


def test_folder_and_what_lies_below_it_move(tmp_path: Path, relocate: Callable[[str, Path], None]) -> None:
    relocate("BUILD_DIRECTORY", tmp_path)
    found = (paths.BUILD_DIRECTORY, paths.CLUSTERS, vars(embedded)["CLUSTERS"], node_image.KIND)
    assert found == (tmp_path, tmp_path / "clusters", tmp_path / "clusters", tmp_path / "bin" / "kind")
    assert node_image.NODE_DIRECTORY.is_relative_to(paths.ROOT)


def test_they_are_back_in_the_next_test() -> None:
    assert paths.ROOT / ".build" == paths.BUILD_DIRECTORY
