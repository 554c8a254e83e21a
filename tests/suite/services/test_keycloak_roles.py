"""Keycloak: who has which role of a client, whichever way he got it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.services.catalogue.keycloak import REALM, Realm
from fixtures.services.model import ServiceError
from fixtures.services.raw_http import Reply

EFFECTIVE = "/users/{}/role-mappings/clients/m/composite"
ADMIN = {
    "/clients?clientId=realm-management": [{"id": "m", "clientId": "realm-management"}],
    "/clients": [
        {"id": "m", "serviceAccountsEnabled": False},
        {"id": "c", "serviceAccountsEnabled": True},
        {"id": "b"},
    ],
    "/clients/c/service-account-user": {"id": "s", "username": "service-account-c"},
    "/users?max=1000": [
        {"id": "w", "username": "workspace"},
        {"id": "n", "username": "neighbour"},
        {"id": "x", "username": "check-0123456789ab"},
    ],
    EFFECTIVE.format("w"): [{"name": "view-users"}, {"name": "query-users"}],
    EFFECTIVE.format("n"): [],
    EFFECTIVE.format("s"): [{"name": "manage-users"}],
}
"""What the administrator's API answers, by path; of the user of another check nothing, as he may be gone by then."""


def realm(answers: dict[str, Any]) -> Realm:
    """A realm whose server answers that, 404 to the rest."""

    def ask(url: str, **_: object) -> Reply:
        if url.endswith("/token"):
            return Reply(200, (), json.dumps({"access_token": "a.b.c"}))
        path = url.partition(f"/admin/realms/{REALM}")[2]
        return Reply(200, (), json.dumps(answers[path])) if path in answers else Reply(404, (), "no such thing")

    endpoint: Any = SimpleNamespace(host="keycloak")
    visitor: Any = SimpleNamespace(ask=ask)
    return Realm(endpoint, visitor, "secret")


def test_roles_are_those_in_effect_of_users_and_service_accounts() -> None:
    assert realm(ADMIN).effective_roles("realm-management") == {
        "workspace": {"view-users", "query-users"},
        "neighbour": set(),
        "service-account-c": {"manage-users"},
    }


def test_roles_that_cannot_be_read_are_an_error() -> None:
    without = {path: answer for path, answer in ADMIN.items() if path != EFFECTIVE.format("n")}
    with pytest.raises(ServiceError, match=r"^keycloak answers 404 to GET /users/n/role-mappings/"):
        realm(without).effective_roles("realm-management")
