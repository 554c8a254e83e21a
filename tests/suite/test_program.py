"""The frame of the suite's programs: errors are one line, and signals clean up."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.paths import ROOT
from fixtures.program import INTERRUPTED, end_in_order
from fixtures.redaction import keep

OF_THEIR_OWN = {
    "fixtures/browser/in_own_network.py": "becomes the browser",
    "fixtures/verdict/__main__.py": "pytest's process is ended by its supervisor",
    "fixtures/report/document.py": "writes one file in one step",
    "fixtures/preflight/listing.py": "prints only",
    "fixtures/stability/relay.py": "makes nothing that outlives it; runs in another network, by its path",
}
PROGRAMS = [
    path
    for path in sorted((ROOT / "fixtures").rglob("*.py"))
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_lets_a_program_clean_up(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    cleaned = []
    signal.signal(number, signal.default_int_handler)  # nohup ignores SIGHUP, a shell SIGINT of its background jobs

    def body() -> int:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)  # a second one must not end the cleaning up
            cleaned.append(number)
        return 0

    assert end_in_order(body, "no cluster is left") == INTERRUPTED
    assert cleaned == [number]
    assert capsys.readouterr().err == "interrupted: no cluster is left\n"


def test_handlers_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert end_in_order(lambda: 3) == 3
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("a file: is gone", "name another"), ExitCode.USAGE, "error: a file: is gone: name another"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), ExitCode.SUITE_ERROR, "device: free some space"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), ExitCode.SUITE_ERROR, "file: see whether it is there"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), ExitCode.SUITE_ERROR, "denied: look at its rights"),
    ],
)
def test_fault_is_one_line(error: Exception, code: ExitCode, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> int:
        raise error

    assert end_in_order(body) == code
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "error", [UsageError("s3cret-word: is gone", "name another"), OSError(errno.ENOENT, "No such file", "s3cret-word")]
)
def test_fault_is_told_without_a_secret(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    keep("s3cret-word")

    def body() -> int:
        raise error

    end_in_order(body)
    assert capsys.readouterr().err.startswith("error: ***: ")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_program_ends_in_order(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    assert name in OF_THEIR_OWN or "end_in_order(" in path.read_text(encoding="utf-8"), (
        f"{name}: a signal ends it without cleaning up: run its body by fixtures.program.end_in_order"
    )
