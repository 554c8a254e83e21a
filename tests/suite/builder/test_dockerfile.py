"""The Dockerfile that is rendered, and programs that are handed in."""

from __future__ import annotations

import re

import pytest

from fixtures.builder.dockerfile import debian_packages, image_environment, links, plain_base_packages, render
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
    assert dict(links(inventory.tool("ansible-galaxy"))) == {"ansible-galaxy": "/opt/tools/python/bin/ansible-galaxy"}
    assert dict(links(inventory.tool("kubectl"))) == {}


def test_links_of_a_debian_package_are_made(inventory: Inventory) -> None:
    assert dict(links(inventory.tool("vim"))) == {"editor": "/usr/bin/vim"}
    assert "ln -sf /usr/bin/vim /usr/local/bin/editor" in render(inventory, [])
    assert "/usr/local/bin/editor" not in render(inventory, ["vim"])


def test_debian_packages_are_those_of_tools_and_image(inventory: Inventory) -> None:
    tools = [inventory.tool(name) for name in ("podman", "helm", "jq")]
    assert debian_packages(inventory, tools) == ["crun", "jq", "podman", "python3", "python3-venv"]


@pytest.mark.parametrize(
    ("settings", "own"),
    [
        ({"plain_base": False}, set()),
        ({"init": "tini", "locale": "C.UTF-8"}, {"passwd"}),
        ({"init": "tini"}, {"passwd", "locales"}),
        ({"locale": "C.UTF-8"}, {"passwd", "dumb-init"}),
    ],
)
def test_plain_base_gets_init_and_locale_where_they_are_wanted(
    inventory: Inventory, settings: dict[str, object], own: set[str]
) -> None:
    image = inventory.image.model_copy(update={"plain_base": True, **settings})
    changed = inventory.model_copy(update={"image": image})
    parts = {"git", "sudo", "zsh", "libcap2-bin", "uidmap"}
    assert plain_base_packages(changed) == (own | parts if own else set())
    assert ("locale-gen" in render(changed, [])) == ("locales" in own)


@pytest.mark.parametrize("editor", [True, False])
def test_plain_image_without_an_editor_has_no_entry_point(inventory: Inventory, *, editor: bool) -> None:
    document = inventory.model_dump(exclude_unset=True)
    document["image"] |= {"plain_base": True, "base": "debian:trixie"}
    if not editor:
        document["image"]["without"] = [{"features": ["editor"], "reason": "nobody needs it here"}]
    dockerfile = render(Inventory.model_validate(document), [])
    entry = 'ENTRYPOINT ["/usr/bin/entrypoint.sh", "--bind-addr", "0.0.0.0:8080", "."]'
    assert [line for line in dockerfile.splitlines() if line.startswith("ENTRYPOINT ")] == [entry] * editor


@pytest.mark.parametrize("node", ["/usr/lib/node", ""])
def test_node_is_linked_where_the_base_has_one(inventory: Inventory, node: str) -> None:
    changed = inventory.model_copy(update={"image": inventory.image.model_copy(update={"node": node})})
    assert ("ln -s /usr/lib/node /usr/local/bin/node" in render(changed, [])) == bool(node)
    assert ("/usr/local/bin/node" in render(changed, [])) == bool(node)


def test_variables_of_the_image_are_those_of_its_parts(inventory: Inventory) -> None:
    found = image_environment(inventory)
    assert found.keys() == {"BUILDAH_ISOLATION", "ENTRYPOINTD", "PODMAN_IGNORE_CGROUPSV1_WARNING", "PATH"}
    assert found["ENTRYPOINTD"] == "/usr/local/libexec/entrypoint.d"
    assert "/opt/tools/python/bin" in found["PATH"].split(":")
    alone = inventory.model_copy(
        update={
            "tools": (inventory.tool("jq"),),
            "image": inventory.image.model_copy(update={"distributions": ()}),
        }
    )
    found = image_environment(alone)
    assert found.keys() == {"ENTRYPOINTD", "PATH"}
    assert "/opt/tools/python/bin" not in found["PATH"]


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
