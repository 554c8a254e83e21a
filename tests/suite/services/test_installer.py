"""Services put into the cluster: what fails is the fault of one service alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fixtures.cluster.api import ClusterError
from fixtures.cluster.objects import Document
from fixtures.errors import SuiteError
from fixtures.services.catalogue.table import TABLE
from fixtures.services.installer import Installer, namespace_of, wanted_pods
from fixtures.services.model import Service
from fixtures.services.progress import Status

ROWS = {service.name: service for service in TABLE}


def publish(service: Service) -> dict[str, str]:
    if service.name == "nats":
        raise SuiteError("nats: no such stage", "see the Dockerfile")
    return dict.fromkeys(service.images, "r/i@sha256:1")


def render(rows: Sequence[Service], _references: Mapping[str, str]) -> list[Document]:
    replicas = {"valkey": 0, "postgresql": 2}
    return [
        {"kind": "StatefulSet", "metadata": {"name": one.name, "namespace": one.namespace}, "spec": {"replicas": count}}
        for one in rows
        for count in [replicas.get(one.name, 1)]
    ]


class FakeObjects:
    """Takes the place of a cluster's objects, and refuses those of Gitea."""

    applied: list[str]

    def __init__(self, _api: Any) -> None:
        pass

    def apply(self, documents: Sequence[Document]) -> None:
        self.applied += [one["metadata"]["name"] for one in documents]
        if any(namespace_of(one) == "gitea" for one in documents):
            raise ClusterError("applying StatefulSet gitea failed", "give the right")

    def remove(self, documents: Sequence[Document]) -> None:
        self.applied[:] = [name for name in self.applied if name not in {one["metadata"]["name"] for one in documents}]


@pytest.fixture
def status() -> Status:
    return Status(ROWS, lambda text: text)


@pytest.fixture
def installer(status: Status, monkeypatch: pytest.MonkeyPatch) -> Installer:
    monkeypatch.setattr("fixtures.services.installer.Objects", FakeObjects)
    monkeypatch.setattr(FakeObjects, "applied", [], raising=False)
    nothing: Any = None
    return Installer(nothing, status, publish, render, "run1")


def test_fault_of_one_service_does_not_stop_the_others(installer: Installer, status: Status) -> None:
    installer.install([ROWS[name] for name in ("postgresql", "valkey", "nats", "gitea")])
    assert {name: error.problem for name, error in status.faults.items()} == {
        "nats": "nats is down: its images: nats: no such stage",
        "valkey": "valkey is down: its manifests ask for no pod",
        "gitea": "gitea is down: its manifests: applying StatefulSet gitea failed",
    }
    assert status.progress["postgresql"].wanted == 2
    assert FakeObjects.applied == ["postgresql", "valkey", "gitea"]


class Slow(FakeObjects):
    """A cluster's objects whose applying somebody breaks off once some are there."""

    error: BaseException

    def apply(self, documents: Sequence[Document]) -> None:
        self.applied += [one["metadata"]["name"] for one in documents]
        if documents:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("no space left")], ids=["Ctrl-C", "error"])
def test_services_whose_applying_was_broken_off_are_removed(
    installer: Installer, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr("fixtures.services.installer.Objects", Slow)
    monkeypatch.setattr(Slow, "error", error, raising=False)
    with pytest.raises(type(error)):
        installer.install([ROWS["postgresql"], ROWS["valkey"]])
    assert Slow.applied == ["postgresql"]
    installer.remove()
    assert Slow.applied == []


def test_pods_that_manifests_ask_for_are_counted() -> None:
    documents: list[Document] = [{"kind": "StatefulSet", "spec": {"replicas": 0}}, {"kind": "Secret"}]
    assert wanted_pods(documents) == 0
    assert wanted_pods([{"kind": "Deployment", "spec": {}}, {"kind": "StatefulSet", "spec": {"replicas": 2}}]) == 3
