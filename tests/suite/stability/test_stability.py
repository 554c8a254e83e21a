"""Runs again and again: what is counted, and how the conditions are made."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import SimpleNamespace as Object
from typing import Any

import pytest

from fixtures.stability import __main__ as command
from fixtures.stability import conditions, relay
from fixtures.verdict.history import Entry
from tests.suite.processes import gone

ENTRY = Entry("r", "live", "2030-01-01T00:00:00+00:00", 1.0, "s", 1, {"passed": ["a", "b"], "failed": ["c"]})
CHECKS = "import pytest\n" + "".join(f"def test_{name}(): pass\n" for name in "abcdefgh")


def test_table_has_each_condition_and_each_check_that_did_not_pass() -> None:
    found = {"quiet": command.Runs(), "cpu": command.Runs()}
    found["quiet"].add(0, [])
    for _ in range(2):
        found["cpu"].add(1, [ENTRY])
    lines = command.table(found)
    assert [line.split()[:3] for line in lines[-3:-1]] == [["quiet", "1", "1"], ["cpu", "2", "0"]]
    assert lines[-1] == "cpu: 2 of 2 did not pass: pytest c"


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([0, 3], 2)])
def test_exit_code_is_that_of_all_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, codes: list[int], code: int
) -> None:
    given: list[list[str]] = []

    def one_run(words: list[str]) -> int:
        given.append(words)
        return codes[len(given) - 1]

    manager = Object(delete=lambda: None, create=lambda **_: None, cluster=None)
    fakes: dict[str, Any] = {
        "find": lambda *_: Object(name="image"), "EmbeddedManager": lambda _: manager, "one_run": one_run,
        "HISTORY": tmp_path / "none",
    }  # fmt: skip
    for name, fake in fakes.items():
        monkeypatch.setattr(command, name, fake)
    assert command.main(["--runs=2", "--under=order", "--seed=7", "--", "-n", "2"]) == code
    assert given == [["--shuffle=7", "-n", "2"], ["--shuffle=8", "-n", "2"]]


def test_unknown_condition_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        command.main(["--under=rain"])
    assert "invalid choice: 'rain'" in capsys.readouterr().err


def test_order_by_chance_is_that_of_its_seed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_one=CHECKS, test_two=CHECKS)
    seen = []
    for words in ([], ["--shuffle=1"], ["--shuffle=1"], ["--shuffle=2"]):
        lines = pytester.runpytest("-p", "fixtures.stability.plugin", "--collect-only", "-q", *words).outlines
        seen.append([line for line in lines if "::" in line])
    plain, first, again, other = seen
    assert first == again
    assert len({*map(tuple, seen)}) == len(seen) - 1
    assert sorted(plain) == sorted(first) == sorted(other)
    files = [line.partition("::")[0] for line in first]
    assert len({*files[:8]}) == len({*files[8:]}) == 1


def test_what_is_repeated_is_raised_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "LOOK_SECONDS", 0.001)
    called: list[int] = []

    def fail() -> None:
        called.append(1)
        raise OSError("no network")

    def wait() -> None:
        with conditions.repeated(fail):
            while not called:
                pass

    with pytest.raises(OSError, match="no network"):
        wait()
    assert called == [1]


def test_busy_programs_end_with_the_condition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = f"import os, pathlib, time; pathlib.Path('{tmp_path}', str(os.getpid())).touch(); time.sleep(600)"
    monkeypatch.setattr(conditions, "BUSY", program)
    expected = conditions.TIMES_THE_CORES * len(os.sched_getaffinity(0))
    surroundings: Any = None
    with conditions.busy_cores(surroundings):
        while len(pids := [*tmp_path.iterdir()]) < expected:
            pass
    assert all(gone(int(pid.name)) for pid in pids)


def test_services_of_the_suite_alone_are_delayed() -> None:
    def service(space: str, address: str, *ports: tuple[int, str]) -> Any:
        spec = Object(cluster_ip=address, ports=[Object(port=port, protocol=kind) for port, kind in ports])
        return Object(metadata=Object(namespace=space), spec=spec)

    services = [
        service("nats", "10.0.0.1", (4222, "TCP"), (4222, "UDP")),
        service("nats", "None", (6222, "TCP")),
        service("kube-system", "10.0.0.10", (53, "TCP")),
    ]
    assert conditions.addresses(services) == {("10.0.0.1", 4222)}


async def _through_a_relay(said: bytes) -> bytes:
    """Send something to a server that answers with it in capitals at the end, through the program of the relay."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(sys.executable, relay.__file__, "0.01", stdin=pipe, stdout=pipe)
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"127.0.0.1 {server.sockets[0].getsockname()[1]}\n".encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(await program.stdout.readline()))
    writer.write(said)
    writer.write_eof()
    heard = await reader.read()
    writer.close()
    server.close()
    program.stdin.close()
    assert await program.wait() == 0
    return heard


def test_relay_passes_all_on_in_order_and_ends_with_its_input() -> None:
    said = b"".join(b"line %d\n" % number for number in range(20_000))
    assert asyncio.run(_through_a_relay(said)) == said.upper()
