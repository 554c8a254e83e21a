"""Runs without checks are pytest's own."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import ALONE, PASSING, WORKER, Run, document, text

PASSES = "def test_suite():\n    assert True\n"


@pytest.mark.parametrize(
    ("body", "code", "mode"),
    [
        ("pass", 0, ALONE),
        ("assert False", 1, ALONE),
        ("assert False", 1, WORKER),
        ("pytest.skip('no')", 0, ALONE),
        ("pytest.xfail('no')", 0, ALONE),
    ],
)
def test_run_without_checks_is_pytests_own(run: Run, body: str, code: int, mode: tuple[str, ...]) -> None:
    suite = f"def test_suite():\n    {body}\n    assert True\n"
    result = run(PASSING, "tests/suite", *mode, suite=suite, part="")
    assert result.ret == code
    assert "verdict" not in text(result)


def test_no_test_of_the_suite_keeps_pytests_code(run: Run) -> None:
    assert run(PASSING, "tests/suite", "-k", "none", suite=PASSES, part="").ret == 5


@pytest.mark.parametrize("asked", ["--part=image", "--verdict-json=v.json"])
def test_verdict_that_was_asked_for_needs_checks(run: Run, pytester: pytest.Pytester, asked: str) -> None:
    assert run(PASSING, "tests/suite", asked, suite=PASSES, part="").ret == ExitCode.SUITE_ERROR
    if "json" in asked:
        assert document(pytester.path / "v.json")["exit_code"] == ExitCode.SUITE_ERROR


def test_failing_test_of_the_suite_beside_checks_is_an_error(run: Run) -> None:
    result = run(PASSING, "tests", suite="def test_suite(): assert False\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR tests/suite/test_suite.py::test_suite: failed, and is no check of the product" in result.stdout.lines


def test_test_of_the_suite_that_carries_a_requirement_is_a_check(run: Run) -> None:
    result = run("", "tests/suite", suite="@requirement('OPT-docs')\ndef test_page(): assert True\n")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.re_match_lines([r"OPT-docs +passed +1 check$", "verdict: partial"])
