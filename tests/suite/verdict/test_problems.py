"""One broken thing is one error, and several problems of one check are all told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import MODES, NO_SKIP, PASSING, Run, check, document, text

LOST = "raise SuiteError('no cluster', 'start it')"
BROKEN_CALL = "{first}\n    yield"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scope", ["session", "function"])
def test_broken_fixture_is_one_error_and_blocks_the_rest(run: Run, mode: tuple[str, ...], scope: str) -> None:
    fixture = f"@pytest.fixture(scope={scope!r})\ndef cluster():\n    {LOST}\n"
    checks = "".join(f"@requirement('IMG-{n}')\ndef test_{n}(cluster):\n    assert True\n" for n in (1, 2, 3))
    result = run(PASSING + fixture + checks, *mode)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR IMG-1: no cluster: start it" in result.stdout.lines
    assert "blocked (2) IMG-2, IMG-3: no cluster: start it (told above)" in result.stdout.lines


@pytest.mark.parametrize(
    ("fixture", "body"),
    [
        pytest.param("yield", LOST, id="call"),
        pytest.param(f"yield\n    {LOST}", "pass", id="teardown"),
    ],
)
def test_broken_thing_is_one_error_in_any_phase(run: Run, fixture: str, body: str) -> None:
    cluster = f"@pytest.fixture(autouse=True)\ndef cluster():\n    {fixture}\n"
    result = run(cluster + check("IMG-1", body, "test_a") + check("IMG-2", LOST, "test_b"))
    assert "ERROR IMG-1: no cluster: start it" in result.stdout.lines
    assert "blocked (1) IMG-2: no cluster: start it (told above)" in result.stdout.lines


def test_product_that_is_broken_for_all_is_one_failure(run: Run) -> None:
    refused = "raise ProductError('the Deployment is refused', 'correct it')"
    result = run(check("IMG-1", refused, "test_a") + check("IMG-2", refused, "test_b"))
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: the Deployment is refused: correct it" in result.stdout.lines
    assert "blocked (1) IMG-2: the Deployment is refused: correct it (told above)" in result.stdout.lines


@pytest.mark.parametrize("mode", MODES)
def test_two_problems_of_one_check_are_both_told(run: Run, tmp_path: Path, mode: tuple[str, ...]) -> None:
    fixture = "@pytest.fixture(autouse=True)\ndef container():\n    yield\n    raise OSError('stuck')\n"
    result = run(fixture + check("IMG-1", "assert False, 'uid 1001'"), *mode, f"--verdict-json={tmp_path / 'v.json'}")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.fnmatch_lines(["FAILED IMG-1: uid 1001", "ERROR IMG-1: OSError in teardown: stuck"])
    (found,) = document(tmp_path / "v.json")["checks"]
    assert [one["first_line"] for one in found["more"]] == ["OSError in teardown: stuck"]


@pytest.mark.parametrize(
    ("errors", "code", "lines"),
    [
        ("OSError('disk'), AssertionError('uid')", 1, ["FAILED IMG-1: uid", "ERROR IMG-1: OSError in call: disk"]),
        ("OSError('disk'), ProductError('over', 'drop')", 1, ["FAILED IMG-1: over: drop", "ERROR IMG-1: OSError *"]),
        ("SuiteError('hung', 'restart'), OSError('disk')", 2, ["ERROR IMG-1: hung: restart", "ERROR IMG-1: OSError *"]),
        ("ExceptionGroup('inner', [AssertionError('uid')])", 1, ["FAILED IMG-1: uid"]),
        ("pytest.skip.Exception('later'), AssertionError('uid')", 1, ["FAILED IMG-1: uid", "ERROR IMG-1: Skipped*"]),
        ("KeyboardInterrupt()", 2, ["ERROR IMG-1: KeyboardInterrupt in call: "]),
    ],
)  # fmt: skip
def test_group_of_errors_is_its_worst_and_tells_all(run: Run, errors: str, code: int, lines: list[str]) -> None:
    result = run(PASSING + check("IMG-1", f"raise BaseExceptionGroup('many', [{errors}])"))
    assert result.ret == code
    result.stdout.fnmatch_lines(lines)


def test_group_of_blocks_is_blocked(run: Run) -> None:
    imports = "from fixtures.verdict.evidence import Blocked\n"
    result = run(imports + PASSING + check("IMG-1", "raise BaseExceptionGroup('many', [Blocked('a'), Blocked('b')])"))
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["blocked (1) IMG-1: a", "blocked (1) IMG-1: b"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("assert 1 == 2, 'uid 1001'", 1, "FAILED IMG-1: uid 1001"),
        ("raise OSError('disk')", 2, "ERROR IMG-1: OSError in call: disk"),
        ("pytest.skip('later')", 2, f"ERROR IMG-1: {NO_SKIP} (it said: later)"),
        ("blocked('down')", 3, "blocked (1) IMG-1: down"),
    ],
)
def test_subtest_counts_for_its_check(run: Run, mode: tuple[str, ...], body: str, code: int, line: str) -> None:
    source = f"def test_user(subtests):\n    with subtests.test():\n        {body}\n    assert True\n"
    result = run(f"{PASSING}@requirement('IMG-1')\n{source}", *mode)
    assert result.ret == code
    assert line in result.stdout.lines


def test_passed_subtest_is_no_passed_check(run: Run) -> None:
    source = "def test_user(subtests):\n    with subtests.test():\n        assert True\n    raise KeyboardInterrupt\n"
    result = run(f"{PASSING}@requirement('IMG-1')\n{source}")
    result.stdout.re_match_lines([r"IMG-1 +not run +1 check: the run ended before 1$"])
    assert "verdict: interrupted · 1 check, " in text(result)


def test_failed_attempts_count_where_a_check_is_run_again(run: Run) -> None:
    again = """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        runtestprotocol(item, nextitem=nextitem)
    return True
"""
    flaky = "def test_it(tries=[]):\n    tries.append(1)\n    assert len(tries) > 1, 'fails at first'\n"
    result = run(f"{PASSING}@requirement('IMG-1')\n{flaky}", conftest=again)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: fails at first" in result.stdout.lines
