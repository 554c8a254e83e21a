"""The branches of the gate's proof change what the repository has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from fixtures.gate.proof import branches
from fixtures.inventory import load


def test_tool_that_does_nothing_still_prints_the_version(tmp_path: Path) -> None:
    tool = next(tool for tool in load().tools if tool.name == branches.TOOL)
    assert tool.probe is not None
    place = tmp_path / "docker" / "code-server-dev" / "rootfs" / "usr" / "local" / "bin"
    place.mkdir(parents=True)
    branches.break_tool(tmp_path, tool.version)
    said = subprocess.run([place / branches.TOOL], capture_output=True, text=True, check=True).stdout
    found = re.search(str(tool.probe.pattern), said)
    assert found is not None
    assert found[1] == tool.version, "the build would refuse the branch before a check sees it: correct STUB"
