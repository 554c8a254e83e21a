"""What the proof of the gate takes for right and wrong, and what it leaves of its runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.gate.proof import __main__ as proof
from fixtures.gate.proof import branches, cases, runner, runner_program, server
from fixtures.gate.proof.cases import IMAGE, REQUEST_JOB, Seen
from fixtures.gate.proof.server import ProofError
from fixtures.host.process import PodmanError
from fixtures.paths import ROOT
from tests.suite.published import addresses

GREEN = {REQUEST_JOB: ("success", "Successful in 4m"), IMAGE: ("success", "part image passed · 716 checks")}
COMMENT = "What changed\nimage: 1,800.0 → 1,800.0 MB\nreport.html"
COMMENT_NEEDS = ("image:", "What changed", "report.html")
RED = {REQUEST_JOB: ("failure", ""), IMAGE: ("failure", "failed: TOOL-yq-runs · 716 checks")}


def test_green_is_what_has_no_other_status() -> None:
    assert not list(cases.judge_green(Seen(GREEN, COMMENT)))
    (wrong,) = cases.judge_green(Seen({**GREEN, IMAGE: ("pending", "has not ended")}, COMMENT))
    assert wrong == "conformance/image is pending: has not ended"


def test_green_without_its_comment_is_wrong() -> None:
    assert list(cases.judge_green(Seen(GREEN))) == [f"the comment lacks {word!r}" for word in COMMENT_NEEDS]


@pytest.mark.parametrize(
    ("statuses", "wrong"),
    [
        (RED, []),
        (GREEN, ["verify / verify (pull_request) is success", "conformance/image is success"]),
        (RED | {IMAGE: ("failure", "failed: IMG-3")}, ["conformance/image does not say"]),
        ({REQUEST_JOB: ("failure", "")}, ["conformance/image is none"]),
    ],
)
def test_broken_tool_has_to_be_named(statuses: dict[str, tuple[str, str]], wrong: list[str]) -> None:
    found = list(cases.judge_broken("yq", Seen(statuses, "What to do: TOOL-yq-runs")))
    assert [one[: len(start)] for one, start in zip(found, wrong, strict=True)] == wrong


def test_deleted_check_has_to_be_missed() -> None:
    text = "partial: 3 requirements not run whole: IMG-8, ENV-5 · 700 checks"
    assert not list(cases.judge_deleted(Seen(RED | {IMAGE: ("failure", text)})))
    assert list(cases.judge_deleted(Seen(RED)))


@pytest.mark.parametrize(("state", "right"), [("pending", True), ("success", False), ("failure", False)])
def test_part_of_a_runner_that_died_has_to_stay_pending(state: str, *, right: bool) -> None:
    seen = Seen({REQUEST_JOB: ("failure", ""), IMAGE: (state, "")})
    assert bool(list(cases.judge_died(seen))) is not right


def test_checks_that_a_branch_deletes_are_there(tmp_path: Path) -> None:
    assert (ROOT / branches.DELETED).is_file(), "fixtures/gate/proof/branches.py: DELETED is gone: name another file"
    assert branches.DELETED in (ROOT / "tests" / "checks.txt").read_text(encoding="utf-8")
    assert tmp_path.is_dir()


def test_jobs_get_nothing_of_this_run_and_caches_of_the_user(tmp_path: Path) -> None:
    mine = {"CONFORMANCE_RUN_ID": "x", "NOX_CURRENT_SESSION": "gate", "GITHUB_SHA": "y", "VIRTUAL_ENV": "/v"}
    mine |= dict.fromkeys(
        ("GATE_TOKEN", "GATE_PACKAGES_TOKEN", "GATE_WITHOUT", "GH_TOKEN", "GITHUB_TOKEN", "GITEA_TOKEN",
         "ACTIONS_RUNTIME_TOKEN", "RUNNER_TEMP", "PIPX_HOME", "PYTEST_ADDOPTS", "PYTHONPATH"), "z",
    )  # fmt: skip
    other = {"PATH": "/v/bin:/usr/bin", "SSL_CERT_FILE": "/ca.pem", "XDG_CACHE_HOME": "/cache", "NO_PROXY": "a.example"}
    assert runner.environment(mine | other, tmp_path, "gate-1") == {
        **other,
        "PATH": "/usr/bin",
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": "/cache/uv",
        "PIP_CACHE_DIR": "/cache/pip",
        "NO_PROXY": "a.example,127.0.0.1,localhost",
        "no_proxy": "a.example,127.0.0.1,localhost",
        runner.MARK: "gate-1",
        "CODE_SERVER_CONFORMANCE_RUN": "gate-1-jobs",
    }


def test_runner_that_dies_takes_all_along_that_its_jobs_started(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], start_new_session=True)"
    there = {**os.environ, runner.MARK: f"test-{os.getpid()}"}
    with subprocess.Popen([sys.executable, "-c", script], env=there, stdin=subprocess.PIPE) as process:
        while len(runner.marked(f"test-{os.getpid()}")) < 2:
            assert process.poll() is None
        runner.Runner(f"test-{os.getpid()}", tmp_path).die()
    assert not runner.marked(f"test-{os.getpid()}")


def test_another_runner_s_processes_stay(tmp_path: Path) -> None:
    mark = f"test-{os.getpid()}"
    there = {**os.environ, runner.MARK: f"{mark}1", "GATE_ABOUT": f"{runner.MARK}={mark}"}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=there, stdin=subprocess.PIPE) as process:
        while process.pid not in runner.marked(f"{mark}1"):  # its environment is this process's at first
            assert process.poll() is None
        runner.Runner(mark, tmp_path).die()
        assert process.poll() is None
        runner.Runner(f"{mark}1", tmp_path).die()


def test_another_checkout_s_images_and_containers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = "a1.conformance", "a1.conformance2"
    there = [{"Id": f"container-of-{host}", "Image": f"{host}/library/x:1"} for host in (mine, other)]
    removed: list[str] = []

    def podman(*words: str) -> str:
        if "rm" in words:
            removed.append(words[-1])
        # podman lists all names of an image that has one of those asked for.
        return json.dumps(there) if words[0] == "ps" else "\n".join(f"{host}/library/x:1" for host in (mine, other))

    monkeypatch.setattr(runner, "podman", podman)
    runner._remove_images(mine)
    assert removed == [f"container-of-{mine}", f"{mine}/library/x:1"]


class SmallRepository:
    """A repository whose job goes on by one state each time that the commit's statuses are asked for."""

    path = "/repos/owner/suite"

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.gitea = self

    def ask(self, _method: str, _path: str) -> list[dict[str, Any]]:
        """Return the statuses of a commit, in no order; an empty state is none yet."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        before = [{"id": 9, "context": REQUEST_JOB, "status": "pending", "description": "waits"}] if state else []
        now = {"id": 10, "context": REQUEST_JOB, "status": state, "description": "now"}
        return [*before, now, {"id": 1, "context": IMAGE, "status": "success", "description": ""}] if state else []


def test_newest_status_of_each_context_counts() -> None:
    repository: Any = SmallRepository("failure")
    seen = cases.statuses(repository, "a" * 40)
    assert seen.statuses == {REQUEST_JOB: ("failure", "now"), IMAGE: ("success", "")}


def test_job_has_ended_when_its_newest_status_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(cases, "pause", pauses.append)
    repository: Any = SmallRepository("", "pending", "failure")
    seen = cases._wait(repository, "a" * 40, REQUEST_JOB, seconds=10)
    assert seen.state(REQUEST_JOB) == "failure"
    assert len(pauses) == 2


@pytest.mark.parametrize("state", ["", "pending"])
def test_job_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(cases, "pause", lambda _: None)
    repository: Any = SmallRepository(state)
    with pytest.raises(ProofError, match=r"^waited 0 s until verify / verify \(pull_request\) on aaaaaaaaaaaa ends"):
        cases._wait(repository, "a" * 40, REQUEST_JOB, seconds=0.01)


def test_server_of_the_proof_is_reached_from_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[str] = []

    def podman(*words: str) -> str:
        started.extend(words if words[0] == "run" else ())
        return "127.0.0.1:45678" if words[0] == "port" else ""

    for name, fake in {"podman": podman, "wait_answering": lambda *_: None, "_tokens": lambda _: ("t", "r")}.items():
        monkeypatch.setattr(server, name, fake)
    monkeypatch.setattr("fixtures.services.images.image", lambda *_: "image")
    with server.serving("gate-1", tmp_path) as gitea:
        assert addresses(started) == ["127.0.0.1"]
    assert gitea.address == "http://127.0.0.1:45678"


def test_case_that_is_none_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        proof.main(["--only", "broken-tol"])
    assert ended.value.code == 4
    assert "did you mean broken-tool?" in capsys.readouterr().err


@pytest.mark.parametrize(("wrong", "code"), [([], 0), (["conformance/image is success, not failure: "], 1)])
def test_gate_that_lets_something_through_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str], code: int
) -> None:
    seen = Seen(GREEN, COMMENT)
    monkeypatch.setattr(cases, "run_main", lambda *_, **__: seen)
    monkeypatch.setattr(cases, "run", lambda *_: (seen, wrong))
    nothing: Any = None
    assert proof._prove(["broken-tool"], nothing, nothing) == code
    said = capsys.readouterr().out
    assert ("the gate does not hold: broken-tool" in said) is bool(code)
    assert all(f"   WRONG: {line}" in said for line in wrong)


def test_containers_are_removed_though_podman_was_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def podman(*words: str) -> str:
        asked.append(words[-1])
        if len(asked) == 1:
            raise PodmanError("`podman rm` failed (-15)", "it said nothing")
        return ""

    monkeypatch.setattr(server, "podman", podman)
    server.remove("gitea", "postgresql")
    assert asked == ["gitea", "gitea", "postgresql"]


def test_runner_is_named_after_all_that_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]
) -> None:
    relocate("BUILD_DIRECTORY", tmp_path)
    exported: list[tuple[str, str]] = []
    monkeypatch.setattr(runner_program, "_image", lambda reference: reference)
    monkeypatch.setattr(runner_program, "export", lambda image, _, place: exported.append((image, place.name)))
    for changed in (None, runner_program.DIRECTORY, runner_program.DIRECTORY / "toolchain", "debian"):
        monkeypatch.setattr(runner_program, "folder_digest", lambda folder, changed=changed: str(folder == changed))
        monkeypatch.setattr(runner_program, "debian_image", lambda changed=changed: f"debian:{changed == 'debian'}")
        runner_program.program()
    assert len({image for image, _ in exported}) == len({name for _, name in exported}) == 4
