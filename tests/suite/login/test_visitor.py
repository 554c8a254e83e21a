"""A visitor who logs in: where the proxy and Keycloak send it, and what it takes for that."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.login.proxy import EmbeddedProxy, LoginProxy
from fixtures.login.visitor import Visitor
from fixtures.services.model import Account, Credentials, Endpoint
from fixtures.services.raw_http import Reply

NOBODY: Any = None
USER = Account("dora", "password", "")
PROXY = Endpoint("oauth2-proxy", "proxy.example", 443, NOBODY, USER)
KEYCLOAK = Endpoint("keycloak", "keycloak.example", 443, NOBODY, USER)
AUTH = "/realms/thinkube/protocol/openid-connect/auth"
LOG_IN = f"https://keycloak.example{AUTH}?client_id=x"
CALLBACK = "https://proxy.example/oauth2/callback?code=c&state=s"
FORM = '<form id="kc-form-login" action="https://keycloak.example/answer?a=1&amp;b=2">'


def sent_to(location: str) -> Reply:
    return Reply(302, (("Location", location),), "")


class Told(Visitor):
    """A visitor whose requests are kept, and answered by a table of URLs."""

    def __init__(self, proxy: LoginProxy, **replies: Reply) -> None:
        super().__init__(proxy, {})
        self.replies = {
            "https://proxy.example/oauth2/start": sent_to(LOG_IN),
            LOG_IN: Reply(200, (), FORM),
            "https://keycloak.example/answer?a=1&b=2": sent_to(CALLBACK),
            CALLBACK: sent_to("/"),
        } | replies
        self.forms: list[Any] = []

    def ask(self, url: str, *, target: str = "", form: Any = None, **_: Any) -> Reply:
        """Answer by the table."""
        self.forms += [form] if form else []
        return self.replies[f"{url}{target}"]


@pytest.fixture
def proxy() -> LoginProxy:
    """The suite's own."""
    return LoginProxy(PROXY, KEYCLOAK, EmbeddedProxy(NOBODY, Credentials(b""), NOBODY))


def test_user_logs_in_by_keycloaks_form(proxy: LoginProxy) -> None:
    visitor = Told(proxy)
    assert visitor.log_in(USER).location == "/"
    assert visitor.forms == [{"username": "dora", "password": "password"}]


def test_user_with_a_session_at_keycloak_gives_no_password(proxy: LoginProxy) -> None:
    visitor = Told(proxy, **{LOG_IN: sent_to(CALLBACK)})
    assert visitor.admit(LOG_IN, USER) == CALLBACK
    assert not visitor.forms


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://evil.example/oauth2/callback?code=c", id="another host's callback"),
        pytest.param("https://proxy.example.evil.example/oauth2/callback?code=c", id="a host that begins the same"),
        pytest.param("http://proxy.example/oauth2/callback?code=c", id="without TLS"),
        pytest.param("https://evil.example/?to=https://proxy.example/oauth2/callback?code=c", id="in a query"),
        pytest.param("https://proxy.example/oauth2/start", id="not the callback"),
        pytest.param("", id="nowhere"),
    ],
)
def test_user_who_is_not_sent_back_to_the_proxy_is_named(proxy: LoginProxy, location: str) -> None:
    with pytest.raises(AssertionError, match=r"^keycloak: dora is not sent back to the proxy \(302, "):
        Told(proxy, **{LOG_IN: sent_to(location)}).admit(LOG_IN, USER)


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(f"https://evil.example{AUTH}?client_id=x", id="another host's log-in"),
        pytest.param(f"https://keycloak.example.evil.example{AUTH}?client_id=x", id="a host that begins the same"),
        pytest.param(f"http://keycloak.example{AUTH}?client_id=x", id="without TLS"),
        pytest.param(f"https://keycloak.example{AUTH.replace('thinkube', 'other')}?client_id=x", id="another realm"),
        pytest.param(f"https://keycloak.example/?to={AUTH}?", id="in a query"),
        pytest.param("/oauth2/sign_in", id="a page of its own"),
    ],
)
def test_anonymous_visitor_who_is_not_sent_to_keycloak_is_named(proxy: LoginProxy, location: str) -> None:
    visitor = Told(proxy, **{"https://proxy.example/oauth2/start": sent_to(location)})
    with pytest.raises(AssertionError, match=r"^oauth2-proxy: an anonymous visitor of /oauth2/start is not sent to"):
        visitor.begin("/oauth2/start")


@pytest.mark.parametrize("known", [KEYCLOAK, None], ids=["by another name", "not named"])
def test_user_s_own_keycloak_may_be_anywhere(known: Endpoint | None) -> None:
    elsewhere = f"https://login.example{AUTH}?client_id=x"
    visitor = Told(LoginProxy(PROXY, known), **{"https://proxy.example/oauth2/start": sent_to(elsewhere)})
    assert visitor.begin("/oauth2/start") == elsewhere


def test_keycloak_without_a_log_in_page_is_named(proxy: LoginProxy) -> None:
    page = FORM.replace("kc-form-login", "kc-register-form")
    with pytest.raises(AssertionError, match=r"^keycloak: no log-in page but 200: see its log"):
        Told(proxy, **{LOG_IN: Reply(200, (), page)}).answer(LOG_IN, USER)
