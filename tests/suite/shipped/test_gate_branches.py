"""The branches of the gate's proof change what the repository has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fixtures.builder import root_files as root_files_module
from fixtures.builder.dockerfile import image_environment
from fixtures.gate.proof import branches
from fixtures.inventory import load

STUB = "docker/code-server-dev/rootfs/usr/local/sbin/yq"


def test_tool_that_does_nothing_still_prints_the_version(tmp_path: Path) -> None:
    tool = next(tool for tool in load().tools if tool.name == branches.TOOL)
    assert tool.probe is not None
    branches.break_tool(tmp_path, tool.version)
    said = subprocess.run([tmp_path / STUB], capture_output=True, text=True, check=True).stdout
    found = re.search(str(tool.probe.pattern), said)
    assert found is not None
    assert found[1] == tool.version, "the build would refuse the branch before a check sees it: correct STUB"


def test_tool_that_does_nothing_gets_into_the_image_before_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches.break_tool(tmp_path, "1")
    monkeypatch.setattr(root_files_module, "IMAGE_DIRECTORY", tmp_path / "docker" / "code-server-dev")
    assert "usr/local/sbin/yq" in {one.place for one in root_files_module.root_files(load())}
    path = image_environment(load())["PATH"].split(":")
    assert path.index("/usr/local/sbin") < path.index("/usr/local/bin")
