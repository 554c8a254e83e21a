"""The websocket to a pod: what is asked of the server, and what a refusal means."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes import client

from fixtures.cluster.api import ClusterError
from fixtures.cluster.pod_exec import PodExecTransport, pod_shell
from fixtures.cluster.websocket import PROTOCOL, PodError
from fixtures.shell.shell import Shell
from tests.suite.cluster.fakes.pod_server import PLACE, PodServer, container, pod, settings
from tests.suite.serving import end

CRASHING = container({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}})
UNSCHEDULED = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}


def test_server_is_asked_for_what_was_meant(pod_server: PodServer, pod_api: client.ApiClient) -> None:
    argv = ("sh", "-c", "echo 'a, b' & 100%\n")
    PodExecTransport(pod_api, *PLACE, argv).close()
    (request,) = pod_server.execs
    path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
    assert path == "/api/v1/namespaces/team/pods/web/exec"
    assert query.pop("command") == list(argv)
    assert query == {"container": ["main"], "stdin": ["true"], "stdout": ["true"], "stderr": ["true"], "tty": ["false"]}
    assert (request.headers["authorization"], request.headers["Sec-WebSocket-Protocol"]) == ("Bearer a-token", PROTOCOL)


@pytest.mark.parametrize(
    ("status", "message", "there", "expected"),
    [
        pytest.param(
            403,
            'pods "web" is forbidden: User "u" cannot get resource "pods/exec"',
            pod(),
            r'no right to run commands there, pods "web" is forbidden: .*: give this account .* pods/exec',
            id="forbidden",
        ),
        pytest.param(404, 'pods "web" not found', None, "there is no such pod: see its namespace's pods", id="no pod"),
        pytest.param(
            404,
            "container not found",
            pod() | {"spec": {"containers": [{"name": "app"}, {"name": "proxy"}]}},
            "the pod has no such container but app, proxy: name one of these",
            id="no container",
        ),
        pytest.param(
            500,
            'container not found ("main")',
            pod(containerStatuses=[CRASHING]),
            r"the container does not run yet \(CrashLoopBackOff: back-off 10s\): wait until it is ready",
            id="crashing",
        ),
        pytest.param(
            400,
            "pod web does not have a host assigned",
            pod(phase="Pending", containerStatuses=None, conditions=[UNSCHEDULED]),
            r"the container does not run yet \(0/1 nodes are available\)",
            id="on no node",
        ),
        pytest.param(
            401,
            "Unauthorized",
            pod(),
            "the API server refuses the credentials: get a new kubeconfig",
            id="wrong credentials",
        ),
        pytest.param(
            503, "the node is\nbusy", pod(), "the API server answered: the node is busy: see", id="some other answer"
        ),
        pytest.param(
            302, "elsewhere", pod(), r"no websocket \(Redirect limit exhausted\): see whether a proxy", id="redirect"
        ),
    ],
)
def test_refusal_is_one_line(
    pod_server: PodServer, shell: Shell, status: int, message: str, there: dict[str, Any] | None, expected: str
) -> None:
    pod_server.refusal, pod_server.pod = (status, message), there
    with pytest.raises(PodError, match=f"^pod team/web, container main: {expected}") as caught:
        shell.run("true")
    assert "\n" not in str(caught.value)
    assert not [request for request in pod_server.requests if "stolen" in request.path]


def test_server_that_is_not_there(pod_server: PodServer) -> None:
    end(pod_server)
    with (
        pod_shell(client.ApiClient(settings(pod_server)), *PLACE) as shell,
        pytest.raises(ClusterError, match=r"^a shell in pod team/web, container main failed at http.* refused"),
    ):
        shell.run("true")


def test_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.websocket.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("fixtures.cluster.pod_state.ASK_SECONDS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        configuration = client.Configuration(host=f"http://127.0.0.1:{server.getsockname()[1]}")
        configuration.retries = False
        with pytest.raises(ClusterError, match="hangs"):
            PodExecTransport(client.ApiClient(configuration), *PLACE)


@pytest.mark.parametrize("pod_server", ["https"], indirect=True)
def test_strangers_certificate_is_refused(pod_server: PodServer) -> None:
    with pytest.raises(ClusterError, match=r"no TLS connection, .*self-signed certificate"):
        PodExecTransport(client.ApiClient(settings(pod_server)), *PLACE)
    assert not pod_server.execs
