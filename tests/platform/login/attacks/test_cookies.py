"""The session's cookie: one that is forged, changed, renamed, mixed or left over gives no session."""

from __future__ import annotations

import base64
import time

import pytest

from fixtures.login.proxy import SIGN_OUT, LoginProxy
from fixtures.login.visitor import Visitor, Visitors
from fixtures.services.catalogue.oauth2_proxy import COOKIE
from fixtures.services.raw_http import Headers

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]


@pytest.fixture
def insider(visitor: Visitor, ready_proxy: LoginProxy) -> Visitor:
    """A visitor who has just logged in."""
    visitor.log_in(ready_proxy.endpoint.account)
    return visitor


def cookie(name: str, value: str) -> Headers:
    """Return the header that brings one cookie."""
    return [("Cookie", f"{name}={value}")]


def spoilt(value: str) -> dict[str, str]:
    """Return values that a session's cookie must not have, made from one that is good, by what is wrong with them."""
    holds, moment, signature = value.split("|")
    # The first letter: the last one has bits that nobody reads.
    other = ("B" if signature.startswith("A") else "A") + signature[1:]
    return {
        "forged": "|".join((base64.urlsafe_b64encode(b"v2.eA.eA").decode(), str(int(time.time())), signature)),
        "unsigned": f"{holds}|{moment}|",
        "cut": value[:-5],
        "cut to its first part": holds,
        "with another signature": f"{holds}|{moment}|{other}",
        "of another day": "|".join((holds, str(int(moment) + 60), signature)),
        "with something behind it": f"{value}|x",
        "empty": "",
    }


def test_spoilt_cookie_is_refused(ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors) -> None:
    name, value = insider.cookie
    for how, one in spoilt(value).items():
        ready_proxy.must_refuse(visitors().get(headers=cookie(name, one)), f"a cookie that is {how}")
    ready_proxy.must_let_in(visitors().get(headers=cookie(name, value)), "the cookie as it was given")


def test_cookie_under_another_name_is_refused(ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors) -> None:
    name, value = insider.cookie
    others = {name.removeprefix("__Host-"), f"{name}_0", f"{name}_csrf", "other", name.swapcase()} - {name}
    for other in sorted(others):
        ready_proxy.must_refuse(visitors().get(headers=cookie(other, value)), f"a session's cookie by the name {other}")


def test_cookie_of_a_log_in_is_no_session(ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors) -> None:
    begun, (name, _) = visitors(), insider.cookie
    begun.begin()
    (value,) = begun.cookies[ready_proxy.endpoint.host].values()
    ready_proxy.must_refuse(visitors().get(headers=cookie(name, value)), "a log-in's cookie by the session's name")


def test_swapped_parts_of_two_sessions_are_refused(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    own = ready_proxy.require_embedded("to sign a cookie")
    one, other = visitors(), visitors()
    values = []
    for visitor in (one, other):
        visitor.log_in(ready_proxy.endpoint.account)
        values.append(visitor.cookie[1])
    (_, mine, _), (version, _, key) = (
        base64.urlsafe_b64decode(value.split("|")[0]).decode().split(".") for value in values
    )
    mixed = base64.urlsafe_b64encode(f"{version}.{mine}.{key}".encode()).decode()
    reply = visitors().get(headers=cookie(COOKIE, own.sign(f"{mixed}|0|", time.time())))
    ready_proxy.must_refuse(reply, "one session's number with another one's key")


def test_ghsa_f24x_5g9q_753f_logging_out_takes_the_session_away(
    ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors
) -> None:
    name, value = insider.cookie
    left = insider.get(f"{SIGN_OUT}?rd=/oauth2/sign_in")
    assert not insider.session, f"oauth2-proxy: logging out leaves the cookie ({left.status}): update oauth2-proxy"
    ready_proxy.must_refuse(visitors().get(headers=cookie(name, value)), "the next user of the same browser")
