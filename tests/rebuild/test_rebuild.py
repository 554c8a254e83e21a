"""Building the same checkout again runs no stage, its parts are built alone, and two builds are alike (BLD-7 to 9)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from fixtures import marks
from fixtures.builder import podman_build, product, record
from fixtures.builder.drift import drift, told
from fixtures.builder.manifest import Manifest, differences
from fixtures.host.podman import podman
from fixtures.inventory import Inventory
from fixtures.layers.reader import image_layers
from fixtures.sources import GoSource
from fixtures.verdict.evidence import blocked


@pytest.fixture
def clean_build(manifest: Manifest) -> None:
    """Block checks that compare with the build, where the checkout has changed since."""
    commit = manifest.revision.commit + ("-dirty" if manifest.revision.dirty else "")
    if commit != product.revision():
        blocked("the checkout changed since the build", f"built {commit[:12]}, now {product.revision()[:12]}")


@pytest.mark.requirement("BLD-7")
@pytest.mark.usefixtures("image", "clean_build")
def test_rebuild_with_nothing_changed_runs_no_stage(inventory: Inventory, manifest: Manifest) -> None:
    kind = manifest.base.kind
    with podman_build.exclusive():
        done = product.build(inventory, name=f"{marks.OWN_IMAGES}/rebuild", base_source=kind, allow_omissions=True)
        podman("image", "rm", done.image)
    assert not done.stages, (
        f"build: nothing changed, yet {', '.join(done.stages)} ran again: find the input that changes by itself"
    )


@pytest.mark.requirement("BLD-8")
@pytest.mark.feature("compiled-tools")
@pytest.mark.usefixtures("image", "clean_build")
def test_tools_are_built_without_base_and_image(inventory: Inventory, manifest: Manifest) -> None:
    kind = manifest.base.kind
    with podman_build.exclusive():
        done = product.build(inventory, name="", upto="tools", base_source=kind, allow_omissions=True)
    with image_layers(product.TOOLS_IMAGE) as entries:
        built = {entry.path.removeprefix("/") for entry in entries if entry.type == "file"}
    elsewhere = {*done.omissions, *done.handed_in}
    wanted = {
        tool.commands[0] for tool in inventory.tools if isinstance(tool.source, GoSource) and tool.name not in elsewhere
    }
    assert built == wanted, (
        f"tools: {sorted(built ^ wanted)} are not in both the stage and tools.toml: fix Dockerfile.j2"
    )
    # The stage that only collects the tools is not in the image, so it may be built here for the first time.
    again = set(done.stages) - {"tools"}
    assert not again, f"tools: nothing changed, yet {', '.join(again)} ran again: find the input that changes by itself"


@pytest.fixture
def second(manifest: Manifest, inventory: Inventory) -> Iterator[Manifest]:
    """The manifest of a second build, whose own stage was built again; its image is removed at the end."""
    name, kind = f"{marks.OWN_IMAGES}/second", manifest.base.kind
    with podman_build.exclusive():
        done = product.build(inventory, name=name, base_source=kind, allow_omissions=True, again=uuid4().hex)
    yield record.manifest_of(done, inventory)
    podman("image", "rm", name)


@pytest.mark.requirement("BLD-9")
@pytest.mark.usefixtures("image", "clean_build")
def test_second_build_holds_the_same(manifest: Manifest, second: Manifest, inventory: Inventory) -> None:
    assert "image" in second.times.stages, "build: its last stage came from the cache: fix `again` in product.py"
    unlike, base = differences(manifest, second), second.base
    moved = drift(inventory, second.debian, base=base.name, base_kind=base.kind, base_digest=base.digest)
    if unlike and moved:
        blocked("Debian or the base image has moved on from its lock", told(moved))
    assert not unlike, (
        f"build: two builds of one commit differ, {'; '.join(unlike)}: lock that input, see `Change a pin`\n"
    )
