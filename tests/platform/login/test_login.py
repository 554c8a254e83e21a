"""The log-in to code-server in a real browser: who gets in, for how long, and what ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from fixtures.browser.editor import WEBSOCKET_TARGET, EditorTerminal
from fixtures.browser.visit import unseen_number
from fixtures.cluster.wait import pause
from fixtures.login.plugin import TOKEN_SECONDS, Browse
from fixtures.login.proxy import EXPIRES_SECONDS, SIGN_OUT, LoginProxy
from fixtures.login.visitor import Visitor, Visitors
from fixtures.patience import patient
from fixtures.services.catalogue.keycloak import ADMIN_ROLE, USER_ROLE, Realm
from fixtures.services.catalogue.oauth2_proxy import COOKIE
from fixtures.services.catalogue.oauth2_proxy import SERVICE as PROXY
from fixtures.services.catalogue.valkey import connected
from fixtures.services.logs import LOGGED_SECONDS, is_logged
from fixtures.services.model import Account

LOOK_SECONDS = 0.5
"""Pause between two looks at whether a visitor is still let in."""
SLACK_SECONDS = 5.0
"""What a look and the refusal itself may take."""
TURNED_AWAY = frozenset({302, 401, 403})
"""How the proxy answers somebody without a session; a 502 is the editor's trouble, and nobody is out by it."""
LOG_OUT = "set backendLogoutURL in oauth2-proxy's provider"
REFRESH = f"set cookie_refresh to less than {TOKEN_SECONDS:.0f} s, and validateURL"
ROLES = (USER_ROLE, ADMIN_ROLE)
REVOCATIONS: dict[str, Callable[[Realm, Account], None]] = {
    "was disabled": Realm.disable,
    "was logged out by the administrator": Realm.end_sessions,
    "lost the role": Realm.take,
    "was removed": Realm.remove,
}

pytestmark = pytest.mark.xdist_group("proxy")

Measured = Callable[[str, Any], None]


def sums() -> tuple[str, str]:
    """Return a command for a terminal, and its answer, which is no part of what is typed."""
    product, number = unseen_number()
    return f"echo sum{product}", f"sum{number}"


def seconds_inside(visitors: dict[str, Visitor], limit: float) -> dict[str, float]:
    """Return after how many seconds each visitor was not let in any more, by name; who is still let in is left out."""
    out: dict[str, float] = {}
    began = time.monotonic()
    while True:
        # The last look begins after the limit, however long the one before took.
        last = time.monotonic() >= began + limit
        for name, visitor in visitors.items():
            if name not in out and visitor.get().status in TURNED_AWAY:
                out[name] = round(time.monotonic() - began, 1)
        if last or len(out) == len(visitors):
            return out
        pause(LOOK_SECONDS)


def afterwards(terminal: EditorTerminal) -> str:
    """Return what becomes of a terminal that stays open: whether a command is answered in it."""
    command, answer = sums()
    try:
        terminal.run(command, answer)
    except AssertionError:
        return "ends with the session"
    return "goes on until it is closed"


# ---- who gets in


@pytest.mark.requirement("DEP-4")
def test_anonymous_is_sent_to_keycloak(browse: Browse, ready_proxy: LoginProxy) -> None:
    with browse() as code_server:
        code_server.open()
        code_server.refuse("an anonymous visitor")
        place = code_server.page.url.partition("?")[0]
        assert code_server.login_form.is_visible(), (
            f"oauth2-proxy: an anonymous visitor gets {place}, not Keycloak's log-in: set its provider, and "
            "skip_provider_button"
        )
        if ready_proxy.keycloak is not None:
            host = ready_proxy.keycloak.host
            assert place.startswith(f"https://{host}/"), (
                f"oauth2-proxy: an anonymous visitor is sent to {place}, not to {host}: set its issuerURL"
            )


@pytest.mark.requirement("DEP-4")
def test_user_with_the_role_gets_the_editor(browse: Browse) -> None:
    with browse() as code_server:
        code_server.enter()
        command, answer = sums()
        code_server.open_terminal().run(command, answer)


