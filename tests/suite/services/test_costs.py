"""What services cost: memory as the kubelets tell it, and the table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.errors import Diagnosis
from fixtures.services import costs
from fixtures.services.catalogue.table import TABLE
from fixtures.services.progress import Progress, Status

ROWS = {service.name: service for service in TABLE}


@pytest.fixture
def status() -> Status:
    """Four services: one Ready, one that is starting, one down, and one that needs it."""
    found = Status(ROWS, lambda text: text)
    found.progress |= {
        "nats": Progress(ROWS["nats"], 0.0, "ready", 1, 12.34),
        "valkey": Progress(ROWS["valkey"], 0.0, "starting"),
        "postgresql": Progress(ROWS["postgresql"], 0.0, "starting"),
        "gitea": Progress(ROWS["gitea"], 0.0, "starting"),
    }
    found.give_up(found.progress["postgresql"], Diagnosis("gone", "start it"))
    return found


def test_table_has_the_state_of_each_service(status: Status) -> None:
    assert costs.rows(status) == [
        ("nats", "ready", "12.3", "-"),
        ("valkey", "starting", "-", "-"),
        ("postgresql", "down", "-", "-"),
        ("gitea", "needs what is down", "-", "-"),
    ]


def test_memory_is_summed_over_the_nodes_that_tell_it(status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_api: Any, path: str) -> tuple[dict[str, Any], None]:
        if "silent" in path:
            raise ApiException(503, "busy")
        used = {"podRef": {"namespace": "nats"}, "memory": {"workingSetBytes": 30e6}}
        return {"pods": [used, {"podRef": {"namespace": "valkey"}}]}, None

    nodes = SimpleNamespace(
        items=[SimpleNamespace(metadata=SimpleNamespace(name=name)) for name in ("one", "two", "silent")]
    )
    monkeypatch.setattr(costs, "request", ask)
    monkeypatch.setattr(client.CoreV1Api, "list_node", lambda _self: nodes)
    costs.measure(client.ApiClient(client.Configuration()), status)
    assert {name: one.megabytes for name, one in status.progress.items()} == {
        "nats": 60.0, "valkey": None, "postgresql": None, "gitea": None,
    }  # fmt: skip
