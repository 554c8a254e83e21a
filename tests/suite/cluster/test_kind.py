"""kind is run with settings of ours, within a time limit, and away from the user's kubeconfig."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.cluster import engine, kind
from fixtures.cluster.api import ClusterError
from fixtures.cluster.node_image import NodeImage


def test_hanging_kind_is_ended_and_says_what_it_did(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (machine / "hang").touch()
    command, environment = ["kind"], kind.kind_environment("podman", "t")
    with pytest.raises(ClusterError, match=r"has not finished `Starting control-plane.*within 0 s: look at"):
        kind.run_kind(command, environment, kind.Steps("t"), log=machine / "log", seconds=0.3)
    assert "Starting control-plane" in capfd.readouterr().out


def test_kind_gets_no_way_to_the_users_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    users = {"KUBECONFIG": "/home/me/.kube/config", "PATH": "/bin"}
    monkeypatch.setattr("fixtures.cluster.kind.environment", lambda: users)
    environment = kind.kind_environment("podman", "t")
    assert "KUBECONFIG" not in environment
    assert environment["KIND_EXPERIMENTAL_PODMAN_NETWORK"] == "kind-t"


def test_published_image_gets_no_settings_of_ours() -> None:
    published = NodeImage("docker.io/kindest/node@sha256:1", built_here=False, reason="")
    assert set(kind.configuration(1, published)) == {"kind", "apiVersion", "nodes"}


def test_one_node_of_several_is_the_control_plane() -> None:
    built = NodeImage("localhost/node", built_here=True, reason="")
    assert [node["role"] for node in kind.configuration(2, built)["nodes"]] == ["control-plane", "worker"]


def test_node_names_are_kinds() -> None:
    assert engine.node_names("t", 3) == ["t-control-plane", "t-worker", "t-worker2"]
