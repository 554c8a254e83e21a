"""Distributions of starts: how they are summed up, kept in a file and judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.deployment import statistics
from fixtures.deployment.statistics import Start, StartTable


def made(total: float, **changes: Any) -> Start:
    seen = {name: total * (place + 1) / 5 for place, name in enumerate(statistics.PHASES)}
    values: dict[str, Any] = {"stamped": {"ready": float(round(total))}, "pull_seconds": None, "since_deletion": total}
    return Start("p", "n", seen, **(values | changes))


def test_start_is_split_without_a_rest() -> None:
    start = made(5.0)
    assert sum(start.phase(name) for name in statistics.PHASES) == pytest.approx(start.total)


def test_percentiles_interpolate() -> None:
    assert statistics.p95([float(number) for number in range(1, 102)]) == 96.0
    assert statistics.p95([3.0]) == 3.0


def test_intervals_hold_the_estimate_and_repeat() -> None:
    values = [1.0, 2.0, 2.5, 3.0, 9.0]
    one = statistics.summary(values)
    assert one.median_interval[0] <= one.median <= one.median_interval[1]
    assert one == statistics.summary(values)


@pytest.mark.parametrize(
    ("totals", "passed"),
    [pytest.param([4.0] * 10, True, id="all fast"), pytest.param([4.0] * 9 + [80.0], False, id="one slow")],
)
def test_verdict_is_by_the_95th_percentile(totals: list[float], passed: bool) -> None:  # noqa: FBT001
    assert StartTable("i", tuple(made(total) for total in totals)).passed == passed


def test_table_survives_its_file(tmp_path: Path) -> None:
    table = StartTable(
        "i", (made(4.0), made(5.0)), notes=("slow",), machine={"cpus": 2.0}, pull=made(9.0, pull_seconds=6.0)
    )
    table.write(tmp_path / "starts.json")
    assert statistics.read(tmp_path / "starts.json") == table
    assert "made to Ready" in table.render()
    assert table.render_pull() == "6.0 s of pull, 9.0 s from made to Ready"


@pytest.mark.parametrize(
    ("text", "seconds"), [("12.5s", 12.5), ("1m2.5s", 62.5), ("312ms", 0.312), ("1h0m1s", 3601.0), ("95µs", 95e-6)]
)
def test_durations_of_the_kubelet_are_read(text: str, seconds: float) -> None:
    assert statistics.seconds_of(text) == pytest.approx(seconds)
