"""What is left of other people's objects where a check removes its own from Argo Workflows and Argo CD."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.deployment.scratch import Scratch
from fixtures.services.catalogue import argo, argocd

DEPLOYMENT: Any = SimpleNamespace(api=client.ApiClient())


def scratch(name: str) -> Scratch:
    """A check's scratch objects, by their name."""
    return Scratch(DEPLOYMENT, name, run="r", image="i", node="n", namespace="space")


class Cluster:
    """The API of custom objects: it keeps what was created, and removes what a request selects."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def create_namespaced_custom_object(self, _group: str, _version: str, _space: str, _kind: str, body: Any) -> None:
        """Keep an object."""
        self.kept.append(body)

    def delete_collection_namespaced_custom_object(
        self, _group: str, _version: str, _space: str, _kind: str, *, label_selector: str = ""
    ) -> None:
        """Remove all that has these labels; without a selector that is all."""
        wanted = {tuple(one.split("=")) for one in label_selector.split(",") if one}
        self.kept = [one for one in self.kept if not wanted <= set(one["metadata"].get("labels", {}).items())]

    def patch_namespaced_custom_object(self, *place: Any) -> None:
        """Answer as the API does where there is no such object."""
        if place[4] not in self.names():
            raise ApiException(404)

    def delete_namespaced_custom_object(self, *place: Any) -> None:
        """Remove one object."""
        self.kept = [one for one in self.kept if one["metadata"]["name"] != place[4]]

    def names(self) -> list[str]:
        """Return the names of what is there."""
        return [str(one["metadata"]["name"]) for one in self.kept]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster with nothing in it."""
    there = Cluster()
    monkeypatch.setattr(client, "CustomObjectsApi", lambda _api: there)
    return there


def test_check_removes_its_own_workflows_alone(cluster: Cluster) -> None:
    mine, other = (argo.Workflows(scratch(name)) for name in ("probe-1", "probe-12"))
    for one in (mine, other):
        one.create(one.manifest("true"))
    mine.create(
        mine.manifest("true") | {"metadata": {"name": "made-in-the-pod", "labels": mine.scratch.metadata["labels"]}}
    )
    mine.create({"metadata": {"name": "somebody-s"}})
    mine.remove()
    assert cluster.names() == ["probe-12", "somebody-s"]


def test_check_removes_its_own_application_alone_and_none_is_no_error(cluster: Cluster) -> None:
    nothing: Any = None
    mine, other = (argocd.Application(scratch(name), nothing) for name in ("probe-1", "probe-12"))
    for one in (mine, other):
        one.create(one.manifest("default", "https://g/r", "space"))
    for _ in range(2):
        mine.remove()
    assert cluster.names() == ["probe-12"]


def test_refusal_of_a_removal_is_no_absence(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ApiException(403)

    nothing: Any = None
    monkeypatch.setattr(cluster, "patch_namespaced_custom_object", refuse)
    with pytest.raises(ApiException, match="403"):
        argocd.Application(scratch("probe-1"), nothing).remove()
