"""Containers are removed with the volumes that their image declares: nothing else would ever remove those."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures.paths import ROOT

REMOVAL = re.compile(r'(?<!"image", )(?<!"volume", )"rm", "--force"[^\n]*')


def removals(path: Path) -> list[str]:
    """The words by which a module removes containers."""
    return REMOVAL.findall(path.read_text(encoding="utf-8"))


SUITE = ROOT / "tests" / "suite"
"""Removes no container of an image, and has these words in it."""
EVERY = [path for folder in ("fixtures", "tests") for path in (ROOT / folder).rglob("*.py")]
FILES = sorted(path for path in EVERY if removals(path) and not path.is_relative_to(SUITE))


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in FILES])
def test_container_goes_with_its_volumes(path: Path) -> None:
    lacking = [words for words in removals(path) if '"--volumes"' not in words]
    assert not lacking, f"{path.name}: removes a container without its volumes: {lacking}: give --volumes"


def test_there_are_removals() -> None:
    assert len(FILES) > 5
