"""Blocks that are expected on this machine, and patterns of first lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.verdict import expected, patterns
from fixtures.verdict.expected import ExpectedBlock
from fixtures.verdict.outcomes import Check, Outcome, Problem, judge
from fixtures.verdict.requirements import load
from tests.suite.verdict import small_suite

LINES = ("there is no token", "GitHub does not answer")
ENTRIES = [
    ExpectedBlock(requirements=("FLOW-github", "IMG-1"), block="there is no token", reason="needs a token of GitHub"),
    ExpectedBlock(requirements=("IMG-1",), block="GitHub does .*", reason="needs a route to GitHub"),
]


@pytest.mark.parametrize(
    ("lines", "requirement", "reason"),
    [
        pytest.param(LINES[:1], "IMG-1", "needs a token of GitHub", id="one"),
        pytest.param(LINES, "IMG-1", "needs a token of GitHub", id="all"),
        pytest.param(LINES[::-1], "IMG-1", "needs a route to GitHub", id="the first's reason"),
        pytest.param((*LINES, "podman is down"), "IMG-1", "", id="one of them is not"),
        pytest.param(("podman is down",), "IMG-1", "", id="none of them"),
        pytest.param(LINES[1:], "FLOW-github", "", id="another requirement's"),
        pytest.param(("there is no token at all",), "IMG-1", "", id="not the whole line"),
        pytest.param((), "IMG-1", "", id="no block"),
    ],
)
def test_row_is_expectedly_blocked_where_all_of_its_blocks_are_expected(
    lines: tuple[str, ...], requirement: str, reason: str
) -> None:
    checks = [Check(f"t.py::{n}", (requirement,), outcome=Outcome.BLOCKED, line=line) for n, line in enumerate(lines)]
    assert expected.why_expected(judge(load()[requirement], checks), ENTRIES) == reason


def test_other_problem_of_a_blocked_check_needs_no_expectation() -> None:
    check = Check("t.py::t", ("IMG-1",), outcome=Outcome.BLOCKED, line=LINES[0])
    check.worsen(Problem(Outcome.WAIVED, "known"))
    assert expected.why_expected(judge(load()["IMG-1"], [check]), ENTRIES) == ENTRIES[0].reason


def test_checkout_without_the_file_expects_nothing(tmp_path: Path) -> None:
    assert expected.load(tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param('["IMG-1"]', "[]", "requirements: ", id="no requirement"),
        pytest.param("IMG-1", "IMG-99", "unknown requirement 'IMG-99'", id="unknown requirement"),
        pytest.param("k9s was omitted", "down", "block: must have 5 or more characters", id="short block"),
        pytest.param("no registry serves its binary", "no binary", "reason: must have 10 or more", id="short reason"),
        pytest.param("reason", "why", "unknown key 'why'", id="unknown key"),
        pytest.param("[[expected]]", "[[other]]", "unknown key 'other'", id="unknown table"),
    ],
)
def test_mistake_in_an_entry_is_named(tmp_path: Path, old: str, new: str, line: str) -> None:
    ((name, text),) = small_suite.expected("IMG-1").items()
    (tmp_path / "tests").mkdir()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"^expected_blocked.toml: .*{line}"):
        expected.load(tmp_path)


def test_entry_may_be_as_short_as_this_without_the_blanks_around() -> None:
    found = ExpectedBlock(requirements=("IMG-1",), block=" xxxxx ", reason=" yyyyyyyyyy ")
    assert (found.block, found.reason) == ("xxxxx", "yyyyyyyyyy")


@pytest.mark.parametrize("pattern", [*(f"{line}" for line in ("xyzzy is down", "there is no xyzzy")), "", "x?"])
def test_pattern_that_matches_a_line_of_nobody_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="matches just any line"):
        patterns.checked(pattern)


def test_entry_that_was_checked_cannot_be_changed() -> None:
    entry: Any = ENTRIES[0]
    with pytest.raises(ValueError, match="frozen"):
        entry.block = ".*"


def test_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^not a regular expression: "):
        patterns.checked("k9s (was")


def test_pattern_that_names_something_is_kept() -> None:
    assert patterns.checked("jq is down") == "jq is down"


@pytest.mark.parametrize(("line", "whole"), [("jq is down", True), ("jq is down!", False), ("my jq is down", False)])
def test_pattern_matches_a_whole_line(line: str, *, whole: bool) -> None:
    assert patterns.matches("jq is .own", line) is whole
