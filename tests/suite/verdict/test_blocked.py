"""Blocked checks: loud, never a pass, and complete only where a reviewed file expects them."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.verdict.expected import load
from tests.suite.verdict.conftest import write
from tests.suite.verdict.small_suite import BLOCKED, PASSING, WORKERS, Run, check, expected, text


def test_blocked_is_loud_and_incomplete(run: Run) -> None:
    result = run(PASSING + BLOCKED)
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(
        [
            "blocked (1) TOOL-k9s-runs: k9s was omitted: its source does not answer",
            "INCOMPLETE: 1 requirement blocked and not verified*",
            "verdict: incomplete · 2 checks, 1 requirement verified, 1 blocked, *",
        ]
    )


@pytest.mark.parametrize(
    ("option", "code", "word"),
    [
        pytest.param((), 0, "part image passed, as far as it can here", id="lenient"),
        pytest.param(("--strict-verdict",), 3, "incomplete", id="strict"),
        pytest.param(WORKERS, 0, "part image passed, as far as it can here", id="workers"),
    ],
)
def test_expected_block_is_loud_and_incomplete_when_strict(
    run: Run, option: tuple[str, ...], code: int, word: str
) -> None:
    result = run(PASSING + BLOCKED, *option, files=expected("TOOL-k9s-runs"))
    assert result.ret == code
    result.stdout.fnmatch_lines(
        [
            "blocked (1) TOOL-k9s-runs: k9s was omitted: its source does not answer",
            "expected here: TOOL-k9s-runs is blocked, no registry serves its binary",
            f"verdict: {word} · 2 checks, 1 requirement verified, 1 blocked (1 expected here), *",
        ]
    )


@pytest.mark.parametrize(
    ("requirement", "body"),
    [
        pytest.param("TOOL-k9s-runs", "blocked('k9s was omitted, they say')", id="another line"),
        pytest.param("TOOL-k9s-operates", "blocked('k9s was omitted')", id="another requirement"),
    ],
)
def test_other_blocks_are_not_expected(run: Run, requirement: str, body: str) -> None:
    result = run(PASSING + BLOCKED + check(requirement, body), files=expected("TOOL-k9s-runs"))
    assert result.ret == ExitCode.INCOMPLETE
    assert "INCOMPLETE: 1 requirement blocked and not verified" in result.stdout.lines


def test_second_block_of_one_check_must_be_expected_too(run: Run) -> None:
    fixture = "@pytest.fixture\ndef pod():\n    yield\n    blocked('the cluster is down')\n"
    blocked = BLOCKED.replace("test_k9s()", "test_k9s(pod)")
    result = run(PASSING + fixture + blocked, files=expected("TOOL-k9s-runs"))
    assert result.ret == ExitCode.INCOMPLETE
    assert "blocked (1) TOOL-k9s-runs: the cluster is down" in result.stdout.lines


def test_block_by_an_error_of_another_check_is_not_expected(run: Run) -> None:
    lost = "raise SuiteError('k9s was omitted', 'hand it in')"
    checks = check("IMG-1", lost, "test_a") + check("TOOL-k9s-runs", lost, "test_b")
    result = run(PASSING + checks, files=expected("TOOL-k9s-runs"))
    assert result.ret == ExitCode.SUITE_ERROR
    assert "blocked (1) TOOL-k9s-runs: k9s was omitted: hand it in (told above)" in result.stdout.lines


@pytest.mark.parametrize(
    ("block", "line"),
    [
        pytest.param(".*.*.*", "matches just any line", id="anything"),
        pytest.param(".* omitted from the image", "matches just any line", id="any tool"),
        pytest.param("k9s|.+", "matches just any line", id="or anything"),
        pytest.param("[a-z0-9 ]+", "matches just any line", id="any word"),
        pytest.param("k9s (was", "not a regular expression", id="no pattern"),
        pytest.param("k9s", "must have 5 or more characters", id="too short"),
    ],
)
def test_pattern_that_expects_too_much_is_refused(pytester: pytest.Pytester, block: str, line: str) -> None:
    write(pytester, expected("IMG-1", block=block))
    with pytest.raises(UsageError, match=rf"^expected_blocked.toml: expected number 1, block: {line}"):
        load(pytester.path)


def test_expectation_of_an_unknown_requirement_is_refused(run: Run) -> None:
    result = run(PASSING, files=expected("TOOL-k9s-run"))
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR expected_blocked.toml: *unknown requirement 'TOOL-k9s-run': did you mean *"])


def test_blocked_fixture_blocks_its_checks_as_one_group(run: Run) -> None:
    fixture = "@pytest.fixture(scope='session')\ndef keycloak():\n    blocked('Keycloak is down')\n"
    login = "@pytest.mark.parametrize('n', range(5))\ndef test_login(keycloak, n):\n    assert True\n"
    result = run(f"{PASSING}{fixture}@requirement('DEP-4')\n{login}")
    assert result.ret == ExitCode.INCOMPLETE
    assert "blocked (5) DEP-4: Keycloak is down" in result.stdout.lines
    result.assert_outcomes(passed=1)


def test_blocked_is_not_swallowed_by_the_checks_own_handlers(run: Run) -> None:
    body = "try:\n        blocked('down')\n    except Exception:\n        pass"
    result = run(PASSING + check("IMG-1", body))
    assert "blocked (1) IMG-1: down" in result.stdout.lines


def test_blocked_optional_row_is_not_incomplete(run: Run) -> None:
    result = run(PASSING + check("OPT-ext", "blocked('down')"), "--strict-verdict")
    assert result.ret == ExitCode.VERIFIED
    assert "INCOMPLETE" not in text(result)


@pytest.mark.parametrize("files", [None, expected("TOOL-k9s-runs")], ids=["unexpected", "expected"])
def test_blocked_everywhere_verifies_nothing(run: Run, files: dict[str, str] | None) -> None:
    result = run(BLOCKED, files=files)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED: no check of the product passed" in result.stdout.lines
    assert result.stdout.lines[-1].startswith("verdict: nothing was verified · ")
