"""The folder of a run's workers is there as long as the run, and goes with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fixtures.errors import SuiteError
from fixtures.workers.folder import PLACE, SharedFolder, require


def test_folder_is_for_this_user_alone_and_leaves_nothing(tmp_path: Path) -> None:
    folder = SharedFolder(tmp_path)
    (folder.path / "password").touch()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.remove()
    assert list((tmp_path / PLACE).iterdir()) == []


def test_folder_of_a_run_at_work_stays(tmp_path: Path) -> None:
    first = SharedFolder(tmp_path)
    (first.path / "made").touch()
    SharedFolder(tmp_path).remove()
    assert (first.path / "made").exists()
    assert sorted((tmp_path / PLACE).iterdir()) == [first.path, first.path.with_suffix(".lock")]
    first.remove()


@pytest.mark.parametrize("lock", [True, False], ids=["with its lock", "without"])
def test_folder_of_a_run_that_was_killed_is_removed_by_the_next(tmp_path: Path, *, lock: bool) -> None:
    dead = tmp_path / PLACE / "dead"
    (dead / "deeper").mkdir(parents=True)
    if lock:
        dead.with_suffix(".lock").touch()
    SharedFolder(tmp_path).remove()
    assert list((tmp_path / PLACE).iterdir()) == []


def test_folder_that_is_gone_is_one_error_for_all(tmp_path: Path) -> None:
    require(tmp_path)
    with pytest.raises(SuiteError, match="the folder that this run's workers share is gone") as first:
        require(tmp_path / "gone")
    with pytest.raises(SuiteError) as second:
        require(tmp_path / "gone")
    assert first.value is second.value
