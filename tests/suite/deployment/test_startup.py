"""Starts without a cluster: how they are split, summed up, kept in a file and judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.deployment import startup, statistics
from fixtures.deployment.deployment import DeploymentError
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


@pytest.mark.parametrize(("totals", "passed"), [([4.0] * 10, True), ([4.0] * 9 + [80.0], False)])
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


def test_pull_is_read_from_the_kubelets_words() -> None:
    said = 'Successfully pulled image "h/i" in 1m2.5s (1m3s including waiting). Image size: 697 bytes.'
    assert startup.pull_time(["Started", said]) == 62.5
    assert startup.pull_time(['Container image "h/i" already present on machine']) is None


def test_delay_of_a_probe_is_named_with_its_cost() -> None:
    container = {"name": "c", "readinessProbe": {"initialDelaySeconds": 60}, "startupProbe": {"periodSeconds": 1}}
    (note,) = startup.delay_notes([container])
    assert note.startswith("container c can never be Ready within 30 s: its readinessProbe has initialDelaySeconds 60")
    container["readinessProbe"] = {"initialDelaySeconds": 5}
    assert startup.delay_notes([container])[0].startswith("container c loses 5 s")
    assert not startup.delay_notes([{"name": "c", "readinessProbe": {"periodSeconds": 1}}])


def test_stamps_are_those_of_the_api() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    conditions = [
        SimpleNamespace(type="PodScheduled", status="True", last_transition_time=now),
        SimpleNamespace(type="Ready", status="True", last_transition_time=now + timedelta(seconds=3)),
    ]
    one = SimpleNamespace(
        metadata=SimpleNamespace(creation_timestamp=now), status=SimpleNamespace(conditions=conditions)
    )
    pulled = SimpleNamespace(reason="Pulled", last_timestamp=now + timedelta(seconds=1), event_time=None)
    assert startup.stamps(one, [pulled]) == {"scheduled": 0.0, "pulled": 1.0, "ready": 3.0}


def pod(digest: str, *, ending: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        metadata=SimpleNamespace(name="p", deletion_timestamp=datetime.now(UTC) if ending else None),
        status=SimpleNamespace(container_statuses=[SimpleNamespace(image_id=f"r/i@{digest}")]),
    )


def test_pod_that_ends_is_waited_for_before_its_image_is_taken_away() -> None:
    assert not startup.unused("r/i@sha256:1", [pod("sha256:1", ending=True), pod("sha256:2")])
    assert startup.unused("r/i@sha256:1", [pod("sha256:2")])


def test_pod_that_keeps_its_image_on_the_node_is_named() -> None:
    with pytest.raises(DeploymentError, match=r"^p still has r/i@sha256:1 on a node, no pull can be measured: end it"):
        startup.unused("r/i@sha256:1", [pod("sha256:1")])
