"""What the checks of a requirement say about it, and what a run says of all."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from fixtures.verdict import requirements
from fixtures.verdict.outcomes import Check, Outcome, Problem, judge
from fixtures.verdict.verdict import Verdict
from tests.suite.verdict.parts_of_a_run import required


def check(outcome: Outcome, *, selected: bool = True, line: str = "") -> Check:
    """One check of IMG-1."""
    return Check("tests/image/t.py::t", ids=("IMG-1",), outcome=outcome, selected=selected, line=line)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ("passed", "passed"),
        ("passed waived", "waived"),
        ("waived blocked passed", "blocked"),
        ("blocked error waived", "error"),
        ("passed error failed", "failed"),
        ("passed n/a", "partial"),
        ("n/a", "not run"),
        ("", "not run"),
    ],
)
def test_requirement_has_its_worst_checks_verdict(outcomes: str, verdict: str) -> None:
    row = judge(requirements.load()["IMG-1"], [check(Outcome(one)) for one in outcomes.split()])
    assert row.verdict.value == verdict


@pytest.mark.parametrize(
    ("outcome", "verdict", "evidence"),
    [
        ("passed", "partial", "1 of 2 checks, the run ended before 1"),
        ("waived", "partial", "1 of 2 checks, the run ended before 1"),
        ("blocked", "blocked", "1 check (the run ended before 1)"),
        ("failed", "failed", "1 check (the run ended before 1)"),
        ("not run", "not run", "2 checks: the run ended before 2"),
    ],
)
def test_requirement_is_not_passed_while_a_selected_check_is_out(outcome: str, verdict: str, evidence: str) -> None:
    row = judge(requirements.load()["IMG-1"], [check(Outcome(outcome)), check(Outcome.NOT_RUN)])
    assert (row.verdict, row.evidence) == (verdict, evidence)


def test_checks_left_out_without_a_cause_are_an_error() -> None:
    verdict = Verdict([check(Outcome.PASSED), check(Outcome.NOT_RUN)], broken=[])
    assert verdict.exit_code is ExitCode.SUITE_ERROR
    assert verdict.broken == ["1 selected check did not run, tests/image/t.py::t among them"]


@pytest.mark.parametrize("more", [Outcome.FAILED, Outcome.ERROR, Outcome.BLOCKED])
def test_waived_failure_hides_nothing_else_of_its_check(more: Outcome) -> None:
    found = check(Outcome.PASSED)
    found.worsen(Problem(Outcome.FAILED, "known", waived={"IMG-1": "fixed upstream"}))
    assert found.outcome_for("IMG-1") is Outcome.WAIVED
    found.worsen(Problem(more, "something else"))
    assert found.outcome_for("IMG-1") is more
    assert judge(requirements.load()["IMG-1"], [found]).evidence == "1 check: something else"


def test_all_problems_of_a_check_are_kept_once() -> None:
    found = check(Outcome.PASSED)
    for outcome, line in ((Outcome.BLOCKED, "a"), (Outcome.FAILED, "b"), (Outcome.ERROR, "c"), (Outcome.FAILED, "b")):
        found.worsen(Problem(outcome, line))
    assert [(one.outcome, one.line) for one in found.problems] == [("failed", "b"), ("blocked", "a"), ("error", "c")]


@pytest.mark.parametrize(
    ("out", "word", "code"),
    [
        pytest.param(slice(0), "passed", 0, id="all"),
        pytest.param(slice(-1, None), "partial", 3, id="all but one"),
        pytest.param(slice(1, None), "partial", 3, id="one row"),
        pytest.param(slice(None), "nothing was verified", 2, id="none"),
    ],
)
def test_whole_is_passed_only_with_every_required_row(out: slice, word: str, code: int) -> None:
    ran = [one for one in required() if one not in required()[out]]
    checks = [Check(f"t.py::{one}", (one,), outcome=Outcome.PASSED) for one in ran]
    verdict = Verdict(checks, [], listed={found.nodeid: found.ids for found in checks})
    assert (verdict.word, verdict.exit_code) == (word, code)
    assert len(verdict.missing) == len(required()[out])


def test_part_without_any_check_of_its_own_is_no_pass() -> None:
    found = Check("tests/image/t.py::t", ("IMG-1",), outcome=Outcome.PASSED)
    assert Verdict([found], [], part="image", listed={found.nodeid: found.ids}).exit_code is ExitCode.VERIFIED
    assert Verdict([found], [], part="rebuild", listed={found.nodeid: found.ids}).exit_code is ExitCode.SUITE_ERROR


def test_passed_phases_are_no_problems() -> None:
    found = check(Outcome.NOT_RUN)
    for _ in range(2):
        found.worsen(Problem(Outcome.PASSED, ""))
    assert (found.outcome, found.problems, found.more) == (Outcome.PASSED, [], [])


def test_milder_problem_of_a_check_does_not_replace_its_worst() -> None:
    found = check(Outcome.FAILED, line="uid 1001")
    found.worsen(Problem(Outcome.PASSED, ""))
    found.worsen(Problem(Outcome.BLOCKED, "down"))
    assert [(one.outcome.value, one.line) for one in found.problems] == [("failed", "uid 1001"), ("blocked", "down")]


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        pytest.param("IMG-1", "one: uid 1001: see id", id="its own waiver"),
        pytest.param("", "uid 1001: see id", id="no requirement"),
        pytest.param("IMG-9", "uid 1001: see id", id="another's waiver"),
    ],
)
def test_failure_is_explained_by_the_waiver_of_its_requirement(requirement: str, said: str) -> None:
    problem = Problem(Outcome.FAILED, "uid 1001", "see id", waived={"IMG-1": "one", "IMG-2": "two"})
    assert problem.explanation(requirement) == said


def test_failure_that_is_waived_wholly_has_each_reason_once() -> None:
    waived = {"IMG-1": "one", "IMG-2": "two", "IMG-3": "one"}
    assert Problem(Outcome.WAIVED, "uid 1001", waived=waived).explanation() == "one, two: uid 1001"


def test_evidence_is_the_first_of_the_worst_checks() -> None:
    checks = [check(Outcome.PASSED), check(Outcome.FAILED, line="a"), check(Outcome.FAILED, line="b")]
    assert judge(requirements.load()["IMG-1"], checks).evidence == "2 of 3 checks: a"


@pytest.mark.parametrize(
    ("outcomes", "evidence"),
    [
        pytest.param("passed", "1 check", id="one"),
        pytest.param("passed passed", "2 checks", id="two"),
        pytest.param("", "it has no check", id="none"),
        pytest.param("out", "1 check: 1 not in this run", id="not in this run"),
        pytest.param(
            "passed out n/a", "1 of 3 checks, 1 not in this run, 1 n/a, which the ledger does not say", id="n/a"
        ),
    ],
)
def test_evidence_says_how_many_checks_looked(outcomes: str, evidence: str) -> None:
    out = check(Outcome.NOT_RUN, selected=False)
    checks = [out if one == "out" else check(Outcome(one)) for one in outcomes.split()]
    assert judge(requirements.load()["IMG-1"], checks).evidence == evidence


def test_row_that_the_ledger_has_as_not_applicable_keeps_its_reason() -> None:
    (row, *_) = [one for one in requirements.load().values() if one.na_reason]
    found = judge(row, [Check("t.py::t", (row.id,), outcome=Outcome.FAILED)])
    assert (found.verdict, found.evidence) == (Outcome.NOT_APPLICABLE, row.na_reason)


def test_words_of_what_somebody_must_act_on_are_in_capitals() -> None:
    assert [one.word for one in Outcome if one.word.isupper()] == ["ERROR", "FAILED"]
