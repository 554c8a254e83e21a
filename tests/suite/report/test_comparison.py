"""Two runs beside each other: what changed, in the terminal and on the page, also from an earlier release."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.report import __main__ as command
from fixtures.report import comparison, run_files, run_folder, starts_test
from fixtures.report.comparison import Comparison, ToolChange
from fixtures.report.starts_test import Difference
from fixtures.verdict.outcomes import Check, Outcome
from tests.suite.report.sample_runs import (
    DIGEST,
    ENDED,
    TROUBLE,
    document,
    everything,
    manifest,
    starts,
    whole_run,
    write,
)

OLD = "20291231-120000-aaaaaaaa"


def earlier(folder: Path, *trouble: str) -> Path:
    """A run of the day before, in a folder of its own."""
    began = {"started": (ENDED - timedelta(days=1, hours=1)).isoformat()}
    about = {**began, "finished": (ENDED - timedelta(days=1)).isoformat(), "run": "a" * 32}
    write(folder, *({**document(part, trouble), **about} for part in ("image", "rebuild", "live", "")))
    return folder


def compared(before: Path, after: Path) -> Comparison:
    """The comparison of two runs."""
    return comparison.compare(run_files.load(before), run_files.load(after), before.name)


def test_rows_that_changed_are_told_the_worst_first(tmp_path: Path) -> None:
    old, new = earlier(tmp_path / "old", "BLD-3"), whole_run(tmp_path / "new", "TOOL-helm-runs")
    found = compared(old, new)
    assert [(row.id, row.before, row.after, row.direction) for row in found.rows] == [
        ("TOOL-helm-runs", "passed", "failed", "worse"),
        ("BLD-3", "failed", "passed", "better"),
    ]
    told = "\n".join(comparison.lines(found))
    assert "requirements: 1 worse, 1 better\n  worse  TOOL-helm-runs passed → failed" in told


def test_part_that_only_one_run_has_is_no_change(tmp_path: Path) -> None:
    old = write(tmp_path / "old", {**document("image"), "run": "a" * 32})
    found = compared(old, whole_run(tmp_path / "new"))
    assert not found.rows
    assert found.unseen
    assert "image alone" in found.about


def test_requirement_that_the_same_parts_no_longer_verify_is_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TROUBLE, "BLD-3", Check("", outcome=Outcome.NOT_RUN))
    found = compared(earlier(tmp_path / "old"), whole_run(tmp_path / "new", "BLD-3"))
    assert [(row.id, row.before, row.after, row.direction) for row in found.rows] == [
        ("BLD-3", "passed", "not run", "worse")
    ]
    assert not found.unseen


def test_tools_up_and_down_and_their_bytes(tmp_path: Path) -> None:
    old, new = earlier(tmp_path / "old"), everything(tmp_path / "new")
    before: dict[str, Any] = manifest()
    before["tools"][0] |= {"version": "3.9.0", "bytes": 60_000_000}
    before["tools"].append({**before["tools"][0], "name": "gone"})
    before["key of another release"] = 1
    (old / "manifest.json").write_text(json.dumps(before), encoding="utf-8")
    found = {one.name: one for one in compared(old, new).tools}
    assert (found["helm"].direction, round(found["helm"].grown, 1)) == ("up", 1.6)
    assert found["gone"].direction == "gone"


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [("1.10", "1.9", "down"), ("1.9", "1.10", "up"), ("", "1", "new"), ("x", "y", "changed"), ("1", "1", "")],
)
def test_direction_of_a_version(before: str, after: str, word: str) -> None:
    assert ToolChange("x", before, after, (None, None)).direction == word


def test_manifest_of_another_image_is_not_compared(tmp_path: Path) -> None:
    old, new = earlier(tmp_path / "old"), everything(tmp_path / "new")
    other: dict[str, Any] = manifest()
    other["image"]["id"] = "f" * 64
    (old / "manifest.json").write_text(json.dumps(other), encoding="utf-8")
    found = compared(old, new)
    assert not found.tools
    assert "not compared: tools and bytes" in "\n".join(comparison.lines(found))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([4.0 + n / 10 for n in range(10)], Difference.SLOWER),
        ([1.0 + n / 10 for n in range(10)], Difference.FASTER),
        ([2.0 + n / 10 for n in range(1, 11)], Difference.NONE_SEEN),
        ([9.0] * 7, Difference.UNDECIDED),
    ],
)
def test_starts_differ_by_a_test(after: list[float], said: Difference) -> None:
    found = starts_test.differ([2.05 + n / 10 for n in range(10)], after)
    assert found
    assert found.difference is said
    assert f"n = 10 and {len(after)}" in found.sentence
    assert ("p = " in found.sentence) is (said is not Difference.UNDECIDED)


def test_no_starts_are_no_test() -> None:
    assert starts_test.differ([], [1.0]) is None


def test_starts_of_both_runs_are_on_the_page_and_in_the_terminal(tmp_path: Path) -> None:
    old, new = earlier(tmp_path / "old"), everything(tmp_path / "new")
    for folder, first in ((old, 1.0), (new, 2.0)):
        text = json.dumps(starts(*(first + n / 10 for n in range(8))))
        (folder / "starts.json").write_text(text, encoding="utf-8")
    assert DIGEST in text
    page = run_folder.write(new, old).read_text(encoding="utf-8")
    assert "median 1.35 → 2.35 s, slower: Mann-Whitney, n = 8 and 8, p = under 0.001" in page
    assert "median 1.35 → 2.35 s; slower" in "\n".join(comparison.lines(compared(old, new)))


@pytest.mark.parametrize("part", ["image", "live"], ids=["none pushed", "another pushed"])
def test_starts_of_another_image_are_not_compared(tmp_path: Path, part: str) -> None:
    old, new = tmp_path / "old", everything(tmp_path / "new")
    write(old, {**document(part), "run": "a" * 32})
    measured = starts(2.0, 3.0) | {"image": f"registry/x@sha256:{'f' * 64}"}
    (old / "starts.json").write_text(json.dumps(measured), encoding="utf-8")
    assert compared(old, new).starts is None


def first_version(document: dict[str, Any]) -> dict[str, Any]:
    """A document as the first release wrote it."""
    lacking = ("part", "interrupted", "strict", "run", "suite", "arguments", "parts")
    old = {key: value for key, value in document.items() if key not in lacking} | {"schema": 1, "notes": []}
    old["requirements"] = [{k: v for k, v in row.items() if k != "expected"} for row in document["requirements"]]
    old["checks"] = [{k: v for k, v in check.items() if k != "more"} for check in document["checks"]]
    return old


@pytest.mark.parametrize("name", ["verdict-image.json", "kept.json"])
def test_verdict_of_the_first_release_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(first_version(document("image", ["BLD-3"]))), encoding="utf-8")
    new = write(tmp_path / "new", document("image"))
    found = comparison.compare(run_files.load(tmp_path / name), run_files.load(new), name)
    assert [(row.id, row.direction) for row in found.rows] == [("BLD-3", "better")]
    assert not found.unseen


def test_verdict_of_the_first_release_on_all_parts_is_that_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(json.dumps(first_version(document(""))), encoding="utf-8")
    found = run_files.load(tmp_path / "kept.json")
    assert found.whole is not None
    assert not found.parts


def test_verdict_of_a_later_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "later.json").write_text(json.dumps({**document("image"), "schema": 3}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"later\.json: is of another version of this suite"):
        run_files.load(tmp_path / "later.json")


def test_run_before_is_on_the_page_by_itself(tmp_path: Path) -> None:
    new = whole_run(tmp_path / "20300101-120000-01234567", "BLD-3")
    assert "Compared with the run before" not in run_folder.write(new).read_text(encoding="utf-8")
    earlier(tmp_path / OLD)
    write(tmp_path / "20291231-230000-bbbbbbbb", {**document("image"), "run": "b" * 32})
    (tmp_path / "20291231-235900-cccccccc").mkdir()
    page = run_folder.write(new).read_text(encoding="utf-8")
    assert f"{OLD} (2029-12-31 12:00 UTC, passed)" in page
    assert "1 worse" in page


def test_run_of_another_image_is_not_the_run_before(tmp_path: Path) -> None:
    new = whole_run(tmp_path / "20300101-120000-01234567")
    other = document("image")
    other["context"] = {**other["context"], "image": {"name": "localhost/three-tools:latest", "id": "f" * 64}}
    write(tmp_path / OLD, {**other, "run": "b" * 32, "finished": (ENDED - timedelta(days=1)).isoformat()})
    assert "Compared with the run before" not in run_folder.write(new).read_text(encoding="utf-8")


@pytest.mark.parametrize(("part", "compared"), [("smoke", True), ("proof", False), ("image", False)])
def test_run_before_a_smoke_run_is_a_smoke_run(tmp_path: Path, part: str, *, compared: bool) -> None:
    new = write(tmp_path / "20300101-120000-01234567", document("smoke"))
    yesterday = (ENDED - timedelta(days=1)).isoformat()
    write(tmp_path / OLD, {**document(part), "run": "b" * 32, "finished": yesterday})
    assert ("Compared with the run before" in run_folder.write(new).read_text(encoding="utf-8")) is compared


def test_command_compares_with_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = earlier(tmp_path / "old"), whole_run(tmp_path / "new", "BLD-3")
    assert command.main([str(new), "--compare", str(old / "verdict.json")]) == 0
    assert "compared with verdict.json (2029-12-31 12:00 UTC, passed)" in capsys.readouterr().out


@pytest.mark.parametrize(("place", "said"), [("nowhere", "is no run: give its folder"), ("", "is this run itself")])
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, said: str
) -> None:
    new = whole_run(tmp_path)
    assert command.main([str(new), "--compare", place or str(new)]) == 4
    assert said in capsys.readouterr().err
