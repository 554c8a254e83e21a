"""Clusters without a cluster: what is refused and how, what is made and unmade by a fake container engine."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3.exceptions
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures import paths
from fixtures.cluster import __main__, embedded_use, kind, leaks, node_image, removal, wait
from fixtures.cluster import cluster as clusters
from fixtures.cluster import engine as engines
from fixtures.cluster import lease as leases
from fixtures.cluster import stored as stored_clusters
from fixtures.cluster.api import ClusterError, connect, explained, request
from fixtures.cluster.given import ExternalCluster, given
from fixtures.cluster.manager import SafeKindManager
from fixtures.cluster.node_image import NodeImage
from fixtures.errors import ExitCode, SuiteError, UsageError
from fixtures.marks import RUN_VARIABLE
from fixtures.paths import ROOT

OURS = NodeImage("localhost/node", built_here=True, reason="")
FAKE_ENGINE = """#!/bin/sh
# Keeps networks, containers and volumes as files in $FAKE; `boom` in $FAKE makes `kind` fail.
echo "$(basename "$0") $*" >>"$FAKE/calls"
case "$1 $2" in
    "network create") name=$5; echo "${3#*=}" >"$FAKE/network.$name"; echo "${4##*=}" >"$FAKE/checkout" ;;
    "network inspect") echo "[{\\"labels\\": {\\"conformance.checkout\\": \\"$(cat "$FAKE/checkout")\\"}}]" ;;
    "network ls")
        for file in "$FAKE"/network.*; do
            [ -e "$file" ] || continue
            case "$3" in
                --filter=label=*) [ "--filter=label=$(cat "$file")" = "$3" ] || continue ;;
            esac
            echo "${file##*/network.}"
        done ;;
    "network rm") rm "$FAKE/network.$3" ;;
    "ps --all") ls "$FAKE" | sed -n 's/^container[.]//p' ;;
    "volume ls") ls "$FAKE" | sed -n "s/^\\(volume[.]${4##*=}\\)$/\\1/p" ;;
    "exec "*) [ -e "$FAKE/alive" ] ;;
    "volume rm") rm "$FAKE/$4" ;;
    "rm --force") shift 3; for name; do rm "$FAKE/container.$name"; done ;;
