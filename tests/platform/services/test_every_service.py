"""Each service answers a client outside, and is found from the pod by the name that the environment gives."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from kubernetes import client

from fixtures.builder.root_files import PYTHON_HOME
from fixtures.cluster.rights import must_be_whole
from fixtures.deployment.account import impersonated, namespaces, rules
from fixtures.deployment.capacity import amount
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import succeeded
from fixtures.services import tls
from fixtures.services.catalogue.table import TABLE
from fixtures.services.http import opened
from fixtures.services.logs import must_log_no_credential
from fixtures.services.model import Endpoint, Service, Services
from fixtures.services.pod_secrets import in_plain_view
from fixtures.services.route import own_pods, pods_of
from fixtures.smoke import reviewed

GREET = f"""\
{PYTHON_HOME}/bin/python - "$@" <<'END'
import os, socket, ssl, struct, sys
host, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
with socket.create_connection((host, port), timeout=10) as plain:
    if kind == "postgresql":  # TLS begins when it has agreed to it
        plain.sendall(struct.pack("!ii", 8, 80877103))
        plain.recv(1)
    if kind == "nats":  # TLS begins after its first line
        while plain.recv(1) not in (b"\\n", b""):
            pass
    trust.wrap_socket(plain, server_hostname=host).close()
END"""
"""Succeeds where a host is found, answers, and has a certificate of an authority that the pod trusts."""


WEB = tuple(row for row in TABLE if row.name not in {"nats", "postgresql", "valkey"})
"""Services that speak HTTP; the others' own checks tell of a connection without TLS."""


SSL_MODE = re.compile(r"ssl_?mode\s*[=:]\s*[\"']?([a-z-]+)", re.IGNORECASE)
"""How a client of PostgreSQL is told to check the server, see https://www.postgresql.org/docs/current/libpq-ssl.html."""
SCAN = f"""\
{PYTHON_HOME}/bin/python - "$@" <<'END'
import errno, select, socket, sys
for first in range(1, 32768, 1000):
    poll, begun = select.poll(), {{}}
    for port in range(first, min(first + 1000, 32768)):
        one = socket.socket()
        one.setblocking(False)
        if one.connect_ex((sys.argv[1], port)) in (0, errno.EINPROGRESS):
            begun[one.fileno()] = one, port
            poll.register(one, select.POLLOUT)
    while begun and (ready := poll.poll(1000)):
        for number, _ in ready:
            one, port = begun.pop(number)
            poll.unregister(number)
            if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                print(port)
            one.close()
END"""
"""Prints the ports of an address that take connections; those from which programs choose their own are left out."""
SCAN_SECONDS = 60.0
PAGES = {
    "mlflow": "/api/2.0/mlflow/experiments/search?max_results=1",
    "gitea": "/api/v1/user",
    "argo": "/api/v1/workflows/default",
    "argocd": "/api/v1/applications",
}
"""What a service gives to somebody whom it knows alone."""
IDENTITIES = (
    "X-WEBAUTH-USER", "X-Forwarded-User", "X-Forwarded-Preferred-Username", "X-Auth-Request-User", "X-Remote-User",
    "Remote-User", "REMOTE_USER", "X-User", "X-Authenticated-User",
)  # fmt: skip
"""Headers in which a proxy tells a server behind it who the visitor is."""


ANSWERED = frozenset({"exec", "grpc", "httpGet"})
"""Probes that a program answers; a `tcpSocket` is opened by the kernel, or a proxy."""
STORES = ("nats", "postgresql", "valkey")
"""Services that nobody outside of the cluster uses."""
IN_CLUSTER = tuple(row for row in TABLE if row.name in {"argo", "argocd"})
"""Services that have rights in the cluster: it is what they are for."""
HARMLESS = frozenset(
    ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
     "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")
)  # fmt: skip
"""Capabilities that a pod may have by Kubernetes' Pod Security Standard `baseline`."""
SCRATCH = re.compile(r"(^|/)(run|shm)(/|$)")
"""Folders for sockets and the like."""
LEAST_ROOM = 64 << 20
"""Bytes of a volume; the smallest one of an embedded service has as many."""


