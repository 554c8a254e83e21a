"""A cluster that answers from tables, in which nothing is lacking."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.preflight.asking import UnseenError


def named(name: str, **metadata: Any) -> dict[str, Any]:
    """An object of which only its metadata counts."""
    return {"metadata": {"name": name, **metadata}}


def node(name: str = "one", **changes: Any) -> dict[str, Any]:
    """A node that can take the workspace, with changes of its status."""
    info = {"kernelVersion": "6.1.0", "osImage": "Debian GNU/Linux 13", "architecture": "amd64"}
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "4", "memory": "8Gi"},
        "nodeInfo": info | changes.pop("info", {}),
    }
    return {"metadata": {"name": name}, "spec": changes.pop("spec", {}), "status": status | changes}


DEFAULT = named("standard", annotations={"storageclass.kubernetes.io/is-default-class": "true"})
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
SPACES = "/api/v1/namespaces"
SETS = "/apis/apps/v1/daemonsets"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
CONFIGURATION = "/api/v1/nodes/one/proxy/configz"


class FakeCluster:
    """Answers like `Cluster`."""

    server = "https://cluster.example.com"

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {
            "/version": {"gitVersion": "v1.30.0"},
            "/apis": {"groups": [{"name": "apps"}]},
            "/api/v1/nodes": [node()],
            CONFIGURATION: {"kubeletconfig": {"seccompDefault": False}},
            CLASSES: [DEFAULT],
            SPACES: [named("default"), named("argo", labels={"pod-security.kubernetes.io/enforce": "baseline"})],
            f"{SPACES}/default": named("default"),
            SETS: [named("calico-node")],
            f"{ADMISSION}/validatingadmissionpolicies": [],
            f"{ADMISSION}/validatingwebhookconfigurations": [],
        }
        self.denied: set[tuple[str, str]] = set()
        """Verbs and resources that this account may not."""
        self.refusal = ""
        """Why a pod would be refused."""

    def get(self, path: str) -> Any:
        """A document."""
        if path not in self.documents:
            raise UnseenError(f"{path} is forbidden")
        return self.documents[path]

    def items(self, path: str) -> Any:
        """The objects of a list."""
        return self.get(path)

    def may(self, verb: str, resource: str, _group: str = "", namespace: str = "") -> bool:
        """Whether the account has a right."""
        del namespace
        return (verb, resource) not in self.denied

    def refusal_of(self, _path: str, _body: Any) -> str:
        """Why a pod would be refused."""
        return self.refusal


@pytest.fixture
def cluster() -> Any:
    """The cluster."""
    return FakeCluster()
