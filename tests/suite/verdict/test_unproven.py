"""Ways to a pass that no call of a check proves: debuggers, repeats, late plugins, warnings that are let be."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import ALONE, FAILING, MODES, PASSING, Run, check, text

THREAD = "import threading\n" + check("IMG-1", "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()")
AGAIN = """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(3):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if not any(report.failed for report in reports): break
        item._initrequest()
    for report in reports: item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
LATE = """
class Caller:
    def pytest_pyfunc_call(self): return True
def pytest_runtest_setup(item):
    if not item.config.pluginmanager.has_plugin('caller'): item.config.pluginmanager.register(Caller(), 'caller')
"""


def test_check_that_a_debugger_left_early_is_no_pass(run: Run) -> None:
    result = run(FAILING, "--trace", apart=True)  # there is nobody at its prompt
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR TOOL-yq-runs: it ran in a debugger, *: leave out --trace"])


@pytest.mark.parametrize("mode", MODES)
def test_check_that_a_plugin_repeats_until_it_passes_is_no_pass(run: Run, mode: tuple[str, ...]) -> None:
    flaky = check("IMG-1", "request.node.runs = getattr(request.node, 'runs', 0) + 1; assert request.node.runs > 1")
    result = run(flaky, *mode, conftest=AGAIN)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR IMG-1: it was run again, and what it said first is lost: leave out *"])


@pytest.mark.parametrize("mode", MODES)
def test_plugin_that_comes_late_to_call_tests_is_no_pass(run: Run, mode: tuple[str, ...]) -> None:
    result = run(FAILING, *mode, conftest=LATE)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR TOOL-yq-runs: caller: calls tests instead of pytest: leave out this plugin"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("options", "line"),
    [
        pytest.param(("-W", "ignore"), "-W ignore: a warning, *: leave it out", id="option"),
        pytest.param(("-p", "no:warnings"), "-p no:warnings: an error in a thread *: leave it out", id="warnings"),
        pytest.param(("-p", "no:threadexception"), "-p no:threadexception: an error *", id="threads"),
        pytest.param(("-p", "no:unraisableexception"), "-p no:unraisableexception: an error *", id="coroutines"),
        pytest.param(("-o", "filterwarnings="), "filterwarnings does not make errors of warnings: *", id="setting"),
    ],
)
def test_run_that_lets_warnings_be_is_refused(
    run: Run, mode: tuple[str, ...], options: tuple[str, ...], line: str
) -> None:
    result = run(THREAD, *mode, *options, apart=True)
    assert result.ret == ExitCode.USAGE
    (result.stdout if mode != ALONE else result.stderr).fnmatch_lines([f"ERROR: {line}"])


@pytest.mark.parametrize("part", ["", "image"])
def test_plugin_that_answers_for_pytest_is_no_pass(run: Run, part: str) -> None:
    result = run(PASSING, "tests/image", part=part, conftest="def pytest_cmdline_main(config): return 0\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "pytest did not begin its session: leave out the plugin that answers instead" in text(result)


def test_decorator_around_a_check_is_refused(run: Run) -> None:
    wrapped = "import contextlib\n@requirement('IMG-1')\n@contextlib.ContextDecorator()\ndef test_it(): assert 0\n"
    result = run(PASSING + wrapped.replace("ContextDecorator()", "contextmanager"))
    assert result.ret == ExitCode.USAGE
    assert "test_it: is wrapped by a decorator, which may keep its failure to itself: use a fixture" in text(result)