@pytest.mark.requirement("DEP-4")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_lets_in(visitor: Visitor, ready_proxy: LoginProxy, realm: Realm, role: str) -> None:
    with realm.user(role) as account:
        visitor.log_in(account)
        ready_proxy.must_let_in(visitor.get(), f"a user with the role {role}")


@pytest.mark.requirement("DEP-4")
def test_log_ins_that_several_tabs_begin_all_end_well(
    visitor: Visitor, visitors: Visitors, ready_proxy: LoginProxy
) -> None:
    visitors().log_in(ready_proxy.endpoint.account)  # where one alone fails already, several tabs are not the cause
    begun = [visitor.begin("/oauth2/start") for _ in range(5)]
    for number, url in enumerate(begun, start=1):
        reply = visitor.ask(visitor.admit(url, ready_proxy.endpoint.account))
        assert reply.status == 302, (
            f"oauth2-proxy: of {len(begun)} tabs that log in at once, number {number} ends with {reply.status}: "
            "set cookie_csrf_per_request, and its limit to more than people have tabs"
        )
    ready_proxy.must_let_in(visitor.get(), "a user who logged in by several tabs")


@pytest.mark.requirement("DEP-4")
def test_user_whose_e_mail_is_not_verified_gets_in(visitor: Visitor, ready_proxy: LoginProxy, realm: Realm) -> None:
    with realm.user(USER_ROLE, emailVerified=False) as account:
        visitor.log_in(account)
        ready_proxy.must_let_in(visitor.get(), "a user with the role, whose e-mail is not verified,")


@pytest.mark.requirement("DEP-4")
def test_user_without_an_e_mail_gets_in(visitor: Visitor, ready_proxy: LoginProxy, realm: Realm) -> None:
    """As a user of an LDAP may be, who is asked for one, or let in without."""
    with realm.user(USER_ROLE, email=None, emailVerified=False) as account:
        reply = visitor.complete(visitor.begin(), account)
        assert reply.location.startswith(f"{ready_proxy.url}/oauth2/callback?"), (
            f"keycloak: a user with the role, who has no e-mail, is not sent back ({reply.status}, "
            f"{reply.location.partition('&')[0][-90:]!r}): see the realm's required actions"
        )
        landed = visitor.ask(reply.location)
        assert landed.status == 302, (
            f"oauth2-proxy: a user with the role, who has no e-mail, gets {landed.status} after his log-in, not the "
            "editor: set emailClaim to preferred_username, or let Keycloak ask for an e-mail (VERIFY_PROFILE)"
        )
        ready_proxy.must_let_in(visitor.get(), "a user with the role, who has no e-mail,")


@pytest.mark.requirement("DEP-4")
def test_user_without_the_role_is_refused(browse: Browse, ready_proxy: LoginProxy) -> None:
    with browse(ready_proxy.endpoint.neighbour) as code_server:
        code_server.open()
        code_server.log_in(code_server.account.password)
        code_server.refuse("a user without the role")
        assert code_server.refusal.is_visible(), (
            "oauth2-proxy: a user without the role gets no page that says 403: set keycloakConfig.roles"
        )
        # Keycloak knows the user now, and sends him back without a question.
        code_server.open()
        code_server.refuse("a user without the role who comes again")


@pytest.mark.requirement("DEP-4")
def test_wrong_password_is_refused(browse: Browse, ready_proxy: LoginProxy) -> None:
    with browse(ready_proxy.endpoint.neighbour) as code_server:
        code_server.open()
        code_server.log_in("wrong")
        code_server.refuse("a visitor with a wrong password")
        assert code_server.login_form.is_visible(), (
            f"keycloak: a wrong password leads to {code_server.page.url.partition('?')[0]}, not to the log-in again: "
            "give the realm's user a password"
        )


# ---- the session


