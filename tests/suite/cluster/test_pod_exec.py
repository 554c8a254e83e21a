from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import ipaddress
import json
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kubernetes import client
from websocket import ABNF, frame_buffer

from fixtures.cluster.api import ClusterError
from fixtures.cluster.pod_exec import PodExecTransport, pod_shell
from fixtures.cluster.pod_terminal import PodTerminal
from fixtures.cluster.websocket import PROTOCOL, RESIZE, PodError
from fixtures.shell.screen import ScreenError, TerminalError
from fixtures.shell.shell import Shell
from fixtures.shell.transport import CommandTimeoutError, ShellDiedError

PLACE = ("team", "web", "main")
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 has a server add to the client's key."""
STUMBLE = b"stumble here"


def pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "team"},
        "spec": {"containers": [{"name": "main"}, {"name": "proxy"}]},
        "status": {"phase": "Running", "containerStatuses": [container({"running": {}})], **status},
    }


def container(state: dict[str, Any]) -> dict[str, Any]:
    return {"name": "main", "state": state, "image": "i", "imageID": "i", "ready": False, "restartCount": 0}


class FakeCluster(ThreadingHTTPServer):
    """An API server with one pod, whose commands run here; it can refuse, stumble, be deaf."""

    daemon_threads = True

    def __init__(self, scheme: str) -> None:
        super().__init__(("127.0.0.1", 0), FakeExec)
        self.scheme = scheme
        self.pod: dict[str, Any] | None = pod()
        self.refusal: tuple[int, str] | None = None
        self.failure = ""
        self.deaf = False
        self.stumble = ""
        """What happens in the middle of a message that has `STUMBLE` in it: `cut` the connection, or `stall`."""
        self.requests: list[BaseHTTPRequestHandler] = []
        self.pongs: list[bytes] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def execs(self) -> list[FakeExec]:
        return [request for request in self.requests if isinstance(request, FakeExec) and "/exec?" in request.path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that hangs up is part of the tests."""


class FakeExec(BaseHTTPRequestHandler):
    server: FakeCluster
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append(self)
        if "/exec?" not in self.path:
            found = self.server.pod
            self.answer(200 if found else 404, found or {"message": 'pods "web" not found'})
        elif self.server.refusal:
            status, message = self.server.refusal
            self.answer(status, {"kind": "Status", "message": message})
        else:
            self.upgrade()

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/stolen")
        self.end_headers()
        self.wfile.write(body)

    def upgrade(self) -> None:
        key = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + ACCEPT).encode(), usedforsecurity=False)
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(key.digest()).decode())
        self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
        self.end_headers()
        self.close_connection = True
        self.lock = threading.RLock()
        self.message(b"\x01")
        self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_PING, 0, b"there"))
        if self.server.failure:
            self.end({"status": "Failure", "message": self.server.failure, "reason": "InternalError"})
        else:
            self.serve(parse_qs(urlsplit(self.path).query))

    def serve(self, query: dict[str, list[str]]) -> None:
        tty = query["tty"] == ["true"]
        if tty:
            near, far = os.openpty()
            # The program's session has the terminal as its own, as in a container. A shell in the background has
            # what it starts ignore Ctrl-C, these tests among it.
            argv = ["env", "--default-signal=INT", "setsid", "--ctty", *query["command"]]
            process = subprocess.Popen(argv, stdin=far, stdout=far, stderr=far)
            os.close(far)
            outputs, stdin = {1: near}, near
        else:
            pipes = [os.pipe() for _ in range(3)]
            (far_in, stdin), (out, far_out), (err, far_err) = pipes
            process = subprocess.Popen(query["command"], stdin=far_in, stdout=far_out, stderr=far_err)
            for far in (far_in, far_out, far_err):
                os.close(far)
            outputs = {1: out, 2: err}
        self.server.processes.append(process)
        pumps = [threading.Thread(target=self.pump, args=(*one, tty), daemon=True) for one in outputs.items()]
        for pump in pumps:
            pump.start()
        threading.Thread(target=self.wait, args=(process, pumps), daemon=True).start()
        self.feed(stdin)
        if not tty:
            os.close(stdin)

    def feed(self, stdin: int) -> None:
        """Pass the client's input on until it ends."""
        while self.server.deaf:
            threading.Event().wait()
        frames: Any = frame_buffer(self.receive, skip_utf8_validation=True)
        with contextlib.suppress(OSError):
            while (frame := frames.recv_frame()).opcode != ABNF.OPCODE_CLOSE:
                data = bytes(frame.data)
                if frame.opcode == ABNF.OPCODE_PONG:
                    self.server.pongs.append(data)
                elif data[0] == RESIZE:
                    size = json.loads(data[1:])
                    termios.tcsetwinsize(stdin, (size["Height"], size["Width"]))
                else:
                    with open(stdin, "wb", buffering=0, closefd=False) as file:
                        rest = data[1:]
                        while rest:
                            rest = rest[file.write(rest) :]

    def receive(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if not data:
            raise ConnectionResetError
        return data

    def pump(self, channel: int, output: int, tty: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while data := os.read(output, 1 << 15):
                self.message(bytes([channel]) + data)
        if not tty:
            os.close(output)

    def message(self, data: bytes) -> None:
        """Send a message, a long one in two frames."""
        half = len(data) // 2 if len(data) > 1000 else 0
        with self.lock:  # no other message may come between the two frames, RFC 6455 section 5.4
            if half:
                self.frame(ABNF(0, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data[:half]))
                self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_CONT, 0, data[half:]))
            else:
                self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data))

    def frame(self, frame: ABNF) -> None:
        content = frame.format()
        stumbles = self.server.stumble if STUMBLE in content else ""
        with self.lock:
            self.wfile.write(content[: len(content) // 2] if stumbles else content)
            if stumbles == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
            while stumbles == "stall":
                threading.Event().wait()

    def wait(self, process: subprocess.Popen[bytes], pumps: list[threading.Thread]) -> None:
        status = process.wait()
        for pump in pumps:
            pump.join()
        cause = {"reason": "ExitCode", "message": str(status if status >= 0 else 128 - status)}
        failure = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}
        with contextlib.suppress(OSError):
            self.end({"status": "Success"} if status == 0 else failure)

    def end(self, status: dict[str, Any]) -> None:
        self.message(b"\x03" + json.dumps({"metadata": {}, **status}).encode())
        self.frame(ABNF(1, 0, 0, 0, ABNF.OPCODE_CLOSE, 0, struct.pack("!H", 1000)))
        self.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate that it signed itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "fake.pem"
    path.write_bytes(private + signed.public_bytes(pem))
    return path


@pytest.fixture(params=["http", "https"])
def cluster(request: pytest.FixtureRequest, certificate: Path) -> Iterator[FakeCluster]:
    with FakeCluster(request.param) as server:
        if server.scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        for process in server.processes:
            process.kill()


def settings(cluster: FakeCluster) -> client.Configuration:
    configuration = client.Configuration(host=f"{cluster.scheme}://127.0.0.1:{cluster.server_port}")
    configuration.retries = False
    return configuration


@pytest.fixture
def api(cluster: FakeCluster, certificate: Path) -> client.ApiClient:
    configuration: Any = settings(cluster)
    configuration.ssl_ca_cert = str(certificate)
    configuration.api_key["authorization"] = "a-token"
    configuration.api_key_prefix["authorization"] = "Bearer"
    return client.ApiClient(configuration)


@pytest.fixture
def shell(api: client.ApiClient) -> Iterator[Shell]:
    with pod_shell(api, *PLACE) as shell:
        yield shell


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Wait until a process has ended, a zombie included."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def test_streams_and_status_are_told_apart(shell: Shell) -> None:
    completed = shell.run("printf out; printf err >&2; exit 3")
    assert (completed.status, completed.stdout, completed.stderr) == (3, b"out", b"err")


def test_server_is_asked_for_what_was_meant(cluster: FakeCluster, api: client.ApiClient) -> None:
    argv = ("sh", "-c", "echo 'a, b' & 100%\n")
    PodExecTransport(api, *PLACE, argv).close()
    (request,) = cluster.execs
    path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
    assert path == "/api/v1/namespaces/team/pods/web/exec"
    assert query.pop("command") == list(argv)
    assert query == {"container": ["main"], "stdin": ["true"], "stdout": ["true"], "stderr": ["true"], "tty": ["false"]}
    assert (request.headers["authorization"], request.headers["Sec-WebSocket-Protocol"]) == ("Bearer a-token", PROTOCOL)


def test_every_byte_passes_both_ways(shell: Shell) -> None:
    data = bytes(range(256)) * 40
    assert shell.run("cat; cat /dev/null >&2", stdin=data).stdout == data
    assert shell.run(r"printf '\377\376\000\303' >&2").stderr == b"\xff\xfe\x00\xc3"


def test_huge_outputs_on_both_streams(shell: Shell) -> None:
    completed = shell.run("head -c 50000000 /dev/zero & head -c 5000000 /dev/zero >&2; wait")
    assert (len(completed.stdout), len(completed.stderr)) == (50_000_000, 5_000_000)
    assert completed.stdout.count(0) == 50_000_000


def test_huge_command(shell: Shell) -> None:
    assert shell.run("x=" + "y" * 3_000_000 + "; echo ${#x}").stdout == b"3000000\n"


def test_ping_is_answered(cluster: FakeCluster, shell: Shell) -> None:
    shell.run("true")
    assert cluster.pongs == [b"there"]


def test_write_does_not_wait_for_a_deaf_server(cluster: FakeCluster, api: client.ApiClient) -> None:
    cluster.deaf = True
    transport = PodExecTransport(api, *PLACE)
    transport.write(b"x" * 50_000_000)
    assert transport.unsent > 10_000_000
    began = time.monotonic()
    assert transport.read(began + 0.2) == []
    assert time.monotonic() - began < 2
    transport.close()


@pytest.mark.parametrize(("end", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143)])
def test_exit_status_is_the_programs(api: client.ApiClient, end: str, status: int) -> None:
    transport = PodExecTransport(api, *PLACE, ("sh", "-c", f"printf last; {end}"))
    deadline = time.monotonic() + 5
    assert [chunk.data for chunk in transport.read(deadline)] == [b"last"]
    with pytest.raises(EOFError):
        transport.read(deadline)
    assert transport.exit_status == status
    transport.close()


