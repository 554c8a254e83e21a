"""What the realm gives to whom: no token for a password alone, no code for another address, no rights for a user."""

from __future__ import annotations

import json
import re
import secrets
from urllib.parse import urlencode

import pytest

from fixtures.login.code_flow import code_form, log_in_url, redeemed
from fixtures.login.plugin import TOKEN_SECONDS
from fixtures.login.proxy import EXPIRES_SECONDS, LoginProxy
from fixtures.login.visitor import Visitor, Visitors
from fixtures.services.catalogue.keycloak import ADMIN_ROLE, CLIENT, OWN_CLIENT, REALM, USER_ROLE, Realm, issuer
from fixtures.services.images import PLATFORM
from fixtures.services.model import Account
from fixtures.services.raw_http import Reply

pytestmark = pytest.mark.xdist_group("proxy")

SLACK_SECONDS = 60
"""What may go by between a log-in and the answer that says for how long it is valid."""
TRIES = 12
"""More than the failures after which the realm locks an account."""
LOGIN = pytest.mark.requirement("DEP-4")
AUTH, TENANCY = pytest.mark.requirement("SVC-keycloak-auth"), pytest.mark.requirement("SVC-keycloak-tenancy")
MANAGEMENT = "realm-management"
"""Keycloak's client in each realm whose roles are the rights to manage it."""
COMPOSED = {"view-clients": {"query-clients"}, "view-users": {"query-users", "query-groups"}}
"""Roles of it that Keycloak itself composes of others (`RealmManager.addQueryCompositeRoles`)."""
OWN_ACCOUNT = f"service-account-{OWN_CLIENT}"
FORM = re.compile(r'<form[^>]*\bid="kc-form-login"')


def told(reply: Reply) -> str:
    """What a reply says, for a message."""
    return f"{reply.status}, {reply.location[:80]!r}"


@AUTH
def test_log_in_of_the_client_is_served(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    reply = visitor.ask(log_in_url(ready_proxy, secrets.token_urlsafe(48)))
    assert FORM.search(reply.text), f"keycloak: shows no log-in form ({told(reply)}): see the client {CLIENT}"


@AUTH
def test_nobody_registers_himself(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    reply = visitor.ask(log_in_url(ready_proxy, secrets.token_urlsafe(48)))
    assert FORM.search(reply.text), f"keycloak: shows no log-in form ({told(reply)}): see the client {CLIENT}"
    assert "/login-actions/registration" not in reply.text, (
        f"keycloak: offers everybody to become a user of {REALM}: set registrationAllowed of the realm to false"
    )


@AUTH
@pytest.mark.parametrize("password", ["", "admin", "password", "keycloak", "change_me"])
@pytest.mark.parametrize("name", ["admin", "temp-admin", "keycloak"])
def test_administrator_has_no_password_of_a_manual(
    ready_proxy: LoginProxy, visitor: Visitor, name: str, password: str
) -> None:
    assert ready_proxy.keycloak is not None
    address = f"{issuer(ready_proxy.keycloak, 'master')}/protocol/openid-connect/token"
    form = {"grant_type": "password", "client_id": "admin-cli", "username": name, "password": password or name}
    reply = visitor.ask(address, method="POST", form=form)
    assert reply.document.get("error") == "invalid_grant", (
        f"keycloak: answers {reply.status} to {name} with the password {form['password']} at the realm master: take "
        "that user out of it, or give it a password of its own"
    )


@AUTH
@pytest.mark.parametrize("role", [USER_ROLE, ADMIN_ROLE])
def test_nobody_else_has_a_role_of_the_editor(realm: Realm, role: str) -> None:
    """A user who was let in for a while and is still there comes in as all others do."""
    others = sorted(
        name for name, roles in realm.effective_roles(CLIENT).items() if role in roles - _meant(name, CLIENT)
    )
    assert not others, f"keycloak: {', '.join(others)} has the role {role} in {REALM}: take it from them"


@TENANCY
def test_nobody_else_manages_the_realm(realm: Realm) -> None:
    """Who may manage its users gives himself, and anybody, each role that there is.

    It need not be a role of his own: his groups have roles, and roles are composed of others.
    """
    there = realm.effective_roles(MANAGEMENT)
    assert "manage-users" in there.get(OWN_ACCOUNT, ()), (
        f"keycloak: {OWN_ACCOUNT} makes users of {REALM}, and is not told to have the role manage-users, only "
        f"{sorted(there.get(OWN_ACCOUNT, ()))}: see what its administrator's API tells as effective roles"
    )
    others = sorted(f"{name} has {role}" for name, roles in there.items() for role in roles - _meant(name, MANAGEMENT))
    assert not others, (
        f"keycloak: {', '.join(others)} of {MANAGEMENT} in {REALM}: take it from them, from their groups, and out of "
        "the roles that they have"
    )


def _meant(user: str, client: str) -> set[str]:
    """Return the roles of a client that the realm's own file gives to a user, with what these are composed of."""
    users = json.loads((PLATFORM / "keycloak" / "realms" / f"{REALM}.json").read_text(encoding="utf-8"))["users"]
    given = {role for one in users if one["username"] == user for role in one.get("clientRoles", {}).get(client, ())}
    return given.union(*(COMPOSED.get(role, ()) for role in given))


@AUTH
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"redirect_uri": "https://elsewhere.invalid/oauth2/callback"}, id="another host"),
        pytest.param({"redirect_uri": "{url}/oauth2/callback/more"}, id="below the callback"),
        pytest.param({"redirect_uri": "{url}/oauth2/callback/../../x"}, id="out of the callback"),
        pytest.param({"redirect_uri": "{url}.elsewhere.invalid/oauth2/callback"}, id="a longer host"),
        pytest.param({"redirect_uri": "{url}@elsewhere.invalid/oauth2/callback"}, id="host as user"),
        pytest.param({"code_challenge": None, "code_challenge_method": None}, id="no PKCE"),
        pytest.param({"code_challenge_method": "plain"}, id="plain PKCE"),
        pytest.param({"response_type": "token", "nonce": "n"}, id="implicit flow"),
        pytest.param({"response_type": "id_token", "nonce": "n"}, id="implicit flow of an ID token"),
    ],
)
def test_weaker_log_in_is_refused(ready_proxy: LoginProxy, visitor: Visitor, changes: dict[str, str | None]) -> None:
    meant = {name: value and value.format(url=ready_proxy.url) for name, value in changes.items()}
    reply = visitor.ask(log_in_url(ready_proxy, secrets.token_urlsafe(48), **meant))
    shown = bool(FORM.search(reply.text))
    away = "elsewhere.invalid" in reply.location
    assert (shown, away) == (False, False), (
        f"keycloak: begins a log-in with {meant} ({told(reply)}): let the client {CLIENT} have its one redirect URI, "
        "PKCE by S256 and the standard flow alone"
    )


