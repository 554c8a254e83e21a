"""The branches of the gate's proof change what the repository has."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from fixtures.builder import root_files as root_files_module
from fixtures.builder.dockerfile import image_environment
from fixtures.gate.proof import branches
from fixtures.inventory import load

TOOL = branches.tool_to_break(load())
PLACE = f"usr/local/sbin/{TOOL.commands[0]}"


def test_tool_that_is_broken_answers_for_its_version_alone(tmp_path: Path) -> None:
    branches.break_tool(tmp_path, TOOL)
    stub = tmp_path / "docker" / "code-server-dev" / "rootfs" / PLACE
    assert subprocess.run([stub, "anything"], capture_output=True, check=False).stdout == b""
    asked = subprocess.run([stub, *shlex.split(TOOL.probe.command)[1:]], capture_output=True, text=True, check=False)
    there = Path(f"/usr/local/bin/{TOOL.commands[0]}").exists()
    assert there or f"/usr/local/bin/{TOOL.commands[0]}" in asked.stderr, (
        "it does not ask the tool itself: correct STUB"
    )


def test_tool_that_is_broken_gets_into_the_image_before_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches.break_tool(tmp_path, TOOL)
    monkeypatch.setattr(root_files_module, "IMAGE_DIRECTORY", tmp_path / "docker" / "code-server-dev")
    assert PLACE in {one.place for one in root_files_module.root_files(load())}
    path = image_environment(load())["PATH"].split(":")
    assert path.index("/usr/local/sbin") < path.index("/usr/local/bin")