@pytest.mark.parametrize("way", ["close", "kill"])
def test_shell_ends_with_its_session(cluster: FakeCluster, shell: Shell, way: str) -> None:
    shell.run("true")
    assert shell._session is not None
    getattr(shell._session.transport, way)()
    assert cluster.processes[0].wait(5) == 0


def test_hung_command_and_its_descendants_are_ended(shell: Shell, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(CommandTimeoutError, match=r"pod team/web, container main: .* within its limit of 0\.5 s"):
        shell.run(f"exec >{pids}; setsid sleep 100 & echo $!; sh -c 'echo $$; sleep 100'", timeout=0.5)
    found = [int(pid) for pid in pids.read_text(encoding="utf-8").split()]
    assert len(found) == 2
    assert all(gone(pid) for pid in found)
    assert shell.run("echo again").stdout == b"again\n"


def test_time_limit_holds_in_the_middle_of_a_message(cluster: FakeCluster, shell: Shell) -> None:
    cluster.stumble = "stall"
    began = time.monotonic()
    with pytest.raises(CommandTimeoutError, match=r"0\.5 s"):
        shell.run(f"printf '{STUMBLE.decode()}'", timeout=0.5)
    assert time.monotonic() - began < 10
    assert shell.run("echo again").stdout == b"again\n"


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (None, "there is no such pod"),
        (pod(phase="Failed", reason="Evicted"), r"the pod has ended \(Evicted\)"),
        (pod() | {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "the pod is being deleted"),
        (
            pod(containerStatuses=[container({"terminated": {"reason": "OOMKilled", "exitCode": 137}})]),
            r"the container has ended \(OOMKilled, exit status 137\)",
        ),
        (pod(), "the connection was lost, and the pod still runs"),
    ],
)
def test_pod_that_goes_away(cluster: FakeCluster, shell: Shell, left: dict[str, Any] | None, reason: str) -> None:
    cluster.stumble, cluster.pod = "cut", left
    expected = rf"^pod team/web, container main: the shell died during .*no exit status.* {reason}"
    with pytest.raises(ShellDiedError, match=expected):
        shell.run(f"printf '{STUMBLE.decode()}'; sleep 100")
    assert shell.run("echo again").stdout == b"again\n"


