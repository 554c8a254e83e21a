"""The kill table: its shares have intervals, and stand in README.md as they were recorded."""

from __future__ import annotations

import pytest

from fixtures.errors import UsageError
from fixtures.report import kills
from fixtures.verdict.kills import Kills

SOME = Kills({"IMG": (9, 10), "TOOL": (5, 5)}, ("a",), "i1", "2026-11-27T01:00:00+00:00")


def test_shares_have_their_denominator_and_interval() -> None:
    assert kills.rows(SOME)[0] == ("IMG", "9 of 10", "90%", "60% to 98%")
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
    assert "| IMG | 9 of 10 | 90% | 60% to 98% |" in made
    assert "old" not in made
    assert made.endswith("after\n")
    with pytest.raises(UsageError, match="has no place"):
        kills.with_table("nothing")