def protected(rows: Iterable[Service], kind: str = "tls") -> pytest.MarkDecorator:
    """Parameters of a check of services, each for a requirement of that kind: of how it speaks TLS, by default."""
    return pytest.mark.parametrize(
        "row",
        [
            pytest.param(
                row, marks=[pytest.mark.needs(row.name), pytest.mark.requirement(f"SVC-{row.name}-{kind}")], id=row.name
            )
            for row in rows
        ],
    )


@pytest.fixture(params=[pytest.param(row, marks=pytest.mark.needs(row.name), id=row.name) for row in TABLE])
def service(request: pytest.FixtureRequest) -> Service:
    """A row of the table of services."""
    row: Service = request.param
    return row


@pytest.fixture
def endpoint(service: Service, services: Services) -> Endpoint:
    """How that service is reached: it is up, and has answered a client outside."""
    return services.require(service.name)


@pytest.mark.requirement("ENV-2")
def test_environment_leads_from_the_pod_to_the_service(pod: Pod, service: Service, endpoint: Endpoint) -> None:
    where = {"host": endpoint.host, "port": endpoint.port}
    for name, template in service.environment.items():
        expected = template.format(**where).removesuffix(":443")
        seen = pod.run(f"printenv {name}").stdout.strip().removesuffix(":443")
        assert seen == expected, f"environment: {name} is {seen!r}, {service.name} is at {expected}: set {name}"
    done = pod.run(f"set -- {endpoint.host} {endpoint.port} {service.name}\n{GREET}")
    succeeded(done, service.name, "is not reached from the pod")


@protected(TABLE)
def test_service_has_a_certificate_of_its_name(row: Service, services: Services) -> None:
    endpoint = services.require(row.name)
    trusting = tls.trusting(endpoint)
    try:
        agreed = tls.handshake(endpoint, trusting)
    except ssl.SSLError as error:
        agreed = f"no handshake ({error.reason}, {getattr(error, 'verify_message', '')})"
    assert agreed in {"TLSv1.2", "TLSv1.3"}, (
        f"{row.name}: {agreed}, not TLS 1.2 or 1.3: give it a certificate for {endpoint.host} of an authority that "
        "clients trust"
    )
    # What a client trusts must hold for this name alone: with a certificate for others too it answers for them.
    others = ["elsewhere.invalid", *(other.host for other in TABLE if other.host != endpoint.host)]
    taken = [name for name in others if is_known_as(name, endpoint, trusting)]
    assert not taken, (
        f"{row.name}: its certificate is one for {', '.join(taken)} too: give it one of its own name alone"
    )


def is_known_as(name: str, endpoint: Endpoint, trusting: ssl.SSLContext) -> bool:
    """Tell whether a service has a certificate for a name."""
    try:
        tls.handshake(endpoint, trusting, name=name)
    except ssl.SSLCertVerificationError:
        return False
    return True


@protected(TABLE)
def test_service_listens_on_no_other_port(row: Service, services: Services, pod: Pod) -> None:
    """A port that no manifest declares has neither TLS nor a log-in that anybody reviewed."""
    endpoint = services.require(row.name)
    where = f"set -- {endpoint.host} {endpoint.port} {row.name}"
    succeeded(pod.run(f"{where}\n{GREET}"), row.name, "is not reached from the pod")
    for one in pods_of(pod.api, endpoint.host):
        declared = {port.container_port for part in one.spec.containers for port in part.ports or ()}
        done = pod.run(f"set -- {one.status.pod_ip}\n{SCAN}", seconds=SCAN_SECONDS)
        found = {*map(int, succeeded(done, row.name, "its ports cannot be looked at").split())}
        assert found & declared, f"{row.name}: pod {one.metadata.name} listens on none of {declared}: see its log"
        assert found <= declared, (
            f"{row.name}: pod {one.metadata.name} also listens on {sorted(found - declared)} for the whole cluster: "
            "let that listen on 127.0.0.1"
        )


@protected(row for row in TABLE if "postgresql" in row.needs)
def test_service_checks_the_certificate_of_its_database(row: Service, services: Services, pod: Pod) -> None:
    endpoint = services.require(row.name)
    pods = own_pods(pod.api, endpoint.host, row.name)
    modes = {mode.lower() for one in pods for text in settings_of(pod.api, one) for mode in SSL_MODE.findall(text)}
    assert modes == {"verify-full"}, (
        f"{row.name}: takes whoever answers for its database, by sslmode {', '.join(sorted(modes)) or 'prefer'}: set "
        "that to verify-full"
    )