esac
"""
FAKE_KIND = """#!/bin/sh
touch "$FAKE/container.t-control-plane" "$FAKE/volume.t-control-plane"
echo " • Starting control-plane 🕹️  ..." >&2
[ ! -e "$FAKE/hang" ] || exec sleep 60
echo "ERROR: failed to init node with kubeadm" >&2
exit 1
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose podman and kind are fake; the folder is what they keep."""
    kept, programs = tmp_path / "kept", tmp_path / "bin"
    kept.mkdir()
    programs.mkdir()
    for name, text in (("podman", FAKE_ENGINE), ("kind", FAKE_KIND)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("FAKE", str(kept))
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setattr("fixtures.cluster.engine.environment", lambda: dict(os.environ))
    monkeypatch.setattr("fixtures.cluster.kind.environment", lambda: dict(os.environ))
    monkeypatch.setattr("fixtures.cluster.engine.ensure", lambda: None)
    monkeypatch.setattr("fixtures.cluster.cluster.require_network_tools", lambda _program: None)
    monkeypatch.setattr("fixtures.cluster.cluster.KIND", programs / "kind")
    monkeypatch.setattr("fixtures.cluster.cluster.CLUSTERS", tmp_path / "clusters")
    monkeypatch.setattr("fixtures.paths.CLUSTERS", tmp_path / "clusters")
    monkeypatch.setattr("fixtures.cluster.removal.CLUSTERS", tmp_path / "clusters")
    monkeypatch.setattr("fixtures.cluster.embedded_use.CLUSTERS", tmp_path / "clusters")
    monkeypatch.setattr("fixtures.cluster.stored.CLUSTERS", tmp_path / "clusters")
    monkeypatch.setattr("fixtures.paths.BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.cluster.kind.BUILD_DIRECTORY", tmp_path)
    return kept


def left(machine: Path) -> list[str]:
    """What the fake engine still has."""
    return sorted(path.name for path in machine.iterdir() if "." in path.name)


def test_failed_cluster_leaves_nothing(machine: Path) -> None:
    with pytest.raises(ClusterError, match=r"^kind failed at `Starting control-plane.*ERROR: failed to init node"):
        clusters.create("t", image=OURS)
    assert left(machine) == []
    assert not list(paths.CLUSTERS.iterdir())
    assert "rm --force --volumes t-control-plane" in (machine / "calls").read_text(encoding="utf-8")


def test_hanging_kind_is_ended_and_says_what_it_did(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (machine / "hang").touch()
    command, environment = ["kind"], kind.kind_environment("podman", "t")
    with pytest.raises(ClusterError, match=r"has not finished `Starting control-plane.*within 0 s: look at"):
        kind.run_kind(command, environment, engines.Steps("t"), log=machine / "log", seconds=0.3)
    assert "Starting control-plane" in capfd.readouterr().out


def test_interrupted_making_leaves_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> None:
        (machine / "container.t-control-plane").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("fixtures.cluster.cluster.run_kind", interrupted)
    monkeypatch.setattr("fixtures.cluster.kind.run_kind", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clusters.create("t", image=OURS)
    assert left(machine) == []


def test_cluster_of_someone_else_is_left_alone(machine: Path) -> None:
    (machine / "container.t-control-plane").touch()
    for action in (clusters.create, removal.delete):
        with pytest.raises(ClusterError, match=r"called t that this suite has not made: choose another --name"):
            action("t")
    assert left(machine) == ["container.t-control-plane"]


@pytest.fixture
def left_behind(machine: Path) -> Path:
    """What a killed run of another checkout leaves: its node, and the registry in the same network."""
    (machine / "checkout").write_text(str(machine), encoding="utf-8")
    (machine / "network.kind-t").write_text("conformance.cluster=t", encoding="utf-8")
    for name in ("container.t-control-plane", "container.t-registry", "volume.t", "volume.t-control-plane"):
        (machine / name).touch()
    return machine


def test_what_a_killed_run_left_is_removed(left_behind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    removal.clear("t", 1)
    assert left(left_behind) == []
    assert "cluster t: removing what an earlier run left of it" in capsys.readouterr().out


def kept(machine: Path, *, lasting: bool) -> None:
    """A cluster of this checkout with one node, which runs."""
    (machine / "alive").touch()
    (machine / "checkout").write_text(str(ROOT), encoding="utf-8")
    found = stored_clusters.Cluster("t", "podman", "image", ("t-control-plane",), Path("k"), lasting=lasting)
    paths.CLUSTERS.mkdir()
    (paths.CLUSTERS / "t.json").write_text(json.dumps(asdict(found), default=str), encoding="utf-8")


def test_running_cluster_of_a_killed_run_is_removed(left_behind: Path) -> None:
    kept(left_behind, lasting=False)
    removal.clear("t", 1)
    assert left(left_behind) == []


@pytest.mark.parametrize(
    "nodes, refusal", [(2, "--nodes 2: cluster t is kept with 1: give --nodes 1"), (1, "kept, and does not answer")]
)
def test_kept_cluster_that_does_not_fit_is_left_alone(left_behind: Path, nodes: int, refusal: str) -> None:
    kept(left_behind, lasting=True)
    with pytest.raises(SuiteError, match=refusal):
        removal.clear("t", nodes)
    assert "container.t-control-plane" in left(left_behind)


def test_cluster_that_another_run_uses_is_left_alone(left_behind: Path) -> None:
    kept(left_behind, lasting=False)
    with embedded_use.in_use("t"):
        embedded_use._USED.clear()  # as another process has it
        with pytest.raises(ClusterError, match=r"^cluster t is in use by another run: wait"):
            removal.clear("t", 1)
    assert "container.t-control-plane" in left(left_behind)


def test_running_cluster_of_another_checkout_is_left_alone(left_behind: Path) -> None:
    (left_behind / "alive").touch()
    with pytest.raises(ClusterError, match=r"^cluster t is that of another checkout, .*: run `nox -s cluster -- del"):
        removal.clear("t", 1)
    assert "container.t-control-plane" in left(left_behind)


@pytest.mark.usefixtures("machine")
def test_delete_says_when_there_was_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["delete", "--name", "t"]) == ExitCode.VERIFIED
    assert "cluster t: there is none" in capsys.readouterr().out


@pytest.mark.usefixtures("machine")
def test_second_making_at_the_same_time_is_refused() -> None:
    with (
        embedded_use.exclusive("t"),
        pytest.raises(ClusterError, match=r"^cluster t is being made or removed by another run"),
    ):
        clusters.create("t", image=OURS)


@pytest.mark.parametrize("nodes", [0, 6])
def test_number_of_nodes_is_checked(nodes: int) -> None:
    with pytest.raises(UsageError, match=rf"^--nodes {nodes}: not a number from 1 to 5"):
        clusters.create("t", nodes)


def test_kind_gets_no_way_to_the_users_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "fixtures.cluster.engine.environment", lambda: {"KUBECONFIG": "/home/me/.kube/config", "PATH": "/bin"}
    )
    monkeypatch.setattr(
        "fixtures.cluster.kind.environment", lambda: {"KUBECONFIG": "/home/me/.kube/config", "PATH": "/bin"}
    )
    environment = kind.kind_environment("podman", "t")
    assert "KUBECONFIG" not in environment
    assert environment["KIND_EXPERIMENTAL_PODMAN_NETWORK"] == "kind-t"


def test_published_image_gets_no_settings_of_ours() -> None:
    published = NodeImage("docker.io/kindest/node@sha256:1", built_here=False, reason="")
    assert set(kind.configuration(1, published)) == {"kind", "apiVersion", "nodes"}
    assert [node["role"] for node in kind.configuration(2, OURS)["nodes"]] == ["control-plane", "worker"]


def test_node_names_are_kinds() -> None:
    assert engines.node_names("t", 3) == ["t-control-plane", "t-worker", "t-worker2"]


def test_manager_removes_only_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    monkeypatch.setattr("fixtures.cluster.cluster.delete", removed.append)
    monkeypatch.setattr("fixtures.cluster.__main__.delete", removed.append)
    monkeypatch.setattr("fixtures.cluster.manager.delete", removed.append)
    monkeypatch.setattr("fixtures.cluster.removal.delete", removed.append)
    manager = SafeKindManager("t")
    manager.delete()
    for reused in (True, False):
        manager.cluster = stored_clusters.Cluster(
            "t", "podman", "image", ("t-control-plane",), Path("k"), reused=reused
        )
        manager.delete()
    assert removed == ["t"]
    with pytest.raises(UsageError, match="takes no provider file and no kubeconfig"):
        SafeKindManager("t", kubeconfig=Path("~/.kube/config"))


# The node image


def test_image_versions_are_those_of_the_locked_modules() -> None:
    modules = {"coredns": "github.com/coredns/coredns", "kubernetes": "k8s.io/kubernetes"}
    modules |= {
        "local-path-provisioner": "github.com/rancher/local-path-provisioner",
        "etcd": "go.etcd.io/etcd/server/v3",
    }
    for part, module in modules.items():
        lock = (node_image.NODE_DIRECTORY / "go" / part / "go.mod").read_text(encoding="utf-8")
        version = node_image.versions()[part].removesuffix("-0").removeprefix("v")
        assert f"{module} v{version}" in lock, f"{part}: go.mod and versions differ"
    named = (node_image.NODE_DIRECTORY / "rootfs/kind/version").read_text(encoding="ascii").strip()
    assert named == node_image.versions()["kubernetes"] == node_image.PUBLISHED.rsplit(":", 1)[1]


def test_first_stage_is_that_of_the_product_image() -> None:
    ours = (node_image.NODE_DIRECTORY / "Dockerfile").read_text(encoding="utf-8")
    product = (node_image.NODE_DIRECTORY.parent / "code-server-dev/Dockerfile.j2").read_text(encoding="utf-8")
    start, end = "FROM ${DEBIAN_IMAGE} AS go-toolchain", "ARG GOPROXY\n"
    (stage,) = {text[text.index(start) : text.index(end)] for text in (ours, product)}
    assert "requirements.lock" in stage


# An API server of our own


def certificate(days: float) -> tuple[bytes, bytes]:
    """A certificate for localhost that expires in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=days))
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM), secret


