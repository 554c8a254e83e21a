"""Fakes that the tests of clusters share."""

from __future__ import annotations

import os
import socketserver
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import scratch_manager
from fixtures.cluster.api import connect
from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.cluster.pod_exec import pod_shell
from fixtures.shell.shell import Shell
from tests.suite.cluster.fakes import engine
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.certificates import certificate
from tests.suite.cluster.fakes.objects import FakeObjects
from tests.suite.cluster.fakes.pod_server import PLACE, PodServer, settings
from tests.suite.serving import serving


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]) -> None:
    """Keeps what the tests write, and their locks, in a folder of their own."""
    relocate("BUILD_DIRECTORY", tmp_path / "build")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose podman, kind and kubectl are fake; the folder is what they keep."""
    kept, programs = tmp_path / "kept", tmp_path / "build" / "bin"
    kept.mkdir()
    programs.mkdir(parents=True)
    for name, text in (("podman", engine.PODMAN), ("kind", engine.KIND), ("kubectl", engine.KUBECTL)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("FAKE", str(kept))
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setattr("fixtures.cluster.engine.environment", lambda: dict(os.environ))
    monkeypatch.setattr("fixtures.cluster.kind.environment", lambda: dict(os.environ))
    monkeypatch.setattr("fixtures.cluster.engine.ensure", lambda *_needs: None)
    monkeypatch.setattr("fixtures.cluster.creation.require_network_tools", lambda _program: None)
    return kept


@pytest.fixture
def left_behind(machine: Path) -> Path:
    """What a killed run of another checkout leaves: its node, and the registry in the same network."""
    (machine / "checkout").write_text(str(machine), encoding="utf-8")
    (machine / "network.kind-t").write_text("conformance.cluster=t", encoding="utf-8")
    for name in ("container.t-control-plane", "container.t-registry", "volume.t", "volume.t-control-plane"):
        (machine / name).touch()
    return machine


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    """An API server on this machine."""
    server = ApiServer()
    with serving(server):
        yield server


@pytest.fixture
def api(api_server: ApiServer, tmp_path: Path) -> client.ApiClient:
    """A client for it."""
    return connect(kubeconfig(tmp_path, api_server.url))


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the scratch namespaces that there are."""
    found: list[str] = []
    monkeypatch.setattr(FakeObjects, "there", found, raising=False)
    monkeypatch.setattr(scratch_manager, "Objects", FakeObjects)
    monkeypatch.setattr(scratch_manager, "wait_until", lambda *_words, **_options: None)
    return found


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[EmbeddedCluster]:
    """What `create` returns, taken from the end of this list; those that are removed are taken from it too."""
    clusters: list[EmbeddedCluster] = []
    monkeypatch.setattr("fixtures.cluster.manager.create", lambda *_words, **_options: clusters[-1])
    monkeypatch.setattr("fixtures.cluster.manager.delete", lambda _name: clusters.pop())
    return clusters


# ---- a pod


@pytest.fixture(scope="session")
def certificate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate that it signed itself."""
    public, secret = certificate(days=1)
    path = tmp_path_factory.mktemp("tls") / "fake.pem"
    path.write_bytes(secret + public)
    return path


@pytest.fixture(params=["http", "https"])
def pod_server(request: pytest.FixtureRequest, certificate_file: Path) -> Iterator[PodServer]:
    """An API server with the pod `team/web`, whose programs run here."""
    server = PodServer(request.param)
    if server.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield server
    for process in server.processes:
        process.kill()


@pytest.fixture
def pod_api(pod_server: PodServer, certificate_file: Path) -> client.ApiClient:
    """A client for it."""
    configuration: Any = settings(pod_server)
    configuration.ssl_ca_cert = str(certificate_file)
    configuration.api_key["authorization"] = "a-token"
    configuration.api_key_prefix["authorization"] = "Bearer"
    return client.ApiClient(configuration)


@pytest.fixture
def shell(pod_api: client.ApiClient) -> Iterator[Shell]:
    """A shell in the pod."""
    with pod_shell(pod_api, *PLACE) as shell:
        yield shell


class Echo(socketserver.StreamRequestHandler):
    """What the pod serves: each byte comes back, and `bye` ends the connection."""

    def handle(self) -> None:
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)
            if data.endswith(b"bye"):
                return


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says what it hears."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    with serving(server):
        yield server.server_address[1]
