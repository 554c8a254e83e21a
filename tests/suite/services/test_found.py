"""What a service does not have is told from what it does not tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import urllib3

from fixtures.services.catalogue.devpi import Index
from fixtures.services.catalogue.mlflow import Mlflow
from fixtures.services.http import HttpClient
from fixtures.services.model import ServiceError

FINDERS: dict[str, Callable[[HttpClient], Any]] = {
    "devpi": lambda server: Index(server, "me/index").files("probe"),
    "mlflow": lambda server: Mlflow(server).experiment("one"),
}
THERE = {
    "devpi": ({"result": {"1.0": {"+links": [1]}}}, {"1.0": [1]}),
    "mlflow": ({"experiment": {"experiment_id": "7"}}, {"experiment_id": "7"}),
}


def server(status: int, document: Any) -> HttpClient:
    """A client of a service that answers everything so."""
    answer = SimpleNamespace(status=status, data=json.dumps(document).encode())
    pool = SimpleNamespace(request=lambda *_, **__: answer)
    return HttpClient("service", cast("urllib3.HTTPSConnectionPool", pool), {})


@pytest.mark.parametrize("service", FINDERS)
def test_what_is_there_is_found(service: str) -> None:
    answer, expected = THERE[service]
    assert FINDERS[service](server(200, answer)) == expected


@pytest.mark.parametrize("service", FINDERS)
def test_what_a_service_says_it_does_not_have_is_not_there(service: str) -> None:
    assert not FINDERS[service](server(404, {"error": "there is none"}))


@pytest.mark.parametrize("service", FINDERS)
@pytest.mark.parametrize("status", [302, 401, 403, 500, 502])
def test_service_that_tells_nothing_is_no_service_that_has_nothing(service: str, status: int) -> None:
    with pytest.raises(ServiceError, match=f"^service answers {status} to GET /"):
        FINDERS[service](server(status, {"error": "no"}))
