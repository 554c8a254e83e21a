"""The report of a check's phase: what the plugin makes of it before anybody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures import redaction
from fixtures.errors import Diagnosis, SuiteError
from fixtures.verdict import evidence, plugin, proof
from fixtures.verdict.classify import NO_SKIP
from fixtures.verdict.collection import DECLARED, Declared
from fixtures.verdict.evidence import BLAMES, Blocked, NotApplicable, Script
from tests.suite.verdict.fake_run import NODEID, WAIVER, asserts, config, ended, item

WAIVED = f"fixed upstream (me, until {WAIVER.until})"
LOST = SuiteError("no cluster", "start it")


@pytest.fixture
def check() -> Any:
    """A check with a waiver, whose function was called."""
    found = item(run=config())
    found.stash[DECLARED] = Declared(("IMG-1",), (WAIVER,), None, asserts)
    found.stash[proof._CALLED] = True
    return found


def report(check: Any, error: BaseException | None = None, outcome: Any = None, when: Any = "call", **more: Any) -> Any:
    """The report of a phase, after the plugin has seen it."""
    given: Any = pytest.TestReport(
        NODEID, ("t.py", 1, "t"), {}, outcome or ("failed" if error else "passed"), None, when
    )
    given.longrepr = "as it was" if error else None
    vars(given).update(more)
    call: Any = SimpleNamespace(excinfo=error and SimpleNamespace(value=error), when=when)
    return ended(plugin.pytest_runtest_makereport(check, call), given)


def told(report: Any) -> list[tuple[str, str]]:
    """The outcomes and lines of problems that a report carries."""
    return [(outcome, line) for outcome, line, *_ in report.verdict["problems"]]


@pytest.mark.parametrize(
    ("error", "outcome", "longrepr", "problems"),
    [
        pytest.param(None, "passed", None, [], id="passed"),
        pytest.param(AssertionError("gid 1"), "failed", "as it was", [("failed", "gid 1")], id="failed"),
        pytest.param(OSError("full"), "failed", "as it was", [("error", "OSError in call: full")], id="error"),
        pytest.param(LOST, "failed", "no cluster: start it", [("error", "no cluster: start it")], id="suite"),
        pytest.param(Blocked("down"), "skipped", ("t.py", 2, "Skipped: down"), [("blocked", "down")], id="blocked"),
        pytest.param(AssertionError("uid 1"), "skipped", "as it was", [("waived", "uid 1")], id="waived"),
    ],
)
def test_report_says_how_a_check_ended(
    check: Any, error: BaseException | None, outcome: str, longrepr: object, problems: list[tuple[str, str]]
) -> None:
    found = report(check, error)
    assert (found.outcome, found.longrepr, told(found)) == (outcome, longrepr, problems)
    assert found.verdict["ids"] == ["IMG-1"]
    assert getattr(found, "wasxfail", "") == (WAIVED if problems[:1] == [("waived", "uid 1")] else "")


def test_skip_is_a_failed_report(check: Any) -> None:
    found = report(check, pytest.skip.Exception("later"), "skipped")
    assert (found.outcome, found.longrepr) == ("failed", f"{NO_SKIP} (it said: later)")


@pytest.mark.parametrize("outcome", ["skipped", "passed"])
def test_xfail_is_a_failed_report(check: Any, outcome: str) -> None:
    found = report(check, AssertionError("gid 1"), outcome, wasxfail="known")
    assert (found.outcome, hasattr(found, "wasxfail")) == ("failed", False)


@pytest.mark.parametrize(("when", "outcome"), [("call", "failed"), ("setup", "passed"), ("teardown", "passed")])
def test_call_that_nobody_made_is_an_error(check: Any, when: str, outcome: str) -> None:
    check.stash[proof._CALLED] = False
    assert report(check, when=when).outcome == outcome


def test_test_that_is_no_check_keeps_its_report() -> None:
    found = report(item(), AssertionError("x"))
    assert (found.outcome, found.longrepr, hasattr(found, "verdict")) == ("failed", "as it was", False)


def test_declared_check_is_skipped_with_its_reason(check: Any) -> None:
    check.stash[DECLARED] = Declared(("IMG-1",), (), "no zsh", asserts)
    with pytest.raises(NotApplicable, match="no zsh"):
        plugin.pytest_runtest_setup(check)
    found = report(check, NotApplicable("no zsh"), "skipped", "setup")
    assert (found.outcome, told(found)) == ("skipped", [("n/a", "no zsh")])


def test_setup_forgets_the_scripts_of_the_check_before(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SCRIPTS", evidence.SCRIPTS)
    evidence.SCRIPTS.append(Script("jq", lambda *_: pytest.fail("not run")))
    for one in (check, item()):
        plugin.pytest_runtest_setup(one)
        assert evidence.SCRIPTS == []


@pytest.mark.parametrize(
    ("error", "when", "problem"),
    [
        pytest.param(AssertionError("gid 1"), "call", ("blocked", "jq is broken"), id="call"),
        pytest.param(AssertionError("gid 1"), "setup", ("blocked", "jq is broken"), id="setup"),
        pytest.param(AssertionError("gid 1"), "teardown", ("failed", "gid 1"), id="teardown"),
        pytest.param(OSError("full"), "call", ("error", "OSError in call: full"), id="error"),
    ],
)
def test_failure_is_blamed_on_what_the_check_merely_used(
    check: Any, error: Exception, when: str, problem: tuple[str, str]
) -> None:
    asked: list[tuple[Any, ...]] = []
    check.config.stash[BLAMES] = [
        lambda *given: asked.append(given),
        lambda *_: Diagnosis("jq is broken", "rebuild it"),
    ]
    assert told(report(check, error, when=when)) == [problem]
    assert asked == ([(("IMG-1",), [])] if problem[0] == "blocked" else [])


def test_failure_that_nobody_explains_stays_one(check: Any) -> None:
    check.config.stash[BLAMES] = [lambda *_: None]
    assert told(report(check, AssertionError("gid 1"))) == [("failed", "gid 1")]


def test_failure_that_nobody_explains_stays_beside_what_else_broke(check: Any) -> None:
    both = ExceptionGroup("", [OSError("full"), AssertionError("gid 1")])
    assert told(report(check, both)) == [("failed", "gid 1"), ("error", "OSError in call: full")]


def test_report_has_no_secret(check: Any) -> None:
    redaction.keep("s3cret")
    found = report(check, AssertionError("s3cret \udc80"), sections=[("out", "a s3cret")], longrepr="s3cret \udc80")
    assert (found.longrepr, found.sections) == ("*** \\udc80", [("out", "a ***")])


def call(check: Any, function: Callable[..., Any] = asserts) -> Any:
    """Call a check's function, and return what the hooks of pytest make of it."""
    check.function = function
    return ended(plugin.pytest_pyfunc_call(check), True)  # noqa: FBT003  # what pytest's own hook returns


