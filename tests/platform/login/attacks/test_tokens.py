"""Tokens: none of them is a session, neither a good one of the proxy's own client nor one that is forged or foreign."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from fixtures.cluster.wait import pause
from fixtures.login.attacks import challenge, claims, parameter, unsigned
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitor
from fixtures.services.catalogue.keycloak import BRIEF_CLIENT, CLIENT, OTHER_REALM, Realm, issuer
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


def tokens_of_the_proxy(proxy: LoginProxy, ways: Mapping[str, Route], realm: Realm, secret: str) -> dict[str, str]:
    """Log in as the proxy's own client would, without the proxy; return what Keycloak gives for the code."""
    assert proxy.keycloak is not None
    back, verifier = f"{proxy.url}/oauth2/callback", secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": CLIENT,
        "scope": "openid email profile",
        "redirect_uri": back,
        "code_challenge_method": "S256",
        "code_challenge": challenge(verifier),
    }
    url = f"{issuer(proxy.keycloak)}/protocol/openid-connect/auth?{urlencode(asked)}"
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": secret,
        "code": parameter(Visitor(proxy, ways).admit(url, proxy.endpoint.account), "code"),
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    return dict(realm.redeem(form))


@pytest.fixture(scope="module")
def tokens(proxy: LoginProxy, ways: dict[str, Route]) -> dict[str, str]:
    """Tokens by what they are."""
    own = proxy.require_embedded("the client's secret")
    assert proxy.keycloak is not None
    realm = own.realm(proxy.keycloak, ways)
    good = tokens_of_the_proxy(proxy, ways, realm, own.client_secret)
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
