"""A program runs to its end within its time, or one line says why not."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.host import process
from fixtures.host.process import (
    SHOWN_CHARACTERS,
    Ended,
    PodmanError,
    ProgramError,
    ProgramTimeoutError,
    call,
    explain,
    run,
)


def test_status_and_both_outputs_are_returned() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=10)
    assert done == Ended(3, "out\n", "err\n")


def test_undecodable_output_is_replaced() -> None:
    assert run(["printf", r"a\377"], timeout=10).stdout == "a\ufffd"


@pytest.fixture
def own_input() -> Iterator[None]:
    """Text on this process's own standard input."""
    kept, (read, write) = os.dup(0), os.pipe()
    os.write(write, b"ours")
    os.close(write)
    os.dup2(read, 0)
    yield
    os.dup2(kept, 0)
    os.close(kept)
    os.close(read)


@pytest.mark.usefixtures("own_input")
def test_input_is_empty_bytes_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"from a file")
    assert run(["cat"], timeout=10).stdout == ""
    assert run(["cat"], timeout=10, stdin=b"bytes").stdout == "bytes"
    with (tmp_path / "input").open("rb") as file:
        assert run(["cat"], timeout=10, stdin=file).stdout == "from a file"


def test_environment_is_the_one_that_is_given() -> None:
    assert run(["/usr/bin/env"], timeout=10, env={"ONLY": "this"}).stdout == "ONLY=this\n"


def test_missing_program_is_named() -> None:
    with pytest.raises(PodmanError, match=r"^no-such-program not found on PATH: install no-such-program$"):
        run(["no-such-program"], timeout=10, error=PodmanError)


def test_program_that_this_user_may_not_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "program").touch(mode=0o644)
    with pytest.raises(ProgramError, match=r"program cannot be run by this user: give it the right to"):
        run([str(tmp_path / "program")], timeout=10)


def test_program_that_takes_too_long_is_killed() -> None:
    began = time.monotonic()
    with pytest.raises(ProgramTimeoutError, match=r"^`sleep 100` has not ended in 0 s: "):
        run(["sleep", "100"], timeout=0.2, late=ProgramTimeoutError)
    with pytest.raises(PodmanError, match="has not ended"):
        run(["sleep", "100"], timeout=0.2, error=PodmanError)
    assert time.monotonic() - began < 10


def test_call_returns_the_output_or_says_what_failed() -> None:
    assert call(["echo", "text"], timeout=10) == "text\n"
    with pytest.raises(ProgramError, match=r"^`sh -c 'echo one; echo two >&2; exit 7'` failed \(7\): two$"):
        call(["sh", "-c", "echo one; echo two >&2; exit 7"], timeout=10)


def test_program_that_a_signal_killed_has_failed() -> None:
    with pytest.raises(ProgramError, match=r"^`sh -c 'echo text; kill -KILL \$\$'` failed \(-9\): it said nothing$"):
        call(["sh", "-c", "echo text; kill -KILL $$"], timeout=10)


def test_long_command_is_cut_in_messages() -> None:
    with pytest.raises(ProgramError) as caught:
        call(["false", "run", "--rm", "x" * 1000, "-c", "a\nscript", "more"], timeout=10)
    assert str(caught.value) == f"`false run {'x' * (SHOWN_CHARACTERS - 1)}… …` failed (1): it said nothing"


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        pytest.param("warning\nError: the cause\n\n", "Error: the cause", id="last-line"),
        pytest.param(
            "write: No space left on device\nExit 1\n",
            "the disk is full: free some space, for example with `podman image prune`",
            id="full-disk",
        ),
        pytest.param(" \n", "it said nothing", id="silence"),
    ],
)
def test_error_output_is_told_in_one_line(stderr: str, line: str) -> None:
    assert explain(stderr) == line


@pytest.mark.parametrize(
    "child", ["echo begun; sleep 600", "trap '' TERM; echo begun; sleep 600"], ids=["that listens", "that does not"]
)
def test_session_ends_with_all_that_its_leader_started(child: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "END_SECONDS", 2.0)
    script = f"trap 'exit 0' TERM; sh -c \"{child}\" & wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == "begun\n"
        process.end_session(leader)
        ended, _, _ = select.select([leader.stdout], [], [], 5)
        if not ended:
            os.killpg(leader.pid, signal.SIGKILL)
        assert ended, "what the leader started has not ended"
    assert leader.returncode == 0


def test_session_ends_whose_leader_is_gone() -> None:
    script = "trap '' TERM; (echo begun; sleep 600) & kill -KILL $$"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == "begun\n"
        os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)
        process.end_session(leader)
        ended, _, _ = select.select([leader.stdout], [], [], 5)
        if not ended:
            os.killpg(leader.pid, signal.SIGKILL)
    assert ended, "what the leader started has not ended"
