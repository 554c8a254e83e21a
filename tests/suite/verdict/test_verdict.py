"""The verdict: each outcome, exit code and line of the summary, seen in small sessions of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import requirements, waivers
from fixtures.verdict.outcomes import Check, Outcome, Verdict, judge

Run = Callable[..., pytest.RunResult]

HEAD = """
import os, pytest
from fixtures.errors import ProductError, SuiteError, UsageError
from fixtures.verdict.evidence import VERDICT_CONTEXT, blocked
requirement = pytest.mark.requirement
"""
PASSING = """
@requirement("TOOL-jq-runs")
def test_jq():
    pass
"""
FAILING = """
@requirement("TOOL-yq-runs")
def test_yq():
    assert [1, 2] == [1, 3], "yq: expected 4.40.5, seen 4.40.4: set its pin"
"""
BLOCKED = """
@requirement("TOOL-k9s-runs")
def test_k9s():
    blocked("k9s was omitted", "its source does not answer")
"""
LATER, PAST = "2999-12-31", "2001-01-01"
ALONE, WORKERS = ("-p", "no:xdist"), ("-n", "2")
MODES = [pytest.param(ALONE, id="alone"), pytest.param(WORKERS, id="workers")]
NO_SKIP = "a skip is no verdict: use blocked() or declare n/a in the inventory"


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run a session of its own over the given checks, with the project's strictness."""
    pytester.makeini("[pytest]\nstrict = true\nfilterwarnings = error\naddopts = -p fixtures.verdict.plugin --tb=short")

    def session(
        checks: str, *arguments: str, suite: str = "", conftest: str = "", waived: str = ""
    ) -> pytest.RunResult:
        (pytester.mkpydir("tests") / "image").mkdir()
        files = {
            "tests/image/test_image.py": checks and HEAD + checks,
            "tests/suite/test_suite.py": suite and HEAD + suite,
            "conftest.py": conftest and HEAD + conftest,
            "tests/waivers.toml": waived,
        }
        for name, content in files.items():
            if content:
                (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
                (pytester.path / name).write_text(content, encoding="utf-8")
        return pytester.runpytest_inprocess(*arguments, no_reraise_ctrlc=True)

    return session


def text(result: pytest.RunResult) -> str:
    """Everything that a session printed."""
    return result.stdout.str() + result.stderr.str()


def waiver(subject: str, until: str = LATER) -> str:
    """One entry of a waivers file; `subject` is `requirement = "…"` or `check = "…"`."""
    return f'[[waiver]]\n{subject}\nreason = "mended upstream, not yet released"\nuntil = {until}\n'


# ---- outcomes and exit codes


def test_passed_run_is_verified(run: Run) -> None:
    result = run(PASSING)
    assert result.ret == ExitCode.VERIFIED
    result.stdout.re_match_lines(
        [
            r"17 jq +passed +n/a +not run$",
            r"verdict: passed · 1 check, 1 requirement verified, 15 n/a, 118 not run$",
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
        [r"18 yq +FAILED +n/a", r"verdict: failed · 2 checks, 1 requirement verified, 1 failed"]
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
        ("pytest.skip('later')", 2, f"ERROR IMG-1: {NO_SKIP} (it said: later)"),
        ("pytest.xfail('known')", 2, f"ERROR IMG-1: {NO_SKIP} (it said: known)"),
    ],
)  # fmt: skip
def test_call_is_classified(run: Run, body: str, code: int, line: str) -> None:
    result = run(f"{PASSING}\n@requirement('IMG-1')\ndef test_user():\n    {body}\n")
    assert result.ret == code
    assert line in result.stdout.lines


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("assert False, 'no container'; yield", 2, "ERROR IMG-1: AssertionError in setup: no container"),
        ("yield; assert False, 'left behind'", 2, "ERROR IMG-1: AssertionError in teardown: left behind"),
        (
            "raise ProductError('does not start', 'see its log'); yield",
            1,
            "FAILED IMG-1: does not start: see its log",
        ),
        ("yield; raise ProductError('leaks', 'see its log')", 1, "FAILED IMG-1: leaks: see its log"),
        ("pytest.skip('later'); yield", 2, "ERROR IMG-1: a skip is no verdict: *(it said: later)"),
    ],
)
def test_fixture_is_classified(run: Run, body: str, code: int, line: str) -> None:
    fixture = f"@pytest.fixture\ndef container():\n    {body}\n"
    result = run(f"{PASSING}\n{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    pass\n")
    assert result.ret == code
    result.stdout.fnmatch_lines([line])


