"""A selection of requirements: their checks alone run, and no verdict on it is one on the whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fixtures import __main__ as command_line
from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import merge, selection
from fixtures.verdict.verdict import Verdict
from tests.suite.verdict.parts_of_a_run import NOW, checkout, part, whole
from tests.suite.verdict.small_suite import FAILING, MODES, PASSING, Run, check, document, text

LISTED = {
    "tests/image/test_a.py::test_a": ("IMG-1", "BLD-4"),
    "tests/platform/x/test_b.py::test_b": ("DEP-4",),
    "tests/platform/x/test_c.py::test_c": ("BLD-4", "TOOL-jq-operates"),
}
TWO = PASSING + check("TOOL-jq-operates", "pass", "test_two") + check("IMG-1", "pass", "test_user")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("patterns", "ran"),
    [
        pytest.param(["IMG-1"], {"test_user"}, id="id"),
        pytest.param(["TOOL-*-runs"], {"test_jq"}, id="glob"),
        pytest.param(["IMG-1", "TOOL-jq-operates"], {"test_user", "test_two"}, id="two"),
        pytest.param(["TOOL-jq-[ro]*"], {"test_jq", "test_two"}, id="class"),
    ],
)
def test_checks_of_the_selection_alone_run(
    run: Run, tmp_path: Path, mode: tuple[str, ...], patterns: list[str], ran: set[str]
) -> None:
    path = tmp_path / "v.json"
    result = run(TWO, *mode, *(f"--requirement={one}" for one in patterns), f"--verdict-json={path}")
    assert result.ret == ExitCode.INCOMPLETE
    told = document(path)
    assert {one["nodeid"].split("::")[1] for one in told["checks"] if one["outcome"] == "passed"} == ran
    assert (told["selection"], told["verdict"]) == (patterns, "passed, of a selection alone")


def test_check_is_selected_by_a_requirement_of_its_module_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    marked = f'pytestmark = pytest.mark.requirement("IMG-2")\n{check("IMG-1", "pass", "test_user")}'
    run(marked, "--requirement=IMG-2", f"--verdict-json={path}")
    assert [one["outcome"] for one in document(path)["checks"]] == ["passed"]


def test_last_lines_tell_the_selection_and_its_rows_alone(run: Run) -> None:
    result = run(TWO, "--requirement=IMG-1")
    result.stdout.fnmatch_lines(
        [
            "IMG-1*passed*",
            "INCOMPLETE: a selection alone was looked at: IMG-1",
            "verdict: passed, of a selection alone*",
        ]
    )
    assert "IMG-2" not in text(result)
    assert "TOOL" not in text(result)


def test_failure_in_a_selection_is_a_failure(run: Run) -> None:
    assert run(PASSING + FAILING, "--requirement=TOOL-yq-runs").ret == ExitCode.PRODUCT_FAILURE
    assert run(PASSING + FAILING, "--requirement=TOOL-jq-runs").ret == ExitCode.INCOMPLETE


def test_selection_of_which_a_check_is_left_out_is_partial(run: Run) -> None:
    result = run(
        check("IMG-1", "pass", "test_a") + check("IMG-1", "pass", "test_b"), "--requirement=IMG-1", "-k=test_a"
    )
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["verdict: partial*"])


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        pytest.param("IMG-1x", "unknown requirement 'IMG-1x': did you mean IMG-1", id="near"),
        pytest.param("img-1", "unknown requirement 'img-1': did you mean IMG-1?", id="small letters"),
        pytest.param("TOOL-jq-run", "unknown requirement 'TOOL-jq-run': did you mean TOOL-jq-runs", id="level"),
        pytest.param("TOL-jq-*", "no requirement is named so: the nearest is TOOL-jq-", id="glob"),
        pytest.param("", "unknown requirement ''", id="nothing"),
        pytest.param("DEP-4", "part image has no check of it: ", id="no check of the part"),
    ],
)
def test_what_selects_nothing_is_refused_in_one_line(run: Run, pattern: str, said: str) -> None:
    result = run(TWO, f"--requirement={pattern}")
    assert result.ret == ExitCode.USAGE
    assert f"--requirement={pattern}: {said}" in text(result)
    assert "test_jq" not in text(result)


@pytest.mark.parametrize("pattern", ["IMG-1x", "TOL-jq-*"])
def test_each_pattern_of_several_has_to_name_something(pattern: str) -> None:
    for patterns in ([pattern, "IMG-1"], ["IMG-1", pattern]):
        with pytest.raises(UsageError, match=rf"^--requirement={re.escape(pattern)}: "):
            selection.chosen(patterns)


@pytest.mark.parametrize(
    ("ids", "found"),
    [(["DEP-4"], ["live"]), (["BLD-4"], ["image", "live"]), (["IMG-1"], ["image"]), (["OPT-tk"], [])],
)
def test_parts_that_have_checks_of_a_selection(ids: list[str], found: list[str]) -> None:
    assert selection.parts_of(ids, LISTED) == found


def test_part_that_has_no_check_of_it_names_those_that_have() -> None:
    with pytest.raises(UsageError, match=r"^--requirement=DEP-4: part image has no check of it: run nox -s live$"):
        selection.refuse_empty(["DEP-4"], "image", LISTED)
    selection.refuse_empty(["BLD-4"], "image", LISTED)
    selection.refuse_empty([], "image", LISTED)


def test_selection_without_any_check_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^--requirement=OPT-tk: no part has a check of it: it is n/a, not shipped"):
        selection.needed(["OPT-tk"], LISTED)
    assert selection.needed([], {}) == ("image", "rebuild", "live")


def together(root: Path, documents: dict[str, Any], *selected: str) -> Verdict:
    """The verdict on a selection of some documents."""
    return merge.together(documents, root=checkout(root, documents), now=NOW, selected=selected)


def test_whole_is_not_made_of_a_selection(tmp_path: Path) -> None:
    documents = whole()
    documents["live"]["selection"] = ["DEP-4"]
    verdict = together(tmp_path, documents)
    assert verdict.exit_code is ExitCode.SUITE_ERROR
    assert "live: is of a selection alone (DEP-4): run nox -s live again" in verdict.broken


def test_parts_of_a_selection_are_put_together_for_it(tmp_path: Path) -> None:
    documents = {"image": part("image", "BLD-4"), "live": part("live", "BLD-4", "DEP-4")}
    documents["live"]["selection"] = ["BLD-4"]
    verdict = together(tmp_path, documents, "BLD-4")
    assert (verdict.word, verdict.exit_code) == ("passed, of a selection alone", ExitCode.INCOMPLETE)
    assert verdict.incomplete == "a selection alone was looked at: BLD-4"


def test_whole_verdict_is_never_passed_where_requirements_were_selected(tmp_path: Path) -> None:
    verdict = together(tmp_path, whole(), "*")
    assert (verdict.word, verdict.exit_code) == ("passed, of a selection alone", ExitCode.INCOMPLETE)


@pytest.mark.parametrize("pattern", ["DEP-44", "D*P"])
def test_verdict_refuses_what_is_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pattern: str
) -> None:
    monkeypatch.setattr(command_line, "listed_checks", lambda _: LISTED)
    assert command_line.main(["verdict", f"--requirement={pattern}"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(f"error: --requirement={pattern}: ")
