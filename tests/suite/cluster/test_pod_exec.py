"""A shell in a pod: streams, time limits, and what becomes of it when the pod or the connection goes."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.pod_exec import PodExecTransport
from fixtures.cluster.websocket import PodError
from fixtures.shell.shell import Shell
from fixtures.shell.transport import CommandTimeoutError, ShellDiedError
from tests.suite.cluster.fakes.pod_server import PLACE, STUMBLE, PodServer, container, pod
from tests.suite.processes import gone


def test_streams_and_status_are_told_apart(shell: Shell) -> None:
    completed = shell.run("printf out; printf err >&2; exit 3")
    assert (completed.status, completed.stdout, completed.stderr) == (3, b"out", b"err")


def test_every_byte_passes_both_ways(shell: Shell) -> None:
    data = bytes(range(256)) * 40
    assert shell.run("cat; cat /dev/null >&2", stdin=data).stdout == data
    assert shell.run(r"printf '\377\376\000\303' >&2").stderr == b"\xff\xfe\x00\xc3"


def test_huge_outputs_on_both_streams(shell: Shell) -> None:
    completed = shell.run("head -c 50000000 /dev/zero & head -c 5000000 /dev/zero >&2; wait")
    assert (len(completed.stdout), len(completed.stderr)) == (50_000_000, 5_000_000)
    assert completed.stdout.count(0) == 50_000_000


def test_huge_command(shell: Shell) -> None:
    assert shell.run("x=" + "y" * 3_000_000 + "; echo ${#x}").stdout == b"3000000\n"


def test_ping_is_answered(pod_server: PodServer, shell: Shell) -> None:
    shell.run("true")
    assert pod_server.pongs == [b"there"]


def test_write_does_not_wait_for_a_deaf_server(pod_server: PodServer, pod_api: client.ApiClient) -> None:
    pod_server.deaf = True
    transport = PodExecTransport(pod_api, *PLACE)
    transport.write(b"x" * 50_000_000)
    assert transport.unsent > 10_000_000
    began = time.monotonic()
    assert transport.read(began + 0.2) == []
    assert time.monotonic() - began < 2
    transport.close()


@pytest.mark.parametrize(("end", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143)])
def test_exit_status_is_the_programs(pod_api: client.ApiClient, end: str, status: int) -> None:
    transport = PodExecTransport(pod_api, *PLACE, ("sh", "-c", f"printf last; {end}"))
    deadline = time.monotonic() + 5
    assert [chunk.data for chunk in transport.read(deadline)] == [b"last"]
    with pytest.raises(EOFError):
        transport.read(deadline)
    assert transport.exit_status == status
    transport.close()


@pytest.mark.parametrize("way", ["close", "kill"])
def test_shell_ends_with_its_session(pod_server: PodServer, shell: Shell, way: str) -> None:
    shell.run("true")
    assert shell._session is not None
    getattr(shell._session.transport, way)()
    assert pod_server.processes[0].wait(5) == 0


def test_hung_command_and_its_descendants_are_ended(shell: Shell, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(CommandTimeoutError, match=r"pod team/web, container main: .* within its limit of 0\.5 s"):
        shell.run(f"exec >{pids}; setsid sleep 100 & echo $!; sh -c 'echo $$; sleep 100'", timeout=0.5)
    found = [int(pid) for pid in pids.read_text(encoding="utf-8").split()]
    assert len(found) == 2
    assert all(gone(pid) for pid in found)
    assert shell.run("echo again").stdout == b"again\n"


def test_time_limit_holds_in_the_middle_of_a_message(pod_server: PodServer, shell: Shell) -> None:
    pod_server.stumble = "stall"
    began = time.monotonic()
    with pytest.raises(CommandTimeoutError, match=r"0\.5 s"):
        shell.run(f"printf '{STUMBLE.decode()}'", timeout=0.5)
    assert time.monotonic() - began < 10
    assert shell.run("echo again").stdout == b"again\n"


OUT_OF_MEMORY = container({"terminated": {"reason": "OOMKilled", "exitCode": 137}})


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        pytest.param(None, "there is no such pod", id="deleted"),
        pytest.param(pod(phase="Failed", reason="Evicted"), r"the pod has ended \(Evicted\)", id="evicted"),
        pytest.param(
            pod() | {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "the pod is being deleted", id="ending"
        ),
        pytest.param(
            pod(containerStatuses=[OUT_OF_MEMORY]),
            r"the container has ended \(OOMKilled, exit status 137\)",
            id="out of memory",
        ),
        pytest.param(pod(), "the connection was lost, and the pod still runs", id="running"),
    ],
)
def test_pod_that_goes_away(pod_server: PodServer, shell: Shell, left: dict[str, Any] | None, reason: str) -> None:
    shell.run("true")
    pod_server.stumble, pod_server.pod = "cut", left
    expected = rf"^pod team/web, container main: the shell died during .*no exit status.* {reason}"
    with pytest.raises(ShellDiedError, match=expected):
        shell.run(f"printf '{STUMBLE.decode()}'; sleep 100")
    pod_server.pod = pod()
    assert shell.run("echo again").stdout == b"again\n"


def test_pod_deleted_under_its_shell_is_told_from_a_killed_shell(pod_server: PodServer, shell: Shell) -> None:
    with pytest.raises(ShellDiedError, match=r"exit status 137; last stdout: none, last stderr: none\)"):
        shell.run("kill -KILL $$")
    shell.run("true")
    pod_server.pod = None
    with pytest.raises(ShellDiedError, match=r"exit status 137; .* there is no such pod"):
        shell.run("kill -KILL $$")


def test_connection_lost_between_two_commands_is_made_anew(pod_server: PodServer, shell: Shell) -> None:
    first = shell.run("echo $$").stdout
    pod_server.execs[0].connection.shutdown(socket.SHUT_RDWR)
    pod_server.processes[0].wait(5)
    assert shell.run("echo $$").stdout != first


def test_program_that_could_not_be_started(pod_server: PodServer, shell: Shell) -> None:
    pod_server.failure = 'exec: "sh": executable file not found in $PATH'
    with pytest.raises(PodError, match=r'^pod team/web, container main: exec: "sh": executable file not found'):
        shell.run("true")
