"""The commands that are measured, and what is wrong with one that fails."""

from __future__ import annotations

import subprocess

from fixtures import inventory as inventories
from fixtures.bench.workload import Outcome, Step, loop_of_checks, outcomes, problems, workload

STEP = Step("tool: works", "printf '{{.A}}\\n' | tee f; echo no >&2; exit 3", 3, r"^\{\{\.A}}$", "^no$", 30.0)


def test_workload_holds_each_probe_and_each_check_of_the_default_profile() -> None:
    inventory = inventories.load()
    steps = workload(inventory, {"k9s": "not handed in"})
    tools = [tool for tool in inventory.tools if tool.name != "k9s"]
    checks = [check for tool in tools for check in tool.checks if "default" in check.profiles]
    assert len({step.name for step in steps}) == len(steps) == len(tools) + len(checks)
    assert all(step.stdout or step.stderr for step in steps)


def test_loop_runs_every_step_and_its_output_can_be_told_apart() -> None:
    steps = [STEP, Step("tool: again", "cat; ls", 0, "", "", 30.0)]
    done = subprocess.run(["sh", "-c", loop_of_checks(steps, "MARK")], capture_output=True, text=True, check=True)
    found = outcomes(done.stdout, done.stderr, "MARK")
    assert found == [Outcome(3, "{{.A}}\n", "no\n"), Outcome(0, "", "")]
    assert problems(STEP, found[0]) == []


def test_problems_name_the_step_and_what_is_wrong() -> None:
    assert problems(STEP, Outcome(0, "other", "no")) == [
        "tool: works: exit 0 instead of 3",
        r"tool: works: stdout lacks '^\\{\\{\\.A}}$'",
    ]
