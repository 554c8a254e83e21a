"""Outcomes of checks and the exit codes that they give a run, seen in small suites."""

from __future__ import annotations

import re

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import ALONE, FAILING, MODES, NO_SKIP, PASSING, WORKER, Run, check, text


def test_passed_run_is_verified(run: Run) -> None:
    result = run(PASSING)
    assert result.ret == ExitCode.VERIFIED
    rest = r"6 n/a, 6 not shipped \(tea, gh\), \d+ not run$"
    result.stdout.re_match_lines(
        [
            r" 7 jq +passed +n/a +not run$",
            rf"verdict: part image passed · 1 check, 1 requirement verified, {rest}",
        ]
    )
    assert result.stdout.lines[-1].startswith("verdict: ")


@pytest.mark.parametrize("mode", MODES)
def test_failure_shows_its_message_and_no_diff(run: Run, mode: tuple[str, ...]) -> None:
    result = run(PASSING + FAILING, *mode)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    line = "FAILED TOOL-yq-runs: yq: expected 4.40.5, seen 4.40.4: set its pin"
    assert line in result.stdout.lines
    result.stdout.re_match_lines(
        [r" 8 yq +FAILED +n/a", r"verdict: failed · 2 checks, 1 requirement verified, 1 failed"]
    )


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("assert 1 == 2", 1, "FAILED IMG-1: assert 1 == 2"),
        ("raise AssertionError", 1, "FAILED IMG-1: AssertionError without a message"),
        ("raise AssertionError('first\\nsecond')", 1, "FAILED IMG-1: first"),
        ("raise AssertionError('a\\x1b[31m\\x00')", 1, "FAILED IMG-1: a\\x1b[31m\\x00"),
        ("pytest.fail('the page is empty')", 1, "FAILED IMG-1: the page is empty"),
        ("raise ProductError('over its limit', 'drop a tool')", 1, "FAILED IMG-1: over its limit: drop a tool"),
        ("raise SuiteError('podman hung', 'restart it')", 2, "ERROR IMG-1: podman hung: restart it"),
        ("raise OSError('no disk')", 2, "ERROR IMG-1: OSError in call: no disk"),
        ("raise SystemExit(0)", 2, "ERROR IMG-1: SystemExit in call: 0"),
        ("pytest.skip('later')", 2, f"ERROR IMG-1: {NO_SKIP} (it said: later)"),
        ("pytest.xfail('known')", 2, f"ERROR IMG-1: {NO_SKIP} (it said: known)"),
    ],
)  # fmt: skip
def test_call_is_classified(run: Run, body: str, code: int, line: str) -> None:
    result = run(PASSING + check("IMG-1", body))
    assert result.ret == code
    assert line in result.stdout.lines


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("assert False, 'no container'; yield", 1, "FAILED IMG-1: no container"),
        ("yield; assert False, 'left behind'", 1, "FAILED IMG-1: left behind"),
        ("raise OSError('no disk'); yield", 2, "ERROR IMG-1: OSError in setup: no disk"),
        ("yield; raise OSError('stuck')", 2, "ERROR IMG-1: OSError in teardown: stuck"),
        (
            "raise ProductError('does not start', 'see its log'); yield",
            1,
            "FAILED IMG-1: does not start: see its log",
        ),
        ("yield; raise ProductError('leaks', 'see its log')", 1, "FAILED IMG-1: leaks: see its log"),
        ("pytest.skip('later'); yield", 2, "ERROR IMG-1: a skip is no verdict: *(it said: later)"),
        ("yield; pytest.skip('later')", 2, "ERROR IMG-1: a skip is no verdict: *(it said: later)"),
    ],
)
def test_fixture_is_classified(run: Run, body: str, code: int, line: str) -> None:
    fixture = f"@pytest.fixture\ndef container():\n    {body}\n    assert True\n"
    result = run(f"{PASSING}\n{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    assert True\n")
    assert result.ret == code
    result.stdout.fnmatch_lines([line])