@AUTH
def test_password_alone_gives_no_token(ready_proxy: LoginProxy, visitor: Visitor, realm: Realm) -> None:
    own = ready_proxy.require_embedded("the client's secret")
    assert ready_proxy.keycloak is not None
    with realm.user(USER_ROLE) as account:
        form = {
            "grant_type": "password",
            "client_id": CLIENT,
            "client_secret": own.client_secret,
            "username": account.user,
            "password": account.password,
        }
        reply = visitor.ask(f"{issuer(ready_proxy.keycloak)}/protocol/openid-connect/token", method="POST", form=form)
    assert "unauthorized_client" in reply.text, (
        f"keycloak: a password given to the client {CLIENT} is not refused as such ({reply.status}): "
        "switch its direct access grants off"
    )


@AUTH
@pytest.mark.parametrize("secret", [{}, {"client_secret": "wrong"}], ids=["none", "a wrong one"])
def test_client_needs_its_secret(
    ready_proxy: LoginProxy, visitor: Visitor, visitors: Visitors, secret: dict[str, str]
) -> None:
    assert ready_proxy.keycloak is not None
    form = code_form(ready_proxy, visitors()) | secret
    reply = visitor.ask(f"{issuer(ready_proxy.keycloak)}/protocol/openid-connect/token", method="POST", form=form)
    assert "unauthorized_client" in reply.text, (
        f"keycloak: takes a log-in's code from whoever does not know the secret of {CLIENT} ({reply.status}): "
        "turn its client authentication on"
    )


@AUTH
def test_account_is_locked_after_wrong_passwords(ready_proxy: LoginProxy, visitors: Visitors, realm: Realm) -> None:
    with realm.user(USER_ROLE) as account:
        for _ in range(TRIES):
            visitors().answer(log_in_url(ready_proxy, secrets.token_urlsafe(48)), Account(account.user, "wrong", ""))
        reply = visitors().answer(log_in_url(ready_proxy, secrets.token_urlsafe(48)), account)
    assert not reply.location, (
        f"keycloak: lets a user in after {TRIES} wrong passwords ({told(reply)}): switch the realm's brute-force "
        "protection on"
    )


