"""The wait for a Deployment: its newest revision, a node, Ready; and what is told when it is too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.wait import ClusterWaitError
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.deployment_object import REVISION, DeploymentObject
from fixtures.deployment.diagnosis import DeploymentError, PodDiagnosis
from fixtures.errors import ProductError


def pod(*, ready: bool = True, node: str | None = "n", ending: bool = False) -> Any:
    return SimpleNamespace(
        metadata=SimpleNamespace(name="p", uid="u", deletion_timestamp=datetime.now(UTC) if ending else None),
        spec=SimpleNamespace(node_name=node),
        status=SimpleNamespace(
            phase="Running",
            conditions=[SimpleNamespace(type="Ready", status="True" if ready else "False")],
            init_container_statuses=None,
            container_statuses=None,
        ),
    )


def rollout_state(*, generation: int = 2, updated: int = 1, replicas: int = 1, failure: str = "") -> Any:
    conditions = [SimpleNamespace(type="ReplicaFailure", status="True", message=failure)] if failure else None
    status = {"observed_generation": generation, "updated_replicas": updated, "replicas": replicas}
    return SimpleNamespace(status=SimpleNamespace(**status, conditions=conditions))


def answer(_api: Any, path: str) -> tuple[dict[str, Any], None]:
    """Answer as the API server does for a Deployment at its second revision."""
    found = [
        {"metadata": {"annotations": {REVISION: number}, "labels": {"pod-template-hash": f"hash{number}"}}}
        for number in ("1", "2")
    ]
    if "replicasets?labelSelector=app%3Dcode-server" in path:
        return {"items": found}, None
    return {"metadata": {"generation": 2, "annotations": {REVISION: "2"}}}, None


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> DeploymentObject:
    """A Deployment of one Ready pod, on an API that answers from memory."""
    monkeypatch.setattr("fixtures.deployment.deployment_object.request", answer)
    monkeypatch.setattr(PodDiagnosis, "warnings", lambda _self, _pod: [])
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_pod", lambda *_, **__: SimpleNamespace(items=[pod()]))
    return DeploymentObject(client.ApiClient(client.Configuration()), "s")


@pytest.mark.parametrize(
    ("names", "container"), [(["istio-proxy", "code-server"], "code-server"), (["side", "d"], "d"), (["x", "y"], "x")]
)
def test_given_deployment_tells_its_own_labels_and_container(
    names: list[str], container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {"app.kubernetes.io/name": "ide", "app.kubernetes.io/instance": "one"}
    containers = [{"name": name} for name in names]
    spec = {"selector": {"matchLabels": labels}, "template": {"spec": {"containers": containers}}}
    monkeypatch.setattr("fixtures.deployment.deployment_object.request", lambda *_: ({"spec": spec}, None))
    found = Deployment.given(client.ApiClient(client.Configuration()), "s", "d")
    expected = ("app.kubernetes.io/name=ide,app.kubernetes.io/instance=one", container)
    assert (found.selector, found.container) == expected


def test_ready_is_that_of_the_newest_revision(deployment: DeploymentObject, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[str, dict[str, str]]] = []

    def wait(what: str, _seconds: float, _listed: object, ready: Callable[[list[Any]], bool], **given: str) -> None:
        waits.append((what, given))
        assert ready([rollout_state()] if "newest" in what else [pod()])

    monkeypatch.setattr("fixtures.deployment.deployment_object.wait_until", wait)
    assert deployment.wait_ready().metadata.name == "p"
    selector = {"namespace": "s", "label_selector": "app=code-server,pod-template-hash=hash2"}
    assert waits == [
        ("its newest pod", {"namespace": "s", "field_selector": "metadata.name=code-server"}),
        ("a node for its pod", selector),
        ("its pod to be Ready", selector),
    ]


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(rollout_state(generation=1), id="older generation"),
        pytest.param(rollout_state(replicas=2), id="old pod left"),
        pytest.param(rollout_state(updated=0, replicas=0), id="no pod"),
    ],
)
def test_deployment_that_is_not_updated_yet_is_waited_for(deployment: DeploymentObject, state: Any) -> None:
    assert not deployment._updated(2)([state])
    assert deployment._updated(2)([rollout_state()])


def test_pod_that_is_not_admitted_ends_the_wait(deployment: DeploymentObject) -> None:
    with pytest.raises(DeploymentError, match=r"exceeded quota: q.*raise the namespace's quota"):
        deployment._updated(2)([rollout_state(failure="exceeded quota: q")])


def test_ending_pod_is_not_the_ready_one(deployment: DeploymentObject) -> None:
    assert not deployment._ready([pod(ending=True), pod(ready=False)])


def test_timeout_says_what_was_awaited_and_what_was_seen(
    deployment: DeploymentObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(what: str, *_: Any, **__: str) -> None:
        raise ClusterWaitError(what, "")

    monkeypatch.setattr("fixtures.deployment.deployment_object.wait_until", late)
    line = "Deployment s/code-server: timed out after 7 s waiting for a node: p is Running: fix that, then run again"
    with pytest.raises(DeploymentError, match=f"^{line}$"):
        deployment.wait_for("a node", 7, list, bool)


@pytest.mark.parametrize(("missed", "of_product"), [("newest", False), ("node", False), ("Ready", True)])
def test_pod_that_is_not_ready_is_the_product_s_fault_and_one_that_was_never_placed_is_the_cluster_s(
    deployment: DeploymentObject, monkeypatch: pytest.MonkeyPatch, missed: str, *, of_product: bool
) -> None:
    def late(what: str, *_: Any, **__: str) -> None:
        if missed in what:
            raise ClusterWaitError(what, "")

    monkeypatch.setattr("fixtures.deployment.deployment_object.wait_until", late)
    with pytest.raises(DeploymentError, match=f"timed out .*{missed}") as raised:
        deployment.wait_ready()
    assert isinstance(raised.value, ProductError) is of_product


def test_one_pod_is_expected(deployment: DeploymentObject, monkeypatch: pytest.MonkeyPatch) -> None:
    there = SimpleNamespace(items=[pod(), pod(), pod(ending=True)])
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_pod", lambda *_, **__: there)
    with pytest.raises(DeploymentError, match=r"^Deployment s/code-server: one pod expected, there is p, p: scale it"):
        deployment.pod()


# ---- its Service


def service(name: str, selector: dict[str, str] | None) -> Any:
    spec = SimpleNamespace(selector=selector, ports=[SimpleNamespace(port=8080)])
    return SimpleNamespace(metadata=SimpleNamespace(name=name), spec=spec)


def test_service_is_the_first_that_leads_to_the_pod(
    deployment: DeploymentObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pod()
    one.metadata.labels = {"app.kubernetes.io/name": "ide", "pod-template-hash": "hash2"}
    monkeypatch.setattr(DeploymentObject, "pods", lambda _self: [one])
    there = [service("bare", None), service("other", {"app": "x"}), service("ide", {"app.kubernetes.io/name": "ide"})]
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_service", lambda *_: SimpleNamespace(items=there))
    assert deployment.service() == ("ide", 8080)
    there.pop()
    assert deployment.service() is None
