"""What ends a session over the checks before its time reaches who asked for it: over a small suite."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fixtures.errors import ExitCode, SuiteError
from fixtures.program import INTERRUPTED, end_in_order
from fixtures.sabotage import breaking


class Ended(breaking.Breaking):
    """A session that something ends: at its collection, in the loop, or in what follows it."""

    def __init__(self, place: str, error: BaseException | None) -> None:
        super().__init__()
        self.place, self.error, self.collected = place, error, True

    def _at(self, place: str) -> None:
        if place != self.place:
            return
        if self.error is None:
            signal.raise_signal(signal.SIGTERM)
        else:
            raise self.error

    def pytest_collection(self) -> None:
        self._at("collection")

    def pytest_runtestloop(self) -> bool:
        self._at("loop")
        return True

    def pytest_sessionfinish(self) -> None:
        self._at("finish")


PLACES = ("collection", "loop", "finish")


def _run(folder: Path, place: str, error: BaseException | None = None) -> int:
    options = ("-p", "no:xdist", f"--rootdir={folder}", f"--confcutdir={folder}")
    breaking.run(folder, options, Ended(place, error), folder / "log")
    return ExitCode.VERIFIED


@pytest.mark.parametrize("place", PLACES)
def test_signal_ends_the_whole_run(place: str, tmp_path: Path) -> None:
    assert end_in_order(lambda: _run(tmp_path, place)) == INTERRUPTED


@pytest.mark.parametrize("place", PLACES)
def test_error_outside_the_checks_is_told(place: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="podman is gone"):
        _run(tmp_path, place, SuiteError("podman is gone", "install it"))


def test_session_without_checks_is_an_error(tmp_path: Path) -> None:
    plugin = Ended("nowhere", None)
    plugin.collected = False
    with pytest.raises(SuiteError, match="cannot be collected"):
        breaking.run(tmp_path, (), plugin, tmp_path / "log")
