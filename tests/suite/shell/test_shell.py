"""Commands through one open shell: isolated, their outputs apart, ended at their limits."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from fixtures.shell.shell import Shell, in_scratch_directory
from fixtures.shell.transport import (
    Chunk,
    CommandTimeoutError,
    OutputLimitError,
    ProcessTransport,
    ShellDiedError,
    Stream,
)

local_sh = partial(ProcessTransport, ["sh"])


@pytest.fixture
def shell() -> Iterator[Shell]:
    with Shell(local_sh, name="here") as shell:
        yield shell


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(") ")[2][0] not in "ZX"


def pid_of(shell: Shell) -> int:
    return int(shell.run("echo $$").stdout)


def test_streams_and_status_are_told_apart(shell: Shell) -> None:
    completed = shell.run("printf out; printf err >&2; exit 3")
    assert (completed.status, completed.stdout, completed.stderr) == (3, b"out", b"err")
    assert 0 < completed.seconds < 30


@pytest.mark.parametrize(
    "leak",
    ["cd /", "set -e", "set -f", "exit 3", "exec true", "left=behind", "export left=behind", "umask 0"],
    ids=["folder", "errexit", "noglob", "exit", "exec", "variable", "export", "umask"],
)
def test_command_leaves_nothing_to_the_next(shell: Shell, leak: str) -> None:
    state = "pwd; set +o; umask; echo ${left-unset}; false; echo still here"
    before = shell.run(state)
    pid = pid_of(shell)
    shell.run(leak)
    assert shell.run(state).stdout == before.stdout
    assert pid_of(shell) == pid


def test_command_that_replaces_itself_answers(shell: Shell) -> None:
    assert shell.run("exec echo replaced").stdout == b"replaced\n"


@pytest.mark.parametrize(
    "broken",
    ["echo 'open", 'echo "open', "if true", "echo (", "echo $(", "fi"],
    ids=["quote", "double-quote", "if", "subshell", "substitution", "fi"],
)
def test_syntax_error_is_the_shells_own(shell: Shell, broken: str) -> None:
    pid = pid_of(shell)
    completed = shell.run(broken)
    assert completed.status == 2
    assert b"sh: " in completed.stderr
    assert pid_of(shell) == pid


def test_signalled_command_has_the_shells_status(shell: Shell) -> None:
    assert shell.run("sh -c 'kill -KILL $$'").status == 128 + 9


def test_every_byte_passes(shell: Shell) -> None:
    data = bytes(range(256)) * 2
    completed = shell.run("cat; cat /dev/null >&2", stdin=data)
    assert completed.stdout == data


@pytest.mark.parametrize(
    "data",
    [b"-n %s\\n 'quoted' \"$HOME\"", b"\n", b"\x000", b"%", b"no newline"],
    ids=["special", "newline", "nul", "percent", "no-newline"],
)
def test_stdin_is_not_interpreted(shell: Shell, data: bytes) -> None:
    assert shell.run("cat", stdin=data).stdout == data


def test_stdin_is_empty_by_default(shell: Shell) -> None:
    assert shell.run("wc -c; readlink /proc/self/fd/0").stdout.split() == [b"0", b"/dev/null"]


def test_stdin_that_is_not_read_is_no_error(shell: Shell) -> None:
    completed = shell.run("exit 4", stdin=b"x" * 1_000_000)
    assert (completed.status, completed.stderr) == (4, b"")


def test_marker_of_another_command_is_only_output(shell: Shell) -> None:
    marker = b"\x1e" + b"0" * 32 + b">0\n"
    completed = shell.run("cat", stdin=marker)
    assert (completed.status, completed.stdout) == (0, marker)


class TricklingTransport(ProcessTransport):
    """Returns one byte at a time, so that every marker arrives in pieces."""

    def read(self, deadline: float) -> Sequence[Chunk]:
        return [Chunk(stream, bytes([byte])) for stream, data in super().read(deadline) for byte in data]


def test_markers_may_arrive_in_pieces() -> None:
    with Shell(partial(TricklingTransport, ["sh"]), name="here") as shell:
        completed = shell.run("printf '\\036out'; printf err >&2")
    assert (completed.stdout, completed.stderr) == (b"\x1eout", b"err")


def test_huge_outputs_on_both_streams(shell: Shell) -> None:
    completed = shell.run("head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&2")
    assert (len(completed.stdout), len(completed.stderr)) == (50_000_000, 50_000_000)
    assert completed.stdout.count(0) == 50_000_000


def test_huge_command(shell: Shell) -> None:
    command = "x=" + "y" * 3_000_000 + "; echo ${#x}"
    assert shell.run(command).stdout == b"3000000\n"


def test_nul_in_command_is_refused(shell: Shell) -> None:
    with pytest.raises(ValueError, match="NUL"):
        shell.run("echo \0")


@pytest.mark.parametrize(("held", "other"), [(1, 2), (2, 1)], ids=["stdout", "stderr"])
def test_late_output_reaches_no_other_command(shell: Shell, tmp_path: Path, held: int, other: int) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    completed = shell.run(f"(read go <{fifo}; echo late >&{held}) {other}>/dev/null & echo now")
    assert (completed.stdout, completed.stderr) == (b"now\n", b"")
    # The fifo's opening makes both meet: the late line is written while this command runs.
    completed = shell.run(f"echo go >{fifo}; sleep 0.1; echo next")
    assert (completed.stdout, completed.stderr) == (b"next\n", b"")


def test_daemon_outlives_its_command_and_its_shell(shell: Shell) -> None:
    daemon = int(shell.run("sleep 100 >/dev/null 2>&1 & echo $!").stdout)
    shell.close()
    assert shell.run(f"kill {daemon}").status == 0


def test_hung_command_and_its_descendants_are_killed(shell: Shell, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hung = "(sleep 100 & echo $!); sleep 100 & echo $!; setsid sleep 100 & echo $!; sh -c 'echo $$; sleep 100'"
    with pytest.raises(CommandTimeoutError):
        shell.run(f"exec >{pids}; {hung}", timeout=0.5)
    found = [int(pid) for pid in pids.read_text(encoding="utf-8").split()]
    assert len(found) == 4
    assert not [pid for pid in found if is_running(pid)]
    assert shell.run("echo again").stdout == b"again\n"


def test_timeout_names_command_limit_and_last_output(shell: Shell) -> None:
    with pytest.raises(CommandTimeoutError) as caught:
        shell.run("echo first; echo last; echo oops >&2; sleep 100 #" + "x" * 500, timeout=0.3)
    message = str(caught.value)
    expected = r"here: `echo first.*\.\.\.` .* 0\.3 s; last stdout: first \| last, last stderr: oops: find"
    assert re.match(expected, message)
    assert len(message) < 400


def test_timeout_in_a_scratch_directory_names_the_last_line_of_the_script(shell: Shell) -> None:
    script = in_scratch_directory("export A=1\n" * 30 + "sleep 100")
    with pytest.raises(CommandTimeoutError, match=r"^here: `sleep 100` did not end within its limit of 0\.2 s; "):
        shell.run(script, timeout=0.2)


class NeverIdleTransport(ProcessTransport):
    """Always has something to return, as with an endless output."""

    def read(self, deadline: float) -> Sequence[Chunk]:
        return super().read(min(deadline, time.monotonic() + 0.01)) or [Chunk(Stream.STDOUT, b"")]


def test_endless_output_ends_at_the_time_limit() -> None:
    busy = Shell(partial(NeverIdleTransport, ["sh"]), name="here", open_killer=local_sh)
    with busy as shell, pytest.raises(CommandTimeoutError):
        shell.run("sleep 3", timeout=0.2)


def test_endless_output_ends_at_the_size_limit(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.shell.shell.OUTPUT_LIMIT", 1 << 20)
    monkeypatch.setattr("fixtures.shell.session.OUTPUT_LIMIT", 1 << 20)
    with pytest.raises(OutputLimitError, match="here: `yes` wrote more than 1 MiB"):
        shell.run("yes")
    assert shell.run("echo again").stdout == b"again\n"


def test_stopped_shell_ends_at_the_time_limit(shell: Shell) -> None:
    shell.run("(sleep 15; kill -CONT $$) >/dev/null 2>&1 &")
    os.kill(pid_of(shell), signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(CommandTimeoutError):
        shell.run("echo " + "x" * 1_000_000, timeout=0.2)
    assert time.monotonic() - began < 10
    assert shell.run("echo again").stdout == b"again\n"


def test_nothing_is_killed_where_the_pid_is_of_another_process(shell: Shell) -> None:
    pid = pid_of(shell)
    assert shell._session is not None
    shell._session.process = shell._session.process._replace(started=0)
    with pytest.raises(CommandTimeoutError, match=r"could not be killed .*other processes"):
        shell.run("sleep 100", timeout=0.2)
    assert not is_running(pid)


def test_command_that_kills_its_shell(shell: Shell) -> None:
    expected = r"here: the shell died during `echo bye.*exit status -9; .* last stderr: bye\)"
    with pytest.raises(ShellDiedError, match=expected):
        shell.run("echo bye >&2; kill -KILL $$; sleep 100", timeout=20)
    assert shell.run("echo again").stdout == b"again\n"


def test_shell_that_died_between_two_commands_is_replaced(shell: Shell) -> None:
    first = pid_of(shell)
    descriptor = os.pidfd_open(first)
    os.kill(first, 9)
    os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT)
    os.close(descriptor)
    assert pid_of(shell) != first


def test_shell_that_does_not_open_says_why() -> None:
    failing = partial(ProcessTransport, ["sh", "-c", "echo no such container >&2; exit 125"])
    expected = r"web: the shell did not open \(exit status 125; .*last stderr: no such container\)"
    with Shell(failing, name="web") as shell, pytest.raises(ShellDiedError, match=expected):
        shell.run("true")


def test_shell_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.shell.shell.OPEN_SECONDS", 0.2)
    with (
        Shell(partial(ProcessTransport, ["sleep", "100"]), name="web") as shell,
        pytest.raises(ShellDiedError, match="web: the shell did not answer within"),
    ):
        shell.run("true")


def test_missing_client_is_named() -> None:
    with (
        Shell(partial(ProcessTransport, ["no-such-client"]), name="web") as shell,
        pytest.raises(ShellDiedError, match="no-such-client cannot be started"),
    ):
        shell.run("true")


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        pytest.param(["no-such-client"], "no-such-client cannot be started", id="missing"),
        pytest.param(
            ["sh", "-c", "echo it is paused >&2; exit 1"], "second shell: .* last stderr: it is paused", id="failing"
        ),
    ],
)
def test_failing_killer_does_not_hide_the_timeout(client: list[str], reason: str) -> None:
    broken = partial(ProcessTransport, client)
    with (
        Shell(local_sh, name="here", open_killer=broken) as shell,
        pytest.raises(CommandTimeoutError, match=rf"could not be killed \({reason}"),
    ):
        shell.run("sleep 100", timeout=0.2)


def test_shell_that_is_killed_leaves_nothing_that_it_started() -> None:
    transport = ProcessTransport(["sh", "-c", "sleep 100 & echo $!; wait"])
    (chunk,) = transport.read(time.monotonic() + 10)
    child = os.pidfd_open(int(chunk.data))
    transport.kill()
    ended, _, _ = select.select([child], [], [], 10)
    transport.close()
    os.close(child)
    assert ended, "what the shell started has not ended"
    assert transport.exit_status == -signal.SIGKILL


def test_closed_shell_holds_no_descriptor() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Shell(local_sh, name="here") as shell:
        shell.run("true")
        shell.run("sleep 100 & true")
        shell.run("true")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


class InterruptedTransport(ProcessTransport):
    """Interrupts one read, as Ctrl-C does."""

    interrupt = False

    def read(self, deadline: float) -> Sequence[Chunk]:
        if self.interrupt:
            raise KeyboardInterrupt
        return super().read(deadline)


def test_interrupted_command_does_not_answer_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with Shell(partial(InterruptedTransport, ["sh"]), name="here") as shell:
        first = pid_of(shell)
        monkeypatch.setattr(InterruptedTransport, "interrupt", True)
        with pytest.raises(KeyboardInterrupt):
            shell.run("sleep 100; echo stale")
        monkeypatch.setattr(InterruptedTransport, "interrupt", False)
        assert shell.run("echo fresh", timeout=5).stdout == b"fresh\n"
        assert not is_running(first)
