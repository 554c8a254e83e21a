"""The frame of the services without a cluster: who is given up and why, what an overlay and a settings file say."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import bcrypt
import pytest
import yaml
from cryptography import x509
from kubernetes.client.exceptions import ApiException

from fixtures.certificates import Authority
from fixtures.cluster.api import ClusterError
from fixtures.cluster.objects import Document
from fixtures.deployment.deployment import Deployment
from fixtures.errors import UsageError
from fixtures.login.proxy import EmbeddedProxy
from fixtures.registry.settings import RegistrySettings
from fixtures.services import route
from fixtures.services.catalogue import nats as nats_service
from fixtures.services.catalogue import postgresql as postgresql_service
from fixtures.services.catalogue import valkey as valkey_service
from fixtures.services.catalogue.table import TABLE
from fixtures.services.embedded import EmbeddedServices, Progress, phase, wanted_pods
from fixtures.services.given import GivenServices
from fixtures.services.images import PLATFORM
from fixtures.services.model import (
    TENANTS,
    Account,
    Credentials,
    Endpoint,
    Route,
    Service,
    ServiceError,
    Services,
    no_files,
)
from fixtures.services.overlay import WORKLOADS, overlay
from fixtures.services.settings import GivenSettings
from fixtures.verdict.evidence import Blocked

T = TypeVar("T")

REGISTRY = RegistrySettings("registry.example", "robot", "s3cret")
DIGEST = f"sha256:{'0' * 64}"
KNOWN: dict[str, object] = {"postgresql": None, "nats": None}


@contextmanager
def nowhere(host: str, port: int) -> Iterator[Route]:
    yield host, port


def row(name: str, *needs: str, greet: Any = lambda _: None) -> Service:
    return Service(
        name,
        f"{name}.{name}.svc",
        1,
        images={name: f"upstream/{name}:1"},
        environment={f"{name.upper()}_URL": "x://{host}"},
        secret=lambda credentials: {"password": credentials.password(name, "a").encode()},
        greet=greet,
        needs=needs,
    )


class Platform(Services):
    """Services that are up, apart from those that are named as down."""

    def __init__(self, *table: Service, down: tuple[str, ...] = ()) -> None:
        super().__init__(table)
        self.down = down

    def look(self, name: str) -> None:
        if name in self.down:
            raise ServiceError(f"{name} is down: gone", "start it")

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, self.table[name].host, 1, nowhere, Account("a", "b", "c"))


def pod(*, node: str | None = "n", ready: bool = False, waiting: str | None = None, ending: bool = False) -> Any:
    state = SimpleNamespace(waiting=SimpleNamespace(reason=waiting) if waiting else None)
    conditions = [SimpleNamespace(type="Ready", status="True" if ready else "False")]
    return SimpleNamespace(
        metadata=SimpleNamespace(deletion_timestamp=datetime.now(UTC) if ending else None),
        spec=SimpleNamespace(node_name=node),
        status=SimpleNamespace(conditions=conditions, container_statuses=[SimpleNamespace(state=state)]),
    )


@pytest.fixture
def files() -> dict[str, bytes]:
    references = {name: f"registry.example/{name}@{DIGEST}" for service in TABLE for name in service.images}
    # What a release brings along is got by building an image, and nothing here may take podman.
    table = [replace(service, files=no_files) for service in TABLE]
    return overlay(table, references, Authority("test"), Credentials(b"secret"), REGISTRY, "run1")


# ---- the table


def test_each_service_is_there_once_with_what_it_consists_of() -> None:
    assert len({service.namespace for service in TABLE}) == len(TABLE)
    for service in TABLE:
        folder = PLATFORM / service.name
        assert (folder / "kustomization.yaml").is_file()
        stages = [line.split()[-1] for line in (folder / "Dockerfile").read_text().splitlines() if " AS " in line]
        assert set(service.images) <= set(stages)
        assert set(service.needs) <= {one.name for one in TABLE}


def test_environment_script_names_the_hosts_of_the_table() -> None:
    script = PLATFORM.parent / "code-server-dev" / "rootfs" / "etc" / "thinkube" / "setup-thinkube-env.sh"
    text = script.read_text(encoding="utf-8")
    for service in TABLE:
        for name, value in service.environment.items():
            place = value.format(host=service.host, port=service.port).removesuffix(":443")
            assert f"${{{name}:-{place}}}" in text


# ---- who is given up


@pytest.mark.parametrize(
    "pods, expected",
    [
        ([], "no pod"),
        ([pod(ready=True, ending=True)], "no pod"),
        ([pod(node=None)], "no node"),
        ([pod(waiting="ContainerCreating")], "getting its image"),
        ([pod(waiting="ErrImagePull")], "getting its image"),
        ([pod(waiting="ImagePullBackOff")], "getting its image"),
        ([pod(waiting="CrashLoopBackOff")], "starting"),
        ([pod()], "starting"),
        ([pod(ready=True)], "ready"),
    ],
)
def test_phase_is_how_far_the_pods_have_come(pods: list[Any], expected: str) -> None:
    assert phase(pods, 1) == expected


def test_service_of_no_pods_is_never_ready() -> None:
    documents: list[Document] = [{"kind": "StatefulSet", "spec": {"replicas": 0}}, {"kind": "Secret"}]
    assert wanted_pods(documents) == 0
    assert phase([], 0) == "no pod"


def test_service_that_is_down_gives_the_same_error_each_time() -> None:
    platform = Platform(row("a"), row("b"), down=("a",))
    errors = []
    for _ in range(2):
        with pytest.raises(ServiceError) as raised:
            platform.require("a")
        errors.append(raised.value)
    assert errors[0] is errors[1]
    assert platform.require("b").name == "b"


def test_service_that_goes_down_later_is_given_up_then() -> None:
    platform = Platform(row("a"))
    platform.require("a")
    platform.down = ("a",)
    with pytest.raises(ServiceError, match="a is down"):
        platform.require("a")


def test_service_that_lets_nobody_in_is_given_up() -> None:
    def refuse(endpoint: Endpoint) -> None:
        raise ServiceError(f"{endpoint.name} lets nobody in", "see its log")

    with pytest.raises(ServiceError, match="lets nobody in"):
        Platform(row("a", greet=refuse)).require("a")


def test_service_of_our_own_may_come_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.services.model.PAUSE_SECONDS", 0.01)
    answers = iter([ServiceError("a says nothing", "see its log"), None])

    def greet(_endpoint: Endpoint) -> None:
        if (error := next(answers)) is not None:
            raise error

    platform = Platform(row("a", greet=greet))
    platform.patience = 5.0
    assert platform.require("a").name == "a"


def test_service_that_does_not_come_to_itself_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.services.model.PAUSE_SECONDS", 0.01)
    platform = Platform(row("a"), down=("a",))
    platform.patience = 0.05
    with pytest.raises(ServiceError, match="a is down"):
        platform.require("a")


def test_server_that_does_not_answer_is_no_fault_of_the_proxy() -> None:
    def refuse(**_: Any) -> None:
        raise ApiException(503, "busy")

    core = SimpleNamespace(list_namespaced_pod=refuse)
    gone = SimpleNamespace(pods=list, server="there", core=core, namespace="n", selector="x")
    proxy = EmbeddedProxy(cast("Deployment", gone), Credentials(b""), cast("Endpoint", None))
    with pytest.raises(ClusterError, match=r"^waiting for the proxy failed at there: it answered 503: busy"):
        proxy.look()
    assert proxy.fault is None


def slices(*, ready: bool, port: str | None = "https") -> list[Any]:
    endpoint = SimpleNamespace(conditions=SimpleNamespace(ready=ready), target_ref=SimpleNamespace(name="web-1"))
    return [SimpleNamespace(ports=[SimpleNamespace(name=port, port=8443)], endpoints=[endpoint])]


@pytest.mark.parametrize(
    ("there", "name", "expected"),
    [
        (slices(ready=True), "https", [("web-1", 8443)]),
        (slices(ready=True, port=""), None, [("web-1", 8443)]),
        (slices(ready=True), "http", []),
        (slices(ready=False), "https", []),
        ([SimpleNamespace(ports=None, endpoints=None)], "https", []),
    ],
)
def test_pods_behind_a_service_are_those_that_are_ready(there: list[Any], name: str, expected: list[Any]) -> None:
    assert route.behind(there, name) == expected


@pytest.mark.parametrize("service", TABLE, ids=lambda one: one.name)
def test_no_service_is_given_up_before_its_own_probes_do(service: Service) -> None:
    texts = (path.read_text(encoding="utf-8") for path in (PLATFORM / service.name).glob("*.yaml"))
    documents = (one or {} for text in texts for one in yaml.safe_load_all(text))
    pods = [one["spec"]["template"]["spec"] for one in documents if one.get("kind") in WORKLOADS]
    probes = [probe for pod in pods for one in pod["containers"] if (probe := one.get("startupProbe"))]
    # Manifests that a release brings along have none.
    assert bool(probes) == (service.files is no_files)
    for probe in probes:
        assert probe["failureThreshold"] * probe["periodSeconds"] <= service.seconds


def test_what_needs_a_service_that_is_down_gives_the_fault_of_that_one() -> None:
    platform = Platform(row("a"), row("b", "a"), row("c", "b"), down=("a",))
    faults = []
    for name in ("c", "b", "a"):
        with pytest.raises(ServiceError, match="a is down") as raised:
            platform.require(name)
        faults.append(raised.value)
    assert faults[0] is faults[1] is faults[2]


# ---- what stands in the cluster


def test_overlay_pins_images_by_digest_and_marks_what_it_makes(files: dict[str, bytes]) -> None:
    for service in TABLE:
        document = yaml.safe_load(files[f"{service.name}/kustomization.yaml"])
        assert [image["digest"] for image in document["images"]] == [DIGEST] * len(service.images)
        assert document["labels"] == [{"pairs": {"conformance.run": "run1"}, "includeTemplates": True}]
    assert json.loads(files["nats/pull.json"])["auths"].keys() == {"registry.example"}


def test_overlay_gives_each_service_a_certificate_of_its_own(files: dict[str, bytes]) -> None:
    certificates = {files[f"{service.name}/tls/tls.crt"] for service in TABLE}
    assert len(certificates) == len(TABLE)
    assert len({files[f"{service.name}/tls/ca.crt"] for service in TABLE}) == 1


def test_secrets_hold_no_password_in_clear_where_a_digest_will_do() -> None:
    credentials = Credentials(b"secret")
    accounts = nats_service.secret(credentials)["accounts.conf"].decode()
    users = valkey_service.secret(credentials)["users.acl"].decode()
    for tenant in TENANTS:
        password = credentials.password("nats", tenant)
        assert password not in accounts
        hashed = accounts.split(f'user: "{tenant}", password: "')[1].split('"')[0]
        assert bcrypt.checkpw(password.encode(), hashed.encode())
        assert hashlib.sha256(credentials.password("valkey", tenant).encode()).hexdigest() in users


def test_every_database_is_closed_to_the_public() -> None:
    commands = postgresql_service.secret(Credentials(b"secret"))["roles.sql"].decode().splitlines()
    for name in postgresql_service.DATABASES:
        assert f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;" in commands
    assert all(command.endswith(";") for command in commands)


def test_passwords_are_made_once_differ_and_are_not_told() -> None:
    credentials = Credentials(b"secret")
    first, second = credentials.password("nats", "a"), credentials.password("nats", "b")
    assert first != second
    assert credentials.password("nats", "a") == first
    assert credentials.redact(f"user a {first}, user b {second}") == "user a ***, user b ***"
    assert first not in repr(Account("a", first, "a"))


# ---- from one worker to another


def copied(thing: T) -> T:
    """What another worker gets of something."""
    copy: T = pickle.loads(pickle.dumps(thing))  # noqa: S301
    return copy


def embedded_services() -> tuple[EmbeddedServices, Credentials]:
    """Services and passwords as each worker of a run has them."""
    credentials = Credentials(b"secret")
    nothing: Any = None
    return EmbeddedServices(nothing, TABLE, credentials, nothing, nothing, run="r", ca_file=Path("ca.crt")), credentials


def test_services_that_one_worker_started_are_another_ones_too() -> None:
    (first, known), (second, other) = embedded_services(), embedded_services()
    first.progress = {name: Progress(row, 0.0, "ready", 1, 12.0) for name, row in first.table.items()}
    first.faults = {"gitea": ServiceError("gitea is down: why", "mend it")}
    second.adopt(copied(first.state))
    assert second.rows() == first.rows()
    with pytest.raises(ServiceError, match=r"^gitea is down: why: mend it$"):
        second.require("gitea")
    assert other.redact(f"it is {known.password('nats', TENANTS[0])}") == "it is ***"


def test_authority_of_one_worker_is_another_ones_too() -> None:
    first = Authority("run")
    second = copied(first)
    issued = x509.load_pem_x509_certificate(second.issue(["a.b.svc"]).certificate)
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(first.certificate))
    assert second.certificate == first.certificate


# ---- the user's own


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    (tmp_path / "other.password").write_text("second\n", encoding="utf-8")
    path.write_text(
        "[services.postgresql]\n"
        'host = "db.example"\n'
        'workspace = { user = "dev", space = "work", password_env = "DEV" }\n'
        'neighbour = { user = "other", password_file = "other.password" }\n',
        encoding="utf-8",
    )
    return path


def test_settings_name_the_users_services(settings_file: Path) -> None:
    settings = GivenSettings(settings_file, KNOWN, {"DEV": "first"})
    assert settings.accounts["postgresql"] == (Account("dev", "first", "work"), Account("other", "second", "other"))
    assert "first" not in repr(settings.accounts)


def test_service_that_is_not_configured_is_blocked(settings_file: Path) -> None:
    api: Any = None
    services = GivenServices(TABLE, api, GivenSettings(settings_file, KNOWN, {"DEV": "first"}))
    with pytest.raises(Blocked, match="nats is not configured"):
        services.require("nats")
    assert services.environment() == {"PGHOST": "db.example", "PGPORT": "5432"}


def test_second_user_that_is_not_named_is_blocked() -> None:
    with pytest.raises(Blocked, match="no second user"):
        assert Endpoint("nats", "nats.nats.svc", 1, nowhere, Account("a", "b", "c")).neighbour


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("services.postgresql", "services.postgres", "services.postgres: no such service: known are postgresql, nats"),
        (
            'password_env = "DEV"',
            'password = "clear"',
            "unknown key 'password', did you mean 'password_env'?",
        ),
        ('password_env = "DEV"', 'password_env = "UNSET"', "services.postgresql.workspace: no password is found"),
        (', password_file = "other.password"', "", "neighbour: give either password_env or password_file"),
        ("other.password", "nowhere", "neighbour.password_file: No such file or directory"),
        ('host = "db.example"', 'host = "https://db.example/"', "postgresql.host: must match ^[A-Za-z0-9.-]*$"),
        ('host = "db.example"', "host = ", "not TOML"),
        ("[services.postgresql]", 'ca_file = "nowhere.crt"\n[services.postgresql]', "ca_file: no file"),
    ],
)
def test_wrong_settings_are_one_line_with_the_fix(settings_file: Path, old: str, new: str, complaint: str) -> None:
    text = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        GivenSettings(settings_file, KNOWN, {"DEV": "first"})
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --settings an existing file"):
        GivenSettings(tmp_path / "none.toml", KNOWN)
