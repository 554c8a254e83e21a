"""Runs that verify nothing, or end early: never a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import ALONE, FAILING, MODES, PASSING, WORKER, Run, check, document, text


@pytest.mark.parametrize(
    ("checks", "mode"),
    [
        pytest.param("", ALONE, id="empty"),
        pytest.param(PASSING, ALONE, id="deselected"),
        pytest.param(PASSING, WORKER, id="deselected in a worker"),
    ],
)
def test_no_check_run_is_no_pass(run: Run, checks: str, mode: tuple[str, ...]) -> None:
    result = run(checks, "tests/image", "-k", "nothing", *mode)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED: no check of the product passed" in result.stdout.lines


@pytest.mark.parametrize("option", ["--setup-only", "--setup-plan"])
def test_setup_alone_verifies_nothing(run: Run, option: str) -> None:
    assert run(PASSING, option).ret == ExitCode.SUITE_ERROR


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--fixtures-per-test", "--markers", "--help"])
def test_showing_gives_no_verdict(run: Run, option: str) -> None:
    result = run(PASSING, option, "tests/image", part="")
    assert result.ret == pytest.ExitCode.OK
    assert "requirement → verdict" not in text(result)


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--fixtures-per-test", "--cache-show", "--markers"])
@pytest.mark.parametrize("asked", ["--part=image", "--verdict-json=v.json"])
def test_verdict_that_was_asked_for_is_not_shown_away(
    run: Run, pytester: pytest.Pytester, option: str, asked: str
) -> None:
    (pytester.path / "v.json").write_text("{}", encoding="utf-8")
    result = run(PASSING, option, asked, part="")
    assert result.ret == ExitCode.USAGE
    assert (pytester.path / "v.json").exists() is (asked == "--part=image")


def test_stopping_at_the_first_failure_leaves_the_rest_not_run(run: Run) -> None:
    result = run(FAILING + PASSING + check("IMG-1", "pass"), "-x")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +not run +1 check: the run ended before 1$"])


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "pytest.exit('enough', returncode=0)"])
def test_interrupted_run_says_so(run: Run, body: str) -> None:
    result = run(PASSING + check("IMG-1", body))
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["verdict: interrupted · 1 check, *"])


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "pytest.exit('enough', returncode=4)"])
def test_failure_before_an_interrupt_is_told(run: Run, tmp_path: Path, body: str) -> None:
    result = run(FAILING + check("IMG-1", body), f"--verdict-json={tmp_path / 'v.json'}")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines(["FAILED TOOL-yq-runs: yq: expected", "verdict: failed, and interrupted · 1 check, "])
    assert document(tmp_path / "v.json")["verdict"] == "failed, and interrupted"


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "pytest.exit('enough', returncode=0)"])
@pytest.mark.parametrize(("checks", "code"), [(FAILING, 1), (PASSING, 2)], ids=["failed", "passed"])
def test_interrupt_in_a_worker_is_no_pass_and_hides_no_failure(run: Run, body: str, checks: str, code: int) -> None:
    assert run(checks + check("IMG-1", body), *WORKER).ret == code


def test_error_of_pytest_itself_is_not_incomplete(run: Run) -> None:
    result = run(
        PASSING,
        conftest="def pytest_runtest_teardown(): raise SystemError\ndef pytest_runtest_logfinish(): 1 / 0\n",
    )
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR ZeroDivisionError outside of any test: division by zero" in result.stdout.lines


@pytest.mark.parametrize("hook", ["pytest_configure", "pytest_sessionstart"])
@pytest.mark.parametrize(("error", "code"), [("SuiteError", 2), ("UsageError", 4), ("ProductError", 1)])
def test_suite_error_out_of_a_hook_is_one_line(run: Run, hook: str, error: str, code: int) -> None:
    result = run(PASSING, "tests/image", conftest=f"def {hook}(): raise {error}('no podman', 'install it')\n")
    assert result.ret == code
    assert "no podman: install it" in text(result)
    assert "Traceback" not in text(result)


def test_failing_option_of_pytest_is_no_pass(run: Run) -> None:
    result = run(PASSING, conftest="def pytest_sessionfinish(session): session.exitstatus = 6\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR pytest itself ended with exit status 6" in result.stdout.lines


@pytest.mark.parametrize("mode", MODES)
def test_stop_without_a_cause_leaves_selected_checks_out(run: Run, mode: tuple[str, ...]) -> None:
    stop = "request.session.shouldstop = 'enough'"
    result = run(check("IMG-1", stop, "test_a") + "".join(check("IMG-2", "pass", f"test_{n}") for n in "bcde"), *mode)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.re_match_lines([r"ERROR \d selected checks? did not run, .*::test_[bcde] among them"])
