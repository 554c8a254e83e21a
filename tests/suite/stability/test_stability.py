"""Runs again and again: what is counted, and how the conditions are made."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace as Object
from typing import Any

import pytest

from fixtures.errors import ExitCode
from fixtures.stability import __main__ as command
from fixtures.stability import conditions, relay
from fixtures.verdict import history
from tests.suite.processes import gone
from tests.suite.report.sample_runs import document

DOCUMENT = {
    **document("live"),
    "checks": [{"nodeid": nodeid, "outcome": outcome} for nodeid, outcome in
               (("a", "passed"), ("b", "blocked"), ("c", "failed"), ("d", "not run"))]
}  # fmt: skip
CHECKS = "import pytest\n" + "".join(f"def test_{name}(): pass\n" for name in "abcdefgh")


def with_outcome(nodeid: str, outcome: str) -> dict[str, Any]:
    """The document, in which a check ended otherwise."""
    return {
        **DOCUMENT,
        "checks": [one | {"outcome": outcome} if one["nodeid"] == nodeid else one for one in DOCUMENT["checks"]],
    }


def test_command_of_an_unsteady_check_is_one_for_a_shell() -> None:
    runs, nodeid = command.Runs(), "tests/platform/x.py::test_a[it's $HOME]"
    for outcome in ("passed", "failed"):
        runs.add(0, {**DOCUMENT, "checks": [{"nodeid": nodeid, "outcome": outcome}]})
    (line,) = [line for line in command.table({"cpu": runs}) if line.startswith("cpu: 1 passed, 1 failed: ")]
    assert shlex.split(line.rpartition("failed: ")[2]) == ["pytest", nodeid]


def test_table_has_each_condition_and_each_check_that_did_not_end_the_same() -> None:
    found = {"quiet": command.Runs(), "cpu": command.Runs(), "order": command.Runs()}
    found["quiet"].add(0, with_outcome("c", "passed"))
    for one in (DOCUMENT, with_outcome("a", "blocked"), None):
        found["cpu"].add(1, one)
    lines = command.table(found)
    assert [line.split()[:3] for line in lines[-5:-3]] == [["quiet", "1", "1"], ["cpu", "3", "0"]]
    assert lines[-3:] == [
        "cpu: 1 passed, 1 blocked: pytest a",
        "cpu: 2 failed: pytest c",
        "cpu: run 3 gave no verdict, exit code 1",
    ]


@pytest.mark.parametrize(("word", "passed"), [("passed, of a selection alone", True), ("partial", False)])
def test_selection_that_passed_is_no_failure(word: str, passed: object) -> None:
    found = command.Runs()
    found.add(ExitCode.INCOMPLETE, {**DOCUMENT, "verdict": word})
    assert found.passed == [passed]


@pytest.mark.parametrize("end", ["exit 3", ":"], ids=["ends", "does not end"])
def test_interrupt_ends_the_run_that_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    os.mkfifo(begun := tmp_path / "begun")
    program = tmp_path / "run"
    program.write_text(f"#!/bin/sh\ntrap '{end}' TERM\necho > {begun}\nwhile :; do sleep 0.1; done\n", encoding="utf-8")
    program.chmod(0o755)
    pids: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if pids:
                return super().wait(timeout)
            pids.append(self.pid)
            begun.read_text(encoding="utf-8")
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    monkeypatch.setattr(command, "END_SECONDS", 0.5)
    with pytest.raises(KeyboardInterrupt):
        command.one_run([])
    assert gone(pids[0])


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Makes runs that end with some exit codes; returns the words that each gets."""

    def ending_with(*codes: int) -> list[list[str]]:
        given: list[list[str]] = []

        def one_run(words: list[str]) -> int:
            given.append(words)
            return codes[len(given) - 1]

        manager = Object(delete=lambda: None, create=lambda **_: None, cluster=None)
        fakes: dict[str, Any] = {
            "find": lambda *_: Object(name="image"), "EmbeddedManager": lambda _: manager, "one_run": one_run,
            "_document": lambda: {**DOCUMENT, "run": len(given)},
        }  # fmt: skip
        for name, fake in fakes.items():
            monkeypatch.setattr(command, name, fake)
        return given

    return ending_with


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((3, 0), 2)])
def test_exit_code_is_that_of_all_runs(runs: Callable[..., list[list[str]]], codes: list[int], code: int) -> None:
    given = runs(*codes)
    words = ["--runs=2", "--under=order", "--under=order", "--seed=7", "--", "-n", "2"]
    assert command.main(words) == code
    assert given == [["--condition=order", f"--shuffle={seed}", "-n", "2"] for seed in (7, 8)]


