"""The way back from Keycloak: callbacks that are forged, stolen or replayed give no session."""

from __future__ import annotations

import pytest

from fixtures.login.attacks import callback, parameter
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitor, Visitors

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

NO_CODE = "no-such-code"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": ""},
        {"state": f"{'x' * 43}:/"},
        {"state": ":/"},
        {"state": "x"},
        {"code": None},
        {"code": NO_CODE},
        {"code": "", "error": "<script>alert(1)</script>"},
    ],
    ids=["no-state", "empty-state", "invented-state", "no-nonce", "short-state", "no-code", "invented-code", "error"],
)
def test_crooked_callback_is_refused(ready_proxy: LoginProxy, visitor: Visitor, changes: dict[str, str | None]) -> None:
    url = visitor.admit(visitor.begin(), ready_proxy.endpoint.account)
    reply = visitor.ask(callback(url, **changes))
    ready_proxy.must_refuse(reply, f"a callback with {changes}")
    assert "<script>alert" not in reply.text, (
        "oauth2-proxy: writes a callback's error into its page as it stands: update oauth2-proxy"
    )


def test_callback_of_somebody_else_s_log_in_is_refused(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    attacker, victim = visitors(), visitors()
    lure = attacker.admit(attacker.begin(), ready_proxy.endpoint.account)
    ready_proxy.must_refuse(victim.ask(lure), "a victim who is sent an attacker's callback")
    begun = visitors()
    begun.begin()
    ready_proxy.must_refuse(begun.ask(lure), "a victim in the middle of a log-in who is sent an attacker's callback")


def test_stolen_code_is_of_no_use_in_another_log_in(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    victim, thief = visitors(), visitors()
    code = parameter(victim.admit(victim.begin(), ready_proxy.endpoint.account), "code")
    state = parameter(thief.begin(), "state")
    stolen = callback(f"{ready_proxy.url}/oauth2/callback", code=code, state=state)
    ready_proxy.must_refuse(thief.ask(stolen), "a thief of a code")


def test_token_of_another_log_in_is_refused(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    # Keycloak writes into the token which log-in it is for; the proxy has to look.
    lure = visitor.admit(callback(visitor.begin(), nonce="of-another-log-in"), ready_proxy.endpoint.account)
    who = "a visitor whose token has the nonce of another log-in"
    ready_proxy.must_refuse(visitor.ask(lure), who, "set insecureSkipNonce: false in structured.yaml")


def test_replayed_callback_is_refused(ready_proxy: LoginProxy, visitor: Visitor, visitors: Visitors) -> None:
    url = visitor.admit(visitor.begin(), ready_proxy.endpoint.account)
    replaying = visitors()
    replaying.cookies = {host: dict(kept) for host, kept in visitor.cookies.items()}
    visitor.ask(url)
    ready_proxy.must_let_in(visitor.get(), "who comes back from Keycloak")
    ready_proxy.must_refuse(replaying.ask(url), "who replays a callback with the cookie of its log-in")
    ready_proxy.must_refuse(visitors().ask(url), "who replays a callback")
