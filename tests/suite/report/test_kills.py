"""The kill table: its shares have intervals, and stand in README.md as they were recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.report import kills
from fixtures.verdict.kills import Kills

SOME = Kills({"IMG": (9, 10), "TOOL": (5, 5)}, ("a",), "i1", "2026-11-27T01:00:00+00:00")


def test_shares_have_their_denominator_and_interval() -> None:
    assert kills.rows(SOME)[0] == ("IMG", "9 of 10", "90%", "59% to 99%")
    assert kills.rows(SOME)[-1][:2] == ("all", "14 of 15")


def test_intervals_of_a_verdict_s_rate() -> None:
    found = kills.with_intervals({"killed": 9, "of": 10, "sections": {"IMG": {"killed": 9, "of": 10}}})
    assert found is not None
    assert (found["low"], found["high"]) == (0.5958, 0.9821)
    assert found["sections"]["IMG"]["low"] == found["low"]
    assert kills.with_intervals(None) is None


def test_readme_needs_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "read", lambda _: SOME)
    made = kills.with_table(f"before\n{kills.BEGIN}old\n{kills.END}\nafter\n")
    assert "| IMG | 9 of 10 | 90% | 59% to 99% |" in made
    assert "old" not in made
    assert made.endswith("after\n")
    with pytest.raises(UsageError, match="has no place"):
        kills.with_table("nothing")


Record = Callable[[str, str, str], str]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Records a run with one mutant, by what was broken, its row and its fate; returns README.md."""
    for name in ("COMMITTED", "README"):
        monkeypatch.setattr(kills, name, tmp_path / name)
    (tmp_path / "README").write_text(f"{kills.BEGIN}{kills.END}\n", encoding="utf-8")

    def record(kind: str, row: str, fate: str) -> str:
        scores = {"finished": "2026-11-27", "mutants": [{"id": kind, "rows": [row], "fate": fate}]}
        (tmp_path / kind).write_text(json.dumps(scores), encoding="utf-8")
        kills.record({kind: tmp_path / kind})
        return (tmp_path / "README").read_text(encoding="utf-8")

    return record


def test_what_was_not_run_keeps_its_recorded_scores(record: Record) -> None:
    record("image", "IMG-1", "killed")
    readme = record("platform", "DEP-4", "killed")
    assert "| IMG | 1 of 1 |" in readme
    assert "| DEP (platform) | 1 of 1 |" in readme


def test_what_was_run_again_has_its_new_scores_alone(record: Record) -> None:
    record("image", "IMG-1", "survived")
    readme = record("image", "IMG-1", "killed")
    assert "| IMG | 1 of 1 |" in readme
    assert len(json.loads(kills.COMMITTED.read_text(encoding="utf-8"))["mutants"]) == 1


def test_there_are_scores_to_record(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^there are no scores of a whole run: run: nox -s sabotage$"):
        kills.record({"image": tmp_path / "none"})
