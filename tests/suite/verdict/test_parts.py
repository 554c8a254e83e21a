"""Which checks belong to a part, and the list of all checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.verdict import parts

LINE = "tests/image/t.py::test_it[a b]\tIMG-1 IMG-2\n"


def listed(root: Path, text: str) -> parts.Listed:
    """The checks of a checkout whose list is a text."""
    (root / "tests").mkdir(exist_ok=True)
    (root / parts.CHECKS).write_text(text, encoding="utf-8")
    return parts.read(root)


@pytest.mark.parametrize(
    ("nodeid", "part", "mine"),
    [
        ("tests/image/t.py::test_it", "image", True),
        ("tests/image/deep/t.py::test_it", "image", True),
        ("tests/images/t.py::test_it", "image", False),
        ("tests/platform/t.py::test_it[tests/image/]", "image", False),
        ("tests/platform/services/test_every_service.py::test_it[a::b]", "platform", True),
        ("tests/platform/services/test_every_service.pyx::test_it", "platform", False),
        ("tests/platform/services/test_every_service.py::test_it", "live", True),
    ],
)
def test_check_belongs_to_the_part_whose_path_it_is_below(nodeid: str, part: str, *, mine: bool) -> None:
    assert parts.belongs(nodeid, part) is mine


@pytest.mark.parametrize(
    ("nodeid", "part", "mine"),
    [
        ("tests/image/t.py::test_it", "", True),
        ("tests/image/t.py::test_it", "live", True),
        ("tests/image/t.py::test_it", "smoke", False),
        ("tests/smoke/t.py::test_it", "smoke", True),
        ("tests/smoke/t.py::test_it", "", False),
        ("tests/smoke/t.py::test_it", "proof", False),
    ],
)
def test_part_that_stands_alone_speaks_of_its_own_checks_and_no_other_of_them(
    nodeid: str, part: str, *, mine: bool
) -> None:
    assert parts.concerns(nodeid, part) is mine


def test_list_is_read_as_it_is_written(tmp_path: Path) -> None:
    checks = {"tests/image/t.py::test_b": ("IMG-1", "IMG-2"), "tests/image/t.py::test_a\tx": ("BLD-1",)}
    text = parts.render(checks.items())
    assert text.splitlines()[1:] == ["tests/image/t.py::test_a\tx\tBLD-1", "tests/image/t.py::test_b\tIMG-1 IMG-2"]
    assert listed(tmp_path, text) == checks


def test_checkout_without_a_list_lists_nothing(tmp_path: Path) -> None:
    assert parts.read(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param(f"{parts.HEAD}{LINE}{LINE}", 3, id="twice"),
        pytest.param("tests/image/t.py::test_it", 1, id="no tab"),
        pytest.param("IMG-1", 1, id="requirement alone"),
        pytest.param(f"{LINE}tests/image/t.py::test_b\t\n", 2, id="no requirement"),
        pytest.param("tests/image/t.py::test_it\tIMG-99\n", 1, id="unknown requirement"),
        pytest.param("tests/image/t.py::test_it\tIMG-1 IMG-99\n", 1, id="one unknown requirement"),
        pytest.param(f"{LINE}\n", 2, id="empty line"),
    ],
)
def test_line_that_is_no_check_is_refused(tmp_path: Path, text: str, number: int) -> None:
    with pytest.raises(UsageError, match=rf"^checks.txt: line {number} is no new check .*: run: nox -s checks$"):
        listed(tmp_path, text)