def settings_of(api: client.ApiClient, pod: Any) -> Iterator[str]:
    """Yield the variables of a pod's containers, `NAME=value`, and the texts of the ConfigMaps that it mounts."""
    for container in pod.spec.containers:
        yield from (f"{one.name}={one.value}" for one in container.env or () if one.value)
    for volume in pod.spec.volumes:
        if volume.config_map is not None:
            found: Any = client.CoreV1Api(api).read_namespaced_config_map(
                volume.config_map.name, pod.metadata.namespace
            )
            yield from (found.data or {}).values()


@protected((row for row in TABLE if row.name in STORES), "auth")
def test_store_is_open_within_the_cluster_alone(row: Service, services: Services, pod: Pod) -> None:
    endpoint = services.require(row.name)
    pods = own_pods(pod.api, endpoint.host, row.name)
    labels = pods[0].metadata.labels or {}
    found: Any = client.CoreV1Api(pod.api).list_namespaced_service(pods[0].metadata.namespace)
    ways = [
        f"Service {one.metadata.name}, of type {one.spec.type}" for one in found.items
        if one.spec.selector and one.spec.selector.items() <= labels.items()
        and (one.spec.type in {"NodePort", "LoadBalancer"} or one.spec.external_ips)
    ]  # fmt: skip
    ways += [f"a port of the node (pod {one.metadata.name})" for one in pods if is_on_its_node(one)]
    assert not ways, f"{row.name}: is reached from outside of the cluster by {', '.join(ways)}: make it a ClusterIP"


def is_on_its_node(pod: Any) -> bool:
    """Tell whether a pod has the network of its node, or a port of it."""
    return bool(pod.spec.host_network) or any(
        port.host_port for container in pod.spec.containers for port in container.ports or ()
    )


@protected(TABLE, "tenancy")
def test_service_has_no_power_over_its_node(row: Service, services: Services, pod: Pod) -> None:
    endpoint = services.require(row.name)
    for one in own_pods(pod.api, endpoint.host, row.name):
        spec = one.spec
        powers = [name for name in ("host_network", "host_pid", "host_ipc") if getattr(spec, name)]
        powers += [f"the folder {volume.host_path.path}" for volume in spec.volumes or () if volume.host_path]
        parts = [*spec.containers, *(spec.init_containers or ())]
        for context in (part.security_context for part in parts if part.security_context):
            powers += ["privileged"] * bool(context.privileged)
            powers += sorted({*(context.capabilities.add or ())} - HARMLESS) if context.capabilities else []
        assert not powers, (
            f"{row.name}: pod {one.metadata.name} has power over its node ({', '.join(powers)}): take that out of its "
            "securityContext and volumes"
        )


@protected(TABLE, "tenancy")
def test_service_is_ready_by_an_answer_of_its_own(row: Service, services: Services, pod: Pod) -> None:
    """Who opens the port may be a proxy in front of a server that is dead: people are sent there all the same."""
    endpoint = services.require(row.name)
    for one in own_pods(pod.api, endpoint.host, row.name):
        containers = pod.api.sanitize_for_serialization(one.spec)["containers"]
        served = serving(pod.api, endpoint, containers)
        ways = {way for part in served for way in part.get("readinessProbe", ())}
        # Where there is one container alone, it is the service that opens the port.
        assert ways & (ANSWERED if len(containers) > 1 else {*ANSWERED, "tcpSocket"}), (
            f"{row.name}: pod {one.metadata.name} is Ready "
            f"{'as soon as its port is open' if ways else 'as soon as it runs'}: give it a readinessProbe by httpGet "
            "or exec, which the service itself answers"
        )