@pytest.mark.parametrize(
    "mark",
    ["skip(reason='later')", "skipif(True, reason='later')", "xfail(reason='known')", "xfail(run=False)"],
)
@pytest.mark.parametrize("body", ["pass", "assert False"])
def test_skip_and_xfail_marks_are_no_verdict(run: Run, mark: str, body: str) -> None:
    result = run(f"{PASSING}\n@requirement('IMG-1')\n@pytest.mark.{mark}\ndef test_user():\n    {body}\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR IMG-1: {NO_SKIP}*"])


def test_suite_error_prints_without_a_traceback(run: Run) -> None:
    fixture = "@pytest.fixture\ndef container():\n    raise SuiteError('podman hung', 'restart it')\n"
    result = run(f"{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    pass\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "podman hung: restart it" in result.stdout.lines
    assert "SuiteError" not in text(result)
    assert not re.search(r"test_image\.py:\d", text(result))


def test_broken_shared_fixture_is_one_error_and_blocks_the_rest(run: Run) -> None:
    fixture = "@pytest.fixture(scope='session')\ndef cluster():\n    raise SuiteError('no cluster', 'start it')\n"
    checks = "".join(f"@requirement('IMG-{n}')\ndef test_{n}(cluster):\n    pass\n" for n in (1, 2, 3))
    result = run(PASSING + fixture + checks)
    assert "ERROR IMG-1: no cluster: start it" in text(result)
    assert "blocked (2) IMG-2, IMG-3: no cluster" in text(result)
    assert result.ret == ExitCode.SUITE_ERROR


@pytest.mark.parametrize("mode", MODES)
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
    result = run(f"{fixture}\n@requirement('IMG-1')\ndef test_user(container):\n    pass\n")
    result.stdout.re_match_lines([r"IMG-1 +ERROR +1 check: OSError in teardown: stuck"])


def test_failing_subtest_fails_its_check(run: Run) -> None:
    check = """
@requirement("IMG-1")
def test_user(subtests):
    with subtests.test():
        assert 1 == 2, "uid 1001"
"""
    result = run(PASSING + check)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: uid 1001" in result.stdout.lines


def test_failure_outweighs_an_error(run: Run) -> None:
    result = run(f"{FAILING}\n@requirement('IMG-1')\ndef test_user():\n    raise OSError('no disk')\n")
    assert result.ret == ExitCode.PRODUCT_FAILURE


# ---- blocked


@pytest.mark.parametrize(("option", "code", "word"), [((), 0, "passed"), (("--strict-verdict",), 3, "incomplete")])
def test_blocked_is_loud_and_incomplete_when_strict(run: Run, option: tuple[str, ...], code: int, word: str) -> None:
    result = run(PASSING + BLOCKED, *option)
    assert result.ret == code
    result.stdout.fnmatch_lines(
        [
            "blocked (1) TOOL-k9s-runs: k9s was omitted: its source does not answer",
            "INCOMPLETE: 1 requirement blocked and not verified*",
            f"verdict: {word} · 2 checks, 1 requirement verified, 1 blocked, *",
        ]
    )


def test_blocked_fixture_blocks_its_checks_as_one_group(run: Run) -> None:
    fixture = "@pytest.fixture(scope='session')\ndef keycloak():\n    blocked('Keycloak is down')\n"
    checks = "@requirement('DEP-4')\n@pytest.mark.parametrize('n', range(5))\ndef test_login(keycloak, n):\n    pass\n"
    result = run(PASSING + fixture + checks)
    assert result.ret == ExitCode.VERIFIED
    assert "blocked (5) DEP-4: Keycloak is down" in result.stdout.lines
    result.assert_outcomes(passed=1)


def test_blocked_is_not_swallowed_by_the_checks_own_handlers(run: Run) -> None:
    check = """
@requirement("IMG-1")
def test_user():
    try:
        blocked("down")
    except Exception:
        pass
"""
    result = run(PASSING + check)
    assert "blocked (1) IMG-1: down" in result.stdout.lines


def test_blocked_optional_row_is_not_incomplete(run: Run) -> None:
    result = run(
        f"{PASSING}\n@requirement('OPT-ext')\ndef test_extensions():\n    blocked('down')\n",
        "--strict-verdict",
    )
    assert result.ret == ExitCode.VERIFIED
    assert "INCOMPLETE" not in text(result)


def test_blocked_everywhere_verifies_nothing(run: Run) -> None:
    result = run(BLOCKED, "--strict-verdict")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED: no check of the product passed" in result.stdout.lines
    assert result.stdout.lines[-1].startswith("verdict: nothing was verified · ")


# ---- waivers


@pytest.mark.parametrize(
    ("subject", "mode"),
    [
        ('requirement = "TOOL-yq-runs"', ALONE),
        ('requirement = "TOOL-yq-runs"', WORKERS),
        ('check = "tests/image/test_image.py::test_yq"', ALONE),
    ],
)
def test_waived_failure_still_runs_and_does_not_count(run: Run, subject: str, mode: tuple[str, ...]) -> None:
    result = run(FAILING + PASSING, "-x", *mode, waived=waiver(subject))
    assert result.ret == ExitCode.VERIFIED
    result.stdout.re_match_lines(
        [
            r"18 yq +waived",
            rf"waived \(1\) TOOL-yq-runs: mended upstream.* \(until {LATER}\): yq: expected 4\.40\.5",
            r"verdict: passed · 2 checks, 1 requirement verified, 1 waived",
        ]
    )


def test_waived_check_that_passes_says_so(run: Run) -> None:
    result = run(PASSING, waived=waiver('requirement = "TOOL-jq-runs"'))
    assert result.ret == ExitCode.VERIFIED
    assert "note: the waiver of TOOL-jq-runs can go: 1 check passed" in result.stdout.lines


def test_waiver_of_a_parametrised_check_covers_its_parameters(run: Run) -> None:
    checks = "@requirement('IMG-1')\n@pytest.mark.parametrize('n', range(2))\ndef test_user(n):\n    assert n, 'zero'\n"
    result = run(PASSING + checks, waived=waiver('check = "tests/image/test_image.py::test_user"'))
    assert result.ret == ExitCode.VERIFIED
    assert "can go" not in text(result)


def test_waiver_of_one_requirement_does_not_help_another(run: Run) -> None:
    check = "@requirement('IMG-1', 'IMG-2')\ndef test_user():\n    assert False, 'uid 1001'\n"
    result = run(PASSING + check, waived=waiver('requirement = "IMG-1"'))
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +waived", r"IMG-2 +FAILED", r"FAILED IMG-2: uid 1001"])


def test_waiver_does_not_cover_an_error(run: Run) -> None:
    check = "@requirement('IMG-1')\ndef test_user():\n    raise OSError('no disk')\n"
    assert run(PASSING + check, waived=waiver('requirement = "IMG-1"')).ret == ExitCode.SUITE_ERROR


def test_expired_waiver_is_a_usage_error(run: Run) -> None:
    result = run(PASSING, waived=waiver('requirement = "TOOL-jq-runs"', PAST))
    assert result.ret == ExitCode.USAGE
    assert f"waivers.toml: waiver of TOOL-jq-runs expired on {PAST}" in text(result)
    assert "verdict:" not in text(result)


def test_given_waivers_must_exist(run: Run) -> None:
    result = run(PASSING, "--waivers", "none.toml")
    assert result.ret == ExitCode.USAGE
    assert "none.toml: cannot be read (No such file or directory): give --waivers an existing file" in text(result)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (waiver('requirement = "IMG-99"'), "unknown requirement 'IMG-99': did you mean"),
        (waiver('requirement = "IMG-1"\ncheck = "a.py::b"'), "give either requirement (an id) or check"),
        (waiver('check = "tests/image/gone.py::test_it"'), "waiver of tests/image/gone.py::test_it: no such test file"),
        (waiver('requirement = "IMG-1"', '"some day"'), "waiver number 1, until: "),
        (waiver('requirement = "IMG-1"') + "who = 1\n", "waiver number 1, who: unknown key 'who': remove it"),
        ("[[waiver", "not TOML"),
    ],
)  # fmt: skip
def test_error_in_a_waiver_names_it(tmp_path: Path, entry: str, line: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(entry, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(line)):
        waivers.load(path, tmp_path, date(2026, 1, 1))


def test_waiver_is_good_through_its_last_day(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(waiver('requirement = "IMG-1"', "2026-05-01"), encoding="utf-8")
    assert len(waivers.load(path, tmp_path, date(2026, 5, 1))) == 1
    with pytest.raises(UsageError, match="expired on 2026-05-01"):
        waivers.load(path, tmp_path, date(2026, 5, 2))


# ---- n/a


def test_na_row_of_the_ledger_is_not_run(run: Run) -> None:
    check = "@requirement('TOOL-jq-connects')\ndef test_connects():\n    raise OSError('ran')\n"
    result = run(PASSING + check)
    assert result.ret == ExitCode.VERIFIED
    assert "ran" not in [word for line in result.stdout.lines for word in line.split()]


def test_na_parameter_makes_no_fixture_and_keeps_its_reason(run: Run, tmp_path: Path) -> None:
    fixture = "@pytest.fixture\ndef container():\n    raise OSError('made')\n"
    check = (
        "@requirement('ENV-1')\n@pytest.mark.not_applicable('zsh is left out')\ndef test_zsh(container):\n    pass\n"
    )
    result = run(PASSING + fixture + check, f"--verdict-json={tmp_path / 'v.json'}")
    assert result.ret == ExitCode.VERIFIED
    result.stdout.re_match_lines([r"ENV-1 +n/a +1 check: zsh is left out"])
    assert json.loads((tmp_path / "v.json").read_text())["checks"][1]["outcome"] == "n/a"


# ---- collection


@pytest.mark.parametrize(
    ("check", "line"),
    [
        ("def test_it(): pass", "test_it: carries no requirement: add @pytest.mark.requirement"),
        ("@requirement()\ndef test_it(): pass", "test_it: carries no requirement"),
        (
            "@requirement('TOOL-jqq-runs')\ndef test_it(): pass",
            "test_it: unknown requirement 'TOOL-jqq-runs': did you mean TOOL-jq-runs",
        ),
        (
            "@requirement('IMG-1')\n@pytest.mark.not_applicable()\ndef test_it(): pass",
            "test_it: not_applicable needs its reason",
        ),
    ],
)
def test_marker_is_checked_at_collection(run: Run, check: str, line: str) -> None:
    result = run(f"{PASSING}\n{check}\n", "-k", "jq")
    assert result.ret == ExitCode.USAGE
    assert f"ERROR: tests/image/test_image.py::{line}" in text(result)
    assert "verdict:" not in text(result)


def test_usage_error_in_the_workers_is_told_once(run: Run) -> None:
    result = run("def test_it(): pass", *WORKERS)
    assert result.ret == ExitCode.USAGE
    assert text(result).count("test_it: carries no requirement") == 1
    assert "verdict:" not in text(result)


def test_parameters_carry_their_own_requirements(run: Run) -> None:
    names = "[pytest.param(n, marks=requirement(f'TOOL-{n}-runs')) for n in ('jq', 'vim')]"
    result = run(f"@pytest.mark.parametrize('tool', {names})\ndef test_runs(tool):\n    assert tool == 'jq', tool\n")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED TOOL-vim-runs: vim" in result.stdout.lines
    result.stdout.re_match_lines([r"17 jq +passed", r"29 vim +FAILED"])


@pytest.mark.parametrize(
    ("top", "line"),
    [
        ("raise OSError('no disk')", "*test_image.py: not collected: OSError: no disk"),
        ("raise SuiteError('podman hung', 'restart it')", "*test_image.py: not collected: podman hung: restart it"),
        ("pytest.skip('later', allow_module_level=True)", f"*{NO_SKIP} (it said: later)"),
        ("pytest.importorskip('no_such_module')", f"*{NO_SKIP} (it said: *"),
    ],
)
def test_file_that_is_not_collected_is_no_pass(run: Run, top: str, line: str) -> None:
    result = run(f"{top}\n{PASSING}", "tests", suite="def test_suite():\n    pass\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([line])


def test_file_that_workers_cannot_collect_is_no_pass(run: Run) -> None:
    result = run(f"raise OSError('no disk')\n{PASSING}", "tests", *WORKERS, suite="def test_suite():\n    pass\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["*test_image.py: not collected: OSError: no disk"])


@pytest.mark.parametrize("mode", MODES)
def test_usage_error_while_collecting_is_one_line(run: Run, mode: tuple[str, ...]) -> None:
    result = run(f"raise UsageError('tools.toml: no jq', 'add it')\n{PASSING}", *mode)
    assert result.ret == ExitCode.USAGE
    assert "ERROR: tools.toml: no jq: add it" in result.stdout.lines + result.stderr.lines


# ---- runs that verify nothing, or end early


@pytest.mark.parametrize(("checks", "mode"), [("", ALONE), (PASSING, ALONE), (PASSING, WORKERS)])
def test_no_check_run_is_no_pass(run: Run, checks: str, mode: tuple[str, ...]) -> None:
    result = run(checks, "tests/image", "-k", "nothing", *mode)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED: no check of the product passed" in result.stdout.lines


def test_setup_alone_verifies_nothing(run: Run) -> None:
    assert run(PASSING, "--setup-only").ret == ExitCode.SUITE_ERROR


def test_collect_only_gives_no_verdict(run: Run) -> None:
    result = run(PASSING, "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    assert "verdict:" not in text(result)


def test_stopping_at_the_first_failure_leaves_the_rest_not_run(run: Run) -> None:
    result = run(FAILING + PASSING + "\n@requirement('IMG-1')\ndef test_user():\n    pass\n", "-x")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +not run +the run ended before 1 of 1 check$"])


def test_deselected_checks_are_told(run: Run) -> None:
    checks = "@requirement('IMG-1')\n@pytest.mark.parametrize('n', range(3))\ndef test_user(n):\n    pass\n"
    other = "@requirement('IMG-2')\ndef test_page():\n    pass\n"
    result = run(checks + other, "-k", "test_user and 1")
    result.stdout.re_match_lines(
        [r"IMG-1 +passed +1 check \(2 deselected\)$", r"IMG-2 +not run +its checks were deselected$"]
    )
    result.stdout.re_match_lines([r"IMG-3 +not run +out of this run's scope$"])


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "pytest.exit('enough', returncode=0)"])
def test_interrupted_run_says_so(run: Run, body: str) -> None:
    result = run(f"{PASSING}\n@requirement('IMG-1')\ndef test_user():\n    {body}\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["verdict: interrupted · 1 check, *"])


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


# ---- only tests of the suite itself


@pytest.mark.parametrize(
    ("body", "code", "mode"),
    [
        ("pass", 0, ALONE),
        ("assert False", 1, ALONE),
        ("assert False", 1, WORKERS),
        ("pytest.skip('no')", 0, ALONE),
        ("pytest.xfail('no')", 0, ALONE),
    ],
)
def test_run_without_checks_is_pytests_own(run: Run, body: str, code: int, mode: tuple[str, ...]) -> None:
    result = run(PASSING, "tests/suite", *mode, suite=f"def test_suite():\n    {body}\n")
    assert result.ret == code
    assert "verdict" not in text(result)


def test_no_test_of_the_suite_keeps_pytests_code(run: Run) -> None:
    assert run(PASSING, "tests/suite", "-k", "none", suite="def test_it(): pass\n").ret == 5


def test_failing_test_of_the_suite_beside_checks_is_an_error(run: Run) -> None:
    result = run(PASSING, "tests", suite="def test_suite(): assert False\n")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR tests/suite/test_suite.py::test_suite: failed, and is no check of the product" in result.stdout.lines


def test_test_of_the_suite_that_carries_a_requirement_is_a_check(run: Run) -> None:
    result = run("", "tests/suite", suite="@requirement('OPT-docs')\ndef test_page(): pass\n")
    result.stdout.re_match_lines([r"OPT-docs +passed +1 check$", "verdict: passed"])


# ---- workers


def test_worker_that_dies_is_an_error_of_its_check(run: Run) -> None:
    result = run(PASSING + "\n@requirement('IMG-1')\ndef test_user():\n    os._exit(1)\n", *WORKERS)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.re_match_lines([r"IMG-1 +ERROR", r"ERROR IMG-1: worker 'gw\d' crashed while running"])


def test_undecodable_output_gets_home_from_a_worker(run: Run) -> None:
    check = "@requirement('IMG-1')\ndef test_user():\n    assert False, 'id printed \\udcff'\n"
    result = run(PASSING + check, *WORKERS)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: id printed \\udcff" in result.stdout.lines


def test_maxfail_over_workers_keeps_the_product_failure(run: Run) -> None:
    assert run(FAILING + PASSING, *WORKERS, "--maxfail=1").ret == ExitCode.PRODUCT_FAILURE


def test_workers_send_their_context_home(run: Run, tmp_path: Path) -> None:
    note = "request.config.stash[VERDICT_CONTEXT].setdefault('image', {})"
    checks = "".join(
        f"@requirement('IMG-{n}')\ndef test_{n}(request):\n    {note}['{n}'] = {n}\n" for n in (1, 2, 3, 4)
    )
    run(checks, *WORKERS, f"--verdict-json={tmp_path / 'v.json'}")
    context = json.loads((tmp_path / "v.json").read_text())["context"]
    assert context == {"image": {"1": 1, "2": 2, "3": 3, "4": 4}}


# ---- the machine-readable verdict


@pytest.mark.parametrize("mode", MODES)
def test_json_has_requirements_checks_and_times(run: Run, tmp_path: Path, mode: tuple[str, ...]) -> None:
    path = tmp_path / "new" / "verdict.json"
    before = datetime.now(UTC).replace(microsecond=0)
    run(PASSING + FAILING + BLOCKED, f"--verdict-json={path}", *mode)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert (found["schema"], found["verdict"], found["exit_code"]) == (1, "failed", 1)
    assert before <= datetime.fromisoformat(found["started"]) <= datetime.fromisoformat(found["finished"])
    rows = {row["id"]: row for row in found["requirements"]}
    assert list(rows) == list(requirements.load())
    assert rows["TOOL-yq-runs"]["verdict"] == "failed"
    checks = {check["nodeid"].rpartition("::")[2]: check for check in found["checks"]}
    assert checks["test_yq"]["first_line"].startswith("yq: expected 4.40.5")
    assert (checks["test_k9s"]["outcome"], checks["test_k9s"]["because"]) == (
        "blocked",
        "its source does not answer",
    )
    assert checks["test_jq"]["seconds"] >= 0
    assert list(path.parent.iterdir()) == [path]


def test_json_of_an_earlier_run_does_not_stay(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    path.write_text("{}", encoding="utf-8")
    assert run("def test_it(): pass", f"--verdict-json={path}").ret == ExitCode.USAGE
    assert not path.exists()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("config.stash[VERDICT_CONTEXT]['image'] = object()", "Object of type object is not JSON serializable"),
        ("os.mkdir(config.getoption('--verdict-json'))", "*Is a directory*"),
    ],
)
def test_json_that_cannot_be_written_is_an_error(run: Run, tmp_path: Path, body: str, why: str) -> None:
    check = f"@requirement('IMG-1')\ndef test_user(request):\n    config = request.config\n    {body}\n"
    result = run(check, f"--verdict-json={tmp_path / 'v.json'}")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR --verdict-json=*v.json: not written: {why}", "verdict: error *"])
    assert list(tmp_path.glob(".v.json*")) == []


@pytest.mark.parametrize("path", [".", "file/v.json"])
def test_json_path_that_is_no_file_is_a_usage_error(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    result = run(PASSING, f"--verdict-json={tmp_path / path}")
    assert result.ret == ExitCode.USAGE
    assert "give a file's path" in text(result)


# ---- judging


def check(outcome: Outcome, *, selected: bool = True, line: str = "") -> Check:
    """One check of IMG-1."""
    return Check("t.py::t", ids=("IMG-1",), outcome=outcome, selected=selected, line=line)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ("passed n/a", "passed"),
        ("passed waived", "waived"),
        ("waived blocked passed", "blocked"),
        ("blocked error waived", "error"),
        ("passed error failed", "failed"),
        ("n/a", "n/a"),
        ("", "not run"),
    ],
)
def test_requirement_has_its_worst_checks_verdict(outcomes: str, verdict: str) -> None:
    row = judge(requirements.load()["IMG-1"], [check(Outcome(one)) for one in outcomes.split()])
    assert row.verdict.value == verdict


def test_requirement_is_not_passed_while_a_selected_check_is_out() -> None:
    row = judge(requirements.load()["IMG-1"], [check(Outcome.PASSED), check(Outcome.NOT_RUN)])
    assert (row.verdict, row.evidence) == (Outcome.NOT_RUN, "the run ended before 1 of 2 checks")


def test_checks_left_out_without_a_cause_are_an_error() -> None:
    verdict = Verdict([check(Outcome.PASSED), check(Outcome.NOT_RUN)], broken=[])
    assert verdict.exit_code is ExitCode.SUITE_ERROR
    assert verdict.broken == ["1 selected check did not run, t.py::t among them"]
