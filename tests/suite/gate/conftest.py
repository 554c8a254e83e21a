"""Fixtures of the gate's tests: a forge, a job of it, and the checkout that the job works in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.gate import __main__ as gate
from fixtures.gate import report
from fixtures.gate.job import Job
from fixtures.verdict import binding
from tests.suite.conftest import Relocate
from tests.suite.gate import small_forge
from tests.suite.gate.small_forge import SmallForge
from tests.suite.report import sample_runs

Variables = dict[str, str]
Publish = Callable[..., int]


@pytest.fixture(autouse=True)
def no_run_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets which run these tests are part of."""
    monkeypatch.delenv(binding.RUN, raising=False)


@pytest.fixture
def forge() -> Iterator[SmallForge]:
    """A forge that answers."""
    with small_forge.serving() as forge:
        yield forge


@pytest.fixture
def variables(forge: SmallForge, tmp_path: Path) -> Variables:
    """The environment of a job that a pull request has."""
    head = {"head": {"sha": small_forge.COMMIT}, "base": {"ref": "main"}, "number": 7}
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": head}), encoding="utf-8")
    return {
        "GITEA_ACTIONS": "true",
        "GITHUB_SERVER_URL": forge.address,
        "GITHUB_API_URL": f"{forge.address}/api/v1",
        "GITHUB_REPOSITORY": "dev/suite",
        "GITHUB_SHA": "d" * 40,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REF_NAME": "7/head",
        "GITHUB_RUN_NUMBER": "12",
        "GITHUB_RUN_ID": "345",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GATE_TOKEN": small_forge.TOKEN,
        "GATE_PACKAGES_TOKEN": small_forge.PACKAGES_TOKEN,
    }


@pytest.fixture
def job(variables: Variables) -> Job:
    """That job."""
    return Job.from_environment(variables)


@pytest.fixture
def build(relocate: Relocate, tmp_path: Path) -> Path:
    """The folder of a build, empty."""
    relocate("BUILD_DIRECTORY", tmp_path / "build")
    return tmp_path / "build"


@pytest.fixture
def run_folder(build: Path) -> Path:
    """The folder of a run of the image part that failed, with its page, as `latest` leads to it."""
    folder = sample_runs.write(build / "runs" / "latest", sample_runs.document("image", ["BLD-3"]))
    (folder / "manifest.json").write_text(json.dumps(sample_runs.manifest()), encoding="utf-8")
    (folder / "report.html").write_text("<p>page</p>", encoding="utf-8")
    return folder


@pytest.fixture
def publish(variables: Variables, build: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Runs a command of `nox -s publish` in that job, with other variables where they are named."""
    build.mkdir(exist_ok=True)
    monkeypatch.setattr(gate, "_before", lambda _job: "# head\na\tIMG-1\n")
    monkeypatch.setattr(report, "list_of_checks", lambda: "# head\na\tIMG-1\n")

    def run(*words: str, **other: str) -> int:
        for name, value in (variables | other).items():
            monkeypatch.setenv(name, value)
        return gate.main(words)

    return run