def test_call_of_a_check_is_looked_at_and_another_one_is_not(check: Any) -> None:
    check.config.getoption = lambda _name: False
    del check.stash[proof._CALLED]
    assert (call(check), proof.doubt(check)) == (True, "")
    with pytest.raises(SuiteError, match="its function was replaced"):
        call(check, print)
    assert call(item(), print) is True
    check.stash[DECLARED] = Declared(("IMG-1",), (), None)
    assert call(check, print) is True


@pytest.mark.parametrize(
    ("problems", "status"),
    [
        ([("failed", "x")], ("failed", "F", "FAILED")),
        ([("error", "x")], ("error", "E", "ERROR")),
        ([("blocked", "x"), ("n/a", "y")], ("blocked", "b", "BLOCKED")),
        ([], None),
    ],
)
def test_progress_has_the_word_of_the_worst(
    problems: list[tuple[str, str]], status: tuple[str, str, str] | None
) -> None:
    found: Any = SimpleNamespace(verdict={"problems": problems})
    assert plugin.pytest_report_teststatus(found, config()) == status


def test_progress_of_other_reports_is_pytests_own(check: Any) -> None:
    other: Any = SimpleNamespace()
    assert plugin.pytest_report_teststatus(other, config()) is None
    subtest = report(check, AssertionError("gid 1"))
    subtest.__class__ = pytest.SubtestReport
    assert plugin.pytest_report_teststatus(subtest, config()) is None
