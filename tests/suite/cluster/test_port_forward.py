"""A port of a pod on this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.api import ClusterError
from fixtures.cluster.port_forward import PortForward
from fixtures.cluster.websocket import PROTOCOL, PodError
from tests.suite.cluster.fakes.pod_server import STUMBLE, PodServer, pod

PATH = "/api/v1/namespaces/team/pods/web/portforward"
SECONDS = 10.0
ALONE: dict[str, Any] = pod() | {"spec": {"containers": [{"name": "main"}]}}
"""A pod of one container, which runs."""


@pytest.fixture
def server(pod_server: PodServer, echo: int) -> PodServer:
    """An API server with a pod of one container, whose ports all lead to one that says what it hears."""
    pod_server.pod, pod_server.target = ALONE, echo
    return pod_server


@pytest.fixture
def forward(server: PodServer, pod_api: client.ApiClient) -> Iterator[PortForward]:
    """Port 8080 of the pod."""
    assert server.target
    with PortForward(pod_api, "team", "web", 8080) as found:
        yield found


def connect(forward: PortForward) -> socket.socket:
    """Connect to a forwarded port."""
    return socket.create_connection(("127.0.0.1", forward.port), SECONDS)


def receive(near: socket.socket, size: int) -> bytes:
    """Return so many bytes, fewer where the connection ends."""
    data = b""
    while len(data) < size and (more := near.recv(size - len(data))):
        data += more
    return data


def test_bytes_pass_both_ways(forward: PortForward, server: PodServer) -> None:
    data = bytes(range(256)) * 40
    with connect(forward) as near:
        near.sendall(data)
        assert receive(near, len(data)) == data
    request = server.requests[-1]
    assert (request.path, request.headers["Sec-WebSocket-Protocol"]) == (f"{PATH}?ports=8080", PROTOCOL)


def test_connections_do_not_wait_for_each_other(forward: PortForward) -> None:
    with contextlib.ExitStack() as stack:
        nears = [stack.enter_context(connect(forward)) for _ in range(30)]
        for number, near in reversed(list(enumerate(nears))):
            near.sendall(b"%02d" % number)
            assert receive(near, 2) == b"%02d" % number


def test_both_directions_full_at_once(forward: PortForward) -> None:
    """What comes back is read only when all is sent: nothing may be kept waiting for good, nor lost."""
    data = os.urandom(8 << 20)
    with connect(forward) as near:
        sender = threading.Thread(target=near.sendall, args=(data,))
        sender.start()
        sender.join(1)
        assert receive(near, len(data)) == data
        sender.join(SECONDS)


def test_the_pods_end_ends_the_connection_after_its_last_byte(forward: PortForward) -> None:
    with connect(forward) as near:
        near.sendall(b"good bye")
        assert receive(near, 100) == b"good bye"
    forward.raise_trouble()


def test_the_clients_end_reaches_the_pod(forward: PortForward, server: PodServer) -> None:
    assert server.ended.acquire(timeout=SECONDS), "the first try is closed"
    connect(forward).close()
    assert server.ended.acquire(timeout=SECONDS)


def test_port_is_open_on_this_machine_s_own_address_alone(forward: PortForward) -> None:
    # All of 127.0.0.0/8 is this machine: who listens on any address answers there too.
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", forward.port), SECONDS):
        pass


@pytest.mark.usefixtures("server")
def test_nothing_is_left_of_a_closed_one(pod_api: client.ApiClient) -> None:
    forward = PortForward(pod_api, "team", "web", 8080)
    with connect(forward) as near:
        near.sendall(b"x")
        receive(near, 1)
        began = time.monotonic()
        forward.close()
        forward.close()
        assert time.monotonic() - began < 1
        assert not receive(near, 1)
    assert not [thread for thread in threading.enumerate() if forward.subject in thread.name]
    with pytest.raises(ConnectionRefusedError):
        connect(forward)


# ---- what goes wrong


def test_unserved_port_is_named(forward: PortForward, server: PodServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        server.target = unused.getsockname()[1]
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match=r"pod team/web, port 8080: nothing listens there: see the pod's log"):
        forward.raise_trouble()


def test_pod_that_goes_away_is_named(forward: PortForward, server: PodServer) -> None:
    server.pod = None
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match="pod team/web, port 8080: there is no such pod: see its namespace's pods"):
        forward.raise_trouble()


def test_connection_that_is_lost_does_not_look_ended(forward: PortForward, server: PodServer) -> None:
    server.stumble = "cut"
    with connect(forward) as near:
        near.sendall(STUMBLE)
        with pytest.raises(ConnectionResetError):
            pytest.fail(f"it ended with {near.recv(len(STUMBLE))!r}, as if the pod had closed it")


def test_one_refusal_breaks_no_connection(forward: PortForward, server: PodServer) -> None:
    server.refusals = iter([(500, "error dialing backend")])
    with connect(forward) as near:
        near.sendall(b"x")
        assert receive(near, 1) == b"x"


def test_earlier_trouble_is_forgotten(forward: PortForward, server: PodServer) -> None:
    server.refusal = 500, "etcd is slow"
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match="the API server answered: etcd is slow"):
        forward.raise_trouble()
    server.refusal = None
    with connect(forward) as near:
        near.sendall(b"x")
        receive(near, 1)
    forward.raise_trouble()


def absent(server: PodServer) -> None:
    server.pod = None


def ending(server: PodServer) -> None:
    now = "2026-01-01T00:00:00Z"
    server.pod = ALONE | {"metadata": ALONE["metadata"] | {"deletionTimestamp": now}}
    server.refusal = 500, "container is gone"


def forbidden(server: PodServer) -> None:
    server.refusal = 403, "pods/portforward is forbidden"


def unknown(server: PodServer) -> None:
    server.refusal = 401, "Unauthorized"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (absent, "there is no such pod: see"),
        (ending, "the pod is being deleted: wait for its successor"),
        (forbidden, "pods/portforward is forbidden: give this account the verbs get and create on pods/portforward"),
        (unknown, "the API server refuses the credentials: get a new kubeconfig"),
    ],
    ids=["no pod", "ending", "forbidden", "wrong credentials"],
)
def test_trouble_is_told_at_once(
    pod_api: client.ApiClient, server: PodServer, fault: Callable[[PodServer], None], said: str
) -> None:
    fault(server)
    with pytest.raises((PodError, ClusterError), match=said) as told:
        PortForward(pod_api, "team", "web", 8080)
    assert "\n" not in str(told.value)


def test_silent_api_server_is_told() -> None:
    configuration = client.Configuration(host="http://127.0.0.1:9")
    configuration.retries = False
    with pytest.raises(ClusterError, match="the connection is refused"):
        PortForward(client.ApiClient(configuration), "team", "web", 8080)
