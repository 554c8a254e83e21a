"""What of the image belongs to a tool, and what the command line answers to bad input."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from fixtures import __main__ as command_line
from fixtures.builder.record import footprint, tool_record
from fixtures.errors import ExitCode, ProductError
from fixtures.inventory import load
from fixtures.layers.packages import ToolFootprint
from fixtures.shell.shell import Shell
from fixtures.shell.transport import ProcessTransport


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("helm", ToolFootprint("helm", paths=("/usr/local/bin/helm",))),
        ("k9s", ToolFootprint("k9s", paths=("/usr/local/bin/k9s",))),
        ("jq", ToolFootprint("jq", debian=("jq",))),
        ("copier", ToolFootprint("copier", python=("copier",))),
        (
            "ansible-galaxy",
            ToolFootprint("ansible-galaxy", paths=("/usr/share/ansible/collections",)),
        ),
    ],
)
def test_footprint_follows_the_source(name: str, expected: ToolFootprint) -> None:
    tool = load().tool(name)
    assert footprint(tool) == dataclasses.replace(expected, budget=tool.budget)


def test_tool_without_a_version_is_the_product_s_fault(tmp_path: Path) -> None:
    fake = tmp_path / "yq"
    fake.write_text("#!/bin/sh\necho nothing\n", encoding="utf-8")
    fake.chmod(0o755)
    opened = Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test")
    with opened as shell, pytest.raises(ProductError, match=r"^yq tells no version: nothing matches .* mend its entry"):
        tool_record(shell, load().tool("yq"), 1)


def test_unknown_tool_is_one_line_and_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["build", "--prebuilt", "k9z=/bin/true"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: tools.toml: unknown tool 'k9z', did you mean 'k9s'?\n"


def test_render_writes_the_dockerfile(tmp_path: Path) -> None:
    assert command_line.main(["render", str(tmp_path / "new" / "Dockerfile")]) == ExitCode.VERIFIED
    assert " AS kubectl\n" in (tmp_path / "new" / "Dockerfile").read_text(encoding="utf-8")
