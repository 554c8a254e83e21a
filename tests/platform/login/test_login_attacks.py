"""Attacks on the log-in to code-server: none of them may give a session, or any part of what is behind it.

Ids that begin with GHSA are those of oauth2-proxy's own advisories, https://github.com/oauth2-proxy/oauth2-proxy.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import pytest

from fixtures.cluster.api import request
from fixtures.cluster.target import Target
from fixtures.cluster.wait import pause
from fixtures.deployment.pod import Pod
from fixtures.login.proxy import PAGE, SIGN_OUT, LoginProxy
from fixtures.login.visitor import Visitor, Visitors
from fixtures.services.catalogue.keycloak import BRIEF_CLIENT, CLIENT, OTHER_REALM, Realm, issuer
from fixtures.services.catalogue.oauth2_proxy import COOKIE
from fixtures.services.model import Route, ServiceError
from fixtures.services.raw_http import Headers

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

PROXY_PORT = 4180
"""The one port of the pod that is not on its loopback."""
CODE_SERVER_PORT = 8080
NO_CODE = "no-such-code"
WEBSOCKET = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "Y29uZm9ybWFuY2UtY2hlY2s="),
)
ASK = "curl --silent --insecure --max-time 5 --output /dev/null --write-out '%{http_code}'"
MALLORY = "mallory"
"""Whoever a header says that the visitor is."""

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
"""Name, method, what is asked for, and headers."""
REDIRECTIONS = (
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/ /evil.example",
    "\t//evil.example",
    " //evil.example",
    "/./\\evil.example",
    "/..//evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "%2f%2fevil.example",
    "https://evil.example",
    "https://evil.example.",
    "https://*",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "//evil.example%2f@{host}",
    "https://{host}@evil.example",
    "https://{host}.evil.example",
    "https://{host}:444/",
    "https://evil.example\\@{host}",
    "https://evil.example#@{host}",
    "https://evil.example?{host}",
    "http://{host}/",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/\u3000/evil.example",
    "/\x0b/evil.example",
)
"""Where somebody might want to be sent after the log-in, or after the log-out."""
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
"""Headers by which something behind a proxy may tell who comes, and from where."""
TOKENS = (
    "good-access-token",
    "good-id-token",
    "refresh-token",
    "unsigned-token",
    "token-of-another-client",
    "token-of-another-realm",
    "expired-token",
)
SPELLINGS = {
    "as-they-are": str,
    "GHSA-vjrc-mh2v-45x6-underscores": lambda name: name.replace("-", "_"),
    "GHSA-vjrc-mh2v-45x6-one-underscore": lambda name: name.replace("-", "_", 1),
    "GHSA-vjrc-mh2v-45x6-small-letters": lambda name: name.lower().replace("-", "_"),
}
ECHO = """\
import http.server, json, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer((sys.argv[1], 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A server that answers with the headers that it gets."""


@pytest.fixture(scope="module")
def ways(proxy: LoginProxy) -> Iterator[dict[str, Route]]:
    """Ways to the proxy and to Keycloak for all checks together: none of them changes the pod."""
    with proxy.routes() as found:
        yield found


@pytest.fixture
def routes(ways: dict[str, Route]) -> dict[str, Route]:
    """Those ways, for every visitor."""
    return ways


@pytest.fixture(scope="module")
def resident(proxy: LoginProxy, ways: dict[str, Route]) -> Visitor:
    """A visitor who has logged in, for checks that leave him so."""
    visitor = Visitor(proxy, ways)
    visitor.log_in(proxy.endpoint.account)
    return visitor


@pytest.fixture(autouse=True)
def known_page(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    """What must not be seen by anybody else: the editor's page, as its user gets it."""
    if not ready_proxy.page:
        visitor = visitors()
        visitor.log_in(ready_proxy.endpoint.account)
        reply = visitor.get()
        ready_proxy.must_let_in(reply, ready_proxy.endpoint.account.user)
        ready_proxy.page = reply.text


@pytest.fixture
def insider(visitor: Visitor, ready_proxy: LoginProxy) -> Visitor:
    """A visitor who has just logged in."""
    visitor.log_in(ready_proxy.endpoint.account)
    return visitor


@pytest.fixture
def own_pod(ready_proxy: LoginProxy) -> Pod:
    """The pod behind the proxy."""
    return ready_proxy.require_embedded("a look into the pod").deployment.inside()


@pytest.fixture
def echo_address() -> str:
    """The address that `echo` listens on."""
    return "127.0.0.1"


@pytest.fixture
def echo(own_pod: Pod, echo_address: str) -> Iterator[int]:
    """The port of a server in the pod that answers with the headers it gets."""
    script = f"""\
        cat >/tmp/echo.py
        setsid python3 /tmp/echo.py {echo_address} >/tmp/echo.port 2>/tmp/echo.log </dev/null &
        echo $!
        timeout 10 sh -c 'until [ -s /tmp/echo.port ]; do sleep 0.05; done'
        cat /tmp/echo.port"""
    started = own_pod.run(script, stdin=ECHO.encode())
    process, port = started.stdout.split()
    yield int(port)
    own_pod.run(f"kill {process}; rm -f /tmp/echo.*")


def cookie(name: str, value: str) -> Headers:
    """Return the header that brings one cookie."""
    return [("Cookie", f"{name}={value}")]


def destination(location: str, base: str) -> str:
    """Return the host to which a browser goes, which takes more for a slash than the standard does.

    Source: https://url.spec.whatwg.org/#concept-basic-url-parser
    """
    plain = location.strip("".join(map(chr, range(33)))).translate(str.maketrans("\\", "/", "\t\r\n"))
    while plain.startswith("///"):
        plain = plain[1:]
    return urlsplit(urljoin(base, plain)).netloc


# ---- without a session


@pytest.mark.parametrize(
    ("method", "path", "headers"), [row[1:] for row in ANONYMOUS], ids=[row[0] for row in ANONYMOUS]
)
def test_anonymous_is_refused(
    ready_proxy: LoginProxy, visitor: Visitor, method: str, path: str, headers: Headers
) -> None:
    ready_proxy.must_refuse(visitor.get(path, method=method, headers=headers), f"anonymous {method} {path}")


# ---- the way back from Keycloak


def callback(url: str, **changes: str | None) -> str:
    """Return a URL of the proxy's callback with other parameters; one that is None is left out."""
    parts = urlsplit(url)
    parameters = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value is not None)
    return f"https://{parts.netloc}{parts.path}?{query}"


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
    assert "<script>alert" not in reply.text, "oauth2-proxy: writes what a callback says into its page: see its version"


def test_callback_of_somebody_else_s_log_in_is_refused(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    attacker, victim = visitors(), visitors()
    lure = attacker.admit(attacker.begin(), ready_proxy.endpoint.account)
    ready_proxy.must_refuse(victim.ask(lure), "a victim who is sent an attacker's callback")
    begun = visitors()
    begun.begin()
    ready_proxy.must_refuse(begun.ask(lure), "a victim in the middle of a log-in who is sent an attacker's callback")


def test_stolen_code_is_of_no_use_in_another_log_in(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    victim, thief = visitors(), visitors()
    code = parse_qs(urlsplit(victim.admit(victim.begin(), ready_proxy.endpoint.account)).query)["code"][0]
    state = parse_qs(urlsplit(thief.begin()).query)["state"][0]
    stolen = callback(f"{ready_proxy.url}/oauth2/callback", code=code, state=state)
    ready_proxy.must_refuse(thief.ask(stolen), "a thief of a code")


def test_replayed_callback_is_refused(ready_proxy: LoginProxy, visitor: Visitor, visitors: Visitors) -> None:
    url = visitor.admit(visitor.begin(), ready_proxy.endpoint.account)
    replaying = visitors()
    replaying.cookies = {host: dict(kept) for host, kept in visitor.cookies.items()}
    visitor.ask(url)
    ready_proxy.must_let_in(visitor.get(), "who comes back from Keycloak")
    ready_proxy.must_refuse(replaying.ask(url), "who replays a callback with the cookie of its log-in")
    ready_proxy.must_refuse(visitors().ask(url), "who replays a callback")


@pytest.mark.parametrize("wanted", REDIRECTIONS, ids=ascii)
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


# ---- cookies


def test_spoilt_cookie_is_refused(ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors) -> None:
    name, value = insider.cookie
    holds, moment, signature = value.split("|")
    # The first letter: the last one has bits that nobody reads.
    other = ("B" if signature.startswith("A") else "A") + signature[1:]
    spoilt = {
        "forged": "|".join((base64.urlsafe_b64encode(b"v2.eA.eA").decode(), str(int(time.time())), signature)),
        "unsigned": f"{holds}|{moment}|",
        "cut": value[:-5],
        "cut to its first part": holds,
        "with another signature": f"{holds}|{moment}|{other}",
        "of another day": "|".join((holds, str(int(moment) + 60), signature)),
        "with something behind it": f"{value}|x",
        "empty": "",
    }
    for how, one in spoilt.items():
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
    signed = own.sign(f"{mixed}|0|", time.time())
    ready_proxy.must_refuse(
        visitors().get(headers=cookie(COOKIE, signed)), "one session's number with another one's key"
    )


def test_ghsa_f24x_5g9q_753f_logging_out_takes_the_session_away(
    ready_proxy: LoginProxy, insider: Visitor, visitors: Visitors
) -> None:
    name, value = insider.cookie
    left = insider.get(f"{SIGN_OUT}?rd=/oauth2/sign_in")
    assert not insider.session, f"oauth2-proxy: logging out leaves the cookie ({left.status}): see its version"
    ready_proxy.must_refuse(visitors().get(headers=cookie(name, value)), "the next user of the same browser")


# ---- tokens


def claims(text: str) -> dict[str, Any]:
    """Return what a token says."""
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    return said


def unsigned(text: str) -> str:
    """Return a token that says the same as another one for an hour more, and that nobody signed."""
    parts = ({"alg": "none", "typ": "JWT"}, claims(text) | {"exp": int(time.time()) + 3600})
    return ".".join((*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""))


def challenge(verifier: str) -> str:
    """Return the challenge that goes with a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def expired(text: str) -> str:
    """Return a token when its time is over."""
    ends = int(claims(text)["exp"])
    while time.time() < ends + 1:
        pause(0.2)
    return text


@pytest.fixture(scope="module")
def tokens(proxy: LoginProxy, ways: dict[str, Route]) -> dict[str, str]:
    """Tokens by what they are; those of the proxy's own client were got from Keycloak past the proxy."""
    own, verifier = proxy.require_embedded("the client's secret"), secrets.token_urlsafe(48)
    assert proxy.keycloak is not None
    asked = {
        "response_type": "code",
        "client_id": CLIENT,
        "scope": "openid email profile",
        "redirect_uri": f"{proxy.url}/oauth2/callback",
        "code_challenge_method": "S256",
        "code_challenge": challenge(verifier),
    }
    url = f"{issuer(proxy.keycloak)}/protocol/openid-connect/auth?{urlencode(asked)}"
    back = Visitor(proxy, ways).admit(url, proxy.endpoint.account)
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": own.client_secret,
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": asked["redirect_uri"],
        "code_verifier": verifier,
    }
    realm = own.realm(proxy.keycloak, ways)
    good = realm.redeem(form)
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


def test_ghsa_c5c4_8r6x_56w3_address_of_two_domains_lets_nobody_in(
    ready_proxy: LoginProxy, visitor: Visitor, realm: Realm
) -> None:
    address = f"{MALLORY}@evil.example@conformance.invalid"
    with ExitStack() as undo:
        try:
            account = undo.enter_context(realm.user(email=address))
        except ServiceError as refused:
            if "email" not in refused.problem.lower():
                raise
            return  # Keycloak does not take such an address: nobody can have it.
        ready_proxy.must_refuse(visitor.log_in(account), f"a user without the role whose address is {address}")


# ---- with a session


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_code_server_is_told_the_truth_alone(
    ready_proxy: LoginProxy, resident: Visitor, echo: int, spelling: Callable[[str], str]
) -> None:
    sent = [(spelling(name), f"{MALLORY}-{number}") for number, name in enumerate(IDENTITIES)]
    reply = resident.get(f"/proxy/{echo}/", headers=sent)
    assert reply.status == 200, f"code-server: passes nothing on to a port of the pod, {reply.status}: see its log"
    believed = {name: value for name, value in reply.document if MALLORY in value}
    assert not believed, f"oauth2-proxy: passes on what a client says of itself, {believed}: see injectRequestHeaders"
    told = {name.lower(): value for name, value in reply.document}
    user = told.get("x-forwarded-preferred-username")
    assert user == ready_proxy.endpoint.account.user, f"oauth2-proxy: says that {user} comes: see injectRequestHeaders"


def test_page_of_another_origin_gets_no_websocket(ready_proxy: LoginProxy, resident: Visitor) -> None:
    target = "/?reconnectionToken=check&reconnection=false&skipWebSocketFrames=false"
    mine = resident.get(target, headers=[*WEBSOCKET, ("Origin", ready_proxy.url)])
    assert mine.status == 101, f"code-server: its own page gets no websocket but {mine.status}: see its log"
    other = resident.get(target, headers=[*WEBSOCKET, ("Origin", "https://evil.example")])
    assert other.status == 403, (
        f"code-server: a page of another origin gets a websocket ({other.status}): leave --trusted-origins empty"
    )


# ---- around the proxy


def listening(pod: Pod) -> set[int]:
    """Return the ports of a pod that are not on its loopback."""
    table = pod.run("cat /proc/net/tcp /proc/net/tcp6").stdout.splitlines()
    rows = [line.split() for line in table if ":" in line]
    places = [row[1].rpartition(":") for row in rows if row[3] == "0A"]
    # 127.0.0.1 and ::1, each 32 bits in the byte order of the machine.
    own = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
    return {int(port, 16) for address, _, port in places if address not in own}


def reached(pod: Pod, address: str, port: int) -> str:
    """Return what a pod gets from a port of another one: the status of its answer, 000 for none."""
    scheme = "https" if port == PROXY_PORT else "http"
    return str(pod.run(f"{ASK} {scheme}://{address}:{port}/").stdout)


def test_pod_has_no_other_open_port(own_pod: Pod) -> None:
    ports = listening(own_pod)
    assert ports == {PROXY_PORT}, (
        f"pod: listens on {sorted(ports)}, not on {PROXY_PORT} alone: bind code-server to 127.0.0.1"
    )


def test_code_server_is_not_reached_around_the_proxy(pod: Pod, ready_proxy: LoginProxy) -> None:
    address = ready_proxy.require_embedded("the pod's address").deployment.pod().status.pod_ip
    assert reached(pod, address, PROXY_PORT) == "302", (
        "oauth2-proxy: does not answer another pod: see its NetworkPolicy"
    )
    status = reached(pod, address, CODE_SERVER_PORT)
    assert status == "000", f"code-server: answers {status} to another pod: bind it to 127.0.0.1"


def test_network_policy_lets_in_to_the_proxy_alone(ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("its NetworkPolicy")
    path = f"/apis/networking.k8s.io/v1/namespaces/{own.deployment.namespace}/networkpolicies"
    labels = own.deployment.pod().metadata.labels
    specs = [one["spec"] for one in request(own.deployment.api, path)[0]["items"]]
    mine = [one for one in specs if one["podSelector"].get("matchLabels", {}).items() <= labels.items()]
    rules = [rule for one in mine for rule in one.get("ingress", ())]
    open_ports = {port["port"] for rule in rules for port in rule.get("ports", [{"port": "all"}])}
    assert mine, "NetworkPolicy: none is for the pod: apply network-policy.yaml"
    assert open_ports == {"https"}, f"NetworkPolicy: lets in to {open_ports}: name the port https alone"


@pytest.mark.parametrize("echo_address", ["0.0.0.0"])  # noqa: S104
def test_network_policy_where_it_is_enforced(
    pod: Pod, ready_proxy: LoginProxy, echo: int, target: Target, measured: Callable[[str, object], None]
) -> None:
    address = ready_proxy.require_embedded("the pod's address").deployment.pod().status.pod_ip
    status = reached(pod, address, echo)
    measured("NetworkPolicy keeps others from a developer's own server", status == "000")
    # The network of the suite's own cluster enforces none.
    assert status == "000" or target.embedded is not None, (
        f"pod: others reach a developer's own server ({status}): use a network plugin that enforces NetworkPolicy"
    )