@LOGIN
def test_mistyped_password_locks_nobody_out(ready_proxy: LoginProxy, visitors: Visitors, realm: Realm) -> None:
    """Whoever knows a user's name would keep him out."""
    with realm.user(USER_ROLE) as account:
        visitors().answer(log_in_url(ready_proxy, secrets.token_urlsafe(48)), Account(account.user, "wrong", ""))
        reply = visitors().answer(log_in_url(ready_proxy, secrets.token_urlsafe(48)), account)
    assert reply.location, (
        f"keycloak: does not let a user in after one wrong password ({told(reply)}): raise the realm's failureFactor"
    )


@LOGIN
def test_log_in_outlives_an_idle_as_long_as_its_cookie(
    ready_proxy: LoginProxy, visitors: Visitors, realm: Realm
) -> None:
    """An open editor sends nothing but its websocket: to Keycloak, whose idle time runs, that user does nothing."""
    own = ready_proxy.require_embedded("the client's secret")
    given = redeemed(ready_proxy, visitors(), realm, own.client_secret)
    seconds = int(given["refresh_expires_in"])
    assert seconds >= EXPIRES_SECONDS - SLACK_SECONDS, (
        f"keycloak: an editor in which nobody does anything for {seconds} s has to log in again, before its cookie's "
        f"{EXPIRES_SECONDS} s are over: raise the realm's SSO session idle and maximum"
    )
    assert seconds <= EXPIRES_SECONDS + SLACK_SECONDS, (
        f"keycloak: whoever finds an open browser is let in without a password for {seconds} s, the cookie lasts "
        f"{EXPIRES_SECONDS} s: lower the realm's SSO session idle and maximum"
    )


@LOGIN
def test_token_is_over_after_a_minute(ready_proxy: LoginProxy, visitors: Visitors, realm: Realm) -> None:
    """A service that looks at the token alone does not learn that its user was locked out."""
    own = ready_proxy.require_embedded("the client's secret")
    seconds = int(redeemed(ready_proxy, visitors(), realm, own.client_secret)["expires_in"])
    assert seconds <= TOKEN_SECONDS, (
        f"keycloak: its tokens are good for {seconds} s, not {TOKEN_SECONDS:.0f}: lower the realm's accessTokenLifespan"
    )


@LOGIN
def test_nobody_is_remembered_beyond_his_cookie(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    reply = visitor.ask(log_in_url(ready_proxy, secrets.token_urlsafe(48)))
    assert FORM.search(reply.text), f"keycloak: shows no log-in form ({told(reply)}): see the client {CLIENT}"
    assert 'name="rememberMe"' not in reply.text, (
        "keycloak: offers to remember who logs in, for longer than his cookie lasts: set rememberMe of the realm to "
        "false"
    )


@AUTH
def test_log_out_leads_to_no_other_host(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    assert ready_proxy.keycloak is not None
    asked = {"client_id": CLIENT, "post_logout_redirect_uri": "https://elsewhere.invalid/"}
    reply = visitor.ask(f"{issuer(ready_proxy.keycloak)}/protocol/openid-connect/logout?{urlencode(asked)}")
    assert reply.status < 500, f"keycloak: answers {reply.status} to who logs out: read its log"
    assert reply.status >= 400, (
        f"keycloak: leads who logs out to whatever host a link names ({told(reply)}): give the client {CLIENT} its own "
        "address alone in post.logout.redirect.uris"
    )


@AUTH
@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host"])
def test_visitor_does_not_name_the_issuer(ready_proxy: LoginProxy, visitor: Visitor, name: str) -> None:
    """A link in a mail, or a token's issuer, would be of whoever asked."""
    ready_proxy.require_embedded("its realm")
    assert ready_proxy.keycloak is not None
    elsewhere = "elsewhere.invalid"
    url = f"{issuer(ready_proxy.keycloak)}/.well-known/openid-configuration"
    reply = visitor.ask(url, headers=[(name, elsewhere)])
    assert elsewhere not in f"{reply.text} {reply.location}", (
        f"keycloak: names {elsewhere} in its addresses where a visitor's {name} does: set KC_HOSTNAME, and let no "
        "header of a visitor's stand for it"
    )


@TENANCY
@pytest.mark.parametrize("path", ["", "/users", "/clients"])
def test_user_is_no_administrator(
    ready_proxy: LoginProxy, visitors: Visitors, visitor: Visitor, realm: Realm, path: str
) -> None:
    own = ready_proxy.require_embedded("the client's secret")
    given = redeemed(ready_proxy, visitors(), realm, own.client_secret)
    assert ready_proxy.keycloak is not None
    bearer = [("Authorization", f"Bearer {given['access_token']}")]
    reply = visitor.ask(f"https://{ready_proxy.keycloak.host}/admin/realms/{REALM}{path}", headers=bearer)
    assert reply.status == 403, (
        f"keycloak: a user who asks for the realm{path} gets {reply.status}, not 403: take roles of realm-management "
        "from its default roles"
    )
