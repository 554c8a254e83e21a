"""What a part's process said and how it ended are compared: the worse one counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.verdict.supervisor import settle
from fixtures.verdict.verdict_file import UNFINISHED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a part of a checkout with a sound conftest.py has its verdict."""
    (tmp_path / "conftest.py").write_text("pytest_plugins = ('json.decoder', 'pytester')\n", encoding="utf-8")
    (tmp_path / ".build").mkdir()
    return tmp_path / ".build" / "verdict-image.json"


def write(path: Path, code: int, *broken: str) -> None:
    """A verdict with an exit code."""
    path.write_text(json.dumps({"exit_code": code, "broken": list(broken), "verdict": "?"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        pytest.param(0, 0, 0, id="passed"),
        pytest.param(3, 3, 3, id="incomplete"),
        pytest.param(1, 1, 1, id="failed"),
        pytest.param(0, 1, 2, id="broke after its verdict"),
        pytest.param(2, 0, 2, id="left by os._exit"),
        pytest.param(1, -9, 1, id="killed after a failure"),
        pytest.param(0, -15, 2, id="ended after it had passed"),
    ],
)
def test_verdict_and_exit_status_have_to_agree(path: Path, said: int, status: int, code: int) -> None:
    write(path, said)
    assert settle("image", path, status) == code
    assert json.loads(path.read_text(encoding="utf-8"))["exit_code"] == code


@pytest.mark.parametrize("status", [0, 1, 3, -9])
def test_run_that_did_not_get_to_its_verdict_is_an_error(path: Path, status: int) -> None:
    write(path, 2, UNFINISHED)
    assert settle("image", path, status) == 2
    assert json.loads(path.read_text(encoding="utf-8"))["broken"] != [UNFINISHED]


def test_run_without_a_verdict_is_an_error(path: Path) -> None:
    assert settle("image", path, 0) == 2


def test_wrong_input_leaves_no_verdict(path: Path) -> None:
    write(path, 2, UNFINISHED)
    assert settle("image", path, 4) == 4
    assert not path.exists()


def test_broken_plugin_is_no_wrong_input(path: Path) -> None:
    (path.parent.parent / "conftest.py").write_text("pytest_plugins = ('json.no_such_plugin',)\n", encoding="utf-8")
    write(path, 2, UNFINISHED)
    assert settle("image", path, 4) == 2
