"""What a build brings into an image beside packages follows the inventory."""

from __future__ import annotations

import pytest

from fixtures.builder.brought import EDITOR, MAN, NPM, brought
from fixtures.inventory import Inventory, load


@pytest.fixture
def inventory() -> Inventory:
    """The small inventory."""
    return load()


def test_files_of_the_build_have_their_content(inventory: Inventory) -> None:
    made, _ = brought(inventory, [])
    assert made[f"{NPM}/npmrc"] == b"prefix=${HOME}/.local\n"
    assert b"export" in (made["/etc/thinkube/setup-thinkube-env.sh"] or b"")


@pytest.mark.parametrize("path", ["/usr/local/bin/http", "/usr/local/bin/npx", "/opt/tools/python/bin/pip3.13", MAN])
def test_links_and_environments_are_made(inventory: Inventory, path: str) -> None:
    made, _ = brought(inventory, [])
    assert made[path] is None


def test_nothing_is_made_of_a_part_that_is_not_there(inventory: Inventory) -> None:
    document = inventory.model_dump(exclude_unset=True)
    document["image"]["without"] = [{"features": ["node"], "reason": "nobody needs it here"}]
    made, _ = brought(Inventory.model_validate(document), [])
    assert not {f"{NPM}/npmrc", "/usr/local/bin/node", "/usr/local/bin/npm"} & made.keys()


def test_omitted_tool_brings_nothing(inventory: Inventory) -> None:
    assert "/usr/local/bin/k9s" in brought(inventory, [])[0]
    assert "/usr/local/bin/k9s" not in brought(inventory, ["k9s"])[0]


def test_folders_of_a_tool_and_the_base_are_whole(inventory: Inventory) -> None:
    made, folders = brought(inventory, [])
    assert {EDITOR, NPM} < {*folders}
    assert {*folders} - {EDITOR, NPM} <= made.keys()
