"""Checks that are declared n/a."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import PASSING, Run, check, document


def test_na_row_of_the_ledger_is_not_run(run: Run) -> None:
    result = run(PASSING + check("TOOL-jq-connects", "raise OSError('ran')"))
    assert result.ret == ExitCode.VERIFIED
    assert "ran" not in [word for line in result.stdout.lines for word in line.split()]


def test_na_parameter_makes_no_fixture_and_keeps_its_reason(run: Run, tmp_path: Path) -> None:
    fixture = "@pytest.fixture\ndef container():\n    raise OSError('made')\n"
    mark = "@requirement('TOOL-vim-connects')\n@pytest.mark.not_applicable('vim is left out')\n"
    result = run(
        f"{PASSING}{fixture}{mark}def test_vim(container):\n    assert True\n", f"--verdict-json={tmp_path / 'v.json'}"
    )
    assert result.ret == ExitCode.VERIFIED
    result.stdout.re_match_lines([r"12 vim +not run +n/a"])
    (found,) = (one for one in document(tmp_path / "v.json")["checks"] if one["nodeid"].endswith("test_vim"))
    assert (found["outcome"], found["first_line"]) == ("n/a", "vim is left out")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def test_it():\n    raise NotApplicable('no')\n    assert True\n", id="call"),
        pytest.param("def test_it(na):\n    assert True\n", id="fixture"),
    ],
)
def test_na_that_nobody_declared_is_an_error(run: Run, source: str) -> None:
    imports = "from fixtures.verdict.evidence import NotApplicable\n"
    fixture = "@pytest.fixture\ndef na():\n    raise NotApplicable('no')\n"
    result = run(f"{imports}{PASSING}{fixture}@requirement('IMG-1')\n{source}")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR IMG-1: a skip is no verdict: * (it said: no)"])
