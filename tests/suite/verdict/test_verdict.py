"""The verdict of a run over checks that have ended: its word, its exit code, its lines, its document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fixtures.errors import ExitCode
from fixtures.verdict import requirements
from fixtures.verdict.expected import ExpectedBlock
from fixtures.verdict.outcomes import Check, Outcome, Problem
from fixtures.verdict.verdict import Verdict, read_check
from fixtures.verdict.waivers import Waiver
from tests.suite.verdict.parts_of_a_run import NOW, required

OMITTED = "k9s was omitted"
EXPECTED = [ExpectedBlock(requirements=("TOOL-k9s-runs",), block=OMITTED, reason="no registry serves its binary")]
WAIVER = Waiver(
    requirement="IMG-7", failure="uid [0-9]+", owner="the maintainer", reason="fixed upstream", until=NOW.date()
)
ROWS = {
    Outcome.PASSED: "TOOL-jq-runs",
    Outcome.FAILED: "TOOL-yq-runs",
    Outcome.ERROR: "TOOL-vim-runs",
    Outcome.BLOCKED: "TOOL-k9s-runs",
    Outcome.NOT_RUN: "IMG-1",
}


def ended(outcome: Outcome, name: str = "", folder: str = "tests/image", **more: Any) -> Check:
    """A check that has ended so, of a requirement of its own."""
    line = OMITTED if outcome is Outcome.BLOCKED else ""
    nodeid = f"{folder}/t.py::test_{name or outcome.name.lower()}"
    return Check(nodeid, (ROWS[outcome],), **{"outcome": outcome, "line": line, **more})


def verdict(*checks: Check, broken: tuple[str, ...] = (), **more: Any) -> Verdict:
    """The verdict of a run of part `image` over checks, all of which are listed."""
    listed = {check.nodeid: check.ids for check in checks}
    return Verdict(list(checks), list(broken), **{"part": "image", "listed": listed, **more})


@pytest.mark.parametrize(
    ("outcomes", "state", "word", "code"),
    [
        pytest.param("passed", {}, "part image passed", 0, id="passed"),
        pytest.param("passed failed error", {}, "failed", 1, id="failed"),
        pytest.param("failed", {"interrupted": True}, "failed, and interrupted", 1, id="failed and interrupted"),
        pytest.param("passed", {"interrupted": True}, "interrupted", 2, id="interrupted"),
        pytest.param("", {"interrupted": True}, "interrupted", 2, id="interrupted at once"),
        pytest.param("passed error", {}, "error", 2, id="error"),
        pytest.param("passed blocked error", {}, "error", 2, id="error and blocked"),
        pytest.param("passed", {"broken": ("no disk",)}, "error", 2, id="broken"),
        pytest.param("blocked", {}, "nothing was verified", 2, id="all blocked"),
        pytest.param("", {}, "nothing was verified", 2, id="no check"),
        pytest.param("passed blocked", {}, "incomplete", 3, id="blocked"),
        pytest.param(
            "passed blocked", {"expected": EXPECTED}, "part image passed, as far as it can here", 0, id="expected"
        ),
        pytest.param("passed blocked", {"expected": EXPECTED, "strict": True}, "incomplete", 3, id="strict"),
    ],
)
def test_run_has_a_word_and_an_exit_code(outcomes: str, state: dict[str, Any], word: str, code: int) -> None:
    found = verdict(*(ended(Outcome(one)) for one in outcomes.split()), **state)
    assert (found.word, found.exit_code) == (word, code)


@pytest.mark.parametrize(
    ("other", "state"),
    [
        pytest.param(Outcome.FAILED, {}, id="failed"),
        pytest.param(Outcome.ERROR, {}, id="error"),
        pytest.param(Outcome.PASSED, {"interrupted": True}, id="interrupted"),
    ],
)
def test_selected_checks_that_did_not_run_are_no_error_where_it_is_known_why(
    other: Outcome, state: dict[str, Any]
) -> None:
    assert verdict(ended(other), ended(Outcome.NOT_RUN), **state).broken == []


def test_selected_checks_that_did_not_run_are_one_error() -> None:
    found = verdict(ended(Outcome.PASSED), ended(Outcome.NOT_RUN, "a"), ended(Outcome.NOT_RUN, "b"))
    assert found.broken == ["2 selected checks did not run, tests/image/t.py::test_a among them"]


def test_check_that_nobody_selected_is_no_error() -> None:
    found = verdict(ended(Outcome.PASSED), ended(Outcome.NOT_RUN, selected=False))
    assert (found.broken, found.word, found.exit_code) == ([], "partial", ExitCode.INCOMPLETE)


@pytest.mark.parametrize(("interrupted", "told"), [(False, 1), (True, 0)])
def test_waiver_that_covers_nothing_is_told_unless_the_run_was_interrupted(*, interrupted: bool, told: int) -> None:
    assert len(verdict(ended(Outcome.PASSED), waivers=[WAIVER], interrupted=interrupted).broken) == told


# ---- what keeps a run from being complete


@pytest.mark.parametrize(("out", "more"), [(1, ""), (5, ""), (6, ", …")])
def test_rows_that_are_missing_are_named_up_to_five(out: int, more: str) -> None:
    checks = [Check(f"t.py::{one}", (one,), outcome=Outcome.PASSED) for one in required()[out:]]
    found = verdict(*checks, part="")
    rows = f"{out} requirement{'s' * (out > 1)}"
    assert found.incomplete == f"{rows} not run whole: {', '.join(required()[: min(out, 5)])}{more}"


def test_part_misses_only_checks_of_its_own() -> None:
    mine = Check("tests/image/t.py::test_a", ("IMG-1", "OPT-ext"), selected=False)
    elsewhere = Check("tests/rebuild/t.py::test_b", ("BLD-7",), selected=False)
    found = verdict(ended(Outcome.PASSED), mine, elsewhere)
    assert [row.requirement.id for row in found.missing] == ["IMG-1"]


def test_row_with_one_check_out_is_missing_in_the_whole_however_the_others_ended() -> None:
    checks = [Check(f"t.py::{one}", (one,), outcome=Outcome.PASSED) for one in required()[1:]]
    broken = Check("t.py::broken", (required()[0],), outcome=Outcome.BLOCKED)
    out = Check("t.py::out", (required()[0],), selected=False)
    found = verdict(*checks, broken, out, part="")
    assert found.incomplete == f"1 requirement not run whole: {required()[0]}; 1 requirement blocked and not verified"


@pytest.mark.parametrize(
    ("strict", "incomplete"),
    [(False, "1 requirement blocked and not verified"), (True, "2 requirements blocked and not verified")],
)
def test_blocks_are_counted_by_whether_they_are_expected(incomplete: str, *, strict: bool) -> None:
    other = Check("tests/image/t.py::test_other", ("IMG-1",), outcome=Outcome.BLOCKED, line="podman is down")
    found = verdict(ended(Outcome.PASSED), ended(Outcome.BLOCKED), other, expected=EXPECTED, strict=strict)
    assert found.incomplete == incomplete
    assert [row.requirement.id for row in found.blocked(expected=True)] == ["TOOL-k9s-runs"]
    assert [row.requirement.id for row in found.blocked(expected=False)] == ["IMG-1"]


def test_checks_that_are_not_as_listed_are_named() -> None:
    checks = [ended(Outcome.PASSED, "a"), ended(Outcome.PASSED, "b"), ended(Outcome.PASSED, "c")]
    listed = {checks[0].nodeid: checks[0].ids, checks[1].nodeid: ("IMG-1",)}
    found = verdict(*checks, listed=listed)
    assert found.unlisted == [checks[1].nodeid, checks[2].nodeid]
    assert f"2 checks not as tests/checks.txt has them, {checks[1].nodeid} among them: run nox -s checks" in (
        found.incomplete
    )
    assert found.exit_code is ExitCode.INCOMPLETE


def test_check_whose_worker_died_has_the_requirements_of_the_list() -> None:
    lost = Check("tests/image/t.py::test_lost", outcome=Outcome.ERROR, line="worker died")
    found = verdict(lost, listed={lost.nodeid: ("IMG-1",)})
    assert (found.checks[0].ids, found.unlisted) == (("IMG-1",), [])
    assert [row.verdict for row in found.rows if row.requirement.id == "IMG-1"] == [Outcome.ERROR]


def test_checks_of_the_list_that_were_not_collected_are_out() -> None:
    found = verdict(
        ended(Outcome.PASSED), listed={ended(Outcome.PASSED).nodeid: ("TOOL-jq-runs",), "t.py::x": ("IMG-1",)}
    )
    assert [(check.nodeid, check.selected, check.ran) for check in found.checks[1:]] == [("t.py::x", False, False)]
    assert found.unlisted == []


def test_optional_row_alone_verifies_something() -> None:
    optional = Check("tests/image/t.py::test_it", ("OPT-ext",), outcome=Outcome.PASSED)
    assert (verdict(optional).incomplete, verdict(optional).verified) == ("", 1)


def test_row_that_is_waived_alone_verifies_nothing() -> None:
    waived = Check("tests/image/t.py::test_it", ("IMG-1",), outcome=Outcome.WAIVED)
    assert verdict(waived).incomplete == "no requirement is verified"


def test_block_of_which_one_is_unexpected_is_not_expected() -> None:
    found = ended(Outcome.BLOCKED)
    found.worsen(Problem(Outcome.BLOCKED, "podman is down"))
    assert verdict(ended(Outcome.PASSED), found, expected=EXPECTED).exit_code is ExitCode.INCOMPLETE


# ---- what it prints and writes


def test_last_line_counts_checks_and_rows_the_worst_first() -> None:
    found = verdict(*(ended(Outcome(one)) for one in ("passed", "failed", "blocked")), expected=EXPECTED)
    not_run = len(found.rows) - 3 - 6 - 6
    said = f"1 failed, 1 blocked (1 expected here), 6 n/a, 6 not shipped (tea, gh), {not_run} not run"
    assert found.final_line() == f"verdict: failed · 3 checks, 1 requirement verified, {said}"


def test_last_line_says_nothing_of_expected_blocks_where_there_is_none() -> None:
    found = verdict(ended(Outcome.PASSED), ended(Outcome.BLOCKED))
    assert found.final_line().startswith("verdict: incomplete · 2 checks, 1 requirement verified, 1 blocked, 6 n/a")


def test_further_problem_of_a_check_is_in_its_group() -> None:
    found = ended(Outcome.FAILED, line="uid 1001")
    found.worsen(Problem(Outcome.ERROR, "stuck"))
    groups = verdict(found, ended(Outcome.ERROR, line="stuck")).groups(Outcome.ERROR)
    assert {line: len(checks) for line, checks in groups.items()} == {"stuck": 2}


def test_check_is_read_as_it_was_written() -> None:
    check = Check("tests/image/t.py::test_it", ("IMG-1", "IMG-2"), selected=False, outcome=Outcome.FAILED, seconds=1.25)
    check.line, check.because, check.waived = "uid 1001", "why", {"IMG-1": "known"}
    check.more = [Problem(Outcome.ERROR, "stuck", "because", {"IMG-2": "known too"})]
    (written,) = verdict(check).document(NOW, NOW, {})["checks"]
    assert read_check(written) == check


def test_document_of_a_check_has_these_keys() -> None:
    (written,) = verdict(ended(Outcome.PASSED, seconds=0.12345)).document(NOW, NOW, {})["checks"]
    assert written == {
        "nodeid": "tests/image/t.py::test_passed", "ids": ["TOOL-jq-runs"], "selected": True, "outcome": "passed",
        "seconds": 0.123, "first_line": "", "because": "", "waived": {}, "more": [],
    }  # fmt: skip


def test_check_of_which_nothing_is_known_is_selected_and_took_no_time() -> None:
    assert (Check("t.py::t").selected, Check("t.py::t").seconds) == (True, 0)


def test_document_has_the_checks_that_ran_and_those_of_its_part() -> None:
    checks = [
        ended(Outcome.PASSED), ended(Outcome.NOT_RUN, "out", selected=False),
        ended(Outcome.PASSED, folder="tests/rebuild"), ended(Outcome.NOT_RUN, "out", "tests/rebuild", selected=False),
    ]  # fmt: skip
    written = verdict(*checks).document(NOW, NOW, {})["checks"]
    assert [one["nodeid"] for one in written] == [check.nodeid for check in checks[:3]]


def test_document_says_what_the_run_was_and_came_to() -> None:
    found = verdict(ended(Outcome.PASSED), broken=("no disk",), interrupted=True, strict=True)
    later = NOW + timedelta(seconds=1)
    written = found.document(NOW, later, {"run": "run-1", "context": {"image": {}}})
    del written["requirements"], written["checks"]
    assert written == {
        "schema": 2, "part": "image", "started": "2030-01-01T12:00:00.000+00:00",
        "finished": "2030-01-01T12:00:01.000+00:00", "verdict": "interrupted", "exit_code": 2, "interrupted": True,
        "strict": True, "selection": [], "run": "run-1", "context": {"image": {}}, "broken": ["no disk"],
    }  # fmt: skip
    assert datetime.fromisoformat(written["started"]) == datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("selected", [1, "yes", None])
def test_check_is_selected_only_where_its_document_says_true(selected: object) -> None:
    (written,) = verdict(ended(Outcome.PASSED)).document(NOW, NOW, {})["checks"]
    assert read_check(written | {"selected": selected}).selected is False


@pytest.mark.parametrize("more", [False, True], ids=["its own", "a further one"])
def test_check_is_never_partial(*, more: bool) -> None:
    (written,) = verdict(ended(Outcome.FAILED)).document(NOW, NOW, {})["checks"]
    partial = {"outcome": "partial", "first_line": "", "because": "", "waived": {}}
    with pytest.raises(ValueError, match="a check is never partial"):
        read_check(written | ({"more": [partial]} if more else partial))


def test_part_that_stands_alone_has_its_own_rows_and_no_other_part_has_them() -> None:
    ids = [one.id for one in requirements.load().values() if one.part == "smoke"]
    checks = [Check(f"tests/smoke/t.py::test_{one}", (one,), outcome=Outcome.PASSED) for one in ids]
    listed = {one.nodeid: one.ids for one in checks} | {"tests/image/t.py::test_it": ("IMG-1",)}
    alone, other = (Verdict(mine, [], part=part, listed=listed) for part, mine in (("smoke", checks), ("image", [])))
    assert ([row.requirement.id for row in alone.rows], alone.exit_code) == (ids, ExitCode.VERIFIED)
    assert not {row.requirement.id for row in other.rows} & set(ids)
    assert [one.nodeid for one in other.checks] == ["tests/image/t.py::test_it"]
    assert Verdict(checks[1:], [], part="smoke", listed=listed).exit_code == ExitCode.INCOMPLETE
