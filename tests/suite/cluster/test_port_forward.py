from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from kubernetes import client
from websocket import ABNF, frame_buffer

from fixtures.cluster.api import ClusterError
from fixtures.cluster.port_forward import PortForward
from fixtures.cluster.websocket import PROTOCOL, PodError

PATH = "/api/v1/namespaces/team/pods/web/portforward"
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 has a server add to the client's key."""
SECONDS = 10.0
POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "team"},
    "spec": {"containers": [{"name": "main"}]},
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {"name": "main", "state": {"running": {}}, "image": "i", "imageID": "i", "ready": True, "restartCount": 0}
        ],
    },
}


class Echo(socketserver.StreamRequestHandler):
    """What the pod serves: each byte comes back, and `bye` ends the connection."""

    def handle(self) -> None:
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)
            if data.endswith(b"bye"):
                return


class FakeCluster(ThreadingHTTPServer):
    """An API server with one pod; forwarded connections go to a port of this machine."""

    daemon_threads = True
    request_queue_size = 64
    target = 0
    pod: dict[str, Any] | None = POD
    refusal: tuple[int, str] | None = None
    refusals: Iterator[tuple[int, str]] = iter(())
    """What some more connections are refused by."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeNode)
        self.paths: list[str] = []
        self.ended = threading.Semaphore(0)
        """Released for each forwarded connection that has ended."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that hangs up is part of the tests."""


class FakeNode(BaseHTTPRequestHandler):
    server: FakeCluster
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if not self.path.startswith(PATH):
            self.answer(200 if self.server.pod else 404, self.server.pod or {"message": 'pods "web" not found'})
        elif refusal := next(self.server.refusals, self.server.refusal):
            self.answer(refusal[0], {"kind": "Status", "message": refusal[1]})
        elif self.server.pod is None:
            self.answer(404, {"kind": "Status", "message": 'pods "web" not found'})
        else:
            try:
                self.upgrade()
            finally:
                self.server.ended.release()

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def upgrade(self) -> None:
        assert self.headers["Sec-WebSocket-Protocol"] == PROTOCOL
        key = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + ACCEPT).encode(), usedforsecurity=False)
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(key.digest()).decode())
        self.send_header("Sec-WebSocket-Protocol", PROTOCOL)
        self.end_headers()
        self.close_connection = True
        port = int(self.path.rpartition("=")[2])
        for channel in (0, 1):
            self.frame(ABNF.OPCODE_BINARY, bytes([channel]) + struct.pack("<H", port))
        self.frame(ABNF.OPCODE_PING, b"there")
        try:
            far = socket.create_connection(("127.0.0.1", self.server.target))
        except ConnectionRefusedError:
            self.frame(ABNF.OPCODE_BINARY, b"\x01dial tcp4 127.0.0.1: connect: connection refused")
            self.end()
        else:
            feeder = threading.Thread(target=self.feed, args=(far,))
            feeder.start()
            with far, contextlib.suppress(OSError):
                while data := far.recv(1 << 15):
                    self.frame(ABNF.OPCODE_BINARY, b"\x00" + data)
            self.end()
            feeder.join()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.frame(ABNF.OPCODE_CLOSE, struct.pack("!H", 1000))
            self.connection.shutdown(socket.SHUT_RDWR)

    def feed(self, far: socket.socket) -> None:
        """Pass on what the client sends, until it closes."""
        frames: Any = frame_buffer(self.receive, skip_utf8_validation=True)
        with contextlib.suppress(OSError):
            while (frame := frames.recv_frame()).opcode != ABNF.OPCODE_CLOSE:
                if frame.opcode == ABNF.OPCODE_BINARY:
                    assert frame.data[0] == 0
                    far.sendall(bytes(frame.data[1:]))
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)

    def receive(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if not data:
            raise ConnectionResetError
        return data

    def frame(self, opcode: int, data: bytes) -> None:
        self.wfile.write(ABNF(1, 0, 0, 0, opcode, 0, data).format())


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    echo, found = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo), FakeCluster()
    echo.daemon_threads = True
    found.target = echo.server_address[1]
    with serving(echo), serving(found):
        yield found


