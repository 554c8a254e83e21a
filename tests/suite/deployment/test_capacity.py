"""The CPU request that fits the nodes."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.deployment import capacity


@pytest.mark.parametrize(
    ("free", "request_"),
    [
        pytest.param({"a": "8", "b": "1"}, "2", id="a node has the plan's"),
        pytest.param({"a": "1.05"}, "0.5", id="half of a small node"),
        pytest.param({"a": "-1"}, "0.1", id="full node"),
        pytest.param({}, "0.1", id="no node"),
    ],
)
def test_cpu_request_fits_the_nodes(free: dict[str, str], request_: str) -> None:
    assert capacity.fitting_cpu({name: Decimal(cpu) for name, cpu in free.items()}) == Decimal(request_)


def container(cpu: str, restart: str | None = None) -> Any:
    """A container that requests so many CPUs; an init container that is always restarted is a sidecar."""
    return SimpleNamespace(resources=SimpleNamespace(requests={"cpu": cpu}), restart_policy=restart)


def pod(node: str | None, phase: str, *requests: str, init: list[Any] | None = None) -> Any:
    """A pod whose containers request so many CPUs, and one that requests none."""
    containers = [*map(container, requests), SimpleNamespace(resources=None)]
    spec = SimpleNamespace(node_name=node, containers=containers, init_containers=init)
    return SimpleNamespace(spec=spec, status=SimpleNamespace(phase=phase))


@pytest.mark.parametrize(
    ("pods", "free"),
    [
        ([pod("a", "Running", "500m", "1"), pod("a", "Pending", "250m")], "2.25"),
        ([pod("a", "Running", "1", init=[container("500m", "Always"), container("2")])], "2.5"),
        ([pod("a", "Succeeded", "1"), pod("a", "Failed", "1")], "4"),
        ([pod("b", "Running", "1"), pod(None, "Pending", "1")], "4"),
    ],
    ids=["that go on", "with a sidecar", "that have ended", "that are elsewhere"],
)
def test_cpus_are_taken_by_pods(monkeypatch: pytest.MonkeyPatch, pods: list[Any], free: str) -> None:
    node = SimpleNamespace(metadata=SimpleNamespace(name="a"), status=SimpleNamespace(allocatable={"cpu": "4"}))
    core = SimpleNamespace(
        list_node=lambda: SimpleNamespace(items=[node]),
        list_pod_for_all_namespaces=lambda: SimpleNamespace(items=pods),
    )
    monkeypatch.setattr(client, "CoreV1Api", lambda _api: core)
    assert capacity.free_cpu(client.ApiClient(client.Configuration())) == {"a": Decimal(free)}
