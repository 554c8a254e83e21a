"""Errors in the last hooks of a run, and processes that end by themselves: a verdict that says so, or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import FAILING, PASSING, Run, check, document, text

EARLY = ("pytest_configure", "pytest_sessionstart", "pytest_collection", "pytest_collection_finish")
LATE = ("pytest_sessionfinish", "pytest_terminal_summary", "pytest_unconfigure")
OUTER = "@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef {hook}():\n    {before}\n    yield\n    {after}\n"


@pytest.mark.parametrize("end", ["raise ValueError('late')", "sys.exit(0)", "pytest.exit('x', returncode=0)"])
@pytest.mark.parametrize("hook", [*EARLY, *LATE])
def test_error_in_a_hook_is_no_pass(run: Run, tmp_path: Path, hook: str, end: str) -> None:
    path = tmp_path / "v.json"
    result = run(PASSING, f"--verdict-json={path}", conftest=f"import sys\ndef {hook}(): {end}\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert document(path)["exit_code"] == ExitCode.SUITE_ERROR
    assert "verdict: passed" not in text(result)


@pytest.mark.parametrize("end", ["raise ValueError('late')", "sys.exit(0)", "pytest.exit('x', returncode=0)"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("hook", ["pytest_sessionfinish", "pytest_unconfigure"])
def test_error_around_the_verdict_takes_it_back(run: Run, tmp_path: Path, hook: str, moment: str, end: str) -> None:
    path, moments = tmp_path / "v.json", {"before": "pass", "after": "pass", moment: end}
    hooks = "import sys\n" + OUTER.format(hook=hook, **moments)
    result = run(PASSING, f"--verdict-json={path}", conftest=hooks)
    assert result.ret == ExitCode.SUITE_ERROR
    assert document(path)["exit_code"] == ExitCode.SUITE_ERROR


@pytest.mark.parametrize("hook", LATE)
def test_failure_is_told_whatever_breaks_afterwards(run: Run, hook: str) -> None:
    result = run(FAILING, conftest=f"def {hook}(): raise KeyboardInterrupt\n")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert result.stdout.lines[-1].startswith("verdict: failed, and interrupted · ")


@pytest.mark.parametrize("hook", [*EARLY[:1], "pytest_runtest_call", *LATE])
def test_process_that_ends_by_itself_leaves_no_verdict(run: Run, tmp_path: Path, hook: str) -> None:
    path = tmp_path / "v.json"
    path.write_text(json.dumps({"exit_code": 0}), encoding="utf-8")
    result = run(PASSING, f"--verdict-json={path}", apart=True, conftest=f"def {hook}(): os._exit(0)\n")
    assert result.ret == 0, "a process's own exit status is beyond what a plugin can change"
    found = document(path)
    assert (found["verdict"], found["exit_code"]) == ("not ended", ExitCode.SUITE_ERROR)
    assert found["broken"] == ["the run did not get to its verdict: it was killed, or its process ended by itself"]


@pytest.mark.parametrize(
    "plugin",
    [
        pytest.param("def broken(:", id="syntax"),
        pytest.param("import no_such_module", id="import"),
    ],
)
def test_broken_conftest_is_no_pass(run: Run, plugin: str) -> None:
    assert run(PASSING, conftest=plugin, apart=True).ret not in {ExitCode.VERIFIED, ExitCode.PRODUCT_FAILURE}


@pytest.mark.parametrize(
    ("hook", "body", "code"),
    [
        pytest.param("pytest_runtest_logreport(report)", "pass", 2, id="report"),
        pytest.param("pytest_runtest_logstart(nodeid)", "assert False, 'yq is broken'", 2, id="before a failure"),
        pytest.param("pytest_runtest_logfinish(nodeid)", "assert False, 'yq is broken'", 1, id="after a failure"),
    ],
)
def test_internal_error_is_neither_failure_nor_incomplete(run: Run, hook: str, body: str, code: int) -> None:
    result = run(check("IMG-1", body), conftest=f"def {hook}: raise ValueError('broken hook')\n")
    assert result.ret == code
    assert "ERROR ValueError outside of any test: broken hook" in result.stdout.lines


def test_verdict_that_cannot_be_given_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.verdict.recorder.summary", None)
    assert run(PASSING).ret == ExitCode.SUITE_ERROR
