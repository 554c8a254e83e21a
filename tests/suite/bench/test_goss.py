"""What goss is given and what it reports."""

from __future__ import annotations

import json
import re

import pytest

from fixtures import paths
from fixtures.bench.figures import BenchError
from fixtures.bench.goss import GOSS_DIRECTORY, goss_file, goss_problems
from fixtures.bench.workload import Step
from fixtures.shell.shell import in_scratch_directory

STEP = Step("tool: works", "printf '{{.A}}\\n' | tee f; echo no >&2; exit 3", 3, r"^\{\{\.A}}$", "^no$", 30.0)


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
    stage = re.compile(r"^FROM \$\{DEBIAN_IMAGE\} AS go-toolchain\n.*?^ARG GOENV$", re.MULTILINE | re.DOTALL)
    files = (GOSS_DIRECTORY / "Dockerfile", paths.IMAGE_DIRECTORY / "Dockerfile.j2")
    stages = [stage.findall(file.read_text(encoding="utf-8")) for file in files]
    assert stages[0] == stages[1], "the go-toolchain stages differ: copy the product's, so that both share one layer"
    assert len(stages[0]) == 1
