"""Locks between processes: held by one or shared, given back by a holder that dies, and files with one owner."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.host.lock import acquire, locked, owned
from fixtures.paths import ROOT

HOLD = """\
import sys
from pathlib import Path
from fixtures.host.lock import locked, owned
with {call}:
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_process(call: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds what a call gives; it ends with the context."""
    program = HOLD.format(call=call.format(path=f"Path({str(path)!r})"))
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("theirs", "ours", "got"),
    [
        pytest.param(False, False, False, id="exclusive-exclusive"),
        pytest.param(False, True, False, id="exclusive-shared"),
        pytest.param(True, False, False, id="shared-exclusive"),
        pytest.param(True, True, True, id="shared-shared"),
    ],
)
def test_lock_is_held_by_one_or_shared_by_many(tmp_path: Path, *, theirs: bool, ours: bool, got: bool) -> None:
    path = tmp_path / "new" / "lock"
    with (
        other_process(f"locked({{path}}, shared={theirs})", path),
        locked(path, shared=ours, wait=False) as held,
    ):
        assert held is got


def test_lock_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with other_process("locked({path})", path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with locked(path, wait=False) as held:
            assert held


def test_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with other_process("locked({path})", path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with locked(path) as held:
            assert held


def test_lock_is_free_after_an_error_and_its_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(RuntimeError), locked(path):
        raise RuntimeError
    with locked(path, wait=False) as held:
        assert held
    assert path.exists()


def test_held_lock_can_be_shared_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("ab") as ours, path.open("ab") as theirs:
        assert acquire(ours)
        assert not acquire(theirs, shared=True, wait=False)
        assert acquire(ours, shared=True)
        assert acquire(theirs, shared=True, wait=False)
        assert not acquire(ours, wait=False)


def test_file_has_one_owner_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "new" / "owner"
    with owned(path) as file:
        assert file is not None
        file.write(b"me")
        file.flush()
        with owned(path) as second:
            assert second is None
        assert path.read_text(encoding="utf-8") == "me"
    assert not path.exists()


def test_file_of_an_owner_that_was_killed_gets_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "owner"
    with other_process("owned({path})", path) as process:
        with owned(path) as refused:
            assert refused is None
        process.kill()
        process.wait(10)
        assert path.exists()
        with owned(path) as file:
            assert file is not None


def test_file_that_was_replaced_meanwhile_has_no_second_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "owner"

    def replaced(*_: object, **__: bool) -> bool:
        # Between our opening and our lock its owner has removed the file, and another process made a new one.
        path.unlink()
        path.touch()
        return True

    monkeypatch.setattr("fixtures.host.lock.acquire", replaced)
    with owned(path) as file:
        assert file is None
    assert path.exists()
