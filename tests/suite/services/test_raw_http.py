"""Visitors of web pages: just the bytes that are asked for, cookies by host, certificates for the host's own name.

The client of a service has to believe the same certificates.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fixtures.certificates import Authority
from fixtures.services import http
from fixtures.services.model import Account, Endpoint, ServiceError
from fixtures.services.raw_http import RawClient, VisitError
from tests.suite.services.test_tls import reach_at
from tests.suite.serving import serving

HOST = "proxy.example"


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was asked for; sets or removes a cookie where the path says so."""

    def do_GET(self) -> None:
        hosts = ", ".join(self.headers.get_all("Host", []))
        body = f"{self.requestline}\n{self.headers.get('Cookie', '')}\n{hosts}".encode()
        self.send_response(302 if "away" in self.path else 200)
        if "set" in self.path:
            self.send_header("Set-Cookie", "a=1|2=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=60")
            self.send_header("Set-Cookie", "b=2; Path=/")
        if "remove" in self.path:
            self.send_header("Set-Cookie", "a=; Path=/; Max-Age=0")
            gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
            self.send_header("Set-Cookie", f"b=2; {gone if 'date' in self.path else 'Max-Age=-1'}")
        self.send_header("Location", "https://elsewhere.example/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server on this machine whose certificate is for HOST: its port, and the certificate of its authority."""
    authority = Authority("test")
    issued = authority.issue([HOST])
    for name, content in {"tls.crt": issued.certificate, "tls.key": issued.key}.items():
        (tmp_path / name).write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    found = HTTPServer(("127.0.0.1", 0), Handler)
    found.socket = tls.wrap_socket(found.socket, server_side=True)
    with serving(found):
        yield found.server_port, authority.write(tmp_path / "ca.crt")


@pytest.fixture
def visitor(server: tuple[int, Path]) -> RawClient:
    """A visitor who knows the way to HOST."""
    port, ca_file = server
    return RawClient({HOST: ("127.0.0.1", port)}, ca_file)


@pytest.mark.parametrize("target", ["/../x", "/a#/b", "/%2e%2e/\\x", "//x?y#z", "https://other.example/x"])
def test_target_is_sent_as_it_stands(visitor: RawClient, target: str) -> None:
    assert visitor.ask(f"https://{HOST}", target=target).text.splitlines()[0] == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize(("given", "sent"), [({}, HOST), ({"Host": "x.example"}, "x.example"), ({"host": "y"}, "y")])
def test_request_is_for_one_host(visitor: RawClient, given: dict[str, str], sent: str) -> None:
    reply = visitor.ask(f"https://{HOST}/", headers=[*given.items()])
    assert reply.text.splitlines()[2].partition(":")[0] == sent


def test_redirection_is_not_followed(visitor: RawClient) -> None:
    reply = visitor.ask(f"https://{HOST}/away")
    assert (reply.status, reply.location) == (302, "https://elsewhere.example/")


@pytest.mark.parametrize("how", ["remove", "remove-by-date"])
def test_cookies_are_kept_and_removed(visitor: RawClient, how: str) -> None:
    first, second = visitor.ask(f"https://{HOST}/set").cookies
    assert (first.name, first.value, first.kept) == ("a", "1|2=", True)
    assert first.attributes.keys() == {"path", "httponly", "secure", "samesite", "max-age"}
    assert (second.name, second.kept) == ("b", True)
    assert visitor.ask(f"https://{HOST}/").text.splitlines()[1] == "a=1|2=; b=2"
    visitor.ask(f"https://{HOST}/{how}")
    assert visitor.cookies == {HOST: {}}


def test_given_cookie_stands_in_for_those_kept(visitor: RawClient) -> None:
    visitor.ask(f"https://{HOST}/set")
    assert visitor.ask(f"https://{HOST}/", headers=[("Cookie", "c=3")]).text.splitlines()[1] == "c=3"


def test_host_with_another_name_is_not_believed(server: tuple[int, Path]) -> None:
    port, ca_file = server
    visitor = RawClient({"other.example": ("127.0.0.1", port)}, ca_file)
    with pytest.raises(VisitError, match=r"certificate is not valid for 'other\.example'"):
        visitor.ask("https://other.example/")


def test_host_of_another_authority_is_not_believed(server: tuple[int, Path], tmp_path: Path) -> None:
    port, _ = server
    visitor = RawClient({HOST: ("127.0.0.1", port)}, Authority("somebody else").write(tmp_path / "other.crt"))
    with pytest.raises(VisitError, match="certificate verify failed"):
        visitor.ask(f"https://{HOST}/")


def test_host_that_is_down_is_named(server: tuple[int, Path]) -> None:
    _, ca_file = server
    visitor = RawClient({HOST: ("127.0.0.1", 9)}, ca_file)
    with pytest.raises(VisitError, match=f"{HOST} does not answer GET /"):
        visitor.ask(f"https://{HOST}/")


# ---- the client of a service


def asked(server: tuple[int, Path], host: str, ca_file: Path) -> str:
    """What the server answers the client of a service that has this name and authority."""
    port, _ = server
    endpoint = Endpoint("web", host, 443, reach_at(("127.0.0.1", port)), Account("", "", ""), ca_file=ca_file)
    with http.opened(endpoint) as client:
        return client.ask("GET", "/x").text


def test_service_of_its_own_name_and_authority_is_believed(server: tuple[int, Path]) -> None:
    assert asked(server, HOST, server[1]).startswith("GET /x HTTP/1.1")


def test_service_with_another_name_is_not_believed(server: tuple[int, Path]) -> None:
    with pytest.raises(ServiceError, match=r"'other\.example' doesn't match 'proxy\.example'"):
        asked(server, "other.example", server[1])


def test_service_of_another_authority_is_not_believed(server: tuple[int, Path], tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="certificate verify failed"):
        asked(server, HOST, Authority("somebody else").write(tmp_path / "other.crt"))
