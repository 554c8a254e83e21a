"""What the end of one phase means for its check, and which error makes other checks blocked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal

import pytest

from fixtures.errors import ProductError, SuiteError
from fixtures.verdict.classify import NO_SKIP, blocked_by, classify, make_skip, members
from fixtures.verdict.collection import Declared
from fixtures.verdict.evidence import Blocked, NotApplicable
from fixtures.verdict.outcomes import Outcome
from fixtures.verdict.waivers import Waiver
from tests.suite.verdict.small_suite import TODAY

NODEID = "tests/image/t.py::test_it"
WAIVER = Waiver(
    requirement="IMG-1", failure="refused: .*", owner="the maintainer", reason="fixed upstream", until=TODAY
)
DECLARED = Declared(("IMG-1",), (WAIVER,), na_reason=None)
LOST = SuiteError("no cluster", "start it")
SKIPPED = pytest.skip.Exception("later")

Seen = list[tuple[str, str]]


def report(
    outcome: Literal["passed", "failed", "skipped"] = "failed",
    when: Literal["setup", "call", "teardown"] = "call",
    line: int | None = 6,
) -> pytest.TestReport:
    """The report that pytest makes of a phase."""
    return pytest.TestReport(NODEID, ("t.py", line, "test_it"), {}, outcome, None, when)


@pytest.fixture
def config() -> Any:
    """A run in which no check has met an error yet."""
    return SimpleNamespace(stash=pytest.Stash())


def told(config: Any, error: BaseException | None, declared: Declared = DECLARED, **of: Any) -> Seen:
    """The outcomes and lines of the problems that an error is."""
    return [(one.outcome.value, one.line) for one in classify(config, report(**of), error, declared)[0]]


@pytest.mark.parametrize(
    ("error", "outcome", "line"),
    [
        pytest.param(AssertionError("uid 1001"), "failed", "uid 1001", id="assertion"),
        pytest.param(AssertionError(), "failed", "AssertionError without a message", id="bare assertion"),
        pytest.param(
            ProductError("does not start", "see its log"), "failed", "does not start: see its log", id="product"
        ),
        pytest.param(LOST, "error", "no cluster: start it", id="suite"),
        pytest.param(OSError("no disk"), "error", "OSError in call: no disk", id="other"),
        pytest.param(Blocked("down"), "blocked", "down", id="blocked"),
        pytest.param(NotApplicable("no"), "error", "NotApplicable in call: no", id="n/a that nobody declared"),
    ],
)
def test_error_is_classified(config: Any, error: BaseException, outcome: str, line: str) -> None:
    assert told(config, error) == [(outcome, line)]


@pytest.mark.parametrize(("reason", "when", "outcome"), [
    ("its reason", "setup", "n/a"), ("", "setup", "n/a"), ("its reason", "call", "error"), (None, "setup", "error"),
])  # fmt: skip
def test_check_is_not_applicable_only_where_it_is_declared_and_in_its_setup(
    config: Any, reason: str | None, when: Any, outcome: str
) -> None:
    found = told(config, NotApplicable("no"), Declared(("IMG-1",), (), na_reason=reason), when=when, outcome="skipped")
    assert [one for one, _ in found] == [outcome]


@pytest.mark.parametrize(
    ("error", "line"),
    [(SKIPPED, f"{NO_SKIP} (it said: later)"), (pytest.skip.Exception(""), NO_SKIP), (None, NO_SKIP)],
    ids=["reason", "no reason", "no exception"],
)
def test_skip_is_an_error(config: Any, error: BaseException | None, line: str) -> None:
    assert told(config, error, outcome="skipped") == [("error", line)]


@pytest.mark.parametrize(("outcome", "xfail"), [("failed", False), ("passed", True)])
def test_report_that_is_no_pass_without_an_exception_is_an_error(config: Any, outcome: Any, *, xfail: bool) -> None:
    found = report(outcome)
    if xfail:
        found.wasxfail = "known"
    assert [one.outcome for one in classify(config, found, None, DECLARED)[0]] == [Outcome.ERROR]


def test_failure_behind_an_xfail_is_an_error(config: Any) -> None:
    found = report("skipped")
    found.wasxfail = "known"
    problems, _ = classify(config, found, AssertionError("uid 1001"), DECLARED)
    assert [(one.outcome, one.line) for one in problems] == [(Outcome.ERROR, f"{NO_SKIP} (it said: uid 1001)")]


def test_phase_that_passed_has_no_problem(config: Any) -> None:
    assert classify(config, report("passed"), None, DECLARED) == ([], {})


def test_diagnosis_of_a_block_is_kept(config: Any) -> None:
    ((problem,), causes) = classify(config, report(), Blocked("down", "its\nlog"), DECLARED)
    assert (problem.line, problem.because, causes) == ("down", "its\\nlog", {})


def test_error_of_the_suite_blocks_whoever_meets_it_next(config: Any) -> None:
    first, second = (classify(config, report(), LOST, DECLARED) for _ in range(2))
    assert [(one.outcome, one.line, one.because) for one in first[0]] == [("error", "no cluster: start it", "")]
    assert [(one.outcome, one.line, one.because) for one in second[0]] == [
        ("blocked", "no cluster", "start it (told above)")
    ]
    assert first[1] == second[1] == {"no cluster: start it": "no cluster"}


def test_other_error_is_its_own_each_time(config: Any) -> None:
    assert [told(config, OSError("no disk")) for _ in range(2)] == [[("error", "OSError in call: no disk")]] * 2


def test_waived_failure_of_the_product_blocks_nobody(config: Any) -> None:
    refused = ProductError("refused", "correct it")
    problems, causes = classify(config, report(), refused, DECLARED)
    assert ([one.outcome for one in problems], causes) == ([Outcome.WAIVED], {})
    assert told(config, refused, Declared(("IMG-2",), (), na_reason=None)) == [("failed", "refused: correct it")]


def test_group_is_all_its_members_the_worst_first(config: Any) -> None:
    inner = BaseExceptionGroup("", [OSError("no disk"), AssertionError("uid 1001")])
    assert told(config, BaseExceptionGroup("", [Blocked("down"), inner])) == [
        ("failed", "uid 1001"),
        ("error", "OSError in call: no disk"),
        ("blocked", "down"),
    ]


def test_members_of_nothing_are_none() -> None:
    assert list(members(None)) == []


def test_block_by_an_error_has_its_repair_as_diagnosis() -> None:
    block = blocked_by("no cluster: start it", "no cluster")
    assert (block.outcome, block.line, block.because) == (Outcome.BLOCKED, "no cluster", "start it (told above)")


@pytest.mark.parametrize(("line", "shown"), [(6, 7), (0, 1), (None, 1)])
def test_skip_stands_at_its_line_as_pytest_counts(line: int | None, shown: int) -> None:
    found = report(line=line)
    make_skip(found, "down")
    assert (found.outcome, found.longrepr) == ("skipped", ("t.py", shown, "Skipped: down"))
