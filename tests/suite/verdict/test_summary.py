"""The lines that end a run."""

from __future__ import annotations

import pytest

from fixtures.verdict.expected import ExpectedBlock
from fixtures.verdict.outcomes import Check, Outcome, Problem
from fixtures.verdict.recorder import MARKUP
from fixtures.verdict.summary import Tone, brief, names, summary, table
from fixtures.verdict.verdict import Verdict
from tests.suite.small_inventory import SMALL


def verdict(*checks: Check, broken: tuple[str, ...] = ()) -> Verdict:
    """The verdict of a run of part `image` over checks."""
    omitted = ExpectedBlock(requirements=("TOOL-k9s-runs",), block="k9s was omitted", reason="nobody handed it in")
    listed = {check.nodeid: check.ids for check in checks}
    return Verdict(list(checks), list(broken), part="image", listed=listed, expected=[omitted])


def check(outcome: str, *ids: str, line: str = "", name: str = "test_it") -> Check:
    """A check of the image."""
    return Check(f"tests/image/t.py::{name}", ids, outcome=Outcome(outcome), line=line)


def test_word_of_a_row_stands_apart_from_its_id() -> None:
    (line,) = [one for one in table(verdict(check("passed", "SVC-postgresql-auth"))) if "postgresql-auth" in one]
    assert line.split()[:2] == ["SVC-postgresql-auth", "passed"]


@pytest.mark.parametrize(
    ("number", "said"), [(1, "IMG-1"), (3, "IMG-1, IMG-2, IMG-3"), (5, "IMG-1, IMG-2, IMG-3 and 2 more")]
)
def test_what_checks_speak_of_is_named_up_to_three(number: int, said: str) -> None:
    ids = [f"IMG-{n}" for n in range(1, number + 1)]
    assert names([check("failed", one) for one in [*ids, *ids]]) == said


def test_requirement_that_is_waived_is_not_named() -> None:
    found = check("failed", "IMG-1", "IMG-2", line="uid 1001")
    found.waived = {"IMG-1": "known"}
    assert names([found]) == "IMG-2"


def test_requirement_that_cannot_apply_is_named_alone_at_most() -> None:
    assert names([check("failed", "TOOL-jq-connects", "TOOL-jq-runs")]) == "TOOL-jq-runs"
    assert names([check("failed", "TOOL-jq-connects")]) == "TOOL-jq-connects"


def test_check_without_a_requirement_is_named_itself() -> None:
    assert names([check("failed")]) == "tests/image/t.py::test_it"


def test_check_whose_requirements_are_all_waived_names_them() -> None:
    found = check("failed", "IMG-1")
    found.waived = {"IMG-1": "known"}
    assert names([found]) == "IMG-1"


def test_matrix_has_a_line_for_each_tool_and_its_tally() -> None:
    lines = table(verdict(check("passed", "TOOL-jq-runs"), check("failed", "TOOL-yq-operates", name="test_yq")))
    assert lines[0] == "TOOL              runs         connects     operates"
    assert lines[1] == " 1 kubectl        not run      not run      not run"
    assert lines[7:9] == [
        " 7 jq             passed       n/a          not run",
        " 8 yq             not run      n/a          FAILED",
    ]
    assert lines[15:] == [
        "   not run: 28 cells out of this run's scope",
        "   42 cells: 28 not run, 6 not shipped, 6 n/a, 1 passed, 1 failed",
    ]


def test_cell_whose_check_is_out_is_in_the_scope_of_the_run() -> None:
    out = Check("tests/image/t.py::out", ("TOOL-yq-runs",), selected=False)
    assert "   not run: 28 cells out of this run's scope" in table(verdict(check("passed", "TOOL-jq-runs"), out))


def test_table_has_the_sections_of_the_runs_checks() -> None:
    lines = table(verdict(check("passed", "IMG-1")))
    assert [line.split()[0] for line in lines] == [f"IMG-{n}" for n in range(1, 10)]
    assert lines[0] == "IMG-1             passed       1 check"


