"""What belongs to a tool in the image, and what the manifest records of it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import cast

import pytest

from fixtures.builder.manifest import Tool as ToolRecord
from fixtures.builder.record import footprint, packages_of, shared_footprint, tool_record, with_digest
from fixtures.errors import ProductError
from fixtures.inventory import load
from fixtures.layers.packages import ToolFootprint
from fixtures.sbom import packages
from fixtures.sbom.contents import Contents
from fixtures.sbom.go_programs import GoProgram, Module
from fixtures.sbom.python_tools import PythonTools
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


def test_what_a_plain_base_gets_belongs_to_no_tool() -> None:
    small = load()
    plain = small.model_copy(update={"image": small.image.model_copy(update={"plain_base": True})})
    added = set(shared_footprint(plain).debian) - set(shared_footprint(small).debian)
    assert {"git", "sudo", "zsh", "dumb-init", "passwd"} <= added


def test_program_behind_a_script_is_what_a_wrapped_tool_costs() -> None:
    helm = load().tool("helm")
    wrapped = helm.model_copy(update={"source": helm.source.model_copy(update={"wrapped": True})})
    assert footprint(wrapped) == ToolFootprint("helm", paths=("/usr/local/libexec/helm",), budget=helm.budget)


def test_tool_without_a_version_is_the_product_s_fault(tmp_path: Path) -> None:
    fake = tmp_path / "yq"
    fake.write_text("#!/bin/sh\necho nothing\n", encoding="utf-8")
    fake.chmod(0o755)
    opened = Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test")
    fix = r"rebuild the image, or correct its probe in tests/suite/inventory/tools\.toml$"
    with opened as shell, pytest.raises(ProductError, match=rf"^yq reports no version: nothing matches .*: {fix}"):
        tool_record(shell, 1, load().tool("yq"), 1)


class Digests:
    """Digests of Python tools by their launcher, and the folders that were named."""

    def digest(self, launcher: str, folders: tuple[str, ...]) -> str:
        return f"{launcher} {' '.join(folders)}".rstrip()


def tool_record_of(name: str, sha256: str) -> ToolRecord:
    """The record of a tool, with a word as its digest."""
    rest = {"number": 1, "version": "1", "pin": "any", "source_kind": "go", "source": "x", "bytes": 1}
    return ToolRecord.model_construct(None, name=name, sha256=sha256, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("helm", "of the command", id="go"),
        pytest.param("jq", "of the command", id="debian"),
        pytest.param("httpie", "/opt/tools/python/bin/http", id="python"),
        pytest.param(
            "ansible-galaxy", "/opt/tools/python/bin/ansible-galaxy /usr/share/ansible/collections", id="collections"
        ),
    ],
)
def test_digest_of_a_python_tool_is_that_of_what_it_runs(name: str, expected: str) -> None:
    recorded = tool_record_of(name, "of the command")
    assert with_digest(recorded, load().tool(name), cast(PythonTools, Digests())).sha256 == expected


def test_packages_of_an_image_are_recorded_by_their_kind() -> None:
    found = (
        packages.python("httpie", "3.2.4", ""),
        packages.npm("npm", "11.0.0", ""),
        packages.npm("npm", "12.0.0", ""),
    )
    program = GoProgram("/bin/x", "go1.26", "a.io/x", Module("a.io/x", "v1.0.0"))
    told = packages_of(Contents("debian-13", found, (program,)))
    assert (told.python, told.npm) == ({"httpie": ("3.2.4",)}, {"npm": ("11.0.0", "12.0.0")})
    assert (told.go, told.collections) == ({"a.io/x": ("v1.0.0",), "stdlib": ("1.26",)}, {})


def test_record_has_the_reported_version_and_the_digest_of_the_command(tmp_path: Path) -> None:
    program = "#!/bin/sh\necho yq version v4.40.5\n"
    (tmp_path / "yq").write_text(program, encoding="utf-8")
    (tmp_path / "yq").chmod(0o755)
    with Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test") as shell:
        recorded = tool_record(shell, 18, load().tool("yq"), 7)
    assert (recorded.version, recorded.bytes, recorded.source_kind) == ("4.40.5", 7, "go")
    assert recorded.sha256 == hashlib.sha256(program.encode()).hexdigest()