def test_pod_deleted_under_its_shell_is_told_from_a_killed_shell(cluster: FakeCluster, shell: Shell) -> None:
    with pytest.raises(ShellDiedError, match=r"exit status 137; last stdout: none, last stderr: none\)"):
        shell.run("kill -KILL $$")
    cluster.pod = None
    with pytest.raises(ShellDiedError, match=r"exit status 137; .* there is no such pod"):
        shell.run("kill -KILL $$")


def test_connection_lost_between_two_commands_is_made_anew(cluster: FakeCluster, shell: Shell) -> None:
    first = shell.run("echo $$").stdout
    cluster.execs[0].connection.shutdown(socket.SHUT_RDWR)
    cluster.processes[0].wait(5)
    assert shell.run("echo $$").stdout != first


@pytest.mark.parametrize(
    ("status", "message", "there", "expected"),
    [
        (
            403,
            'pods "web" is forbidden: User "u" cannot get resource "pods/exec"',
            pod(),
            r'no right to run commands there, pods "web" is forbidden: .*: give this account .* pods/exec',
        ),
        (404, 'pods "web" not found', None, "there is no such pod: see its namespace's pods"),
        (
            404,
            "container not found",
            pod() | {"spec": {"containers": [{"name": "app"}, {"name": "proxy"}]}},
            "the pod has no such container but app, proxy: name one of these",
        ),
        (
            500,
            'container not found ("main")',
            pod(containerStatuses=[container({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}})]),
            r"the container does not run yet \(CrashLoopBackOff: back-off 10s\): wait until it is ready",
        ),
        (
            400,
            "pod web does not have a host assigned",
            pod(
                phase="Pending",
                containerStatuses=None,
                conditions=[{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}],
            ),
            r"the container does not run yet \(0/1 nodes are available\)",
        ),
        (401, "Unauthorized", pod(), "the API server refuses the credentials: get a new kubeconfig"),
        (503, "the node is\nbusy", pod(), "the API server answered: the node is busy: see"),
        (302, "elsewhere", pod(), r"no websocket \(Redirect limit exhausted\): see whether a proxy"),
    ],
)
def test_refusal_is_one_line(
    cluster: FakeCluster, shell: Shell, status: int, message: str, there: dict[str, Any] | None, expected: str
) -> None:
    cluster.refusal, cluster.pod = (status, message), there
    with pytest.raises(PodError, match=f"^pod team/web, container main: {expected}") as caught:
        shell.run("true")
    assert "\n" not in str(caught.value)
    assert not [request for request in cluster.requests if "stolen" in request.path]


