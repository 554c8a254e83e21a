"""Where a visitor is sent after the log-in or the log-out: to the proxy's own host, whatever a link asks for."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fixtures.login.attacks import destination
from fixtures.login.proxy import SIGN_OUT, LoginProxy
from fixtures.login.visitor import Visitor

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

REDIRECTIONS = {
    "two-slashes": "//evil.example",
    "three-slashes": "///evil.example",
    "four-slashes": "////evil.example",
    "slash-and-backslash": "/\\evil.example",
    "two-backslashes": "\\\\evil.example",
    "backslash-and-slash": "\\/evil.example",
    "tab-between-slashes": "/\t/evil.example",
    "line-feed-between-slashes": "/\n/evil.example",
    "space-between-slashes": "/ /evil.example",
    "tab-before-slashes": "\t//evil.example",
    "space-before-slashes": " //evil.example",
    "dot-and-backslash": "/./\\evil.example",
    "two-dots": "/..//evil.example",
    "encoded-slash": "/%2f/evil.example",
    "encoded-backslash": "/%5cevil.example",
    "encoded-tab": "/%09/evil.example",
    "two-encoded-slashes": "%2f%2fevil.example",
    "another-host": "https://evil.example",
    "another-host-and-a-dot": "https://evil.example.",
    "any-host": "https://*",
    "https-without-slashes": "https:evil.example",
    "https-with-one-slash": "https:/evil.example",
    "https-in-capitals": "HTTPS://evil.example",
    "another-host-as-user": "//evil.example%2f@{host}",
    "own-host-as-user": "https://{host}@evil.example",
    "own-host-as-subdomain": "https://{host}.evil.example",
    "own-host-at-another-port": "https://{host}:444/",
    "own-host-after-a-backslash": "https://evil.example\\@{host}",
    "own-host-in-a-fragment": "https://evil.example#@{host}",
    "own-host-in-a-query": "https://evil.example?{host}",
    "own-host-without-tls": "http://{host}/",
    "javascript": "javascript:alert(1)",
    "data": "data:text/html,x",
    "bare-name": "evil.example",
    "ideographic-space-between-slashes": "/\u3000/evil.example",
    "vertical-tab-between-slashes": "/\x0b/evil.example",
}
"""Where an attacker may want somebody to be sent after the log-in, or after the log-out."""


@pytest.mark.parametrize("wanted", REDIRECTIONS.values(), ids=REDIRECTIONS)
def test_log_in_and_log_out_lead_nowhere_else(
    ready_proxy: LoginProxy, resident: Visitor, visitor: Visitor, wanted: str
) -> None:
    evil = wanted.format(host=ready_proxy.endpoint.host)
    back = resident.ask(resident.get(f"/oauth2/start?rd={quote(evil, safe='')}").location)
    ends = {
        "log-in": resident.ask(back.location),
        "log-out": visitor.get(f"{SIGN_OUT}?rd={quote(evil, safe='')}"),
    }
    for what, reply in ends.items():
        place = destination(reply.location, ready_proxy.url)
        assert (reply.status, place) == (302, ready_proxy.endpoint.host), (
            f"oauth2-proxy: the {what} leads to {place} ({reply.status}, {reply.location!r}) where {evil!r} is wanted: "
            "leave whitelist_domains empty"
        )


@pytest.mark.parametrize("header", ["X-Auth-Request-Redirect", "X-Forwarded-Host"])
def test_header_leads_nowhere_else(ready_proxy: LoginProxy, resident: Visitor, header: str) -> None:
    for evil in ("https://evil.example", "evil.example", "//evil.example"):
        back = resident.ask(resident.get("/oauth2/start", headers=[(header, evil), ("X-Forwarded-Uri", "/")]).location)
        place = destination(resident.ask(back.location).location, ready_proxy.url)
        assert place == ready_proxy.endpoint.host, (
            f"oauth2-proxy: the log-in leads to {place} where {header} is {evil}: leave reverse_proxy off"
        )


def test_header_does_not_choose_the_page_after_the_log_in(ready_proxy: LoginProxy, resident: Visitor) -> None:
    # Who stands in front of a proxy says so in this header; from a visitor it is not believed.
    back = resident.ask(resident.get("/oauth2/start", headers=[("X-Forwarded-Uri", "/chosen")]).location)
    place = resident.ask(back.location).location.removeprefix(ready_proxy.url)
    assert place == "/", (
        f"oauth2-proxy: the log-in leads to {place!r}, which a visitor's X-Forwarded-Uri names: leave reverse_proxy off"
    )
