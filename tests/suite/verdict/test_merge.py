"""The verdicts of the parts put together: what is verified by whom, what nobody looked at, what does not fit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures import __main__ as command_line
from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import merge, requirements
from fixtures.verdict.outcomes import Check, Outcome, Verdict
from fixtures.verdict.summary import table

NOW = datetime(2030, 1, 1, tzinfo=UTC)
REQUIRED = [row.id for row in requirements.load().values() if not (row.optional or row.na_reason)]


def part(
    *ids: str, outcome: Outcome = Outcome.PASSED, image: str = "a" * 64, broken: str = "", began: datetime = NOW
) -> dict[str, Any]:
    """The document of a run one of whose checks carries some ids."""
    checks = [Check("tests/image/test_x.py::test_y", ids=ids, outcome=outcome, line="what is wrong")]
    checks.append(Check("tests/image/test_x.py::test_z", outcome=Outcome.PASSED))
    return Verdict(checks, [broken] * bool(broken)).document(began, began, {"image": {"id": image}})


def test_requirement_has_its_worst_check_of_all_parts() -> None:
    verdict = merge.together({"image": part("BLD-4"), "live": part("BLD-4", outcome=Outcome.FAILED)})
    rows = {row.requirement.id: row for row in verdict.rows}
    assert (rows["BLD-4"].verdict, verdict.exit_code) == (Outcome.FAILED, ExitCode.PRODUCT_FAILURE)
    assert rows["BLD-4"].evidence == "1 of 2 checks: what is wrong"


def test_all_verified_by_somebody_is_complete() -> None:
    half = len(REQUIRED) // 2
    verdict = merge.together({"image": part(*REQUIRED[:half]), "live": part(*REQUIRED[half:])}, strict=True)
    assert (verdict.exit_code, verdict.incomplete) == (ExitCode.VERIFIED, "")


def test_what_nobody_looked_at_is_named() -> None:
    verdict = merge.together({"image": part(*REQUIRED[:-1])}, strict=True)
    assert verdict.exit_code is ExitCode.INCOMPLETE
    assert verdict.incomplete == f"1 requirement not looked at: {REQUIRED[-1]}"


def test_matrix_has_three_cells_for_each_tool() -> None:
    lines = table(merge.together({"image": part(*REQUIRED)}))
    cells = [line[18:].split("  ") for line in lines[1 : len(requirements.tools()) + 1]]
    assert {len([cell for cell in row if cell.strip()]) for row in cells} == {3}
    assert any(line.strip().startswith(f"{3 * len(requirements.tools())} cells: ") for line in lines)


def test_error_outside_of_checks_keeps_its_part() -> None:
    verdict = merge.together({"live": part(*REQUIRED, broken="the machine is not as it was")})
    assert verdict.broken == ["live: the machine is not as it was"]
    assert verdict.exit_code is ExitCode.SUITE_ERROR


def test_parts_that_looked_at_different_images_are_no_whole() -> None:
    later = part(*REQUIRED, image="b" * 64, began=NOW + timedelta(hours=1))
    verdict = merge.together({"image": part(*REQUIRED), "live": later})
    assert verdict.broken == [f"image looked at image {'a' * 12}, live later at {'b' * 12}: run nox -s image again"]


def test_part_that_verified_nothing_is_named() -> None:
    empty = Verdict([], []).document(NOW, NOW, {})
    verdict = merge.together({"image": part(*REQUIRED), "live": empty})
    assert verdict.broken == ["live: nothing was verified: run nox -s live"]


@pytest.mark.parametrize(
    "content, problem",
    [
        (None, r"^verdict-live.json: live has given no verdict: run: nox -s live$"),
        ("{", r"^verdict-live.json: cannot be read \(.*\): run: nox -s live$"),
        ('{"schema": 0}', r"^verdict-live.json: is of another version of this suite: run: nox -s live$"),
    ],
)
def test_part_without_a_verdict_is_named(content: str | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "verdict-live.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=problem):
        merge.read("live", path)


def test_command_writes_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fixtures.verdict.merge.BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.verdict.merge.WHOLE", tmp_path / "verdict.json")
    for name in merge.PARTS:
        merge.file_of(name).write_text(json.dumps(part(*REQUIRED)), encoding="utf-8")
    assert command_line.main(["verdict", "--strict-verdict"]) == ExitCode.VERIFIED
    assert capsys.readouterr().out.splitlines()[-1].startswith("verdict: passed · 6 checks")
    written = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert list(written["context"]) == list(merge.PARTS)
