"""What the build made and recorded: sizes, name, manifest, inventory table, times (BLD-1, 3 to 7, 9)."""

from __future__ import annotations

import json
import re

import pytest

from fixtures.builder.drift import LIST_PACKAGES, drift, packages, told
from fixtures.builder.manifest import Manifest, inventory_table
from fixtures.builder.record import HISTORY, digest_of_python_tool, size_table
from fixtures.builder.root_files import PYTHON_HOME
from fixtures.host.podman import image_exists
from fixtures.image.containers import Container
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.layers.entries import LayerEntry
from fixtures.layers.size_table import HIDDEN, OTHER, OVERHEAD, SizeTable
from fixtures.sbom.python_tools import PythonTools
from fixtures.verdict.evidence import blocked

pytestmark = pytest.mark.xdist_group("layers")
"""One worker walks the layers, once."""

UNCLAIMED_BYTES = 20_000_000
"""What may belong to no tool: npm, the environment script, links and tar's own bytes, 14 MB when this was written."""


@pytest.fixture(scope="module")
def sizes(image: Image, inventory: Inventory) -> SizeTable:
    """The image's bytes by tool and layer."""
    if not image_exists(image.built_on):
        blocked("the base image is not in the local storage", image.built_on)
    return size_table(image.name, image.built_on, inventory, list(image.omitted))


@pytest.mark.requirement("BLD-3")
def test_image_is_below_its_limit(image: Image, inventory: Inventory) -> None:
    total, limit = image.document["Size"], inventory.image.size_limit
    assert total < limit, (
        f"size: {total:,} bytes, the limit is {limit:,}: trim the largest row of .build/sizes.txt by {total - limit:,}"
    )


@pytest.mark.requirement("BLD-3")
def test_every_tool_is_in_its_budget(sizes: SizeTable) -> None:
    over = [row for row in sizes.findings() if not row.startswith("image:")]
    assert not over, f"size: {'; '.join(over)}\n{sizes.render()}"


@pytest.mark.requirement("BLD-3")
def test_every_byte_is_attributed(sizes: SizeTable, image: Image) -> None:
    seen, expected = sum(row.size for row in sizes.rows), image.document["Size"]
    assert seen == expected, f"size: the rows add up to {seen:,} bytes, the image has {expected:,}: fix fixtures/layers"
    unclaimed = {row.name: row.size for row in sizes.rows if row.name in {OVERHEAD, OTHER, HIDDEN}}
    assert sum(unclaimed.values()) < UNCLAIMED_BYTES, (
        f"size: {unclaimed} bytes belong to no tool, {UNCLAIMED_BYTES:,} may: name their owner in tools.toml"
    )


@pytest.mark.requirement("BLD-1")
def test_name_is_registry_and_repository(image: Image, inventory: Inventory) -> None:
    settings = inventory.image
    wanted = rf"[^/]+/{re.escape(settings.repository)}:{re.escape(settings.tag)}"
    names = image.document["RepoTags"]
    assert any(re.fullmatch(wanted, name) for name in names), (
        f"name: none of {names} matches {wanted}: build the image with `nox -s build`"
    )


@pytest.mark.requirement("BLD-4", "BLD-5")
def test_manifest_names_every_tool(manifest: Manifest, inventory: Inventory) -> None:
    named = {tool.name for tool in manifest.tools} | {omission.name for omission in manifest.omissions}
    missing = {tool.name for tool in inventory.tools} ^ named
    assert not missing, f"manifest: {', '.join(sorted(missing))} in only one of it and tools.toml: rebuild the image"


@pytest.mark.requirement("BLD-5")
def test_manifest_is_true_of_the_image(
    manifest: Manifest, image: Image, inventory: Inventory, container: Container, entries: list[LayerEntry]
) -> None:
    told, seen = (manifest.image.digest, manifest.size.total), (image.document["Digest"], image.document["Size"])
    assert told == seen, f"manifest: digest and size are {told}, the image's are {seen}: rebuild the image"
    python = PythonTools(entries, PYTHON_HOME)
    wrong = [
        tool.name
        for tool in manifest.tools
        for entry in [inventory.tool(tool.name)]
        for seen in [
            digest_of_python_tool(entry, python)
            or container.run(f"sha256sum $(readlink -f $(command -v {entry.program}))").stdout
        ]
        if tool.sha256 not in seen
    ]
    assert not wrong, f"manifest: what {', '.join(wrong)} runs is another in the image: rebuild the image"


@pytest.mark.requirement("BLD-6")
def test_inventory_table_names_every_tool_with_its_version(manifest: Manifest) -> None:
    table = inventory_table(manifest)
    missing = [
        tool.name for tool in manifest.tools if not re.search(rf"{tool.name} +{re.escape(tool.version)} ", table)
    ]
    assert not missing, f"table: no line for {', '.join(missing)}: fix inventory_table in fixtures/builder\n{table}"


@pytest.mark.requirement("BLD-7")
def test_times_of_the_build_are_recorded(manifest: Manifest) -> None:
    builds = [json.loads(line) for line in HISTORY.read_text(encoding="utf-8").splitlines()]
    mine = [line for line in builds if line["id"] == manifest.image.id]
    assert mine, f"{HISTORY.name}: no line of this image: build it with `nox -s build`"
    missing = {"base", "tools", "final", "total", "cached"} - mine[0].keys()
    assert not missing, f"{HISTORY.name}: this image's line lacks {sorted(missing)}: build it with `nox -s build`"


@pytest.mark.requirement("BLD-9")
def test_tools_are_the_locked_ones(manifest: Manifest, inventory: Inventory) -> None:
    drifted = [
        f"{tool.name} {tool.version} (locked {inventory.tool(tool.name).version})"
        for tool in manifest.tools
        if not inventory.tool(tool.name).accepts(tool.version)
    ]
    assert not drifted, (
        f"lock: {', '.join(drifted)}: another build would give other tools: change their pins in tools.toml"
    )


@pytest.mark.requirement("BLD-9")
def test_debian_packages_and_base_are_the_locked_ones(
    manifest: Manifest, inventory: Inventory, container: Container
) -> None:
    installed, base = packages(container.run(LIST_PACKAGES).stdout), manifest.base
    other = sorted({name for name, _ in installed.items() ^ manifest.debian.items()})
    assert not other, f"manifest: the image has other Debian packages, {', '.join(other)}: rebuild the image"
    if base.kind == "upstream" and not image_exists(base.name):
        blocked("the base image is not in the local storage", base.name)
    moved = drift(inventory, installed, base=base.name, base_kind=base.kind, base_digest=base.digest)
    if moved:
        blocked("Debian or the base image has moved on from its lock", told(moved))