@pytest.mark.requirement("DEP-4")
def test_cookie_is_for_this_host_over_tls_alone(visitor: Visitor, ready_proxy: LoginProxy) -> None:
    reply = visitor.log_in(ready_proxy.endpoint.account)
    (cookie,) = (one for one in reply.cookies if one.name in visitor.session)
    lacking = {"secure", "httponly", "samesite"} - cookie.attributes.keys()
    assert not lacking, (
        f"oauth2-proxy: the session's cookie lacks {', '.join(sorted(lacking))}: "
        "set cookie_secure, cookie_httponly and cookie_samesite"
    )
    site = cookie.attributes["samesite"].lower()
    assert site in {"lax", "strict"}, (
        f"oauth2-proxy: the session's cookie has SameSite={site}, not lax or strict: set cookie_samesite"
    )
    assert cookie.name.startswith("__Host-"), (
        f"oauth2-proxy: another host may set the session's cookie {cookie.name}: begin cookie_name with __Host-"
    )


@pytest.mark.requirement("DEP-4")
def test_logging_out_ends_the_session_at_both_ends(browse: Browse, visitor: Visitor, ready_proxy: LoginProxy) -> None:
    with browse() as code_server:
        code_server.enter()
        cookie = code_server.session_cookie
        with code_server.visit.step("signed-out", f"oauth2-proxy: no page comes at {SIGN_OUT}: read its log"):
            code_server.visit.go(f"{code_server.url}{SIGN_OUT}")
        code_server.forget()
        code_server.refuse("who has logged out", LOG_OUT)
        code_server.open()
        assert code_server.login_form.is_visible(), (
            f"keycloak: who has logged out is let in again without a question: {LOG_OUT}"
        )
    replayed = visitor.get(headers=[("Cookie", f"{cookie['name']}={cookie['value']}")])
    ready_proxy.must_refuse(
        replayed, "who brings the cookie of a session that is over", "set session_store_type = redis"
    )


@pytest.mark.requirement("DEP-4")
def test_logging_out_leaves_no_session_in_keycloak_and_valkey(
    visitor: Visitor, ready_proxy: LoginProxy, realm: Realm
) -> None:
    own = ready_proxy.require_embedded("to look into the stores")
    with realm.user(USER_ROLE) as account, connected(own.store) as store:
        visitor.log_in(account)
        key = own.key(visitor.cookie[1])
        found = store.exists(key), realm.sessions(account)
        assert found == (1, 1), (
            f"log-in: sessions in Valkey and Keycloak are {found}, not one in each: set session_store_type = redis"
        )
        visitor.get(SIGN_OUT)
        assert not store.exists(key), "oauth2-proxy: keeps the session in Valkey after the log-out: update oauth2-proxy"
        left = realm.sessions(account)
        assert not left, f"keycloak: keeps {left} sessions after the log-out: {LOG_OUT}"


