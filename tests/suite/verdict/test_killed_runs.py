"""Runs that are ended from outside, or whose disk is full, at five moments: never green, and no secret left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.paths import ROOT

CONFTEST = """
import os, resource, time
from pathlib import Path
import pytest

IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ

def reach(moment, in_worker=True):
    if os.environ["MOMENT"] != moment or IN_WORKER is not in_worker:
        return
    if os.environ["ENDING"] == "disk full":
        Path("full").touch()
        return
    Path(f"worker-{os.getpid()}.pid" if IN_WORKER else f"other-{os.getpid()}.pid").touch()
    deadline = time.monotonic() + 60
    while not Path("ended").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

def pytest_configure(config):
    if not IN_WORKER:
        Path("controller.pid").write_text(str(os.getpid()))

def pytest_collection_finish(session):
    reach("collection")

@pytest.fixture
def container():
    reach("set-up")
    yield
    reach("teardown")

def pytest_sessionfinish(session):
    reach("end of a worker")

def pytest_terminal_summary(terminalreporter):
    reach("summary", in_worker=False)
    if os.environ["ENDING"] == "disk full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
"""
CHECK = """
import pytest
from conftest import reach

@pytest.mark.requirement("IMG-1")
def test_user(container):
    reach("check")
    assert "coder"
"""
RUN = """
import signal, sys
from pathlib import Path
from fixtures.verdict.supervisor import run_part

ignored = sys.argv[1] == "SIGINT in the background"
signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
sys.exit(run_part("image", ["-n", "1", "-p", "fixtures.workers.plugin"], root=Path.cwd()))
"""
MOMENTS = ("collection", "set-up", "check", "teardown", "summary")
ENDINGS = ("SIGINT", "SIGINT in the background", "SIGTERM", "SIGKILL", "SIGKILL of a worker", "disk full")

Start = Callable[[str, str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a part over a checkout with one check, which pauses at a moment."""
    (tmp_path / "tests" / "image").mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "tests" / "image" / "test_image.py").write_text(CHECK, encoding="utf-8")
    (tmp_path / "tests" / "checks.txt").write_text("tests/image/test_image.py::test_user\tIMG-1\n", encoding="utf-8")
    settings = "[pytest]\nstrict = true\npythonpath = .\nfilterwarnings = error\n"
    (tmp_path / "pytest.ini").write_text(settings, encoding="utf-8")

    def run(moment: str, ending: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, "MOMENT": moment, "ENDING": ending, "PYTHONPATH": str(ROOT)}
        env.pop("PYTEST_XDIST_WORKER", None)
        return subprocess.Popen([sys.executable, "-c", RUN, ending], cwd=tmp_path, env=env, start_new_session=True)

    return run


def wait_for(folder: Path, pattern: str) -> Path:
    """Wait for a file that a process of the run makes."""
    deadline = time.monotonic() + 60
    while not (found := list(folder.glob(pattern))):
        assert time.monotonic() < deadline, f"no {pattern} within 60 s"
        time.sleep(0.05)
    return found[0]


def send(folder: Path, ending: str, process: subprocess.Popen[bytes]) -> None:
    """End the run that has reached its moment."""
    reached = wait_for(folder, "*-*.pid")
    controller = int((folder / "controller.pid").read_text(encoding="ascii"))
    match ending:
        case "SIGINT" | "SIGINT in the background":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        case "SIGTERM":
            process.send_signal(signal.SIGTERM)
        case "SIGKILL":
            os.kill(controller, signal.SIGKILL)
        case _:
            os.kill(int(reached.stem.partition("-")[2]), signal.SIGKILL)
    # What has a right to go on does, and not before.
    (folder / "ended").touch()


def verdict(folder: Path) -> dict[str, Any] | None:
    """The verdict that a run left, None where it left none."""
    path = folder / ".build" / "verdict-image.json"
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_ended_run_is_never_green(start: Start, tmp_path: Path, moment: str, ending: str) -> None:
    moment = "end of a worker" if (moment, ending) == ("summary", "SIGKILL of a worker") else moment
    process = start(moment, ending)
    try:
        if ending != "disk full":
            send(tmp_path, ending, process)
        status = process.wait(60)
    finally:
        process.kill()
    assert status not in {0, 3}
    left = verdict(tmp_path)
    assert left is None or left["exit_code"] not in {0, 3}, left
    assert left is None or left["broken"] or left["interrupted"]
