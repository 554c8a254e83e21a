"""The suite's services, from one worker of a run to another."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography import x509

from fixtures.certificates import Authority
from fixtures.services import costs
from fixtures.services.catalogue.table import TABLE
from fixtures.services.embedded import EmbeddedServices
from fixtures.services.model import Credentials, ServiceError
from fixtures.services.progress import Progress

T = TypeVar("T")


def copied(thing: T) -> T:
    """Return what another worker gets of something."""
    copy: T = pickle.loads(pickle.dumps(thing))  # noqa: S301
    return copy


def services_of_a_worker() -> EmbeddedServices:
    """Return services as each worker of a run has them."""
    nothing: Any = None
    return EmbeddedServices(nothing, TABLE, Credentials(b"secret"), nothing, nothing, run="r", ca_file=Path("ca.crt"))


def test_services_that_one_worker_started_are_another_ones_too() -> None:
    first, second = services_of_a_worker(), services_of_a_worker()
    first.status.progress |= {name: Progress(row, 0.0, "ready", 1, 12.0) for name, row in first.table.items()}
    first.status.faults["gitea"] = ServiceError("gitea is down: why", "fix it")
    second.adopt(copied(first.state))
    assert costs.rows(second.status) == costs.rows(first.status)
    with pytest.raises(ServiceError, match=r"^gitea is down: why: fix it$"):
        second.require("gitea")


def test_worker_that_started_the_services_keeps_its_own_state() -> None:
    first = services_of_a_worker()
    first.status.faults["gitea"] = ServiceError("gitea is down: why", "fix it")
    first.adopt(first.state)
    assert first.faults is first.status.faults
    assert list(first.faults) == ["gitea"]


def test_services_are_started_with_what_they_need_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    services = services_of_a_worker()
    installed: list[list[str]] = []

    def install(rows: list[Any]) -> None:
        installed.append([row.name for row in rows])
        services.status.progress |= {row.name: Progress(row, 0.0) for row in rows}

    monkeypatch.setattr(services._installer, "install", install)
    monkeypatch.setattr(services._watch, "wait", lambda: None)
    for names in (["gitea", "nats"], ["postgresql"], ["mlflow"]):
        services.start(names)
    assert installed == [["postgresql", "nats", "gitea"], ["mlflow"]]


def test_authority_of_one_worker_is_another_ones_too() -> None:
    first = Authority("run")
    second = copied(first)
    issued = x509.load_pem_x509_certificate(second.issue(["a.b.svc"]).certificate)
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(first.certificate))
    assert second.certificate == first.certificate
