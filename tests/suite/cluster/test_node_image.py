"""The node image that is built here follows its locked inputs."""

from __future__ import annotations

import pytest

from fixtures.cluster.node_image import NODE_DIRECTORY, PUBLISHED, versions

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


def test_published_image_has_the_same_version() -> None:
    named = (NODE_DIRECTORY / "rootfs/kind/version").read_text(encoding="ascii").strip()
    assert named == versions()["kubernetes"] == PUBLISHED.rsplit(":", 1)[1]


def test_first_stage_is_that_of_the_product_image() -> None:
    ours = (NODE_DIRECTORY / "Dockerfile").read_text(encoding="utf-8")
    product = (NODE_DIRECTORY.parent / "code-server-dev/Dockerfile.j2").read_text(encoding="utf-8")
    start, end = "FROM ${DEBIAN_IMAGE} AS go-toolchain", "ARG GOPROXY\n"
    (stage,) = {text[text.index(start) : text.index(end)] for text in (ours, product)}
    assert "requirements.lock" in stage
