"""Requests without a session: whatever path, method or header they come with, they get nothing of the editor.

Ids that begin with GHSA are those of oauth2-proxy's own advisories, https://github.com/oauth2-proxy/oauth2-proxy.
"""

from __future__ import annotations

import pytest

from fixtures.browser.editor import WEBSOCKET
from fixtures.login.attacks import CODE_SERVER_PORT, MALLORY
from fixtures.login.proxy import PAGE, LoginProxy
from fixtures.login.visitor import Visitor
from fixtures.services.raw_http import Headers

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

ANONYMOUS: tuple[tuple[str, str, str, Headers], ...] = (
    ("the-page", "GET", PAGE, ()),
    ("a-health-page", "GET", "/healthz", ()),
    ("head", "HEAD", PAGE, ()),
    ("post", "POST", PAGE, ()),
    ("options", "OPTIONS", PAGE, ()),
    ("trace", "TRACE", PAGE, ()),
    ("a-method-of-ones-own", "LOOK", PAGE, ()),
    ("two-slashes", "GET", "//healthz", ()),
    ("out-of-a-public-folder", "GET", "/oauth2/static/../../healthz", ()),
    ("out-of-a-public-folder-encoded", "GET", "/oauth2/static/%2e%2e/%2e%2e/healthz", ()),
    ("out-of-a-public-page", "GET", "/robots.txt/../healthz", ()),
    ("out-of-a-public-page-encoded", "GET", "/ping/%2e%2e/healthz", ()),
    ("out-of-a-public-page-backslash", "GET", "/ping\\..\\healthz", ()),
    ("a-whole-url", "GET", f"https://localhost{PAGE}", ()),
    ("a-port-behind-the-editor", "GET", f"/proxy/{CODE_SERVER_PORT}/healthz", ()),
    ("a-page-of-the-proxy-for-users", "GET", "/oauth2/userinfo", ()),
    ("the-question-whether-one-is-known", "GET", "/oauth2/auth", ()),
    ("a-group-of-ones-own", "GET", f"/oauth2/auth?allowed_groups={MALLORY}", ()),
    ("x-forwarded-user", "GET", PAGE, (("X-Forwarded-User", MALLORY), ("X-Forwarded-Email", f"{MALLORY}@x.invalid"))),
    ("x-auth-request-user", "GET", PAGE, (("X-Auth-Request-User", MALLORY), ("X-Auth-Request-Groups", "role:*"))),
    ("x-forwarded-for-loopback", "GET", PAGE, (("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1"))),
    ("x-forwarded-host", "GET", PAGE, (("X-Forwarded-Host", "localhost"), ("X-Forwarded-Proto", "http"))),
    ("host-localhost", "GET", PAGE, (("Host", "localhost"),)),
    ("basic-password", "GET", PAGE, (("Authorization", "Basic d29ya3NwYWNlOnBhc3N3b3Jk"),)),
    ("a-call-of-a-script", "GET", PAGE, (("Accept", "application/json"), ("X-Requested-With", "XMLHttpRequest"))),
    ("websocket", "GET", "/", WEBSOCKET),
    ("websocket-behind-the-editor", "GET", f"/proxy/{CODE_SERVER_PORT}/", WEBSOCKET),
    ("websocket-in-small-letters", "GET", "/", tuple((name.lower(), value.lower()) for name, value in WEBSOCKET)),
    ("GHSA-7x63-xv5r-3p2x-ping", "GET", PAGE, (("X-Forwarded-Uri", "/ping"),)),
    ("GHSA-7x63-xv5r-3p2x-robots", "GET", PAGE, (("X-Forwarded-Uri", "/robots.txt"), ("X-Original-Url", "/ping"))),
    ("GHSA-7x63-xv5r-3p2x-static", "GET", PAGE, (("X-Forwarded-Uri", "/oauth2/static/css/all.min.css"),)),
    ("GHSA-5hvv-m4w4-gf6v-google", "GET", PAGE, (("User-Agent", "GoogleHC/1.0"),)),
    ("GHSA-5hvv-m4w4-gf6v-kubelet", "GET", PAGE, (("User-Agent", "kube-probe/1.30"),)),
    ("GHSA-5hvv-m4w4-gf6v-auth", "GET", "/oauth2/auth", (("User-Agent", "GoogleHC/1.0"),)),
    ("GHSA-5hvv-m4w4-gf6v-none", "GET", PAGE, (("User-Agent", ""),)),
    ("GHSA-pxq7-h93f-9jrg", "GET", "/healthz#/ping", ()),
    ("GHSA-pxq7-h93f-9jrg-encoded", "GET", "/healthz%23/oauth2/static/css/all.min.css", ()),
    ("GHSA-pxq7-h93f-9jrg-page", "GET", f"{PAGE}#/robots.txt", ()),
    ("GHSA-7rh7-c77v-6434", "GET", f"{PAGE}&x=/oauth2/static/css/all.min.css", ()),
    ("GHSA-7rh7-c77v-6434-ping", "GET", "/healthz?/ping", ()),
    ("GHSA-7rh7-c77v-6434-robots", "GET", "/healthz?x=/robots.txt", ()),
)
"""Id, method, target of the request, and headers."""


STATIC = "/oauth2/static"
"""The proxy's own folder of files that everybody may have."""
REFUSALS = frozenset({301, 302, 307, 308, 400, 401, 403})
"""Of the proxy to whom it does not know, and of its server to a path that it puts right or a request that is none."""


@pytest.mark.parametrize(
    ("method", "path", "headers"), [row[1:] for row in ANONYMOUS], ids=[row[0] for row in ANONYMOUS]
)
def test_anonymous_is_refused(
    ready_proxy: LoginProxy, visitor: Visitor, method: str, path: str, headers: Headers
) -> None:
    reply = visitor.get(path, method=method, headers=headers)
    ready_proxy.must_refuse(reply, f"anonymous {method} {path}")
    # Any other answer may be the editor's, whatever it says.
    own = reply.status == 404 and path.startswith(f"{STATIC}/")
    assert own or reply.status in REFUSALS, (
        f"oauth2-proxy: answers {reply.status} to anonymous {method} {path}, as what stands behind it may: see "
        "skip_auth_preflight and skip_auth_routes"
    )