@pytest.mark.parametrize(("longer", "end"), [(0, "x"), (1, "…")])
def test_line_of_the_table_fits_its_width(longer: int, end: str) -> None:
    room = 60 - len("IMG-1             FAILED       1 check: ")
    (line, *_) = table(verdict(check("failed", "IMG-1", line="x" * (room + longer))), width=60)
    assert (len(line), line[-1]) == (60, end)


def test_summary_tells_what_was_not_passed_and_ends_with_the_verdict() -> None:
    twice = [check("error", f"IMG-{n}", line="no disk", name=f"test_{n}") for n in (2, 3)]
    blocked = [check("blocked", "TOOL-k9s-runs", line="k9s was omitted", name="test_k9s"), check("passed", "IMG-4")]
    waived = Check(
        "tests/image/t.py::waived", ("IMG-5",), outcome=Outcome.WAIVED, line="uid", waived={"IMG-5": "known"}
    )
    failed = check("failed", "IMG-1", line="uid 1001", name="test_user")
    found = verdict(failed, *twice, *blocked, waived, broken=("no network",))
    lines = list(summary(found))
    start = lines.index(("FAILED IMG-1: uid 1001", Tone.BAD))
    assert lines[0] == ("requirement → verdict → evidence", Tone.HEAD)
    assert {tone for _, tone in lines[1:start]} == {Tone.PLAIN}
    assert lines[start:] == [
        ("FAILED IMG-1: uid 1001", Tone.BAD),
        ("ERROR IMG-2, IMG-3: no disk [2 checks]", Tone.BAD),
        ("ERROR no network", Tone.BAD),
        ("blocked (1) TOOL-k9s-runs: k9s was omitted", Tone.NOTE),
        ("waived (1) IMG-5: known: uid", Tone.NOTE),
        (f"INVENTORY: {SMALL}: this is a verdict by that list of tools, not by the plan's", Tone.NOTE),
        ("NOT SHIPPED: tea, gh (nobody here works with another forge): 0 checks left out", Tone.NOTE),
        ("expected here: TOOL-k9s-runs is blocked, nobody handed it in", Tone.NOTE),
        (found.final_line(), Tone.BAD),
    ]


def test_what_broke_beside_the_checks_is_an_error_on_the_screen_too() -> None:
    found = verdict(check("failed", "IMG-1", line="uid 1001"), broken=("no network",))
    lines = [line for line, _ in brief(found)]
    assert [line for line in lines if line.startswith("FAILED")] == ["FAILED IMG-1: uid 1001"]
    assert [line for line in lines if line.startswith("ERROR")] == ["ERROR beside the checks: no network"]


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        pytest.param("passed", [Tone.GOOD], id="passed"),
        pytest.param("blocked", [Tone.BAD, Tone.NOTE, Tone.BAD], id="nothing verified"),
    ],
)
def test_summary_says_whether_it_is_a_pass(outcome: str, end: list[Tone]) -> None:
    lines = list(summary(verdict(check(outcome, "IMG-1", line="down" * (outcome == "blocked")))))
    assert [tone for _, tone in lines][-len(end) :] == end
    assert ("NOTHING WAS VERIFIED: no check of the product passed" in [line for line, _ in lines]) is (len(end) == 3)


def test_further_problem_is_told_beside_the_first() -> None:
    found = check("failed", "IMG-1", line="uid 1001")
    found.worsen(Problem(Outcome.ERROR, "stuck"))
    told = [line for line, _ in summary(verdict(found))]
    assert {"FAILED IMG-1: uid 1001", "ERROR IMG-1: stuck"} <= set(told)


def test_tone_of_a_line_is_seen_on_a_terminal() -> None:
    assert set(MARKUP) == set(Tone)
    assert [tone for tone, marks in MARKUP.items() if not (marks and all(marks.values()))] == [Tone.PLAIN]
