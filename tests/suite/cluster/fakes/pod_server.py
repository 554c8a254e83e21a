"""An API server with one pod: its commands run on this machine, its ports are those of this machine."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import socket
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetes import client
from websocket import ABNF, frame_buffer

from fixtures.cluster.websocket import RESIZE
from tests.suite.cluster.fakes.api_server import selected

ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 has a server add to the client's key."""
STUMBLE = b"stumble here"
PLACE = ("team", "web", "main")
"""Namespace, pod and container."""


def pod(**status: Any) -> dict[str, Any]:
    """The pod `team/web` with two containers, as the API has it."""
    return {
        "metadata": {"name": "web", "namespace": "team"},
        "spec": {"containers": [{"name": "main"}, {"name": "proxy"}]},
        "status": {"phase": "Running", "containerStatuses": [container({"running": {}})], **status},
    }


def container(state: dict[str, Any]) -> dict[str, Any]:
    """The status of its container `main`."""
    return {"name": "main", "state": state, "image": "i", "imageID": "i", "ready": False, "restartCount": 0}


def settings(server: PodServer) -> client.Configuration:
    """The official client's settings for a server, without an authority to trust."""
    configuration = client.Configuration(host=f"{server.scheme}://127.0.0.1:{server.server_port}")
    configuration.retries = False
    return configuration


class PodServer(ThreadingHTTPServer):
    """The server; it can refuse, stumble in a message, or be deaf to a program's input."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, scheme: str = "http") -> None:
        super().__init__(("127.0.0.1", 0), PodHandler)
        self.scheme = scheme
        self.pod: dict[str, Any] | None = pod()
        self.refusal: tuple[int, str] | None = None
        self.refusals: Iterator[tuple[int, str]] = iter(())
        """What some more websockets are refused by."""
        self.failure = ""
        self.deaf = False
        self.stumble = ""
        """What happens in the middle of a message that has `STUMBLE` in it: `cut` the connection, or `stall`."""
        self.target = 0
        """The port that forwarded connections go to."""
        self.documents: dict[str, dict[str, Any]] = {}
        """Other objects, by their path."""
        self.requests: list[BaseHTTPRequestHandler] = []
        self.pongs: list[bytes] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ended = threading.Semaphore(0)
        """Released for each forwarded connection that has ended."""

    @property
    def execs(self) -> list[BaseHTTPRequestHandler]:
        """The requests to start a program."""
        return [request for request in self.requests if "/exec?" in request.path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that hangs up is part of the tests."""


