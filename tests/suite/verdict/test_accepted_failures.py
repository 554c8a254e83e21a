"""Which failures a waiver accepts, and when it is of no use any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.verdict.outcomes import Check, Outcome, Problem
from fixtures.verdict.waivers import Waiver, judged, load
from tests.suite.verdict.small_suite import LATER, TODAY, entry

NODEID = "tests/image/t.py::test_user"
IMG_1, IMG_2, CHECK = {"requirement": "IMG-1"}, {"requirement": "IMG-2"}, {"check": NODEID}


def waiver(**more: Any) -> Waiver:
    """A waiver of failures about a user's id."""
    said = {"failure": "uid [0-9]+", "owner": "me", "reason": "fixed upstream", "until": TODAY}
    return Waiver.model_validate(said | more)


def problem(outcome: Outcome = Outcome.FAILED, line: str = "uid 1001") -> Problem:
    """What went wrong in a check."""
    return Problem(outcome, line)


@pytest.mark.parametrize(
    ("subject", "nodeid", "covered"),
    [
        pytest.param(CHECK, NODEID, True, id="check"),
        pytest.param(CHECK, f"{NODEID}[jq]", True, id="its parameters"),
        pytest.param(CHECK, f"{NODEID}s", False, id="check whose name is longer"),
        pytest.param({"check": f"{NODEID}[jq]"}, f"{NODEID}[yq]", False, id="another parameter"),
        pytest.param(IMG_1, "tests/image/other.py::test_it", True, id="requirement"),
        pytest.param(IMG_2, NODEID, False, id="another requirement"),
    ],
)
def test_waiver_covers_the_checks_of_its_subject(subject: dict[str, str], nodeid: str, *, covered: bool) -> None:
    assert waiver(**subject).covers(nodeid, ["IMG-1"]) is covered


@pytest.mark.parametrize(("line", "accepted"), [("uid 1001", True), ("uid 1001!", False), ("gid 1001", False)])
def test_waiver_accepts_the_failure_that_it_names(line: str, *, accepted: bool) -> None:
    assert waiver(**IMG_1).accepts(NODEID, ["IMG-1"], line) is accepted
    assert not waiver(**IMG_2).accepts(NODEID, ["IMG-1"], line)


@pytest.mark.parametrize(
    ("subjects", "ids", "outcome"),
    [
        pytest.param([], ["IMG-1"], "failed", id="no waiver"),
        pytest.param([IMG_1], ["IMG-1"], "waived", id="its only requirement"),
        pytest.param([IMG_1], ["IMG-1", "IMG-2"], "failed", id="one of two requirements"),
        pytest.param([IMG_1, IMG_2], ["IMG-1", "IMG-2"], "waived", id="both requirements"),
        pytest.param([CHECK], ["IMG-1", "IMG-2"], "waived", id="the check"),
        pytest.param([IMG_2], ["IMG-1"], "failed", id="another requirement"),
        pytest.param([IMG_1], [], "failed", id="no requirement"),
    ],
)
def test_failure_is_waived_where_all_of_it_is_accepted(
    subjects: list[dict[str, str]], ids: list[str], outcome: str
) -> None:
    waivers = [waiver(**subject) for subject in subjects]
    assert judged(waivers, NODEID, ids, problem()).outcome.value == outcome


def test_waived_failure_keeps_the_reason_its_owner_and_its_day() -> None:
    found = judged([waiver(requirement="IMG-1", until=LATER)], NODEID, ["IMG-1", "IMG-2"], problem())
    assert found.waived == {"IMG-1": f"fixed upstream (me, until {LATER})"}


def test_failure_that_was_waived_is_judged_again() -> None:
    assert judged([], NODEID, ["IMG-1"], problem(Outcome.WAIVED)) == problem()


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.BLOCKED])
def test_only_failures_can_be_waived(outcome: Outcome) -> None:
    assert judged([waiver(**IMG_1)], NODEID, ["IMG-1"], problem(outcome)) == problem(outcome)


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        pytest.param("passed", "is not used, 1 check passed: remove it from waivers.toml", id="passed"),
        pytest.param("passed n/a", "is not used, 2 checks passed: remove it from waivers.toml", id="n/a"),
        pytest.param("", "covers no check: correct it, or remove it from waivers.toml", id="no check"),
        pytest.param("passed waived", "", id="used"),
        pytest.param("waived not_run", "", id="used, and one did not run"),
        pytest.param("passed not_run", "", id="one did not run"),
        pytest.param("passed failed", "", id="one failed otherwise"),
        pytest.param("passed blocked", "", id="one was blocked"),
    ],
)
def test_waiver_that_accepts_nothing_any_more_is_told(outcomes: str, line: str) -> None:
    checks = [Check("t.py::other", ("IMG-2",), outcome=Outcome.WAIVED, waived={"IMG-2": "known"})]
    for number, one in enumerate(outcomes.split()):
        outcome = Outcome[one.replace("/", "").upper().replace("NA", "NOT_APPLICABLE")]
        known = {"IMG-1": "known"} if outcome is Outcome.WAIVED else {}
        checks.append(Check(f"t.py::{number}", ("IMG-1",), outcome=outcome, line="x", waived=known))
    assert waiver(**IMG_1).unused(checks) == (line and f"the waiver of IMG-1 {line}")


@pytest.mark.parametrize(
    ("field", "least"),
    [pytest.param("failure", "uid10", id="failure"), pytest.param("owner", "me", id="owner"),
     pytest.param("reason", "until noon", id="reason")],
)  # fmt: skip
def test_words_of_a_waiver_have_a_least_length_without_the_blanks_around(field: str, least: str) -> None:
    assert getattr(waiver(requirement="IMG-1", **{field: f" {least} "}), field) == least
    with pytest.raises(ValueError, match="at least"):
        waiver(requirement="IMG-1", **{field: f" {least[:-1]} "})


@pytest.mark.parametrize("subject", [{}, IMG_1 | CHECK], ids=["none", "both"])
def test_waiver_has_one_subject(subject: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give either requirement"):
        waiver(**subject)


def test_waiver_of_a_check_needs_its_file_alone(tmp_path: Path) -> None:
    (tmp_path / "t.py").touch()
    path = tmp_path / "waivers.toml"
    path.write_text(entry('check = "t.py::TestIt::test_user"'), encoding="utf-8")
    assert [one.subject for one in load(path, tmp_path, TODAY)] == ["t.py::TestIt::test_user"]


def test_file_without_waivers_has_none(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.touch()
    assert load(path, tmp_path, TODAY) == ()
