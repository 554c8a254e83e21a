"""What a part's process said and how it ended are compared: the worse one counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest

from fixtures.errors import ExitCode, SuiteError
from fixtures.marks import RUN_VARIABLE
from fixtures.verdict import __main__ as command_line
from fixtures.verdict import binding, supervisor
from fixtures.verdict.supervisor import run_part, settle
from fixtures.verdict.verdict_file import UNFINISHED, VerdictFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a part of a checkout with a sound conftest.py has its verdict."""
    (tmp_path / "conftest.py").write_text("pytest_plugins = ('json.decoder', 'pytester')\n", encoding="utf-8")
    (tmp_path / ".build").mkdir()
    return tmp_path / ".build" / "verdict-image.json"


WRITTEN = {"run": "1a2b", "part": "image"}


def write(path: Path, code: int, *broken: str) -> None:
    """A verdict of part `image` with an exit code."""
    document = WRITTEN | {"exit_code": code, "broken": list(broken), "verdict": "?"}
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        pytest.param(0, 0, 0, id="passed"),
        pytest.param(3, 3, 3, id="incomplete"),
        pytest.param(1, 1, 1, id="failed"),
        pytest.param(0, 1, 2, id="broke after its verdict"),
        pytest.param(2, 0, 2, id="left by os._exit"),
        pytest.param(1, -9, 1, id="killed after a failure"),
        pytest.param(0, -15, 2, id="ended after it had passed"),
    ],
)
def test_verdict_and_exit_status_have_to_agree(path: Path, said: int, status: int, code: int) -> None:
    write(path, said)
    assert settle("image", path, status) == code
    assert json.loads(path.read_text(encoding="utf-8"))["exit_code"] == code


@pytest.mark.parametrize("status", [0, 1, 3, -9])
def test_run_that_did_not_get_to_its_verdict_is_an_error(path: Path, status: int) -> None:
    write(path, 2, UNFINISHED)
    assert settle("image", path, status) == 2
    assert json.loads(path.read_text(encoding="utf-8"))["broken"] != [UNFINISHED]


def test_run_without_a_verdict_is_an_error(path: Path) -> None:
    assert settle("image", path, 0) == 2


def test_wrong_input_leaves_no_verdict(path: Path) -> None:
    write(path, 2, UNFINISHED)
    assert settle("image", path, 4) == 4
    assert not path.exists()


def test_broken_plugin_is_no_wrong_input(path: Path) -> None:
    (path.parent.parent / "conftest.py").write_text("pytest_plugins = ('json.no_such_plugin',)\n", encoding="utf-8")
    write(path, 2, UNFINISHED)
    assert settle("image", path, 4) == 2


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        pytest.param("{", 0, 2, id="no JSON"),
        pytest.param("[]", 0, 2, id="no document"),
        pytest.param('{"exit_code": 0}', 0, 2, id="no key"),
        pytest.param("{", 4, 4, id="no JSON of a refused run"),
        pytest.param('{"exit_code": 0, "broken": []}', 0, 0, id="the least that is one"),
    ],
)
def test_file_is_a_verdict_or_none(path: Path, text: str, status: int, code: int) -> None:
    path.write_text(text, encoding="utf-8")
    assert settle("image", path, status) == code


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(-9, "it ended with signal SIGKILL before its verdict", id="signal"),
        pytest.param(-1, "it ended with signal SIGHUP before its verdict", id="the first signal"),
        pytest.param(0, "it ended with exit status 0 before its verdict", id="status"),
    ],
)
def test_end_before_the_verdict_is_told(path: Path, capsys: pytest.CaptureFixture[str], status: int, said: str) -> None:
    write(path, 2, UNFINISHED)
    settle("image", path, status)
    assert capsys.readouterr().err == f"ERROR part image: {said}: run it again\n"
    assert json.loads(path.read_text(encoding="utf-8")) == WRITTEN | {
        "exit_code": 2,
        "broken": [said],
        "verdict": "error",
    }


def test_corrected_verdict_keeps_what_was_broken_and_a_failure(path: Path) -> None:
    write(path, 1, "no disk")
    assert settle("image", path, 0) == 1
    found = json.loads(path.read_text(encoding="utf-8"))
    said = "its verdict calls for exit code 1, and it ended with exit status 0"
    assert found == WRITTEN | {"exit_code": 1, "broken": ["no disk", said], "verdict": "failed"}


def test_verdict_that_cannot_be_corrected_is_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError("no space")

    write(path, 0)
    monkeypatch.setattr(VerdictFile, "write", full)
    assert settle("image", path, 1) == 2
    assert not path.exists()


