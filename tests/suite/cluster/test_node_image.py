"""The node image that is built here follows its locked inputs."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from fixtures.builder.references import Reference, parse
from fixtures.cluster import node_image
from fixtures.cluster.node_image import NODE_DIRECTORY, versions

MODULES = {
    "coredns": "github.com/coredns/coredns",
    "kubernetes": "k8s.io/kubernetes",
    "local-path-provisioner": "github.com/rancher/local-path-provisioner",
    "etcd": "go.etcd.io/etcd/server/v3",
}


@pytest.mark.parametrize("part", MODULES)
def test_version_is_that_of_the_locked_module(part: str) -> None:
    lock = (NODE_DIRECTORY / "go" / part / "go.mod").read_text(encoding="utf-8")
    version = versions()[part].removesuffix("-0").removeprefix("v")
    assert f"{MODULES[part]} v{version}" in lock, f"{part}: go.mod and versions differ"


def test_image_says_the_same_version() -> None:
    named = (NODE_DIRECTORY / "rootfs/kind/version").read_text(encoding="ascii").strip()
    assert named == versions()["kubernetes"] == "v1.30.0"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is built and pulled, by its name, where nothing is."""
    done: list[str] = []

    def build(target: str) -> dict[str, float]:
        done.append(target)
        return {}

    def pull(reference: Reference) -> str:
        done.append(f"pull {reference}")
        return str(reference)

    monkeypatch.setattr(node_image, "ensure", lambda: None)
    monkeypatch.setattr(node_image, "exclusive", nullcontext)
    monkeypatch.setattr(node_image, "build", build)
    monkeypatch.setattr(node_image, "pull", pull)
    return done


def test_node_image_is_built_here_unless_another_one_is_named(built: list[str]) -> None:
    found = node_image.node_image()
    assert (found.built_here, found.reason) == (True, "built from package registries")
    assert built == ["node", "kind-binary"]


def test_node_image_that_is_named_is_pulled_and_said_to_be_unverified(built: list[str]) -> None:
    digest = "sha256:" + "a" * 64
    found = node_image.node_image(parse(f"kindest/node:v1.30.0@{digest}", "node"))
    assert (found.built_here, found.reference) == (False, f"docker.io/kindest/node@{digest}")
    assert found.reason.endswith("upstream's: NEVER VERIFIED by this suite")
    assert built == [f"pull docker.io/kindest/node@{digest}", "kind-binary"]


def test_kind_is_copied_anew_out_of_an_image_of_other_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def export(image: str, _path: str, destination: Path) -> None:
        copied.append(image)
        destination.touch()

    monkeypatch.setattr(node_image, "KIND", tmp_path / "kind")
    monkeypatch.setattr(node_image, "MADE_OF", tmp_path / "kind.made-of")
    monkeypatch.setattr(node_image, "image_exists", lambda _: True)
    monkeypatch.setattr(node_image, "prepare_debian", lambda: "debian")
    monkeypatch.setattr(node_image, "podman_build", lambda *_: {})
    monkeypatch.setattr(node_image, "export", export)
    for inputs in ("one", "one", "two"):
        monkeypatch.setattr(node_image, "reference", lambda _, inputs=inputs: inputs)
        node_image.build("kind-binary")
    assert copied == ["one", "two"]


def test_first_stage_is_that_of_the_product_image() -> None:
    ours = (NODE_DIRECTORY / "Dockerfile").read_text(encoding="utf-8")
    product = (NODE_DIRECTORY.parent / "code-server-dev/Dockerfile.j2").read_text(encoding="utf-8")
    start, end = "FROM ${DEBIAN_IMAGE} AS go-toolchain", "ARG GOENV\n"
    (stage,) = {text[text.index(start) : text.index(end)] for text in (ours, product)}
    assert "requirements.lock" in stage


def test_image_is_named_after_all_that_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for changed in (None, NODE_DIRECTORY, NODE_DIRECTORY / "toolchain"):
        monkeypatch.setattr(node_image, "folder_digest", lambda folder, changed=changed: str(folder == changed))
        names.append(node_image.reference("node"))
    monkeypatch.setattr(node_image, "debian_image", lambda: "a Debian with other packages")
    names.append(node_image.reference("node"))
    assert len(set(names)) == 4