@pytest.mark.requirement("DEP-4")
def test_session_survives_a_restart_of_the_proxy(browse: Browse, ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("a restart")
    with browse(name="before") as code_server:
        code_server.enter()
        cookies: Any = code_server.session
    own.deployment.rollout.restart()
    with browse(name="after") as code_server:
        # Without Keycloak's own cookies, by which it would let the user in again.
        code_server.visit.context.add_cookies(cookies)
        code_server.open()
        assert code_server.workbench.is_visible(), (
            "oauth2-proxy: a restart ends the sessions: set session_store_type = redis, and a cookie_secret_file"
        )


@pytest.mark.requirement("DEP-4")
def test_session_expires(visitor: Visitor, ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("to sign a cookie of long ago")
    visitor.log_in(ready_proxy.endpoint.account)
    value, now = visitor.cookie[1], time.time()
    young = [("Cookie", f"{COOKIE}={own.sign(value, now - EXPIRES_SECONDS + 60)}")]
    ready_proxy.must_let_in(visitor.get(headers=young), "who logged in not quite 12 h ago")
    old = [("Cookie", f"{COOKIE}={own.sign(value, now - EXPIRES_SECONDS - 60)}")]
    ready_proxy.must_refuse(visitor.get(headers=old), "who logged in more than 12 h ago", "set cookie_expire = 12h")


@pytest.mark.requirement("DEP-4")
def test_session_is_kept_no_longer_than_its_cookie(visitor: Visitor, ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("to look into its store")
    visitor.log_in(ready_proxy.endpoint.account)
    with connected(own.store) as store:
        key = own.key(visitor.cookie[1])
        left = store.ttl(key)
        assert 0 < left <= EXPIRES_SECONDS, (
            f"valkey: keeps a session for {left} s, not for 1 to {EXPIRES_SECONDS} s: set cookie_expire = 12h"
        )
        store.delete(key)
    ready_proxy.must_refuse(visitor.get(), "whose session is gone from the store", "set session_store_type = redis")


@pytest.mark.requirement("DEP-4")
def test_log_tells_who_came_in(visitors: Visitors, ready_proxy: LoginProxy, realm: Realm) -> None:
    own = ready_proxy.require_embedded("its log").deployment
    pod = own.pod().metadata.name
    with realm.user(USER_ROLE) as account:
        visitors().log_in(account)
        told = is_logged(
            lambda: str(own.core.read_namespaced_pod_log(pod, own.namespace, container=PROXY.name)),
            "AuthSuccess",
            account.user,
        )
    assert told, (
        f"oauth2-proxy: its log does not tell within {patient(LOGGED_SECONDS):.0f} s that {account.user} logged in: "
        "leave auth_logging on in core.cfg"
    )


@pytest.mark.requirement("DEP-4")
def test_editor_that_nobody_touches_goes_on(browse: Browse, ready_proxy: LoginProxy) -> None:
    """An hour's idle with a shortened clock: an access token lives for a minute here, and is over then."""
    ready_proxy.require_embedded("an access token's life of a minute")
    idle = TOKEN_SECONDS + SLACK_SECONDS
    with browse() as code_server:
        code_server.enter()
        terminal, visit = code_server.open_terminal(), code_server.visit
        already = len(visit.ended_websockets)
        with visit.step(
            "idle", f"oauth2-proxy: the editor's page is gone after {idle:.0f} s without a touch: see its log"
        ):
            visit.wait(idle)
            ended = len(visit.ended_websockets) - already
            assert not ended, (
                f"oauth2-proxy: {ended} of the websockets of an editor that nobody touches end within {idle:.0f} s: "
                "see whether the pod restarts, and what closes idle connections"
            )
        command, answer = sums()
        terminal.run(command, answer)
        with visit.step("again", f"oauth2-proxy: no answer to another websocket after the idle: {REFRESH}"):
            again = visit.opens_websocket(f"wss://{ready_proxy.endpoint.host}{WEBSOCKET_TARGET}")
            assert again, f"oauth2-proxy: an editor that nobody touched gets no websocket any more: {REFRESH}"


@pytest.mark.requirement("DEP-4")
def test_revoked_users_are_out_within_a_tokens_life(
    visitors: Visitors, ready_proxy: LoginProxy, realm: Realm, measured: Measured
) -> None:
    with ExitStack() as undo:
        inside = {how: visitors() for how in REVOCATIONS}
        for how, revoke in REVOCATIONS.items():
            account = undo.enter_context(realm.user(USER_ROLE))
            inside[how].log_in(account)
            ready_proxy.must_let_in(inside[how].get(), f"a user who has logged in and later {how}")
            revoke(realm, account)
        out = seconds_inside(inside, TOKEN_SECONDS + SLACK_SECONDS)
    measured("seconds that a user stays in who", out)
    late = ", ".join(how for how in REVOCATIONS if how not in out)
    assert not late, f"oauth2-proxy: a user is still let in {TOKEN_SECONDS:.0f} s after he {late}: {REFRESH}"


@pytest.mark.requirement("DEP-4")
def test_open_editor_of_a_revoked_user_does_not_load_again(
    browse: Browse, visitor: Visitor, ready_proxy: LoginProxy, realm: Realm, measured: Measured
) -> None:
    with realm.user(USER_ROLE) as account, browse(account) as code_server:
        code_server.enter()
        terminal = code_server.open_terminal()
        cookie = code_server.session_cookie
        visitor.cookies[ready_proxy.endpoint.host] = {cookie["name"]: cookie["value"]}
        realm.disable(account)
        assert seconds_inside({"he": visitor}, TOKEN_SECONDS + SLACK_SECONDS), (
            f"oauth2-proxy: a disabled user is still let in after {TOKEN_SECONDS:.0f} s: {REFRESH}"
        )
        measured("the open websocket of a revoked user", afterwards(terminal))
        code_server.forget()
        code_server.open()
        code_server.refuse("a revoked user who loads the page again", REFRESH)