# ---- the process of a part


class Process:
    """The process of a part, which writes a verdict and ends with a status."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self.command, self.cwd = command, cwd
        self.signals: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def wait(self) -> int:
        path = self.cwd / ".build" / "verdict-image.json"
        assert json.loads(path.read_text(encoding="utf-8"))["broken"] == [UNFINISHED]
        write(path, 3)
        return 3


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The processes that were started, of run 1a2b."""
    found: list[Process] = []

    def start(command: list[str], cwd: Path, env: dict[str, str]) -> Process:
        assert env[binding.RUN] == "1a2b"
        found.append(Process(command, cwd))
        return found[-1]

    monkeypatch.setattr(binding, "facts", lambda *_: {"run": "1a2b"})
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(supervisor, "podman", lambda *_: "")
    return found


def test_part_is_run_over_its_folder_and_ends_with_its_verdict(path: Path, started: list[Process]) -> None:
    assert run_part("image", ["-k", "jq"], root=path.parent.parent) == ExitCode.INCOMPLETE
    assert started[0].command[3:] == [
        "-p", "fixtures.verdict.plugin", "tests/image", "--part=image", f"--verdict-json={path}", "--brief", "-k", "jq",
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "kept"), [(4, True), (2, False)], ids=["refused", "broken"])
def test_verdict_before_stays_where_a_run_was_refused(
    path: Path, started: list[Process], monkeypatch: pytest.MonkeyPatch, code: int, *, kept: bool
) -> None:
    write(path, 0)
    before, whole = path.read_text(encoding="utf-8"), path.with_name("verdict.json")
    whole.write_text("{}", encoding="utf-8")

    def refused(*_arguments: object) -> int:
        path.unlink()
        whole.unlink()
        return code

    monkeypatch.setattr(supervisor, "_run", refused)
    assert run_part("image", ["--inventory=none"], root=path.parent.parent) == code
    assert not started
    found = [path.read_text(encoding="utf-8"), whole.read_text(encoding="utf-8")] if path.exists() else []
    assert found == ([before, "{}"] if kept else [])


@pytest.mark.parametrize(("of", "removed"), [("1a2b-image", ["left"]), ("a gate's job", [])], ids=["ours", "a gate's"])
@pytest.mark.usefixtures("started")
def test_containers_that_a_killed_worker_left_are_removed(
    path: Path, monkeypatch: pytest.MonkeyPatch, of: str, removed: list[str]
) -> None:
    gone: list[str] = []

    def podman(*words: str) -> str:
        gone.extend(words[5:] if words[0] == "rm" else [])
        return "left\n" if "--filter=label=conformance.run=1a2b-image" in words else ""

    monkeypatch.setattr(supervisor, "podman", podman)
    # Set where the self-tests themselves run in a gate.
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    if of != "1a2b-image":
        monkeypatch.setenv(RUN_VARIABLE, of)
    run_part("image", [], root=path.parent.parent)
    assert gone == removed


def test_part_whose_file_cannot_be_written_is_not_run(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SuiteError, match=r"^verdict-image\.json: Is no file: look at its rights, and at the disk$"):
        run_part("image", [], root=path.parent.parent)


def test_signals_are_handed_on_while_the_part_runs(tmp_path: Path) -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    process: Any = Process([], tmp_path)
    with supervisor._forwarded(process):
        for number in numbers:
            os.kill(os.getpid(), number)
    assert process.signals == [signal.SIGTERM, signal.SIGHUP]
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [([], "error: 'no part': name one of image, "), (["imag", "-x"], "error: 'imag': name one of image, ")],
)
def test_part_must_be_named(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(arguments) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(line)


def test_part_is_run_with_the_words_after_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "publish", lambda: None)
    codes = {("live", ("-x",), False): 3, ("live", ("-x",), True): 1}
    run = lambda part, rest, *, again: codes.get((part, tuple(rest), again), 0)  # noqa: E731
    monkeypatch.setattr(command_line, "run_part", run)
    assert command_line.main(["live", "--rerun-failed", "-x"]) == 1
    monkeypatch.setattr("sys.argv", ["fixtures.verdict", "live", "-x"])
    assert (command_line.main(["live", "-x"]), command_line.main(["live"]), command_line.main()) == (3, 0, 3)

    def full(*_arguments: object, **_options: object) -> int:
        raise SuiteError("no space", "free some")

    monkeypatch.setattr(command_line, "run_part", full)
    assert command_line.main(["image"]) == ExitCode.SUITE_ERROR
    assert capsys.readouterr().err == "error: no space: free some\n"
