"""What is refused when checks are collected."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import CHECKS, MODES, NO_SKIP, PASSING, WORKERS, Run, check, text

SUITE = "def test_suite():\n    assert True\n"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("def test_it(): assert 1", "test_it: carries no requirement: add @pytest.mark.", id="no mark"),
        pytest.param("@requirement()\ndef test_it(): assert 1", "test_it: carries no requirement", id="no id"),
        pytest.param(
            "@requirement('TOOL-jqq-runs')\ndef test_it(): assert 1",
            "test_it: unknown requirement 'TOOL-jqq-runs': did you mean TOOL-jq-runs",
            id="unknown id",
        ),
        pytest.param(
            "@requirement('IMG-1', why='x')\ndef test_it(): assert 1",
            "test_it: requirement takes ids only",
            id="keyword",
        ),
        pytest.param(
            "@requirement('TOOL-jq-connects')\n@pytest.mark.not_applicable()\ndef test_it(): assert 1",
            "test_it: not_applicable needs its reason",
            id="n/a without a reason",
        ),
        pytest.param(
            "@requirement('IMG-1')\n@pytest.mark.not_applicable('no zsh')\ndef test_it(): assert 1",
            "test_it: not_applicable, and the ledger has IMG-1 as applicable",
            id="n/a against the ledger",
        ),
        pytest.param(
            "@pytest.mark.parametrize('n', [])\n@requirement('IMG-1')\ndef test_it(n): assert 1",
            "test_it[NOTSET]: its parameters are an empty set, so it checks nothing",
            id="no parameters",
        ),
        pytest.param(
            "@pytest.mark.parametrize('n', [pytest.param(n, marks=requirement('IMG-1')) for n in ()])\n"
            "def test_it(n): assert 1",
            "test_it[NOTSET]: carries no requirement",
            id="no parameters that carry one",
        ),
        pytest.param("@requirement('IMG-1')\ndef test_it(): pass", "test_it: has no assertion", id="no assertion"),
        pytest.param(
            "def say(): print('ok')\n@requirement('IMG-1')\ndef test_it(): say()",
            "test_it: has no assertion, so it cannot fail",
            id="calls what asserts nothing",
        ),
        pytest.param(
            "exec('@requirement(\"IMG-1\")\\ndef test_it(): assert 1')",
            "test_it: has no assertion",
            id="without source",
        ),
    ],
)
def test_check_that_proves_nothing_is_refused(run: Run, source: str, line: str) -> None:
    result = run(f"{PASSING}\n{source}\n", "-k", "jq")
    assert result.ret == ExitCode.USAGE
    assert f"ERROR: {CHECKS}::{line}" in text(result) or f"\n{CHECKS}::{line}" in text(result)
    assert "verdict:" not in text(result)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def must(): assert 1\n@requirement('IMG-1')\ndef test_it(): must()", id="own helper"),
        pytest.param(
            "@requirement('IMG-1')\ndef test_it():\n    with pytest.raises(OSError): raise OSError", id="raises"
        ),
        pytest.param("@requirement('IMG-1')\ndef test_it():\n    if 0: pytest.fail('no')", id="fail"),
        pytest.param(
            "@requirement('IMG-1')\ndef test_it():\n    if 0: raise ProductError('no', '')", id="ProductError"
        ),
    ],
)
def test_assertion_may_be_elsewhere(run: Run, source: str) -> None:
    assert run(f"{PASSING}\n{source}\n").ret == ExitCode.VERIFIED


@pytest.mark.parametrize(
    ("again", "name"),
    [
        pytest.param(PASSING, "test_jq", id="function"),
        pytest.param(
            f"class TestIt:{check('IMG-1', 'pass').replace(chr(10), chr(10) + '    ')}\n" * 2, "TestIt", id="class"
        ),
    ],
)
def test_name_that_hides_another_is_refused(run: Run, again: str, name: str) -> None:
    result = run(PASSING + again)
    assert result.ret == ExitCode.USAGE
    assert f"{CHECKS}: two tests are called {name}, of which Python keeps one: rename the other" in text(result)


def test_check_that_is_collected_twice_is_refused(run: Run) -> None:
    result = run(PASSING, "--keep-duplicates", CHECKS, CHECKS)
    assert result.ret == ExitCode.USAGE
    assert f"{CHECKS}::test_jq: is collected twice" in text(result)


def test_check_that_is_no_function_is_refused(run: Run) -> None:
    result = run(f"{PASSING}\ndef helper():\n    '>>> assert 1'\n", "--doctest-modules", "tests/image")
    assert result.ret == ExitCode.USAGE
    assert "helper: is no test function: write it as one" in text(result)


def test_usage_error_in_the_workers_is_told_once(run: Run) -> None:
    result = run("def test_it(): assert 1", *WORKERS)
    assert result.ret == ExitCode.USAGE
    assert text(result).count("test_it: carries no requirement") == 1
    assert "verdict:" not in text(result)


def test_parameters_carry_their_own_requirements(run: Run) -> None:
    names = "[pytest.param(n, marks=requirement(f'TOOL-{n}-runs')) for n in ('jq', 'vim')]"
    result = run(f"@pytest.mark.parametrize('tool', {names})\ndef test_runs(tool):\n    assert tool == 'jq', tool\n")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED TOOL-vim-runs: vim" in result.stdout.lines
    result.stdout.re_match_lines([r" 7 jq +passed", r"12 vim +FAILED"])


@pytest.mark.parametrize(
    ("top", "line"),
    [
        pytest.param("raise OSError('no disk')", "OSError: no disk", id="error"),
        pytest.param("raise SuiteError('podman hung', 'restart it')", "podman hung: restart it", id="suite's own"),
        pytest.param("def broken(:", "SyntaxError: *", id="syntax"),
        pytest.param("import no_such_module", "ModuleNotFoundError: *", id="import"),
        pytest.param("pytest.skip('later', allow_module_level=True)", f"*{NO_SKIP} (it said: later)", id="skip"),
        pytest.param("pytest.importorskip('no_such_module')", f"*{NO_SKIP} (it said: *", id="importorskip"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_file_that_is_not_collected_is_no_pass(run: Run, mode: tuple[str, ...], top: str, line: str) -> None:
    result = run(f"{top}\n{PASSING}", "tests", *mode, suite=SUITE)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"*test_image.py: not collected: {line}"])


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("def broken(:", id="file that is not collected"),
        pytest.param("def test_jq(): pass", id="check that is refused"),
    ],
)
def test_broken_collection_does_not_empty_the_list(run: Run, pytester: pytest.Pytester, broken: str) -> None:
    run(PASSING)
    (pytester.path / CHECKS).write_text(broken, encoding="utf-8")
    pytester.runpytest_inprocess("--collect-only", "--write-checks=tests/checks.txt", "tests")
    assert f"{CHECKS}::test_jq\tTOOL-jq-runs\n" in (pytester.path / "tests/checks.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", MODES)
def test_usage_error_while_collecting_is_one_line(run: Run, mode: tuple[str, ...]) -> None:
    result = run(f"raise UsageError('tools.toml: no jq', 'add it')\n{PASSING}", *mode)
    assert result.ret == ExitCode.USAGE
    assert "ERROR: tools.toml: no jq: add it" in result.stdout.lines + result.stderr.lines
