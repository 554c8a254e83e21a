"""How busy this machine was, by the files of a made-up kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fixtures.host import load

CORES = 2


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of its files; its clock stands at 100 s."""
    monkeypatch.setattr(load, "PRESSURE", tmp_path)
    monkeypatch.setattr(load, "STAT", tmp_path / "stat")
    monkeypatch.setattr(os, "cpu_count", lambda: CORES)
    count(tmp_path, 100.0, monkeypatch)
    return tmp_path


def count(folder: Path, at: float, monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Set the kernel's clock, and its counts above those of the beginning."""
    monkeypatch.setattr("time.monotonic", lambda: at)
    for name in ("cpu", "io", "memory"):
        total = round((1000 + seconds.get(name, 0)) * 1e6)
        text = f"some avg10=0.00 avg60=0.00 avg300=0.00 total={total}\nfull avg10=0.00 total=1\n"
        (folder / name).write_text(text, encoding="ascii")
    stolen = round((5 + seconds.get("steal", 0)) * os.sysconf("SC_CLK_TCK"))
    (folder / "stat").write_text(f"cpu  1 2 3 4 5 6 7 {stolen} 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n", encoding="ascii")


def test_shares_are_those_of_the_time_in_between(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load.read()
    count(kernel, 150.0, monkeypatch, cpu=40, io=5, steal=10)
    expected = "in these 50 s something waited 80 % for a core, 10 % for the disk, 0 % for memory; "
    assert load.since(before) == f"{expected}its host took 10 % of its cores"


def test_kernel_that_does_not_count_tells_nothing(kernel: Path) -> None:
    before = load.read()
    for name in ("cpu", "io", "memory"):
        (kernel / name).unlink()
    assert not load.since(before)


def test_one_count_that_is_missing_is_left_out(kernel: Path) -> None:
    (kernel / "io").write_text("", encoding="ascii")
    before = load.read()
    assert "disk" not in load.since(before)
    assert "a core" in load.since(before)


def test_what_nothing_has_waited_for_before_is_counted(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kernel / "memory").write_text("some avg10=0.00 total=0\n", encoding="ascii")
    before = load.read()
    count(kernel, 110.0, monkeypatch)
    (kernel / "memory").write_text("some avg10=0.00 total=5000000\n", encoding="ascii")
    assert "50 % for memory" in load.since(before)


def test_this_machine_is_read() -> None:
    assert load.read().at > 0
