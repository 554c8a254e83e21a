"""The base image is the one that the inventory names, by digest, and nothing of it is lost in the image.

What was trimmed is compared with what the registry gave when it was trimmed, by the build.
"""

from __future__ import annotations

import pytest

from fixtures.builder import base_lock
from fixtures.builder.drift import packages_of
from fixtures.builder.manifest import Base, Manifest
from fixtures.builder.references import parse
from fixtures.host.podman import inspect
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.verdict.evidence import blocked

pytestmark = pytest.mark.requirement("BLD-11")


@pytest.fixture
def base(manifest: Manifest) -> Base:
    """The base from a registry; on the stand-in, which proves nothing of it, the check is blocked."""
    if manifest.base.kind == "stand-in":
        blocked("the image is built on the stand-in of its base")
    return manifest.base


def test_base_is_the_inventory_s_by_digest(base: Base, image: Image, inventory: Inventory) -> None:
    built_on, wanted = parse(base.name, "the manifest's base"), parse(inventory.image.base, "the inventory's base")
    # A name with a digest has no tag any more.
    assert built_on.name == wanted.name, f"base: the image is built on {built_on}, not on {wanted}: build it again"
    labels = [image.labels.get(f"org.opencontainers.image.base.{key}", "") for key in ("name", "digest")]
    assert labels == [base.name, base.digest] == [str(built_on), built_on.digest], (
        f"base: the image's labels say {labels}, its manifest {base.name} and {base.digest}: build it again"
    )
    pinned = wanted if wanted.digest else base_lock.locked(wanted)
    assert pinned is None or built_on.digest == pinned.digest, (
        f"base: the image is built on {built_on}, not on {pinned}, as it is pinned or locked: build it again, or run "
        "nox -s lock -- base"
    )


def test_packages_of_the_base_are_there(base: Base, image: Image) -> None:
    brought, there = packages_of(base.image or base.name), packages_of(image.name)
    gone = sorted(brought.keys() - there.keys())
    assert not gone, f"base: the image lacks Debian packages of its base, {', '.join(gone)}: remove none of them"


def test_variables_of_the_base_are_there(base: Base, image: Image) -> None:
    both = (inspect(base.image or base.name), image.document)
    brought, there = ({line.partition("=")[0] for line in one["Config"].get("Env") or ()} for one in both)
    gone = sorted(brought - there)
    assert not gone, f"base: the image's configuration lacks {', '.join(gone)} of its base: carry its Env over"


def test_image_on_it_is_under_its_limit(base: Base, image: Image, inventory: Inventory) -> None:
    size, limit = image.document["Size"], inventory.image.size_limit
    assert size < limit, f"base: on {base.name} the image has {size:,} bytes, {limit:,} at most: trim what it brings"
