"""Changes of the deployment: what is sent to the API, and what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.deployment.deployment_object import REVISION, DeploymentObject
from fixtures.deployment.diagnosis import DeploymentError
from fixtures.deployment.rollout import RESTARTED, Rollout


def replica_set(image: str) -> dict[str, Any]:
    labels = {"app": "code-server", "pod-template-hash": image}
    return {"spec": {"template": {"metadata": {"labels": labels}, "image": image}}}


class FakeDeployment:
    """A Deployment at its third revision; keeps what is patched and what is waited for."""

    subject, namespace, name, selector = "Deployment s/d", "s", "d", "app=d"

    def __init__(self) -> None:
        self.patches: list[Any] = []
        self.waits: list[str] = []
        self.revisions = {2: replica_set("second"), 1: replica_set("first"), 3: replica_set("third")}
        self.core = SimpleNamespace(list_namespaced_pod=None)
        self.apps = SimpleNamespace(patch_namespaced_deployment=lambda _d, _s, body: self.patches.append(body))

    def pod(self) -> Any:
        return SimpleNamespace(metadata=SimpleNamespace(uid="old"))

    def document(self) -> dict[str, Any]:
        return {"metadata": {"annotations": {REVISION: str(max(self.revisions))}}}

    def replica_sets(self) -> dict[int, dict[str, Any]]:
        return self.revisions

    def wait_ready(self, _seconds: float = 0) -> str:
        self.waits.append("Ready")
        return "new pod"

    def wait_for(
        self, what: str, _seconds: float, _listed: object, ready: Callable[[list[Any]], bool], **_: str
    ) -> None:
        assert ready([])
        assert not ready(["a pod"])
        self.waits.append(what)

    @contextmanager
    def explained(self, _what: str) -> Iterator[None]:
        yield


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


@pytest.fixture
def rollout(deployment: FakeDeployment) -> Rollout:
    return Rollout(cast("DeploymentObject", deployment))


def test_restart_changes_the_template_and_waits(rollout: Rollout, deployment: FakeDeployment) -> None:
    assert rollout.restart() == "new pod"
    assert deployment.patches == [{"spec": {"template": {"metadata": {"annotations": {RESTARTED: "old"}}}}}]
    assert deployment.waits == ["Ready"]


def test_set_image_changes_that_of_code_server_alone(rollout: Rollout, deployment: FakeDeployment) -> None:
    assert rollout.set_image("r/i@sha256:1") == "new pod"
    containers = deployment.patches[0]["spec"]["template"]["spec"]["containers"]
    assert containers == [{"name": "code-server", "image": "r/i@sha256:1"}]


def test_undo_goes_back_to_the_template_of_the_revision_before(rollout: Rollout, deployment: FakeDeployment) -> None:
    assert rollout.undo() == "new pod"
    template = {"metadata": {"labels": {"app": "code-server"}}, "image": "second"}
    assert deployment.patches == [[{"op": "replace", "path": "/spec/template", "value": template}]]


def test_undo_without_an_earlier_revision_is_refused(rollout: Rollout, deployment: FakeDeployment) -> None:
    deployment.revisions = {3: replica_set("third")}
    with pytest.raises(DeploymentError, match=r"^Deployment s/d has no earlier revision"):
        rollout.undo()
    assert not deployment.patches


@pytest.mark.parametrize(("replicas", "awaited"), [(1, "Ready"), (0, "the end of its pods")])
def test_scale_waits_for_the_pod_or_its_end(
    rollout: Rollout, deployment: FakeDeployment, replicas: int, awaited: str
) -> None:
    rollout.scale(replicas)
    assert deployment.patches == [{"spec": {"replicas": replicas}}]
    assert deployment.waits == [awaited]
