"""The Dockerfile that is rendered, and programs that are handed in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures.builder import podman_build
from fixtures.builder.base import BASE_DIRECTORY
from fixtures.builder.dockerfile import hand_in, links, omissions, render
from fixtures.errors import UsageError
from fixtures.inventory import Inventory, load


@pytest.fixture
def inventory() -> Inventory:
    """The small inventory."""
    return load()


def stages(dockerfile: str) -> dict[str, str]:
    """Split a Dockerfile into the text of each stage, by its name."""
    parts = re.split(r"^(?=FROM )", dockerfile, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].split(" AS ")[1]: part for part in parts}


def test_changed_pin_changes_one_stage(inventory: Inventory) -> None:
    document = inventory.model_dump()
    document["tools"][7]["source"]["variables"] = {"main.changed": "yes"}
    before = stages(render(inventory, []))
    after = stages(render(Inventory.model_validate(document), []))
    assert [name for name in before if before[name] != after[name]] == ["yq"]


def test_omitted_tool_is_in_no_stage(inventory: Inventory) -> None:
    assert "prebuilt/k9s" in render(inventory, [])
    assert "k9s" not in render(inventory, ["k9s"])


def test_stage_of_collections_is_there_where_a_tool_has_some(inventory: Inventory) -> None:
    assert "ansible-collections" in stages(render(inventory, []))
    assert "ansible-collections" not in render(inventory, ["ansible-galaxy"])


def test_links_name_every_python_command(inventory: Inventory) -> None:
    assert dict(links(inventory.tool("httpie"))) == {
        "http": "/opt/tools/python/bin/http",
        "https": "/opt/tools/python/bin/https",
    }
    assert dict(links(inventory.tool("kubectl"))) == {}


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty drop-in folder of this test, below the root that errors name it from."""
    monkeypatch.setattr("fixtures.builder.dockerfile.ROOT", tmp_path)
    for module in ("dockerfile", "podman_build"):
        monkeypatch.setattr(f"fixtures.builder.{module}.DROP_IN", tmp_path / "prebuilt")
    return tmp_path / "prebuilt"


@pytest.mark.usefixtures("drop_in")
def test_missing_prebuilt_is_refused_with_the_ways_out(inventory: Inventory) -> None:
    with pytest.raises(
        UsageError, match=r"^k9s cannot be built: .*--prebuilt k9s=PATH.* prebuilt/, or --allow-omissions$"
    ):
        omissions(inventory, allowed=False)
    assert list(omissions(inventory, allowed=True)) == ["k9s"]


def test_prebuilt_that_was_handed_in_is_not_omitted(inventory: Inventory, drop_in: Path) -> None:
    program = drop_in.parent / "program"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    hand_in(inventory, "k9s", program)
    assert omissions(inventory, allowed=False) == {}
    with podman_build.context("FROM scratch AS image\n", BASE_DIRECTORY) as directory:
        assert (directory / "prebuilt" / "k9s").is_file()


@pytest.mark.usefixtures("drop_in")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("k9z", r"unknown tool 'k9z', did you mean 'k9s'", id="unknown"),
        pytest.param("jq", r"--prebuilt jq: this tool is built from its source", id="built"),
        pytest.param("k9s", r"--prebuilt k9s=.*missing: no such file: give the path of the program", id="no-file"),
    ],
)
def test_wrong_prebuilt_is_refused(inventory: Inventory, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hand_in(inventory, name, tmp_path / "missing")
