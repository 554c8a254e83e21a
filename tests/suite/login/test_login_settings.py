"""The log-in's settings: oauth2-proxy's, Keycloak's realm and the checks mean the same by the same names."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from fixtures.login.plugin import TOKEN_SECONDS
from fixtures.services.catalogue import keycloak as keycloak_service
from fixtures.services.catalogue import oauth2_proxy as oauth2_proxy_service
from fixtures.services.catalogue import valkey as valkey_service
from fixtures.services.images import PLATFORM
from fixtures.services.model import Credentials

FOLDER = PLATFORM / "oauth2-proxy"


@pytest.fixture
def core() -> dict[str, Any]:
    """oauth2-proxy's core options."""
    return tomllib.loads((FOLDER / "core.cfg").read_text(encoding="utf-8"))


@pytest.fixture
def provider() -> dict[str, Any]:
    """What oauth2-proxy knows of Keycloak."""
    (one,) = yaml.safe_load((FOLDER / "structured.yaml").read_text(encoding="utf-8"))["providers"]
    return dict(one)


@pytest.fixture
def realm() -> dict[str, Any]:
    """The realm that Keycloak begins with."""
    return dict(json.loads((PLATFORM / "keycloak" / "realms" / "thinkube.json").read_text(encoding="utf-8")))


def test_sessions_are_asked_about_within_a_tokens_life(core: dict[str, Any], realm: dict[str, Any]) -> None:
    assert realm["accessTokenLifespan"] == TOKEN_SECONDS
    assert int(core["cookie_refresh"].removesuffix("s")) < TOKEN_SECONDS


def test_cookie_has_the_name_that_valkey_lets_its_user_keep(core: dict[str, Any]) -> None:
    users = valkey_service.secret(Credentials(b"secret"))["users.acl"].decode()
    assert core["cookie_name"] == oauth2_proxy_service.COOKIE
    assert f"~{core['cookie_name']}*" in users


def test_realm_has_the_client_and_the_roles_that_are_let_in(provider: dict[str, Any], realm: dict[str, Any]) -> None:
    roles = realm["roles"]["client"][provider["clientID"]]
    allowed = provider["keycloakConfig"]["roles"]
    assert allowed == [f"{provider['clientID']}:{role['name']}" for role in roles]
    assert {role["name"] for role in roles} == {keycloak_service.USER_ROLE, keycloak_service.ADMIN_ROLE}


def test_realm_sends_back_to_the_deployment_alone(realm: dict[str, Any]) -> None:
    (client,) = (one for one in realm["clients"] if one["clientId"] == keycloak_service.CLIENT)
    assert (client["rootUrl"], client["redirectUris"]) == (
        f"https://{oauth2_proxy_service.SERVICE.host}",
        ["/oauth2/callback"],
    )


@pytest.mark.parametrize("name", ["thinkube", "elsewhere"])
def test_realm_names_its_secrets_by_variables_that_the_server_has(name: str) -> None:
    text = (PLATFORM / "keycloak" / "realms" / f"{name}.json").read_text(encoding="utf-8")
    said = re.findall(r'"(?:secret|value)": "([^"]*)"', text)
    assert said
    assert {value.strip("${}") for value in said} <= keycloak_service.VARIABLES.keys()
    assert all(value.startswith("${") for value in said)


def test_no_account_of_the_realm_is_an_administrator_of_it(realm: dict[str, Any]) -> None:
    rights = {role for user in realm["users"] for role in user.get("clientRoles", {}).get("realm-management", ())}
    assert rights == {"manage-users", "view-clients"}
