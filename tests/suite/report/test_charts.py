"""Charts are laid out true to their figures."""

from __future__ import annotations

import pytest

from fixtures.report import startup_chart, treemap
from fixtures.report.run_files import Share
from fixtures.report.treemap import State
from tests.suite.report.sample_runs import starts

SHARES = [Share("base", 900.0, None), Share("helm", 61.6, 60.0), Share("yq", 38.3, 40.0), Share("nothing", 0.0, 1.0)]


def test_tiles_are_as_large_as_their_shares() -> None:
    found = treemap.lay_out(SHARES, 1000, 100)
    areas = [tile.width * tile.height / 100_000 for tile in found.tiles]
    assert areas == pytest.approx([0.9001, 0.0616, 0.0383], abs=0.005)
    assert [tile.share.name for tile in found.tiles] == ["base", "helm", "yq"]


@pytest.mark.parametrize(
    ("size", "state"), [(61.0, State.OVER), (60.0, State.NEAR), (54.0, State.NEAR), (53.9, State.INSIDE)]
)
def test_row_is_compared_with_its_budget(size: float, state: State) -> None:
    assert treemap.state(Share("helm", size, 60.0)) is state


def test_budget_is_held_against_what_a_tool_costs_alone() -> None:
    assert treemap.state(Share("copier", 12.1, 14.0, alone=24.8)) is State.OVER


def test_label_fits_its_tile() -> None:
    shares = [Share("a-tool-with-a-long-name", size, 99.0) for size in (80.0, 9.0, 1.0, 0.1)]
    tiles = treemap.lay_out(shares, 340, 560).tiles
    assert tiles[0].label[0] == "a-tool-with-a-long-name"
    assert not tiles[-1].label
    for tile in tiles:
        assert all(len(line) * treemap.CHARACTER <= tile.width for line in tile.label)
        assert len(tile.label) * treemap.LINE <= tile.height


@pytest.mark.parametrize("width", [340, 1200])
def test_marks_of_starts_stand_inside_the_chart(width: int) -> None:
    chart = startup_chart.lay_out(starts(2.0, 3.0, 400.0), width)
    places = [x for row in chart.rows for x in (*row.dots, row.at_median, row.at_p95)]
    assert chart.left <= min(places)
    assert max(places) <= width
    assert len(chart.marks) <= startup_chart.MARKS + 2


def test_phase_is_what_it_took_by_itself() -> None:
    chart = startup_chart.lay_out(starts(2.0, 3.0), 1200)
    assert [(row.name, row.seconds) for row in chart.rows] == [
        ("scheduled", [0.5, 0.5]), ("ready", [1.5, 2.5]), ("made to Ready", [2.0, 3.0]),
    ]  # fmt: skip
    assert chart.pull == "On a node without the image: 21.3 s of pull, 23.9 s to Ready."
