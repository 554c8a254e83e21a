"""A folder is there for its block, and one whose process was killed is removed by the next."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from fixtures.host import scratch_folder as module
from fixtures.host.scratch_folder import abandoned, scratch_folder


def killed(parent: Path) -> Path:
    """Return the folder of a process that was killed in its block."""
    if child := os.fork():
        os.waitpid(child, 0)
        (folder,) = parent.glob("one-*")
        return folder
    with scratch_folder("one-", parent) as folder:
        (folder / "secret").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("was not killed")


def test_folder_is_there_for_its_block_and_this_user_s_alone(tmp_path: Path) -> None:
    with scratch_folder("one-", tmp_path / "new") as folder:
        assert folder.name.startswith("one-")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert [*tmp_path.glob("*/*")] == []


def test_folder_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    left = killed(tmp_path)
    assert (abandoned(left), (left / "secret").exists()) == (True, True)
    with scratch_folder("one-", tmp_path) as folder:
        assert [*tmp_path.iterdir()] == [folder]


def test_folder_in_use_and_those_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "one-file").touch()
    (tmp_path / "two-other").mkdir()
    with scratch_folder("one-", tmp_path) as first, scratch_folder("one-", tmp_path) as second:
        assert not abandoned(first)
        assert {*tmp_path.iterdir()} == {first, second, tmp_path / "one-file", tmp_path / "two-other"}


def test_folder_that_cannot_be_locked_is_not_taken_for_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(_descriptor: int, **_options: bool) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module, "acquire", acquire)
    with scratch_folder("one-", tmp_path) as folder:
        assert not abandoned(folder)


def test_filesystem_without_locks_keeps_what_may_be_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_lock", lambda _: False)
    with scratch_folder("one-", tmp_path) as first, scratch_folder("one-", tmp_path):
        assert first.is_dir()