class PodHandler(BaseHTTPRequestHandler):
    """Answers for PodServer: about the pod, and by a websocket for a program or a port of it."""

    server: PodServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self.server.requests.append(self)
        path = urlsplit(self.path).path
        kind = path.rpartition("/")[2]
        if path in self.server.documents:
            self.answer(200, selected(self.server.documents[path], self.path))
        elif kind not in {"exec", "portforward"}:
            found = self.server.pod if kind == "web" and "/pods/" in path else None
            self.answer(200 if found else 404, found or {"message": 'pods "web" not found'})
        elif refusal := next(self.server.refusals, self.server.refusal):
            self.answer(refusal[0], {"kind": "Status", "message": refusal[1]})
        elif self.server.pod is None:
            self.answer(404, {"kind": "Status", "message": 'pods "web" not found'})
        else:
            self.upgrade()
            query = parse_qs(urlsplit(self.path).query)
            if kind == "exec":
                self.start(query)
            else:
                with contextlib.ExitStack() as undo:
                    undo.callback(self.server.ended.release)
                    self.forward(int(query["ports"][0]))

    def answer(self, status: int, document: dict[str, Any]) -> None:
        """Send a document, and where a redirect would lead to."""
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/stolen")
        self.end_headers()
        self.wfile.write(body)

    def upgrade(self) -> None:
        """Make a websocket of the connection."""
        key = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + ACCEPT).encode(), usedforsecurity=False)
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(key.digest()).decode())
        self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
        self.end_headers()
        self.close_connection = True
        self.lock = threading.RLock()

    # ---- a program

    def start(self, query: dict[str, list[str]]) -> None:
        """Run a program, or say why it cannot be started."""
        self.message(b"\x01")
        self.ping()
        if self.server.failure:
            self.end({"status": "Failure", "message": self.server.failure, "reason": "InternalError"})
        else:
            self.run(query["command"], tty=query["tty"] == ["true"])

    def run(self, argv: list[str], *, tty: bool) -> None:
        """Run a program with pipes or a terminal, and pass its outputs on."""
        if tty:
            near, far = os.openpty()
            # The program's session has the terminal as its own, as in a container. A shell in the background has
            # what it starts ignore Ctrl-C, these tests among it.
            argv = ["env", "--default-signal=INT", "setsid", "--ctty", *argv]
            process = subprocess.Popen(argv, stdin=far, stdout=far, stderr=far)
            os.close(far)
            outputs, stdin = {1: near}, near
        else:
            pipes = [os.pipe() for _ in range(3)]
            (far_in, stdin), (out, far_out), (err, far_err) = pipes
            process = subprocess.Popen(argv, stdin=far_in, stdout=far_out, stderr=far_err)
            for far in (far_in, far_out, far_err):
                os.close(far)
            outputs = {1: out, 2: err}
        self.server.processes.append(process)
        pumps = [threading.Thread(target=self.pump, args=(*one, tty), daemon=True) for one in outputs.items()]
        for pump in pumps:
            pump.start()
        threading.Thread(target=self.wait, args=(process, pumps), daemon=True).start()
        self.feed_program(stdin)
        if not tty:
            os.close(stdin)

    def feed_program(self, stdin: int) -> None:
        """Pass the client's input on until it ends."""
        while self.server.deaf:
            threading.Event().wait()
        for data in self.received():
            if data[0] == RESIZE:
                size = json.loads(data[1:])
                termios.tcsetwinsize(stdin, (size["Height"], size["Width"]))
            else:
                with open(stdin, "wb", buffering=0, closefd=False) as file:
                    rest = data[1:]
                    while rest:
                        rest = rest[file.write(rest) :]

    def pump(self, channel: int, output: int, tty: bool) -> None:  # noqa: FBT001
        """Pass an output on until it ends."""
        with contextlib.suppress(OSError):
            while data := os.read(output, 1 << 15):
                self.message(bytes([channel]) + data)
        if not tty:
            os.close(output)

    def wait(self, process: subprocess.Popen[bytes], pumps: list[threading.Thread]) -> None:
        """Tell how a program ended."""
        status = process.wait()
        for pump in pumps:
            pump.join()
        cause = {"reason": "ExitCode", "message": str(status if status >= 0 else 128 - status)}
        failure = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}
        with contextlib.suppress(OSError):
            self.end({"status": "Success"} if status == 0 else failure)

    # ---- a port

    def forward(self, port: int) -> None:
        """Pass bytes between the client and a port, or say that it is not served."""
        for channel in (0, 1):
            self.message(bytes([channel]) + struct.pack("<H", port))
        self.ping()
        try:
            far = socket.create_connection(("127.0.0.1", self.server.target))
        except ConnectionRefusedError:
            self.message(b"\x01dial tcp4 127.0.0.1: connect: connection refused")
            self.end()
            return
        feeder = threading.Thread(target=self.feed_port, args=(far,))
        feeder.start()
        with far, contextlib.suppress(OSError):
            while data := far.recv(1 << 15):
                self.message(b"\x00" + data)
        self.end()
        feeder.join()

    def feed_port(self, far: socket.socket) -> None:
        """Pass on what the client sends, until it closes."""
        for data in self.received():
            assert data[0] == 0
            far.sendall(data[1:])
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)

    # ---- frames

    def received(self) -> Iterator[bytes]:
        """The client's messages, until it closes the websocket."""
        frames: Any = frame_buffer(self.receive, skip_utf8_validation=True)
        with contextlib.suppress(OSError):
            while (frame := frames.recv_frame()).opcode != ABNF.OPCODE_CLOSE:
                if frame.opcode == ABNF.OPCODE_PONG:
                    self.server.pongs.append(bytes(frame.data))
                else:
                    yield bytes(frame.data)

    def receive(self, size: int) -> bytes:
        """Read bytes of the connection."""
        data = self.rfile.read(size)
        if not data:
            raise ConnectionResetError
        return data

    def message(self, data: bytes) -> None:
        """Send a message, a long one in two frames."""
        half = len(data) // 2 if len(data) > 1000 else 0
        with self.lock:  # no other message may come between the two frames, RFC 6455 section 5.4
            if half:
                self.frame(ABNF(0, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data[:half]))
                self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_CONT, 0, data[half:]))
            else:
                self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data))

    def ping(self) -> None:
        """Ask whether the client is there."""
        self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_PING, 0, b"there"))

    def frame(self, frame: ABNF) -> None:
        """Send a frame, or stumble in it."""
        content = frame.format()
        stumbles = self.server.stumble if STUMBLE in content else ""
        with self.lock:
            self.wfile.write(content[: len(content) // 2] if stumbles else content)
            if stumbles == "cut":
                self.hang_up()
            while stumbles == "stall":
                threading.Event().wait()

    def end(self, status: dict[str, Any] | None = None) -> None:
        """Close the websocket, a program's with its status."""
        with contextlib.suppress(OSError):
            if status is not None:
                self.message(b"\x03" + json.dumps({"metadata": {}, **status}).encode())
            self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_CLOSE, 0, struct.pack("!H", 1000)))
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection in both directions, for the thread that reads it too."""
        # A TLS socket's own shutdown drops its keys first: who reads it in another thread is given ciphertext.
        socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
