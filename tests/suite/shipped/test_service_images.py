"""The Dockerfiles of services: what they compile as the product does comes out of the same cached layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from fixtures import inventory as inventories
from fixtures.builder.dockerfile import render
from fixtures.builder.references import parse
from fixtures.builder.upstream_images import UpstreamImages
from fixtures.paths import ROOT
from fixtures.registry.client import Pushed, Registry
from fixtures.services import images
from fixtures.services.catalogue.argocd import SERVICE as ARGOCD

SHARED = {"argo": {"argo": "argo"}, "argocd": {"argocd-program": "argocd", "helm": "helm"}}
"""Stages of a service's Dockerfile that are one of the product's, by their names there and in the product's."""
TOOLCHAIN = "go-toolchain"
STAGE = re.compile(r"^FROM (\S+)(?: AS (\S+))?\n((?:(?!FROM ).*\n?)*)", re.MULTILINE)


def stages(dockerfile: str) -> dict[str, list[str]]:
    """Return each stage's instructions, its base first, without comments."""
    return {
        name: [base, *(line for line in body.splitlines() if line and not line.startswith("#"))]
        for base, name, body in STAGE.findall(dockerfile)
    }


@pytest.fixture(scope="module")
def product() -> dict[str, list[str]]:
    """The stages of the product's image."""
    return stages(render(inventories.load(), []))


def compiling() -> list[Path]:
    """Return the Dockerfiles that compile Go programs, the product's left out."""
    return [
        path
        for path in sorted((ROOT / "docker").rglob("Dockerfile"))
        if TOOLCHAIN in stages(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("path", compiling(), ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_toolchain_s_stage_is_the_product_s(path: Path, product: dict[str, list[str]]) -> None:
    found = stages(path.read_text(encoding="utf-8"))[TOOLCHAIN]
    assert found == product[TOOLCHAIN], (
        f"{path.relative_to(ROOT)}: another go-toolchain stage: copy the product's, so that both share it"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "docker").rglob("Dockerfile*")), ids=lambda path: path.parent.name)
def test_nothing_is_the_first_that_find_comes_upon(path: Path) -> None:
    first = re.findall(r"find .*(?:-quit|\|\s*head).*", path.read_text(encoding="utf-8"))
    assert not first, f"{path.relative_to(ROOT)}: which file is first is up to the file system: name it, not {first}"


@pytest.mark.parametrize(
    ("service", "stage"),
    [
        (one, stage)
        for one, some in SHARED.items()
        for stage, tool in some.items()
        if tool not in inventories.load().left_out
    ],
)
def test_program_is_compiled_as_in_the_product(service: str, stage: str, product: dict[str, list[str]]) -> None:
    found = stages((ROOT / "docker" / "platform" / service / "Dockerfile").read_text(encoding="utf-8"))[stage]
    expected = product[SHARED[service][stage]]
    assert found == expected, f"{service}: stage {stage} is not the product's any more: {set(expected) - set(found)}"


def test_images_are_in_the_registry_under_a_tag_of_the_run_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = "sha256:" + "a" * 64
    there: dict[str, str] = {}

    @contextmanager
    def push(image: str, tag: str, *, repository: str) -> Iterator[Pushed]:
        there[f"{repository}:{tag}"] = image
        yield Pushed("h", repository, digest, tag=tag)
        del there[f"{repository}:{tag}"]

    monkeypatch.setattr(images, "pull", lambda reference: f"pulled {reference}")
    monkeypatch.setattr(images, "image", lambda service, name: f"built {name} of {service.name}")
    upstream = UpstreamImages(services={"argocd-redis": parse(f"mirror:5000/redis@{digest}", "x")})
    registry = cast("Registry", SimpleNamespace(push=push, tag=lambda: "run-1"))
    with images.published([ARGOCD], registry, upstream) as found:
        assert there == {
            "library/conformance-argocd:run-1": "built argocd of argocd",
            "library/conformance-argocd-redis:run-1": f"pulled mirror:5000/redis@{digest}",
        }
    assert found == {name: f"h/library/conformance-{name}@{digest}" for name in ARGOCD.images}
    assert not there


def test_image_has_another_name_where_something_that_it_is_made_of_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, toolchain = tmp_path / ARGOCD.name, tmp_path / "toolchain"
    for one in (folder, toolchain):
        one.mkdir()
    (folder / "toolchain").symlink_to(toolchain)
    monkeypatch.setattr(images, "PLATFORM", tmp_path)
    monkeypatch.setattr(images, "image_exists", lambda _: True)

    def reference(changed: str = "") -> str:
        (folder / "Dockerfile").write_text(f"ARG DEBIAN_IMAGE\n# {changed == 'Dockerfile'}\n", encoding="utf-8")
        (toolchain / "setup").write_text(str(changed == "toolchain"), encoding="utf-8")
        monkeypatch.setattr(images, "debian_image", lambda: f"debian:{changed == 'debian'}")
        return images.image(ARGOCD, "argocd")

    assert reference() == reference()
    assert all(reference(one) != reference() for one in ("Dockerfile", "toolchain", "debian"))