@pytest.fixture
def api(cluster: FakeCluster) -> client.ApiClient:
    configuration = client.Configuration(host=f"http://127.0.0.1:{cluster.server_port}")
    configuration.retries = False
    return client.ApiClient(configuration)


@pytest.fixture
def forward(api: client.ApiClient) -> Iterator[PortForward]:
    with PortForward(api, "team", "web", 8080) as found:
        yield found


def connect(forward: PortForward) -> socket.socket:
    return socket.create_connection(("127.0.0.1", forward.port), SECONDS)


def receive(near: socket.socket, size: int) -> bytes:
    """Return so many bytes, fewer where the connection ends."""
    data = b""
    while len(data) < size and (more := near.recv(size - len(data))):
        data += more
    return data


def test_bytes_pass_both_ways(forward: PortForward, cluster: FakeCluster) -> None:
    data = bytes(range(256)) * 40
    with connect(forward) as near:
        near.sendall(data)
        assert receive(near, len(data)) == data
    assert f"{PATH}?ports=8080" in cluster.paths


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


def test_the_clients_end_reaches_the_pod(forward: PortForward, cluster: FakeCluster) -> None:
    assert cluster.ended.acquire(timeout=SECONDS), "the first try is closed"
    connect(forward).close()
    assert cluster.ended.acquire(timeout=SECONDS)


def test_nothing_is_left_of_a_closed_one(api: client.ApiClient) -> None:
    forward = PortForward(api, "team", "web", 8080)
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


def test_unserved_port_is_named(forward: PortForward, cluster: FakeCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        cluster.target = unused.getsockname()[1]
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match=r"pod team/web, port 8080: nothing listens there: see the pod's log"):
        forward.raise_trouble()


def test_pod_that_goes_away_is_named(forward: PortForward, cluster: FakeCluster) -> None:
    cluster.pod = None
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match="pod team/web, port 8080: there is no such pod: see its namespace's pods"):
        forward.raise_trouble()


def test_one_refusal_breaks_no_connection(forward: PortForward, cluster: FakeCluster) -> None:
    cluster.refusals = iter([(500, "error dialing backend")])
    with connect(forward) as near:
        near.sendall(b"x")
        assert receive(near, 1) == b"x"


def test_earlier_trouble_is_forgotten(forward: PortForward, cluster: FakeCluster) -> None:
    cluster.refusal = 500, "etcd is slow"
    with connect(forward) as near, pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(PodError, match="the API server answered: etcd is slow"):
        forward.raise_trouble()
    cluster.refusal = None
    with connect(forward) as near:
        near.sendall(b"x")
        receive(near, 1)
    forward.raise_trouble()


def absent(cluster: FakeCluster) -> None:
    cluster.pod = None


def ending(cluster: FakeCluster) -> None:
    now = "2026-01-01T00:00:00Z"
    cluster.pod = POD | {"metadata": POD["metadata"] | {"deletionTimestamp": now}}
    cluster.refusal = 500, "container is gone"


def forbidden(cluster: FakeCluster) -> None:
    cluster.refusal = 403, "pods/portforward is forbidden"


def unknown(cluster: FakeCluster) -> None:
    cluster.refusal = 401, "Unauthorized"


@pytest.mark.parametrize(
    "fault, said",
    [
        (absent, "there is no such pod: see"),
        (ending, "the pod is being deleted: wait for its successor"),
        (forbidden, "pods/portforward is forbidden: give this account the verbs get and create on pods/portforward"),
        (unknown, "the API server refuses the credentials: get a new kubeconfig"),
    ],
)
def test_trouble_is_told_at_once(
    api: client.ApiClient, cluster: FakeCluster, fault: Callable[[FakeCluster], None], said: str
) -> None:
    fault(cluster)
    with pytest.raises((PodError, ClusterError), match=said) as told:
        PortForward(api, "team", "web", 8080)
    assert "\n" not in str(told.value)


def test_silent_api_server_is_told() -> None:
    configuration = client.Configuration(host="http://127.0.0.1:9")
    configuration.retries = False
    with pytest.raises(ClusterError, match="the connection is refused"):
        PortForward(client.ApiClient(configuration), "team", "web", 8080)
