"""Plugins that change items, calls and reports: none makes a pass of what is none."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from fixtures.paths import ROOT
from tests.suite.verdict.conftest import write
from tests.suite.verdict.small_suite import ALONE, FAILING, MODES, PASSING, WORKER, WORKERS, Run, check, text

WRAPPER = "@pytest.hookimpl(wrapper=True{order})\ndef {hook}:\n    {body}\n"
REPORT = "pytest_runtest_makereport(item, call)"
PASSED = "report = yield\n    report.outcome = 'passed'\n    report.longrepr = None\n    return report"
NO_ERROR = "call.excinfo = None\n    return (yield)"
SWALLOW = "try:\n        return (yield)\n    except BaseException:\n        return None"
REPLACE = "def pytest_collection_modifyitems(items):\n    for item in items: item.obj = lambda: None\n"
REPLACE_CALL = "def pytest_collection_modifyitems(items):\n    for item in items: item.runtest = lambda: None\n"
OTHERS = """
def pytest_collection_modifyitems(config, items):
    if getattr(config, 'workerinput', {}).get('workerid') == 'gw1': del items[1:]
"""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["", ", tryfirst=True", ", trylast=True"], ids=["plain", "first", "last"])
@pytest.mark.parametrize(
    ("hook", "body"),
    [
        pytest.param(REPORT, PASSED, id="report says passed"),
        pytest.param(REPORT, NO_ERROR, id="call without its error"),
        pytest.param("pytest_runtest_call(item)", SWALLOW, id="call swallows"),
        pytest.param("pytest_report_teststatus(report)", "yield\n    return 'passed', '.', 'PASSED'", id="status"),
    ],
)
def test_hook_that_hides_a_failure_is_no_pass(
    run: Run, mode: tuple[str, ...], order: str, hook: str, body: str
) -> None:
    result = run(PASSING + FAILING, *mode, conftest=WRAPPER.format(order=order, hook=hook, body=body))
    assert result.ret in {ExitCode.PRODUCT_FAILURE, ExitCode.SUITE_ERROR}


@pytest.mark.parametrize(
    ("hooks", "line"),
    [
        pytest.param(REPLACE, "ERROR TOOL-yq-runs: *::test_yq: its function was replaced: *", id="function"),
        pytest.param(REPLACE_CALL, "ERROR TOOL-yq-runs: its function was not called: *", id="runtest"),
        pytest.param(
            WRAPPER.format(order="", hook="pytest_runtest_call(item)", body=SWALLOW),
            "ERROR TOOL-yq-runs: its AssertionError was kept from the report: *",
            id="swallowed",
        ),
    ],
)
def test_function_must_be_called_and_its_error_told(run: Run, hooks: str, line: str) -> None:
    result = run(FAILING, conftest=hooks)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([line])


@pytest.mark.parametrize(
    "hooks",
    [
        pytest.param("def pytest_pyfunc_call(): return True\n", id="calls nothing"),
        pytest.param(WRAPPER.format(order=", trylast=True", hook="pytest_pyfunc_call()", body=SWALLOW), id="wraps"),
    ],
)
def test_plugin_that_calls_tests_itself_is_refused(run: Run, hooks: str) -> None:
    result = run(FAILING, conftest=hooks)
    assert result.ret == ExitCode.USAGE
    assert "conftest.py: calls tests instead of pytest: leave out this plugin" in text(result)


@pytest.mark.parametrize(
    ("hook", "mode"),
    [
        pytest.param("pytest_runtest_protocol(item, nextitem)", ALONE, id="protocol"),
        pytest.param("pytest_runtest_protocol(item, nextitem)", WORKER, id="protocol of a worker"),
        pytest.param("pytest_runtestloop(session)", ALONE, id="loop"),
        pytest.param("pytest_runtestloop(session)", WORKER, id="loop of a worker"),
        pytest.param("pytest_collection(session)", ALONE, id="collection"),
    ],
)
def test_hook_that_runs_nothing_is_no_pass(run: Run, hook: str, mode: tuple[str, ...]) -> None:
    result = run(PASSING, *mode, conftest=f"@pytest.hookimpl(tryfirst=True)\ndef {hook}: return True\n")
    assert result.ret == ExitCode.SUITE_ERROR


def test_workers_that_collect_different_checks_are_an_error(run: Run) -> None:
    result = run(PASSING + check("IMG-1", "pass"), *WORKERS, conftest=OTHERS)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR gw[01]: not collected: *"])


@pytest.mark.parametrize(
    ("options", "line"),
    [
        pytest.param(("-p", "no:verdict-recorder"), "nothing would give the verdict: leave it out", id="no recorder"),
        pytest.param(("-p", "no:fixtures.verdict.plugin"), "", id="no plugin"),
        pytest.param(("-p", "no:python"), "", id="no python"),
        pytest.param(("-p", "no:main"), "", id="no main"),
        pytest.param(("--rootdir", "tests"), "--rootdir=tests: the checks stand elsewhere", id="root"),
        pytest.param(("--noconftest", "--confcutdir=tests"), None, id="no conftest"),
        pytest.param(("-o", "strict=false"), None, id="not strict"),
        pytest.param(("-p", "no:terminal"), "", id="no terminal"),
        pytest.param(("-p", "no:skipping", "-p", "no:unittest"), None, id="no skips"),
    ],
)
def test_option_that_takes_plugins_away_is_no_pass(run: Run, options: tuple[str, ...], line: str | None) -> None:
    result = run(FAILING, *options, apart=True)
    assert result.ret != ExitCode.VERIFIED
    assert (result.ret == ExitCode.PRODUCT_FAILURE) is (line is None)
    assert (line or "") in text(result)


@pytest.mark.parametrize("options", [(), ("--assert=plain",)], ids=["rewritten", "plain"])
def test_python_without_assertions_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    result = run(FAILING, "-W", "default", *options, apart=True)
    assert result.ret == ExitCode.USAGE
    assert "Python leaves out assertions, so no check can fail: unset PYTHONOPTIMIZE, leave out -O" in text(result)


def test_checks_of_this_suite_need_its_root(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "tests/rebuild/test_rebuild.py::test_none\tBLD-7\n"
    write(pytester, {"other.ini": "[pytest]\n", "tests/checks.txt": listed})
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = pytester.runpytest_subprocess(
        "-c", "other.ini", str(ROOT / "tests" / "rebuild"), "-p", "no:pytest-kubernetes"
    )
    assert result.ret == ExitCode.USAGE
    assert "is not the root of the checks, where their list is: leave out -c and --rootdir" in text(result)