def serving(api: client.ApiClient, endpoint: Endpoint, containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of a pod's containers to whose ports its Service leads; all of them where none names its ports."""
    name, space, *_ = endpoint.host.split(".")
    service: Any = client.CoreV1Api(api).read_namespaced_service(name, space)
    targets = {one.target_port for one in service.spec.ports}
    found = [one for one in containers for port in one.get("ports", ())
             if targets & {port.get("name"), port["containerPort"]}]  # fmt: skip
    return found or containers


@protected(TABLE, "tenancy")
def test_service_has_no_secret_in_its_pod_s_description(row: Service, services: Services, pod: Pod) -> None:
    """Each developer may look at pods."""
    endpoint = services.require(row.name)
    pods = own_pods(pod.api, endpoint.host, row.name)
    plain = {one.metadata.name: in_plain_view(one) for one in pods}
    told = [f"{where} of pod {name}" for name, found in plain.items() for where in found]
    assert not told, f"{row.name}: {reviewed.shortened(told)} has a secret in plain view: take it from a Secret"


@protected(TABLE, "tenancy")
def test_service_logs_no_credential(row: Service, services: Services, pod: Pod) -> None:
    must_log_no_credential(pod.api, services.require(row.name), row.name)


@protected((row for row in TABLE if row not in IN_CLUSTER), "tenancy")
def test_service_has_no_right_beside_its_namespace(row: Service, services: Services, pod: Pod) -> None:
    """Who breaks into it has the rights of its account."""
    endpoint = services.require(row.name)
    (first, *_) = own_pods(pod.api, endpoint.host, row.name)
    space, account = first.metadata.namespace, first.spec.service_account_name
    # In its own namespace an operator may have made it some.
    others = [one for one in namespaces(pod.api) if one != space]
    of_all = rules(impersonated(pod.api, space), others)
    given = rules(impersonated(pod.api, space, account), others)
    seen = {
        where: frozenset(reviewed.rules_of(found)) - frozenset(reviewed.rules_of(of_all[where]))
        for where, found in given.items()
    }
    told = reviewed.differences(seen, reviewed.NOTHING, space)
    assert not told, (
        f"{row.name}: ServiceAccount {space}/{account} {reviewed.shortened(told)}: take its roles away from it"
    )
    must_be_whole(given, f"ServiceAccount {space}/{account}")


@protected(TABLE, "tenancy")
def test_service_has_room_for_what_people_keep(row: Service, services: Services, pod: Pod) -> None:
    """A pod whose volume is fuller than its limit is removed, and the volume with it."""
    endpoint = services.require(row.name)
    for one in own_pods(pod.api, endpoint.host, row.name):
        where = {mount.name: mount.mount_path for part in one.spec.containers for mount in part.volume_mounts or ()}
        limits = {
            where.get(volume.name, volume.name): volume.empty_dir.size_limit for volume in one.spec.volumes or ()
            if volume.empty_dir and volume.empty_dir.medium != "Memory"
        }  # fmt: skip
        small = {path: limit for path, limit in limits.items() if limit and amount(limit) < LEAST_ROOM
                 and not SCRATCH.search(path)}  # fmt: skip
        assert not small, (
            f"{row.name}: pod {one.metadata.name} is removed with all that it has where a volume of it has more than "
            f"{small}: raise its sizeLimit to {LEAST_ROOM >> 20}Mi or more"
        )


@protected(TABLE)
def test_service_takes_no_old_tls(row: Service, services: Services) -> None:
    endpoint = services.require(row.name)
    taken = [version.name for version in tls.OLD if tls.takes(endpoint, version)]
    assert not taken, f"{row.name}: takes {', '.join(taken)}: set TLS 1.2 as its least version"


@pytest.mark.parametrize(
    ("row", "path"),
    [
        pytest.param(row, PAGES[row.name], id=row.name,
                     marks=[pytest.mark.needs(row.name), pytest.mark.requirement(f"SVC-{row.name}-auth")])
        for row in TABLE if row.name in PAGES
    ],
)  # fmt: skip
def test_service_believes_no_header_that_names_a_user(row: Service, path: str, services: Services) -> None:
    endpoint = services.require(row.name)
    with opened(endpoint, dict.fromkeys(IDENTITIES, endpoint.account.user)) as visitor:
        seen = visitor.ask("GET", path).status
    assert seen in {401, 403}, (
        f"{row.name}: answers {seen} to a visitor who names himself {endpoint.account.user} in a header, not 401 or "
        "403: leave authentication by a proxy's headers off"
    )


@protected(WEB)
def test_service_serves_nothing_without_tls(row: Service, services: Services) -> None:
    said = tls.answer_without_tls(services.require(row.name)).decode(errors="replace")
    status = said.split(" ")[1] if said.startswith("HTTP/") and " " in said else ""
    assert not status.startswith("2"), f"{row.name}: serves requests without TLS ({said}): take plain HTTP off its port"
