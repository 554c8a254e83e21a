from __future__ import annotations

import json
import re
import subprocess

import pytest

from fixtures import inventory as inventories
from fixtures import paths
from fixtures.bench.container import (
    GOSS_DIRECTORY,
    goss_file,
    goss_problems,
    loop_of_checks,
    main,
    outcomes,
    problems,
    workload,
)
from fixtures.bench.figures import (
    BenchError,
    Outcome,
    Peer,
    Sample,
    Spread,
    Step,
    command_rows,
    loop_of_true,
    percentile_95,
    ratios,
)
from fixtures.errors import ExitCode
from fixtures.shell.shell import in_scratch_directory

STEP = Step("tool: works", "printf '{{.A}}\\n' | tee f; echo no >&2; exit 3", 3, r"^\{\{\.A}}$", "^no$", 30.0)


def test_ratios_are_formed_round_by_round() -> None:
    assert ratios([2.0, 30.0, 6.0], [1.0, 10.0, 6.0]) == Spread(2.0, 1.0, 3.0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratios([1.0, 2.0], [1.0])


def test_spread_and_percentile() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).show(1) == "2.0 (1.0-3.0)"
    assert percentile_95([float(n) for n in range(101)]) == 95.0
    assert percentile_95([7.0]) == 7.0


def test_table_of_commands_gives_milliseconds_and_ratio() -> None:
    loop = Peer("loop", 10, lambda: Sample(0.0), [Sample(0.01), Sample(0.02)])
    shell = Peer("shell", 2, lambda: Sample(0.0), [Sample(0.006, [0.002, 0.004]), Sample(0.006, [0.003, 0.003])])
    rows = command_rows([loop, shell])
    assert rows[1][2:] == ["", "", "1.50 (1.00-2.00)", "1.00 (1.00-1.00)"]
    assert rows[2][2] == "3.00 (3.00-3.00)"
    assert rows[2][4:] == ["3.00 (3.00-3.00)", "2.25 (1.50-3.00)"]


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


def test_loop_of_true_stops_at_a_failure() -> None:
    done = subprocess.run(["sh", "-c", loop_of_true("echo x; (eval false)", 5)], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"x\n")
    assert subprocess.run(["sh", "-c", loop_of_true("(eval true)", 5)], check=True).returncode == 0


def test_problems_name_the_step_and_what_is_wrong() -> None:
    assert problems(STEP, Outcome(0, "other", "no")) == [
        "tool: works: exit 0 instead of 3",
        r"tool: works: stdout lacks '^\\{\\{\\.A}}$'",
    ]


def test_goss_file_holds_the_step_and_no_template() -> None:
    text = goss_file([STEP])
    assert "{{" not in text
    (resource,) = json.loads(text)["command"].values()
    assert resource["exec"] == in_scratch_directory(STEP.script)
    assert (resource["exit-status"], resource["timeout"]) == (3, 30_000)
    assert resource["stdout"] == {"match-regexp": r"(?m)^\{\{\.A}}$"}


def test_goss_problems_name_what_failed_and_what_did_not_run() -> None:
    result = {"resource-id": STEP.name, "summary-line-compact": "Command: x", "successful": True, "skipped": False}
    assert goss_problems(json.dumps({"results": [result]}), [STEP]) == []
    assert goss_problems(json.dumps({"results": [{**result, "successful": False}]}), [STEP]) == ["Command: x"]
    assert goss_problems(json.dumps({"results": []}), [STEP]) == ["tool: works: not run"]
    with pytest.raises(BenchError, match="no such file"):
        goss_problems("Error: no such file", [STEP])


def test_goss_is_compiled_in_the_product_s_own_toolchain_stage() -> None:
    stage = re.compile(r"^FROM \$\{DEBIAN_IMAGE\} AS go-toolchain\n.*?^ARG GOPROXY$", re.MULTILINE | re.DOTALL)
    files = (GOSS_DIRECTORY / "Dockerfile", paths.IMAGE_DIRECTORY / "Dockerfile.j2")
    stages = [stage.findall(file.read_text(encoding="utf-8")) for file in files]
    assert stages[0] == stages[1], "the go-toolchain stages differ: copy the product's, so that both share one layer"
    assert len(stages[0]) == 1


def test_a_missing_image_is_told_before_anything_is_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.bench.container.ensure", lambda: None)
    monkeypatch.setattr("fixtures.bench.container.image_exists", lambda _: False)
    assert main(["--image", "localhost/absent"]) == ExitCode.SUITE_ERROR
    assert "no image localhost/absent in the local storage: build it" in capsys.readouterr().err