def kubeconfig(folder: Path, server: str, user: dict[str, Any] | None = None, **authority: str) -> Path:
    """A kubeconfig with one context, `mine`."""
    document = {
        "current-context": "mine",
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": server} | {f"certificate-{key}": value for key, value in authority.items()},
            }
        ],
        "users": [{"name": "u", "user": user or {"token": "secret"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


class ApiServer(ThreadingHTTPServer):
    """A small API server: documents by path, and what was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.documents: dict[str, Any] = {"/version": {"gitVersion": "v1.30.0"}}
        self.refusals: dict[tuple[str, str], int] = {}
        self.busy = 0
        """So many of the next requests are answered 503."""
        self.sent: list[str] = []
        self.answering = threading.Event()
        self.answering.set()
        self.clock = datetime(2030, 1, 1, tzinfo=UTC)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers for ApiServer."""

    server: ApiServer

    def answer(self) -> None:
        """Keep what is sent, hand out what is kept."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?", maxsplit=1)[0]
        self.server.sent.append(f"{self.command} {path}")
        self.server.answering.wait(5)
        status = self.server.refusals.get((self.command, path), 200)
        if self.server.busy:
            self.server.busy, status = self.server.busy - 1, 503
        if status == 200 and self.command in {"POST", "PUT"}:
            document = json.loads(body)
            path += f"/{document['metadata']['name']}" if self.command == "POST" else ""
            document["metadata"] |= {"uid": "1", "resourceVersion": str(len(self.server.sent))}
            self.server.documents[path] = document
        status = 404 if status == 200 and path not in self.server.documents else status
        content = json.dumps(self.server.documents.get(path, {}) if status == 200 else {"message": "no"}).encode()
        if self.command == "DELETE":
            self.server.documents.pop(path, None)
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.server.clock, usegmt=True))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    """An API server on this machine."""
    with ApiServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(api_server: ApiServer, tmp_path: Path) -> client.ApiClient:
    """A client for it."""
    return connect(kubeconfig(tmp_path, api_server.url))


# A given cluster


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.kubeconfig.CLUSTERS", tmp_path / "copies")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"config, line 1: not YAML: give a valid kubeconfig$"),
        ("[]", r"config: not a kubeconfig, it lists no clusters: give a valid kubeconfig$"),
        ("{clusters: [], contexts: []}", r"config has no current context: it has none: give --context NAME$"),
        (
            "{clusters: [], contexts: [{name: a}, {name: b}], current-context: c}",
            r"^context 'c' not in .*config: it has a, b: give --context NAME$",
        ),
        (
            "{clusters: [], contexts: [{name: a, context: {}}], current-context: a}",
            r"^context 'a' in .* names a cluster that is not there: mend the kubeconfig$",
        ),
    ],
)
def test_bad_kubeconfig_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        ExternalCluster(path)


def test_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file or directory: give the path of a kubeconfig$"):
        ExternalCluster(tmp_path / "none")


def test_copy_keeps_files_reachable_and_the_original_as_it_was(tmp_path: Path) -> None:
    original = kubeconfig(tmp_path, "https://127.0.0.1:1", authority="ca.pem")
    before = (original.read_bytes(), original.stat().st_mtime_ns)
    given = ExternalCluster(original)
    copied = yaml.safe_load(given.copy.read_text(encoding="utf-8"))
    assert copied["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.pem")
    assert given.copy.stat().st_mode & 0o777 == 0o600
    given.delete()
    assert not given.copy.exists()
    assert (original.read_bytes(), original.stat().st_mtime_ns) == before


def test_expired_certificate_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    public, secret = certificate(days=-1)
    user = {"client-certificate-data": base64.b64encode(public).decode(), "client-key-data": secret.decode()}
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", user)
    with pytest.raises(ClusterError, match=r"^the client certificate in .* expired on 20.* UTC: get a new kubeconfig$"):
        ExternalCluster(path)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("https://127.0.0.1:1", r"failed at https://127.0.0.1:1: the connection is refused: check that"),
        ("https://no-such-host.invalid", r"its name is not known here: check the server's address"),
    ],
)
def test_unreachable_server_is_one_line(tmp_path: Path, server: str, message: str) -> None:
    given = ExternalCluster(kubeconfig(tmp_path, server))
    with pytest.raises(ClusterError, match=message):
        given.fingerprint()


def test_silent_server_is_no_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_server: ApiServer) -> None:
    monkeypatch.setattr("fixtures.cluster.api.REQUEST_SECONDS", (1.0, 0.3))
    monkeypatch.setattr("fixtures.cluster.wait.REQUEST_SECONDS", (1.0, 0.3))
    api_server.answering.clear()
    given = ExternalCluster(kubeconfig(tmp_path, api_server.url))
    with pytest.raises(ClusterError, match="the API server is overloaded or hangs"):
        given.fingerprint()
    api_server.answering.set()


def test_busy_server_is_asked_again(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.busy = 2
    assert request(api, "/version")[0]["gitVersion"] == "v1.30.0"
    assert api_server.sent == ["GET /version"] * 3


def test_what_must_not_be_done_twice_is_asked_once(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.busy = 1
    with pytest.raises(ApiException, match="503"):
        request(api, "/version", method="DELETE")
    assert api_server.sent == ["DELETE /version"]


class BrokenWatch:
    """A watch whose streams each yield one event and then break."""

    errors: Iterator[Exception]

    def stream(self, *_arguments: Any, **_selection: Any) -> Iterator[dict[str, Any]]:
        yield {"type": "ADDED", "object": SimpleNamespace(metadata=SimpleNamespace(uid="late", name="late"))}
        raise next(self.errors)


@pytest.mark.parametrize(
    "error", [ApiException(410), ApiException(503), urllib3.exceptions.ProtocolError("cut"), ApiException(403)]
)
def test_watch_that_breaks_is_begun_anew(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.wait.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("kubernetes.watch.Watch", BrokenWatch)
    BrokenWatch.errors = iter([error] * 3)
    lists = []

    def listed(**_selection: Any) -> Any:
        lists.append(1)
        return SimpleNamespace(items=[], metadata=SimpleNamespace(resource_version="1"))

    refused = error if getattr(error, "status", 0) == 403 else None
    with pytest.raises(ApiException, match="403") if refused else nullcontext():
        wait.wait_until("three tries", 5, listed, lambda there: bool(there) and len(lists) == 3)
    assert len(lists) == (1 if refused else 3)


def test_refused_credentials_are_named(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.refusals["GET", "/version"] = 401
    with (
        pytest.raises(ClusterError, match=r"it refuses the credentials, expired or revoked: get a new kubeconfig"),
        explained("a question", "there"),
    ):
        request(api, "/version")


def test_expired_server_certificate_is_named(tmp_path: Path) -> None:
    public, secret = certificate(days=-1)
    (tmp_path / "pem").write_bytes(public + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    with ApiServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        authority = {"authority-data": base64.b64encode(public).decode()}
        given = ExternalCluster(kubeconfig(tmp_path, f"https://localhost:{server.server_port}", None, **authority))
        with pytest.raises(ClusterError, match=r"the server's certificate has expired: renew it$"):
            given.fingerprint()
        thread.join()


def test_fingerprint_tells_one_cluster_from_another(api_server: ApiServer, tmp_path: Path) -> None:
    spaces = [{"metadata": {"name": name, "uid": f"uid-{name}"}} for name in ("kube-system", "default")]
    api_server.documents["/api/v1/namespaces"] = {"items": spaces}
    api_server.documents["/api/v1/nodes"] = {"items": [{"metadata": {"name": "n1"}}]}
    with given(kubeconfig(tmp_path, api_server.url)) as external:
        fingerprint = external.fingerprint()
        with pytest.raises(
            UsageError, match=r"^a push would change the given cluster, which is read-only: give --allow"
        ):
            external.require_writes("a push")
    assert (fingerprint.version, fingerprint.nodes, fingerprint.identity) == ("v1.30.0", ("n1",), "uid-kube-system")
    assert {line.split()[0] for line in api_server.sent} == {"GET"}


# The lease

LEASE = f"{leases.COLLECTION}/{leases.NAME}"


def lease_of(holder: str, age: float, now: datetime) -> dict[str, Any]:
    """A lease as another run leaves it, last renewed so many seconds ago."""
    stamp = (now - timedelta(seconds=age)).strftime(leases.TIME_FORMAT)
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 60, "acquireTime": stamp, "renewTime": stamp}
    return {"metadata": {"name": leases.NAME, "uid": "0", "resourceVersion": "7"}, "spec": spec}


@pytest.fixture(autouse=True)
def _locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))


def test_lease_is_there_while_held_and_gone_after(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, holder="me") as lease:
        assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "me"
        lease.check()
    assert LEASE not in api_server.documents


def test_second_run_is_refused_with_holder_and_age(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.documents[LEASE] = lease_of("ann@desk:1", 20, api_server.clock)
    with (
        pytest.raises(ClusterError, match=r"^the cluster is held by ann@desk:1 since 20 s: .* taken over in 40 s$"),
        leases.held(api, "id", writable=True),
    ):
        pytest.fail("taken though held")


def test_stale_lease_is_taken_over(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.documents[LEASE] = lease_of("ann@desk:1", 61, api_server.clock)
    with leases.held(api, "id", writable=True, holder="me"):
        assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "me"
    assert f"PUT {LEASE}" in api_server.sent


def test_lost_lease_is_noticed(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, seconds=1, holder="me") as lease:
        api_server.refusals["PUT", LEASE] = 409
        waiting = threading.Event()
        for _ in range(50):
            if lease.lost is None:
                waiting.wait(0.1)
        with pytest.raises(ClusterError, match=r"lease is lost, another run has taken it over"):
            lease.check()


@pytest.mark.parametrize("refused", [None, 403])
def test_cluster_that_takes_no_lease_is_locked_on_this_machine(
    api_server: ApiServer, api: client.ApiClient, refused: int | None
) -> None:
    if refused:
        api_server.refusals["POST", leases.COLLECTION] = refused
    writable = refused is not None
    with leases.held(api, "id", writable=writable, holder="me") as lease:
        assert lease.note.startswith("locked on this machine alone")
        with (
            pytest.raises(ClusterError, match=r"^the cluster is held by me: wait"),
            leases.held(api, "id", writable=writable),
        ):
            pytest.fail("taken though held")
    assert LEASE not in api_server.documents


# The leak ledger


def test_leaks_are_named(api_server: ApiServer, api: client.ApiClient) -> None:
    verbs = {"verbs": ["list"]}
    kinds = [{"name": "pods", "kind": "Pod", **verbs}, {"name": "events", "kind": "Event", **verbs}]
    api_server.documents |= {"/apis": {"groups": []}, "/api/v1": {"resources": kinds}}

    def pod(name: str, uid: str, image: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "n", "uid": uid, "resourceVersion": uid}, "spec": image}

    snapshots = []
    for pods in (
        [pod("a", "1", "x"), pod("b", "2", "x"), pod("c", "3", "x")],
        [pod("b", "2", "y"), pod("d", "4", "x")],
    ):
        api_server.documents["/api/v1/pods"] = {"metadata": {}, "items": pods}
        snapshots.append(leaks.objects(api))
    lines = ["changed: Pod n/b", "gone: Pod n/a", "gone: Pod n/c", "left behind: Pod n/d"]
    assert leaks.difference(*snapshots) == lines
    assert leaks.difference(snapshots[0], snapshots[0]) == []


def test_what_could_not_be_listed_is_said(api_server: ApiServer, api: client.ApiClient) -> None:
    kinds = [{"name": "secrets", "kind": "Secret", "verbs": ["list"]}]
    api_server.documents |= {"/apis": {"groups": []}, "/api/v1": {"resources": kinds}}
    api_server.refusals["GET", "/api/v1/secrets"] = 403
    snapshot = leaks.objects(api)
    assert snapshot.unreadable == {"Secret"}
    assert leaks.difference(snapshot, leaks.Snapshot({})) == ["not comparable: Secret could not be listed"]


def test_engine_is_asked_for_what_is_the_runs_own(machine: Path) -> None:
    (machine / "network.others").write_text("conformance.cluster=u", encoding="utf-8")
    before = leaks.host("podman", "run-1", "t")
    (machine / "container.c").touch()
    (machine / "network.kind-t").write_text("conformance.cluster=t", encoding="utf-8")
    (machine / "network.kind-u").write_text("conformance.cluster=u", encoding="utf-8")
    assert leaks.difference(before, leaks.host("podman", "run-1", "t")) == [
        "left behind: container c",
        "left behind: network kind-t",
    ]
    assert "ps --all --filter=label=conformance.run=run-1 " in (machine / "calls").read_text(encoding="utf-8")


def test_processes_of_a_run_are_known_by_their_mark() -> None:
    environment = {RUN_VARIABLE: "run-1"}
    with subprocess.Popen(["sleep", "60"], env=environment | {"PATH": os.environ["PATH"]}) as process:
        found = leaks.processes("run-1")
        process.kill()
    assert list(found.things) == [f"process {process.pid} (sleep)"]
    assert leaks.processes("run-1").things == {}


def test_cluster_that_another_worker_of_the_run_uses_is_not_another_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.cluster.cluster.CLUSTERS", tmp_path)
    monkeypatch.setattr("fixtures.paths.CLUSTERS", tmp_path)
    monkeypatch.setattr("fixtures.cluster.removal.CLUSTERS", tmp_path)
    monkeypatch.setattr("fixtures.cluster.embedded_use.CLUSTERS", tmp_path)
    monkeypatch.setattr("fixtures.cluster.stored.CLUSTERS", tmp_path)
    with (tmp_path / "one.use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert embedded_use.used_by_another("one")
        with embedded_use.ours("one"):
            assert not embedded_use.used_by_another("one")
        assert embedded_use.used_by_another("one")
