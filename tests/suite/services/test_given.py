"""The user's services, as a settings file names them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.services.catalogue.table import TABLE
from fixtures.services.given import GivenServices
from fixtures.services.model import Service
from fixtures.services.settings import GivenSettings
from fixtures.verdict.evidence import Blocked


def given(folder: Path, name: str, table: tuple[Service, ...] = TABLE, more: str = "") -> GivenServices:
    """One service of the user's, and no other."""
    path = folder / "settings.toml"
    workspace = 'workspace = { user = "dev", password_env = "DEV" }'
    path.write_text(f'[services.{name}]\nhost = "{name}.example"\n{workspace}\n{more}\n', encoding="utf-8")
    known = {service.name: service for service in table}
    api: Any = None
    return GivenServices(table, api, GivenSettings(path, known, {"DEV": "first"}))


@pytest.fixture
def services(tmp_path: Path) -> GivenServices:
    """A PostgreSQL of the user's."""
    return given(tmp_path, "postgresql")


def test_service_that_is_not_configured_is_blocked(services: GivenServices) -> None:
    with pytest.raises(Blocked, match="nats is not configured") as found:
        services.require("nats")
    assert found.value.because == "give [services.nats] in settings.toml"


def test_environment_leads_to_the_configured_service(services: GivenServices) -> None:
    assert services.environment() == {"PGHOST": "postgresql.example", "PGPORT": "5432"}


def test_user_is_not_his_own_neighbour(services: GivenServices, tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="postgresql has no second user"):
        str(services.endpoint("postgresql").neighbour)
    two = given(tmp_path, "postgresql", more='neighbour = { user = "other", password_env = "DEV" }')
    found = two.endpoint("postgresql")
    assert (found.account.user, found.neighbour.user) == ("dev", "other")


def test_service_is_used_without_the_one_that_the_suite_s_own_needs(tmp_path: Path) -> None:
    asked: list[str] = []
    table = tuple(replace(service, check_answer=lambda endpoint: asked.append(endpoint.name)) for service in TABLE)
    assert {service.name: service.needs for service in table}["mlflow"] == ("postgresql",)
    with suppress(Blocked):  # which would leave out this test, not fail it
        given(tmp_path, "mlflow", table).require("mlflow")
    assert asked == ["mlflow"], "PostgreSQL was asked for"
