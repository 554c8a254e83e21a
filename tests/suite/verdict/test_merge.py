"""The verdicts of the parts put together: what is verified by whom, and what nobody looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures import __main__ as command_line
from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import binding, merge, requirements
from fixtures.verdict.outcomes import Outcome
from fixtures.verdict.parts import WHOLE_PARTS
from fixtures.verdict.summary import summary, table
from fixtures.verdict.verdict import Verdict
from tests.suite.verdict.parts_of_a_run import NOW, SUITE, Document, check, checkout, part, required, whole
from tests.suite.verdict.small_suite import entry, expected


def together(root: Path, documents: dict[str, Document], files: dict[str, str] | None = None, **more: Any) -> Verdict:
    """The verdict of documents in a checkout that lists their checks."""
    return merge.together(documents, root=checkout(root, documents, files), now=NOW, **more)


def test_all_verified_by_somebody_is_complete(tmp_path: Path) -> None:
    verdict = together(tmp_path, whole(), strict=True)
    assert (verdict.exit_code, verdict.incomplete, verdict.word) == (ExitCode.VERIFIED, "", "passed")


def test_requirement_has_its_worst_check_of_all_parts(tmp_path: Path) -> None:
    failed = part("live", checks=[check("live", "BLD-4", outcome=Outcome.FAILED, line="what is wrong")])
    verdict = together(tmp_path, {"image": part("image", "BLD-4"), "live": failed})
    rows = {row.requirement.id: row for row in verdict.rows}
    assert (rows["BLD-4"].verdict, verdict.exit_code) == (Outcome.FAILED, ExitCode.PRODUCT_FAILURE)
    assert rows["BLD-4"].evidence == "1 of 2 checks: what is wrong"


def test_what_nobody_looked_at_is_named(tmp_path: Path) -> None:
    verdict = together(tmp_path, {"image": part("image", *required()[:-1])})
    assert (verdict.exit_code, verdict.word) == (ExitCode.INCOMPLETE, "partial")
    assert verdict.incomplete == f"1 requirement not run whole: {required()[-1]}"


def test_one_row_of_all_is_partial(tmp_path: Path) -> None:
    verdict = together(tmp_path, {"image": part("image", "TOOL-k9s-runs")})
    assert (verdict.exit_code, verdict.word, len(verdict.missing)) == (3, "partial", len(required()) - 1)


def test_check_that_no_part_ran_is_partial(tmp_path: Path) -> None:
    documents = whole()
    root = checkout(tmp_path, documents)
    listed = root / "tests" / "checks.txt"
    listed.write_text(listed.read_text(encoding="utf-8") + "tests/image/test_x.py::test_z\tIMG-1\n", encoding="utf-8")
    verdict = merge.together(documents, root=root, now=NOW)
    assert (verdict.exit_code, verdict.incomplete) == (3, "1 requirement not run whole: IMG-1")


@pytest.mark.parametrize(("files", "code"), [({}, 3), (expected("TOOL-k9s-runs"), 0)], ids=["unexpected", "expected"])
def test_block_must_be_expected_by_the_checkout(tmp_path: Path, files: dict[str, str], code: int) -> None:
    documents = whole()
    rest = [one for one in required() if one != "TOOL-k9s-runs"]
    blocked = check("image", "TOOL-k9s-runs", outcome=Outcome.BLOCKED, line="k9s was omitted", name="test_k9s")
    documents["image"] = part("image", checks=[blocked, check("image", *rest)])
    documents["image"]["exit_code"] = 3
    assert together(tmp_path, documents, files).exit_code == code
    assert together(tmp_path, documents, files, strict=True).exit_code == ExitCode.INCOMPLETE


def test_all_blocked_is_no_pass(tmp_path: Path) -> None:
    blocked = [
        check("image", one, outcome=Outcome.BLOCKED, line="k9s was omitted", name=f"test_{n}")
        for n, one in enumerate(required())
    ]
    document = part("image", checks=blocked) | {"exit_code": 3}
    verdict = together(tmp_path, {"image": document}, expected(*required()))
    assert (verdict.exit_code, verdict.word, verdict.broken) == (ExitCode.SUITE_ERROR, "nothing was verified", [])


def test_matrix_has_three_cells_for_each_tool(tmp_path: Path) -> None:
    lines = table(together(tmp_path, whole()))
    cells = [line[18:].split("  ") for line in lines[1 : len(requirements.tools()) + 1]]
    assert {len([cell for cell in row if cell.strip()]) for row in cells} == {3}
    assert any(line.strip().startswith(f"{3 * len(requirements.tools())} cells: ") for line in lines)


def test_error_outside_of_checks_keeps_its_part(tmp_path: Path) -> None:
    documents = {"live": part("live", *required(), broken="the machine is not as it was")}
    verdict = together(tmp_path, documents)
    assert verdict.broken == ["live: the machine is not as it was"]
    assert verdict.exit_code is ExitCode.SUITE_ERROR


@pytest.mark.parametrize(
    ("until", "failure", "code"),
    [
        pytest.param("2030-01-01", "what is wrong", 0, id="accepted"),
        pytest.param("2030-01-01", "what is not", 1, id="another failure"),
        pytest.param("", "", 1, id="no waiver any more"),
    ],
)
def test_waivers_are_judged_on_the_day(tmp_path: Path, until: str, failure: str, code: int) -> None:
    documents = whole()
    waived = check("image", "IMG-1", outcome=Outcome.WAIVED, line="what is wrong", name="test_waived")
    rest = [one for one in required() if one != "IMG-1"]
    documents["image"] = part("image", checks=[waived, check("image", *rest)])
    files = {"tests/waivers.toml": entry('requirement = "IMG-1"', failure, until)} if until else {}
    assert together(tmp_path, documents, files).exit_code == code


def test_failure_that_is_waived_by_now_hides_no_other(tmp_path: Path) -> None:
    failed = check("image", "IMG-1", outcome=Outcome.FAILED, line="what is wrong")
    failed.more = [type(failed.problems[0])(Outcome.FAILED, "something else")]
    files = {"tests/waivers.toml": entry('requirement = "IMG-1"', "what is wrong", "2030-01-31")}
    verdict = together(tmp_path, {"image": part("image", checks=[failed])}, files)
    assert verdict.exit_code is ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: something else" in [line for line, _ in summary(verdict)]


@pytest.mark.parametrize(
    ("words", "outcome", "code"), [(["--lenient-services"], "waived", 0), ([], "failed", 1)], ids=["lenient", "strict"]
)
def test_weak_service_is_waived_in_a_lenient_run_alone(
    tmp_path: Path, words: list[str], outcome: str, code: int
) -> None:
    documents = whole()
    row = next(one for one in required() if one.startswith("SVC-"))
    weak = check("live", row, outcome=Outcome(outcome), line="what is weak", name="test_weak")
    lists = [one["ids"] for one in documents["live"]["checks"]]
    documents["live"] = part("live", checks=[weak, check("live", *(one for ids in lists for one in ids if one != row))])
    documents["live"] |= {"arguments": words, "exit_code": code}
    assert together(tmp_path, documents).exit_code == code


def test_expired_waiver_refuses_the_whole(tmp_path: Path) -> None:
    files = {"tests/waivers.toml": entry('requirement = "IMG-1"', "what is wrong", "2029-12-31")}
    with pytest.raises(UsageError, match="waiver of IMG-1 expired on 2029-12-31"):
        together(tmp_path, whole(), files)


def test_command_writes_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = whole()
    judged = together(tmp_path, documents)
    monkeypatch.setattr(merge, "BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(merge, "WHOLE", tmp_path / "verdict.json")
    given: dict[str, Any] = {}

    def together_(*_: object, **more: Any) -> Verdict:
        given.update(more)
        return judged

    monkeypatch.setattr(merge, "together", together_)
    monkeypatch.setattr(binding, "suite", lambda _: SUITE)
    monkeypatch.setattr(command_line, "publish", lambda: print("page: x"))
    for name, document in documents.items():
        merge.file_of(name).write_text(json.dumps(document), encoding="utf-8")
    assert command_line.main(["verdict", "--strict-verdict", "--run=run-1"]) == ExitCode.VERIFIED
    assert given == {"strict": True, "run": "run-1", "state": SUITE, "selected": []}
    *_, verdict, page = capsys.readouterr().out.splitlines()
    assert verdict.startswith("verdict: passed · 3 checks")
    assert page == "page: x"
    written = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert list(written["context"]) == list(WHOLE_PARTS)
    assert written["parts"]["image"]["exit_code"] == 0


def test_sources_are_told_once() -> None:
    documents = whole()
    about = {"base": "h/base", "base kind": "stand-in", "base reason": "no route"}
    for document in documents.values():
        document["context"] = {"image": about}
    documents["live"]["context"]["upstream images"] = {"node": "h/node: NEVER VERIFIED"}
    assert merge.sources(documents) == ["base: stand-in, h/base (no route)", "node: h/node: NEVER VERIFIED"]
