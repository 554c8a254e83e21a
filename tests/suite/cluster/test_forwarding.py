"""pytest-kubernetes' port forwarding."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from kubernetes import client
from pytest_kubernetes.portforwarding import PortForwarding

from fixtures.cluster.forwarding import Forwarding, pod_behind
from fixtures.cluster.kubectl import KubectlError
from fixtures.errors import UsageError
from tests.suite.cluster.fakes.pod_server import PodServer, pod

PORTS = [{"name": "http", "containerPort": 8080}]
MAIN = {"containers": [{"name": "main", "ports": PORTS}]}
WEB: dict[str, Any] = pod() | {
    "metadata": {"name": "web", "namespace": "team", "labels": {"app": "web"}},
    "spec": MAIN,
}
OLD = WEB | {"metadata": WEB["metadata"] | {"name": "old", "uid": "1", "deletionTimestamp": "2030-01-01T00:00:00Z"}}
OTHER = WEB | {"metadata": WEB["metadata"] | {"name": "other", "uid": "2", "labels": {"app": "other"}}}
SELECTOR = {"matchLabels": {"app": "web"}}
TEMPLATE: dict[str, Any] = {"metadata": {}, "spec": {"containers": [{"name": "main"}]}}


@pytest.fixture
def server(pod_server: PodServer, echo: int) -> PodServer:
    """An API server with a pod, a service and a deployment of it, an older pod of it that is ending, and another one.

    All ports lead to one that says what it hears.
    """
    pod_server.pod, pod_server.target = WEB, echo
    service = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    web = {"metadata": {"name": "web"}}
    pod_server.documents = {
        "/api/v1/namespaces/team/pods": {"metadata": {"resourceVersion": "1"}, "items": [OTHER, OLD, WEB]},
        "/api/v1/namespaces/team/services/web": web | {"spec": service},
        "/api/v1/namespaces/team/services/none": web | {"spec": {"ports": [{"port": 81}]}},
        "/apis/apps/v1/namespaces/team/deployments/web": web | {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    }
    return pod_server


def test_port_is_forwarded_while_it_is_entered(server: PodServer, pod_api: client.ApiClient) -> None:
    assert server.target
    forwarding = Forwarding(pod_api, "svc/web", (0, 80), "team", 5)
    assert isinstance(forwarding, PortForwarding)
    with forwarding, socket.create_connection(("127.0.0.1", forwarding.port)) as near:
        near.sendall(b"bye")
        assert near.recv(10) == b"bye"
        port = forwarding.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    forwarding.stop()


@pytest.mark.parametrize("pod_server", ["http"], indirect=True)
@pytest.mark.parametrize(
    ("target", "port", "expected"),
    [("web", 8080, 8080), ("pod/web", 8080, 8080), ("service/web", 80, 8080), ("deploy/web", 8080, 8080)],
)
def test_target_may_be_a_pod_or_what_selects_it(
    server: PodServer, pod_api: client.ApiClient, target: str, port: int, expected: int
) -> None:
    assert pod_behind(pod_api, "team", target, port, 5) == ("web", expected)
    assert server.requests


@pytest.mark.parametrize("pod_server", ["http"], indirect=True)
@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("svc/web", r"^service team/web has no port 81: name one of its ports: 80$"),
        ("svc/none", r"^svc/none in team selects no pods: forward to a pod by its name$"),
        ("deploy/other", r"^looking for a pod of deploy/other in team failed at"),
    ],
    ids=["no such port", "no pods", "no such deployment"],
)
@pytest.mark.usefixtures("server")
def test_target_that_cannot_be_forwarded_is_a_runtime_error(
    pod_api: client.ApiClient, target: str, refusal: str
) -> None:
    with pytest.raises(RuntimeError, match=refusal) as caught:
        Forwarding(pod_api, target, (0, 81), "team", 1).start()
    assert isinstance(caught.value, KubectlError)


@pytest.mark.parametrize("pod_server", ["http"], indirect=True)
@pytest.mark.usefixtures("server")
def test_port_in_use_is_named(pod_api: client.ApiClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        with pytest.raises(KubectlError, match=rf"^port {port} of this machine: Address already in use: give another"):
            Forwarding(pod_api, "web", (port, 8080), "team", 1).start()


@pytest.mark.parametrize("pod_server", ["http"], indirect=True)
def test_kind_without_pods_is_refused(pod_api: client.ApiClient) -> None:
    with pytest.raises(UsageError, match=r"^configmap/x has no pods to forward to: name a pod, service"):
        Forwarding(pod_api, "configmap/x", (0, 1), "team", 1).start()
