"""The user's services, as a settings file names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.services.catalogue.table import TABLE
from fixtures.services.given import GivenServices
from fixtures.services.settings import GivenSettings
from fixtures.verdict.evidence import Blocked


@pytest.fixture
def services(tmp_path: Path) -> GivenServices:
    """A PostgreSQL of the user's, and no other service."""
    path = tmp_path / "settings.toml"
    workspace = 'workspace = { user = "dev", password_env = "DEV" }'
    path.write_text(f'[services.postgresql]\nhost = "db.example"\n{workspace}\n', encoding="utf-8")
    known = {service.name: service for service in TABLE}
    api: Any = None
    return GivenServices(TABLE, api, GivenSettings(path, known, {"DEV": "first"}))


def test_service_that_is_not_configured_is_blocked(services: GivenServices) -> None:
    with pytest.raises(Blocked, match="nats is not configured") as found:
        services.require("nats")
    assert found.value.because == "give [services.nats] in settings.toml"


def test_environment_leads_to_the_configured_service(services: GivenServices) -> None:
    assert services.environment() == {"PGHOST": "db.example", "PGPORT": "5432"}
