"""Services and their passwords: which service is up, and what is told of one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fixtures.services.model import TENANTS, Account, Credentials, Endpoint, Route, Service, ServiceError, Services
from fixtures.verdict.evidence import Blocked


@contextmanager
def nowhere(host: str, port: int) -> Iterator[Route]:
    yield host, port


def row(name: str, *needs: str, check_answer: Any = lambda _: None) -> Service:
    return Service(
        name,
        f"{name}.{name}.svc",
        1,
        images=(name,),
        environment={},
        secret=lambda _: {},
        check_answer=check_answer,
        needs=needs,
    )


class Platform(Services):
    """Services that are up, apart from those that are named as down."""

    def __init__(self, *table: Service, down: tuple[str, ...] = ()) -> None:
        super().__init__(table)
        self.down = down

    def require_ready(self, name: str) -> None:
        if name in self.down:
            raise ServiceError(f"{name} is down: gone", "start it")

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, self.table[name].host, 1, nowhere, Account("a", "b", "c"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the pause before a service is asked again."""
    monkeypatch.setattr("fixtures.services.model.PAUSE_SECONDS", 0.01)


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
        Platform(row("a", check_answer=refuse)).require("a")


@pytest.mark.usefixtures("impatient")
def test_embedded_service_may_fail_once() -> None:
    answers = iter([ServiceError("a says nothing", "see its log"), None])

    def check_answer(_endpoint: Endpoint) -> None:
        if (error := next(answers)) is not None:
            raise error

    platform = Platform(row("a", check_answer=check_answer))
    platform.patience = 5.0
    assert platform.require("a").name == "a"


@pytest.mark.usefixtures("impatient")
def test_service_that_does_not_recover_is_given_up() -> None:
    platform = Platform(row("a"), down=("a",))
    platform.patience = 0.05
    with pytest.raises(ServiceError, match="a is down"):
        platform.require("a")


def test_what_needs_a_service_that_is_down_gives_the_fault_of_that_one() -> None:
    platform = Platform(row("a"), row("b", "a"), row("c", "b"), down=("a",))
    faults = []
    for name in ("c", "b", "a"):
        with pytest.raises(ServiceError, match="a is down") as raised:
            platform.require(name)
        faults.append(raised.value)
    assert faults[0] is faults[1] is faults[2]


def test_second_user_that_is_not_named_is_blocked() -> None:
    with pytest.raises(Blocked, match="no second user"):
        assert Endpoint("nats", "nats.nats.svc", 1, nowhere, Account("a", "b", "c")).neighbour.user


def test_user_has_another_password_at_each_service() -> None:
    credentials = Credentials(b"secret")
    users = [(service, user) for service in ("nats", "valkey") for user in TENANTS]
    assert len({credentials.password(*one) for one in users}) == len(users)


def test_password_that_was_given_is_used_and_not_told() -> None:
    credentials = Credentials(b"secret")
    credentials.add("nats", "a", "s3cret")
    assert credentials.redact("it is s3cret") == "it is ***"  # also before anybody has asked for it
    assert credentials.password("nats", "a") == "s3cret"


def test_workers_of_a_run_make_the_same_passwords_and_other_runs_others() -> None:
    made = [Credentials(secret).password("nats", "a") for secret in (b"secret", b"secret", b"another")]
    assert made[0] == made[1] != made[2]


def test_passwords_are_made_once_differ_and_are_not_told() -> None:
    credentials = Credentials(b"secret")
    first, second = credentials.password("nats", "a"), credentials.password("nats", "b")
    assert first != second
    assert credentials.password("nats", "a") == first
    assert credentials.redact(f"user a {first}, user b {second}") == "user a ***, user b ***"
    assert first not in repr(Account("a", first, "a"))