def test_run_that_wrote_no_verdict_is_not_counted_with_the_last_one(
    runs: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(2)
    monkeypatch.setattr(command, "_document", lambda: DOCUMENT)
    assert command.main(["--runs=1"]) == ExitCode.SUITE_ERROR
    assert "quiet: run 1 gave no verdict, exit code 2" in capsys.readouterr().out


@pytest.mark.parametrize("code", [0, 2, ExitCode.USAGE])
def test_cluster_of_the_runs_is_gone_afterwards(
    runs: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    runs(code)
    told: list[str] = []
    manager = Object(delete=lambda: told.append("deleted"), create=lambda **_: told.append("made"), cluster=None)
    monkeypatch.setattr(command, "EmbeddedManager", lambda _: manager)
    assert command.main(["--runs=1"]) == code
    assert told == ["made", "deleted"]


def test_wrong_input_of_pytest_ends_at_once(runs: Callable[..., list[list[str]]]) -> None:
    given = runs(ExitCode.USAGE)
    assert command.main(["--", "--nonsense"]) == ExitCode.USAGE
    assert given == [["--condition=quiet", "--nonsense"]]


def test_results_are_those_of_all_whole_runs_so_far(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "BUILD_DIRECTORY", tmp_path)
    assert command.main(["--results"]) == ExitCode.USAGE
    under = {**DOCUMENT, "exit_code": 0, "context": {"condition": "cpu"}}
    runs = [DOCUMENT, under, {**under, "exit_code": 2}, {**under, "selection": ["DEP-4"]}, {**under, "part": "image"}]
    history.add(tmp_path / history.NAME, [{**one, "run": str(number)} for number, one in enumerate(runs)])
    assert command.main(["--results"]) == 0
    (head, *_, line, unsteady) = capsys.readouterr().out.splitlines()
    assert (head.split()[0], line.split()[:3]) == ("condition", ["cpu", "2", "1"])
    assert unsteady == "cpu: 2 failed: pytest c"


def test_condition_is_recorded_beside_the_verdict(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from fixtures.verdict.evidence import VERDICT_CONTEXT\n"
        "def pytest_sessionfinish(session): print('recorded', session.config.stash[VERDICT_CONTEXT])"
    )
    pytester.makepyfile("def test_one(): pass")
    found = pytester.runpytest("-p", "fixtures.stability.plugin", "--condition=cpu")
    found.stdout.fnmatch_lines("*recorded {'condition': 'cpu'}")


def test_run_that_was_not_under_its_condition_is_no_success(
    runs: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(0)
    never = conditions.Condition("never", lambda _: nullcontext(conditions.Kept()))
    monkeypatch.setattr(command, "CONDITIONS", {"quiet": never})
    assert command.main(["--runs=1"]) == ExitCode.SUITE_ERROR
    assert "quiet: run 1 was not wholly under its condition: nothing was there" in capsys.readouterr().out


def test_cluster_of_somebody_else_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--", "--kubeconfig=x"]) == ExitCode.USAGE
    assert "error: --kubeconfig=x: the runs share a cluster of their own: leave it out" in capsys.readouterr().err


def test_unknown_condition_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        command.main(["--under=rain"])
    assert "invalid choice: 'rain'" in capsys.readouterr().err


def test_order_by_chance_is_that_of_its_seed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_one=CHECKS, test_two=CHECKS)
    seen = []
    for words in ([], ["--shuffle=0"], ["--shuffle=0"], ["--shuffle=1"]):
        lines = pytester.runpytest("-p", "fixtures.stability.plugin", "--collect-only", "-q", *words).outlines
        seen.append([line for line in lines if "::" in line])
    plain, first, again, other = seen
    assert first == again
    assert len({*map(tuple, seen)}) == len(seen) - 1
    assert sorted(plain) == sorted(first) == sorted(other)
    files = [line.partition("::")[0] for line in first]
    assert len({*files[:8]}) == len({*files[8:]}) == 1


def test_what_fails_now_and_then_is_noted() -> None:
    called: list[int] = []

    def fail_at_first() -> int:
        called.append(1)
        if len(called) == 1:
            raise OSError("no network")
        return 1

    with conditions.repeated(fail_at_first, 0.001) as kept:
        while not kept.done:
            pass
    assert kept.words.endswith("as meant, 1 times not: no network")


def test_busy_programs_end_with_the_condition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = f"import os, pathlib, time; pathlib.Path('{tmp_path}', str(os.getpid())).touch(); time.sleep(600)"
    monkeypatch.setattr(conditions, "BUSY", program)
    expected = conditions.TIMES_THE_CORES * len(os.sched_getaffinity(0))
    surroundings: Any = None
    with conditions.busy_cores(surroundings):
        while len(pids := [*tmp_path.iterdir()]) < expected:
            pass
    assert all(gone(int(pid.name)) for pid in pids)


def test_disk_is_written_to_until_the_condition_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(conditions, "BUILD_DIRECTORY", tmp_path)
    surroundings: Any = None
    with conditions.busy_disk(surroundings) as kept:
        while len([one for one in tmp_path.glob("*/*") if one.stat().st_size]) < len(os.sched_getaffinity(0)):
            pass
    assert not kept.words
    assert not [*tmp_path.iterdir()]


def test_program_of_a_condition_that_ends_by_itself_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "BUSY", "raise SystemExit(7)")
    surroundings: Any = None
    with conditions.busy_cores(surroundings) as kept:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    assert kept.words.endswith("a program of it ended with 7")


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
