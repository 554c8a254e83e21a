"""Tokens: none of them is a session, neither a good one of the proxy's own client nor one that is forged or foreign."""

from __future__ import annotations

import time

import pytest

from fixtures.cluster.wait import pause
from fixtures.login.attacks import claims, unsigned
from fixtures.login.code_flow import redeemed
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitor
from fixtures.services.catalogue.keycloak import BRIEF_CLIENT, CLIENT, OTHER_REALM
from fixtures.services.catalogue.oauth2_proxy import COOKIE
from fixtures.services.model import Route

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

TOKENS = (
    "good-access-token",
    "good-id-token",
    "refresh-token",
    "unsigned-token",
    "token-of-another-client",
    "token-of-another-realm",
    "expired-token",
)


def expired(token: str) -> str:
    """Return a token when its time is over."""
    ends = int(claims(token)["exp"])
    while time.time() < ends + 1:
        pause(0.2)
    return token


@pytest.fixture(scope="module")
def tokens(proxy: LoginProxy, ways: dict[str, Route]) -> dict[str, str]:
    """Tokens by what they are."""
    own = proxy.require_embedded("the client's secret")
    assert proxy.keycloak is not None
    realm = own.realm(proxy.keycloak, ways)
    good = redeemed(proxy, Visitor(proxy, ways), realm, own.client_secret)
    return {
        "good-access-token": good["access_token"],
        "good-id-token": good["id_token"],
        "refresh-token": good["refresh_token"],
        "unsigned-token": unsigned(good["id_token"]),
        "token-of-another-client": realm.token(),
        "token-of-another-realm": realm.token(CLIENT, OTHER_REALM),
        "expired-token": expired(realm.token(BRIEF_CLIENT)),
    }


@pytest.mark.parametrize("header", ["Authorization", "X-Forwarded-Access-Token", "Cookie"])
@pytest.mark.parametrize("kind", TOKENS)
def test_token_is_no_session(
    ready_proxy: LoginProxy, visitor: Visitor, tokens: dict[str, str], kind: str, header: str
) -> None:
    begins = {"Authorization": "Bearer ", "Cookie": f"{COOKIE}="}.get(header, "")
    reply = visitor.get(headers=[(header, f"{begins}{tokens[kind]}")])
    ready_proxy.must_refuse(reply, f"who brings a {kind} as {header}", "leave skip_jwt_bearer_tokens off")
