"""The Dockerfile that is rendered, and programs that are handed in."""

from __future__ import annotations

import re

import pytest

from fixtures.builder.dockerfile import links, render
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
    assert " AS k9s\n" in render(inventory, [])
    assert "k9s" not in render(inventory, ["k9s"])


def test_stage_of_collections_is_there_where_a_tool_has_some(inventory: Inventory) -> None:
    assert "ansible-collections" in stages(render(inventory, []))
    assert "ansible-collections" not in render(inventory, ["ansible-galaxy"])


def test_tool_that_was_handed_in_is_copied_and_not_compiled(inventory: Inventory) -> None:
    found = stages(render(inventory, [], {"k9s"}))
    assert "k9s" not in found
    assert "COPY --chown=0:0 --chmod=0755 prebuilt/k9s /usr/local/bin/k9s\n" in found["image"]
    assert "k9s" not in found["tools"]


def test_links_name_every_python_command(inventory: Inventory) -> None:
    assert dict(links(inventory.tool("httpie"))) == {
        "http": "/opt/tools/python/bin/http",
        "https": "/opt/tools/python/bin/https",
    }
    assert dict(links(inventory.tool("kubectl"))) == {}


def test_what_the_inventory_trims_is_taken_out(inventory: Inventory) -> None:
    document = inventory.model_dump()
    tool = next(one for one in document["tools"] if one["source"]["kind"] == "debian")
    tool["source"]["trim"] = ["/usr/share/not-needed"]
    assert "/usr/share/not-needed" not in render(inventory, [])
    assert "/usr/share/not-needed" in stages(render(Inventory.model_validate(document), []))["image"]


def test_what_the_user_installs_is_on_path(inventory: Inventory) -> None:
    path = re.search(r"\bPATH=\"?([^\s\"]+)", stages(render(inventory, []))["image"])
    assert path is not None
    assert f"{inventory.image.home}/.local/bin" in path[1].split(":")
