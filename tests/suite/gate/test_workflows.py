"""The workflows take what the repository has: sessions, runners without a network, and what docs/gate.md says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.paths import ROOT
from tests.suite.test_noxfile import sessions

WORKFLOWS = sorted((ROOT / ".gitea" / "workflows").glob("*.yaml"))
PUBLISHING = {"promote", "attest"}
"""Parts that nothing may run after a failure."""
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def steps(path: Path) -> list[dict[str, Any]]:
    (job,) = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def parts(path: Path) -> list[str]:
    """The parts that a workflow runs."""
    return [found[1] for step in steps(path) if (found := re.match(r"\.ci/part (\S+)", step["run"]))]


def test_there_is_a_workflow_for_each_occasion() -> None:
    assert [path.stem for path in WORKFLOWS] == ["main", "nightly", "verify"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_runs_where_no_action_can_be_fetched(path: Path) -> None:
    fetched = [step["name"] for step in steps(path) if "uses" in step or "run" not in step]
    assert not fetched, f"{path.name}: {fetched} use an action, which an offline runner cannot fetch: write `run:`"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_part_is_a_session_and_is_pending_from_the_beginning(path: Path) -> None:
    (begin,) = [step["run"] for step in steps(path) if step["name"] == "begin"]
    begun = begin.partition(" begin ")[2].split()
    unknown = set(parts(path)) - set(sessions())
    assert not unknown, f"{path.name}: {sorted(unknown)} are no sessions of nox: correct them"
    silent = set(parts(path)) - set(begun) - PUBLISHING
    assert not silent, f"{path.name}: {sorted(silent)} would be green or nothing: name them in the step begin"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_job_reports_and_cleans_whatever_happened(path: Path) -> None:
    last = [(step["name"], step.get("if")) for step in steps(path)[-2:]]
    assert last == [("report", "always()"), ("clean", "always()")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_part_runs_after_another_failed_and_its_failure_stays_one(path: Path) -> None:
    mild = [step["name"] for step in steps(path) if "continue-on-error" in step]
    assert mild == ["clean"], f"{path.name}: what {mild} find is no failure of the job: let it be one"
    conditions = {step["name"]: step["if"] for step in steps(path) if step["name"] in parts(path)}
    needed = {name: "begin" if name in {"lint", "selftest", "build"} else "build" for name in parts(path)}
    wanted = {name: f"${{{{ !cancelled() && steps.{need}.outcome == 'success' }}}}" for name, need in needed.items()}
    publishing = dict.fromkeys(PUBLISHING & set(wanted), "${{ success() && vars.REGISTRY != '' }}")
    assert conditions == wanted | publishing


def test_image_is_published_by_the_main_job_alone_after_all_of_its_parts() -> None:
    publishing = {path.stem: [name for name in parts(path) if name in PUBLISHING] for path in WORKFLOWS}
    assert publishing == {"main": ["promote", "attest"], "nightly": [], "verify": []}
    (main,) = [path for path in WORKFLOWS if path.stem == "main"]
    assert parts(main)[-2:] == ["promote", "attest"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_the_repository_has_to_set_is_in_its_page(path: Path) -> None:
    named = set(re.findall(r"(?:vars|secrets)\.(\w+)", path.read_text(encoding="utf-8")))
    assert named
    untold = sorted(name for name in named if f"`{name}`" not in PAGE)
    assert not untold, f"{path.name}: docs/gate.md does not say what {untold} are: tell it in the table of the gate"


def test_verdict_of_the_gate_is_strict() -> None:
    lines = [step["run"] for path in WORKFLOWS for step in steps(path) if ".ci/part image" in step["run"]]
    assert lines == [".ci/part image --strict-verdict"] * 3
