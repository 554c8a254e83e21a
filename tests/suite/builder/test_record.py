"""What belongs to a tool in the image, and what the manifest records of it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from fixtures.builder.record import footprint, tool_record
from fixtures.errors import ProductError
from fixtures.inventory import load
from fixtures.layers.packages import ToolFootprint
from fixtures.shell.shell import Shell
from fixtures.shell.transport import ProcessTransport


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("helm", ToolFootprint("helm", paths=("/usr/local/bin/helm",)), id="go"),
        pytest.param("k9s", ToolFootprint("k9s", paths=("/usr/local/bin/k9s",)), id="prebuilt"),
        pytest.param("jq", ToolFootprint("jq", debian=("jq",)), id="debian"),
        pytest.param("httpie", ToolFootprint("httpie", python=("httpie",)), id="python"),
        pytest.param(
            "ansible-galaxy",
            ToolFootprint("ansible-galaxy", paths=("/usr/share/ansible/collections",)),
            id="collections",
        ),
    ],
)
def test_footprint_follows_the_source(name: str, expected: ToolFootprint) -> None:
    tool = load().tool(name)
    assert footprint(tool) == dataclasses.replace(expected, budget=tool.budget)


def test_program_behind_a_script_is_what_a_wrapped_tool_costs() -> None:
    helm = load().tool("helm")
    wrapped = helm.model_copy(update={"source": helm.source.model_copy(update={"wrapped": True})})
    assert footprint(wrapped) == ToolFootprint("helm", paths=("/usr/local/libexec/helm",), budget=helm.budget)


def test_tool_without_a_version_is_the_product_s_fault(tmp_path: Path) -> None:
    fake = tmp_path / "yq"
    fake.write_text("#!/bin/sh\necho nothing\n", encoding="utf-8")
    fake.chmod(0o755)
    opened = Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test")
    fix = r"rebuild the image, or correct its probe in docker/code-server-dev/tools\.toml$"
    with opened as shell, pytest.raises(ProductError, match=rf"^yq reports no version: nothing matches .*: {fix}"):
        tool_record(shell, 1, load().tool("yq"), 1)


def test_record_has_the_reported_version_and_the_digest_of_the_command(tmp_path: Path) -> None:
    program = "#!/bin/sh\necho yq version v4.40.5\n"
    (tmp_path / "yq").write_text(program, encoding="utf-8")
    (tmp_path / "yq").chmod(0o755)
    with Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test") as shell:
        recorded = tool_record(shell, 18, load().tool("yq"), 7)
    assert (recorded.version, recorded.bytes, recorded.source_kind) == ("4.40.5", 7, "go")
    assert recorded.sha256 == hashlib.sha256(program.encode()).hexdigest()
