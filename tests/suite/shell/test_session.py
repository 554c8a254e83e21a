"""Markers in an output stream, and the order in which a process tree is killed."""

from __future__ import annotations

import time

from fixtures.shell.session import ProcessKiller, Session, _Frame, _Process
from fixtures.shell.transport import Completed, ProcessTransport


def test_bytes_after_the_end_marker_are_no_output() -> None:
    frame = _Frame(b"mark")
    frame.feed(b"before mark<outmark>0 held\nlate\nlater")
    assert (bytes(frame.data), frame.trailer) == (b"out", b"0 held")


def test_search_for_markers_takes_linear_time() -> None:
    frame = _Frame(b"mark")
    frame.feed(b"mark<")
    began = time.process_time()
    for _ in range(30_000):
        frame.feed(b"twenty bytes of text")
    # 0.02 s here, and 10 s or more if each piece were searched from the start.
    assert time.process_time() - began < 1


class RespawningSession(Session):
    """Shell 10 has child 11, whose own child gets init as its parent unless 11 is stopped in time."""

    def __init__(self) -> None:
        super().__init__(ProcessTransport(["sh"]))
        self.transport.close()
        self.listings = 0
        self.signals: list[str] = []

    def execute(self, command: str, stdin: bytes, deadline: float) -> Completed:
        assert (stdin, deadline) == (b"", 0.0)
        if command.startswith("kill"):
            self.signals.append(command)
            return Completed(0, b"", b"", 0.0)
        self.listings += 1
        killed = any("KILL" in command for command in self.signals)
        child = (11, 10) if self.signals or self.listings == 1 else (12, 1)
        living = [] if killed and child[0] == 11 else [(10, 0), child]
        lines = [f"{pid} (sh) S {parent} {pid} {pid}{' 0' * 15} 7 0\n" for pid, parent in living]
        return Completed(0, "".join(lines).encode(), b"", 0.0)


def test_processes_are_stopped_before_they_are_killed() -> None:
    session = RespawningSession()
    assert ProcessKiller(session, 0.0).kill(_Process(10, "sh", 0, 10, 7)) == []
    assert [line.split()[1] for line in session.signals] == ["-STOP", "-KILL"]
