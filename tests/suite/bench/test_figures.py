"""Samples, their spread and their tables."""

from __future__ import annotations

import subprocess

import pytest

from fixtures.bench.figures import Runner, Sample, Spread, command_rows, loop_of_true, percentile_95, ratios


def test_ratios_are_formed_round_by_round() -> None:
    assert ratios([2.0, 30.0, 6.0], [1.0, 10.0, 6.0]) == Spread(2.0, 1.0, 3.0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratios([1.0, 2.0], [1.0])


def test_spread_and_percentile() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).show(1) == "2.0 (1.0-3.0)"
    assert percentile_95([float(n) for n in range(101)]) == 95.0
    assert percentile_95([7.0]) == 7.0


def test_table_of_commands_gives_milliseconds_and_ratio() -> None:
    loop = Runner("loop", 10, lambda: Sample(0.0), [Sample(0.01), Sample(0.02)])
    shell = Runner("shell", 2, lambda: Sample(0.0), [Sample(0.006, [0.002, 0.004]), Sample(0.006, [0.003, 0.003])])
    rows = command_rows([loop, shell])
    assert rows[1][2:] == ["", "", "1.50 (1.00-2.00)", "1.00 (1.00-1.00)"]
    assert rows[2][2] == "3.00 (3.00-3.00)"
    assert rows[2][4:] == ["3.00 (3.00-3.00)", "2.25 (1.50-3.00)"]


def test_loop_of_true_stops_at_a_failure() -> None:
    done = subprocess.run(["sh", "-c", loop_of_true("echo x; (eval false)", 5)], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"x\n")
    assert subprocess.run(["sh", "-c", loop_of_true("(eval true)", 5)], check=True).returncode == 0
