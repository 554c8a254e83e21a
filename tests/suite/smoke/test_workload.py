"""Which pod is that of the newest template, and what a smoke run leaves of a kubeconfig."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.cluster.api import connect
from fixtures.cluster.kubeconfig import copy_kubeconfig
from fixtures.smoke import access
from fixtures.smoke.workload import Workload, WorkloadError
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.serving import serving

PLACE = "/apis/apps/v1/namespaces/team/deployments/web"
PODS = "/api/v1/namespaces/team/pods"
SPEC = {"replicas": 1, "selector": {"matchLabels": {"app": "ide"}}}
STATUS = {"observedGeneration": 3, "updatedReplicas": 1, "replicas": 1}


def pod(name: str, minute: int, *, ending: bool = False, app: str = "ide") -> dict[str, Any]:
    """A pod that is Ready, made at some minute."""
    about: dict[str, Any] = {
        "name": name,
        "creationTimestamp": f"2030-01-01T00:{minute:02}:00Z",
        "labels": {"app": app},
    }
    if ending:
        about["deletionTimestamp"] = "2030-01-01T01:00:00Z"
    conditions = [{"type": "Ready", "status": "True"}]
    return {"metadata": about, "spec": {"containers": []}, "status": {"phase": "Running", "conditions": conditions}}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """An API server with a Deployment that is rolled out."""
    with serving(found := ApiServer()):
        found.documents[PLACE] = {"metadata": {"name": "web", "generation": 3}, "spec": SPEC, "status": STATUS}
        yield found


@pytest.fixture
def workload(server: ApiServer, tmp_path: Path) -> Workload:
    """That Deployment."""
    return Workload(connect(kubeconfig(tmp_path, server.url), "mine"), "team", "web")


def test_pod_is_the_newest_that_is_not_ending(server: ApiServer, workload: Workload) -> None:
    server.documents[PODS] = {
        "items": [pod("old", 1), pod("new", 2), pod("gone", 3, ending=True), pod("other", 4, app="x")]
    }
    assert workload.wait_ready(0).pod.metadata.name == "new"


@pytest.mark.parametrize(
    "status", [STATUS | {"observedGeneration": 2}, STATUS | {"updatedReplicas": 0}, STATUS | {"replicas": 2}]
)
def test_pod_of_an_older_template_is_not_taken(server: ApiServer, workload: Workload, status: dict[str, int]) -> None:
    server.documents[PLACE]["status"] = status
    server.documents[PODS] = {"items": [pod("old", 1)]}
    server.documents[PODS]["items"][0]["status"]["containerStatuses"] = []
    with pytest.raises(WorkloadError, match="no pod of its newest template is Ready: old: "):
        workload.wait_ready(0)


def test_copy_of_a_kubeconfig_is_gone_afterwards(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []

    def copied(path: Path, context: str | None) -> tuple[Path, str]:
        copies.append(copy_kubeconfig(path, context)[0])
        return copies[-1], "mine"

    monkeypatch.setattr("fixtures.smoke.access.copy_kubeconfig", copied)
    with access.opened(kubeconfig(tmp_path, server.url), None) as (_, inside):
        assert (inside, copies[0].exists()) == (False, True)
    assert not copies[0].exists()
