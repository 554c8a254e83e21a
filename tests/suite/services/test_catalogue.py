"""The table of services agrees with the files of the repository and with the fixtures of the checks."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase

import bcrypt
import pytest
import yaml

from fixtures.run import needs_of
from fixtures.services.catalogue import nats as nats_service
from fixtures.services.catalogue import postgresql as postgresql_service
from fixtures.services.catalogue import valkey as valkey_service
from fixtures.services.catalogue.table import TABLE
from fixtures.services.images import PLATFORM
from fixtures.services.model import TENANTS, Credentials, Service, no_files
from fixtures.services.overlay import WORKLOADS

FIXTURES = {"keycloak": "proxy"}
"""Fixtures that take a service, where their name is another one than the service's."""
EACH = pytest.mark.parametrize("service", TABLE, ids=lambda service: service.name)


def test_each_service_has_a_namespace_of_its_own() -> None:
    assert len({service.namespace for service in TABLE}) == len(TABLE)


@EACH
def test_service_has_its_folder_and_its_images(service: Service) -> None:
    folder = PLATFORM / service.name
    assert (folder / "kustomization.yaml").is_file()
    stages = [line.split()[-1] for line in (folder / "Dockerfile").read_text().splitlines() if " AS " in line]
    assert set(service.images) <= set(stages)
    assert set(service.needs) <= {one.name for one in TABLE}


def test_check_that_takes_the_fixture_of_a_service_starts_it(pytester: pytest.Pytester) -> None:
    fixtures = {service.name: FIXTURES.get(service.name, service.name) for service in TABLE}
    pytester.makepyfile("\n".join(f"def test_{name}({fixture}): pass" for name, fixture in fixtures.items()))
    plugins = ["fixtures.run", "fixtures.verdict.plugin", *(service.secret.__module__ for service in TABLE)]
    items, _ = pytester.inline_genitems(*(f"-p{plugin}" for plugin in [*plugins, "fixtures.login.plugin"]))
    assert len(items) == len(TABLE)
    idle = [item.name for item in items if item.name.removeprefix("test_") not in needs_of([item])]
    assert not idle, (
        f"{idle}: the fixture that it takes starts nothing: put @needs(SERVICE.name) below its @pytest.fixture, "
        "and its name into FIXTURES here where it is not the service's"
    )


@EACH
def test_no_service_is_given_up_before_its_own_probes_do(service: Service) -> None:
    texts = (path.read_text(encoding="utf-8") for path in (PLATFORM / service.name).glob("*.yaml"))
    documents = (one or {} for text in texts for one in yaml.safe_load_all(text))
    pods = [one["spec"]["template"]["spec"] for one in documents if one.get("kind") in WORKLOADS]
    probes = [probe for pod in pods for one in pod["containers"] if (probe := one.get("startupProbe"))]
    # Manifests of a program's own release have none.
    assert bool(probes) == (service.files is no_files)
    for probe in probes:
        assert probe["failureThreshold"] * probe["periodSeconds"] <= service.seconds


@pytest.mark.parametrize("tenant", TENANTS)
def test_secrets_hold_no_password_in_clear_where_a_digest_will_do(tenant: str) -> None:
    credentials = Credentials(b"secret")
    accounts = nats_service.secret(credentials)["accounts.conf"].decode()
    users = valkey_service.secret(credentials)["users.acl"].decode()
    password = credentials.password("nats", tenant)
    assert password not in accounts
    hashed = accounts.split(f'user: "{tenant}", password: "')[1].split('"')[0]
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    assert credentials.password("valkey", tenant) not in users
    assert hashlib.sha256(credentials.password("valkey", tenant).encode()).hexdigest() in users


def _given(words: list[str], sign: str, everything: str, nothing: str) -> set[str]:
    """Return the patterns that a user's words give of one kind, read one after the other as the server does."""
    given: set[str] = set()
    for word in words:
        if word in {"reset", nothing}:
            given.clear()
        elif word.startswith(sign) or word == everything:
            given.add("*" if word == everything else word.removeprefix(sign))
    return given


def test_each_user_of_valkey_has_keys_and_channels_of_its_own_alone() -> None:
    lines = valkey_service.secret(Credentials(b"secret"))["users.acl"].decode().splitlines()
    users = {name: rest for _, name, *rest in map(str.split, lines)}
    assert users.pop("default") == ["off"]
    assert {word for word in users.pop("probe") if word.startswith(("+", "~", "&", "%"))} == {"+ping"}
    assert users.keys() == valkey_service.KEYS.keys()
    for name, words in users.items():
        given = _given(words, "~", "allkeys", "resetkeys"), _given(words, "&", "allchannels", "resetchannels")
        for owner, start in valkey_service.KEYS.items():
            may = [any(fnmatchcase(f"{start}thing", pattern) for pattern in patterns) for patterns in given]
            assert may == [owner == name] * 2, f"{name}, keys and channels of {owner}: {given}"


def test_every_database_is_closed_to_the_public() -> None:
    commands = postgresql_service.secret(Credentials(b"secret"))["roles.sql"].decode().splitlines()
    for name in postgresql_service.DATABASES:
        assert f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;" in commands
    assert all(command.endswith(";") for command in commands)