@pytest.mark.parametrize(
    "mark",
    [
        "skip(reason='later')",
        "skipif(True, reason='later')",
        "xfail(reason='known')",
        "xfail(reason='known', strict=True)",
        "xfail(reason='known', strict=False)",
        "xfail(run=False)",
    ],
)
@pytest.mark.parametrize("body", ["pass", "assert False"])
def test_skip_and_xfail_marks_are_no_verdict(run: Run, mark: str, body: str) -> None:
    result = run(f"{PASSING}\n@pytest.mark.{mark}{check('IMG-1', body)}")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR IMG-1: {NO_SKIP}*"])


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skipif(True, reason='later')\nclass TestIt:\n    {}",
        "import unittest\n@unittest.skip('later')\nclass TestIt(unittest.TestCase):\n    {}",
        "class TestIt:\n    pytestmark = pytest.mark.skip(reason='later')\n    {}",
        "class TestIt:\n    @classmethod\n    def setup_class(cls): pytest.skip('later')\n    {}",
    ],
    ids=["skipif", "unittest", "pytestmark", "setup_class"],
)
def test_skipped_class_is_no_verdict(run: Run, source: str) -> None:
    method = "@requirement('IMG-1')\n    def test_it(self):\n        assert True\n"
    assert run(PASSING + source.format(method)).ret == ExitCode.SUITE_ERROR


@pytest.mark.parametrize("mark", ["skip(reason='later')", "xfail(reason='known')"])
def test_skip_in_a_new_folder_is_no_verdict(run: Run, mark: str) -> None:
    new = f"import pytest\npytestmark = pytest.mark.{mark}\n@pytest.mark.requirement('IMG-1')\n"
    new += "def test_it(): assert True\n"
    result = run(PASSING, "tests", more={"tests/new/test_new.py": new})
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR IMG-1: {NO_SKIP}*"])


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("assert False, 'known'", 1)])
def test_runxfail_lets_a_check_have_its_own_outcome(run: Run, body: str, code: int) -> None:
    assert run(f"{PASSING}\n@pytest.mark.xfail(reason='known'){check('IMG-1', body)}", "--runxfail").ret == code


def test_suite_error_prints_without_a_traceback(run: Run) -> None:
    fixture = "@pytest.fixture\ndef container():\n    raise SuiteError('podman hung', 'restart it')\n"
    result = run(f"{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    assert True\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "podman hung: restart it" in result.stdout.lines
    assert "SuiteError" not in text(result)
    assert not re.search(r"test_image\.py:\d", text(result))


@pytest.mark.parametrize("mode", [pytest.param(ALONE, id="alone"), pytest.param((*WORKER, "-v"), id="worker")])
def test_error_outside_of_checks_is_the_runs(run: Run, mode: tuple[str, ...]) -> None:
    fixture = """
from fixtures.verdict.evidence import outside_of_checks
@pytest.fixture(scope="session", autouse=True)
def ledger(pytestconfig):
    yield
    with outside_of_checks(pytestconfig):
        raise SuiteError("left behind: container c", "remove it")
"""
    result = run(PASSING + fixture, *mode)
    assert "ERROR left behind: container c: remove it" in text(result)
    assert result.ret == ExitCode.SUITE_ERROR


def test_teardown_error_takes_the_pass_away(run: Run) -> None:
    fixture = "@pytest.fixture\ndef container():\n    yield\n    raise OSError('stuck')\n"
    result = run(f"{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    assert True\n")
    result.stdout.re_match_lines([r"IMG-1 +ERROR +1 check: OSError in teardown: stuck"])


def test_failure_outweighs_an_error(run: Run) -> None:
    result = run(FAILING + check("IMG-1", "raise OSError('no disk')"))
    assert result.ret == ExitCode.PRODUCT_FAILURE