def test_program_that_could_not_be_started(cluster: FakeCluster, shell: Shell) -> None:
    cluster.failure = 'exec: "sh": executable file not found in $PATH'
    with pytest.raises(PodError, match=r'^pod team/web, container main: exec: "sh": executable file not found'):
        shell.run("true")


def test_server_that_is_not_there(cluster: FakeCluster) -> None:
    cluster.socket.close()
    with (
        pod_shell(client.ApiClient(settings(cluster)), *PLACE) as shell,
        pytest.raises(ClusterError, match=r"^a shell in pod team/web, container main failed at http.* refused"),
    ):
        shell.run("true")


def test_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.websocket.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("fixtures.cluster.websocket.ASK_SECONDS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        configuration = client.Configuration(host=f"http://127.0.0.1:{server.getsockname()[1]}")
        configuration.retries = False
        with pytest.raises(ClusterError, match="hangs"):
            PodExecTransport(client.ApiClient(configuration), *PLACE)


@pytest.mark.parametrize("cluster", ["https"], indirect=True)
def test_strangers_certificate_is_refused(cluster: FakeCluster) -> None:
    with pytest.raises(ClusterError, match=r"no TLS connection, .*self-signed certificate"):
        PodExecTransport(client.ApiClient(settings(cluster)), *PLACE)
    assert not cluster.execs


def script(text: str) -> list[str]:
    return ["sh", "-c", text]


def test_program_has_a_real_terminal(api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script(": </dev/tty && stty size && echo $TERM"), columns=90, lines=30) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.screen[:3] == ["30 90", "xterm-256color", ""]


def test_typed_text_is_read(api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script("printf 'name? '; read name; echo hello $name; exit 5")) as terminal:
        terminal.wait_for(r"name\?")
        terminal.send("wörld\r")
        assert terminal.wait_for(r"^hello (\w+)$")[1] == "wörld"
        assert terminal.wait_for_exit() == 5


def test_interrupt_key_reaches_the_program(api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script("trap 'echo caught; exit 7' INT; echo ready; read line")) as terminal:
        terminal.wait_for("ready")
        terminal.send("\x03")
        assert terminal.wait_for_exit() == 7
        assert "caught" in terminal.text


def test_terminal_takes_another_size(api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script("trap 'stty size' WINCH; echo ready; while :; do read x; done")) as terminal:
        terminal.wait_for("ready")
        terminal.resize(70, 20)
        terminal.wait_for("^20 70$")
        assert len(terminal.screen) == 20


def test_unmet_wait_shows_the_screen(api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script("echo what is there; sleep 100")) as terminal:
        with pytest.raises(ScreenError) as caught:
            terminal.wait_for("missing", timeout=0.3)
        with pytest.raises(ScreenError, match="did not end within"):
            terminal.wait_for_exit(0.1)
    first, _, screen = str(caught.value).partition("\n")
    assert re.match("sh -c echo .*'missing' within 0.3 s", first)
    assert screen == "what is there"


@pytest.mark.parametrize("trap", ["", "trap '' HUP;"])
def test_whole_session_ends_with_the_terminal(
    api: client.ApiClient, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.cluster.pod_terminal.HANGUP_SECONDS", 0.2)
    with PodTerminal(api, *PLACE, script(f"{trap} sleep 100 & echo pids $! $$.; sleep 100")) as terminal:
        pids = [int(pid) for pid in terminal.wait_for(r"pids (\d+) (\d+)\.").groups()]
    assert all(gone(pid) for pid in pids)


def test_lost_connection_is_not_the_programs_fault(cluster: FakeCluster, api: client.ApiClient) -> None:
    with PodTerminal(api, *PLACE, script(f"read line; printf '{STUMBLE.decode()}'; sleep 100")) as terminal:
        cluster.stumble, cluster.pod = "cut", None
        terminal.send("\r")
        with pytest.raises(TerminalError, match="pod team/web, container main: there is no such pod") as caught:
            terminal.wait_for("anything")
    assert not isinstance(caught.value, ScreenError)


def test_container_without_a_usable_sh(cluster: FakeCluster, api: client.ApiClient) -> None:
    cluster.failure = "no sh"
    with pytest.raises(PodError, match="no sh"):
        PodTerminal(api, *PLACE, ["vim"])
