"""Headers by which a visitor says who he is: code-server is told what the proxy knows, and nothing else.

Ids that begin with GHSA are those of oauth2-proxy's own advisories, https://github.com/oauth2-proxy/oauth2-proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fixtures.login.attacks import MALLORY
from fixtures.login.proxy import PAGE, LoginProxy
from fixtures.login.visitor import Visitor

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

IDENTITIES = (
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Access-Token",
    "X-Remote-User",
    "Remote-User",
    "Authorization",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Uri",
    "X-Real-IP",
)
"""Headers from which a server behind a proxy may learn who the visitor is, and from where."""
TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.")
"""A JSON Web Token: two parts in base64, the first of which begins as JSON does."""
SPELLINGS = {
    "as-they-are": str,
    "GHSA-vjrc-mh2v-45x6-underscores": lambda name: name.replace("-", "_"),
    "GHSA-vjrc-mh2v-45x6-one-underscore": lambda name: name.replace("-", "_", 1),
    "GHSA-vjrc-mh2v-45x6-small-letters": lambda name: name.lower().replace("-", "_"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_code_server_is_told_the_truth_alone(
    ready_proxy: LoginProxy, resident: Visitor, echo: int, spelling: Callable[[str], str]
) -> None:
    sent = tuple((spelling(name), f"{MALLORY}-{number}") for number, name in enumerate(IDENTITIES))
    reply = resident.get(f"/proxy/{echo}/", headers=sent)
    assert reply.status == 200, (
        f"code-server: answers {reply.status} for a port of the pod, not 200: leave out --disable-proxy"
    )
    told = [(name.lower(), value) for name, value in reply.document]
    believed = {name: value for name, value in told if MALLORY in value}
    fix = "name each such header below injectRequestHeaders, with the claim that it is to have"
    assert not believed, f"oauth2-proxy: passes on what a client says of itself, {believed}: {fix}"
    user, expected = dict(told).get("x-forwarded-preferred-username"), ready_proxy.endpoint.account.user
    assert user == expected, f"oauth2-proxy: names the visitor {user} to code-server, not {expected}: {fix}"


def test_code_server_is_told_no_token_of_the_visitor(resident: Visitor, echo: int) -> None:
    reply = resident.get(f"/proxy/{echo}/")
    with_token = sorted({name for name, value in reply.document if TOKEN.search(value)})
    assert not with_token, (
        f"oauth2-proxy: gives the editor a token of Keycloak in {', '.join(with_token)}: take its value out of "
        "injectRequestHeaders"
    )


@pytest.mark.parametrize("path", [PAGE, "/oauth2/auth", "/proxy/{echo}/"], ids=["the page", "a question", "a port"])
def test_visitor_is_told_no_token(resident: Visitor, echo: int, path: str) -> None:
    """A script of whatever runs behind /proxy/ reads the answers' headers."""
    reply = resident.get(path.format(echo=echo))
    assert reply.status in {200, 202}, (
        f"oauth2-proxy: answers {reply.status} for {path} to who is logged in: see its log"
    )
    with_token = sorted({name for name, value in reply.headers if TOKEN.search(value)})
    assert not with_token, (
        f"oauth2-proxy: gives the browser a token of Keycloak in {', '.join(with_token)}: take its value out of "
        "injectResponseHeaders"
    )


def test_path_is_passed_on_as_it_was_sent(resident: Visitor, echo: int) -> None:
    """A path that is decoded on its way names something else behind it, or is refused here and taken there."""
    sent = "/group%2Fproject/a%20b/%2e%2e/c;d=%3B"
    reply = resident.get(f"/proxy/{echo}{sent}")
    told = dict(reply.document)[":path"] if reply.status == 200 else f"an answer {reply.status}"
    assert told == sent, f"oauth2-proxy: makes {told} of the path {sent}: set proxyRawPath below upstreamConfig"
