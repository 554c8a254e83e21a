"""What a visitor without a log-in meets, and which ports a pod opens to others."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fixtures.certificates import Authority
from fixtures.smoke.inside import pages
from fixtures.smoke.visitor import Met, guarded, met, told
from tests.suite.serving import serving

PROVIDER = "https://sso.example/auth?response_type=code&client_id=code-server&state=x"
EDITOR = '<html><meta id="vscode-workbench-web-configuration"></html>'
PAGES: dict[str, tuple[int, str, str]] = {
    "/guarded": (302, PROVIDER, ""),
    "/begins": (403, "", '<form action="/oauth2/start">'),
    "/oauth2/start": (302, PROVIDER, ""),
    "/open": (200, "", EDITOR),
    "/open-later": (302, "./open?folder=/home", ""),
    "/asks": (302, "./login", ""),
    "/login": (200, "", "<title>code-server login</title>"),
    "/elsewhere": (302, "https://other.example/", ""),
    "/refused": (403, "", "no"),
    "/turns": (302, "/turns", ""),
    "/mine": (200, "", "a developer's own page"),
    "/down": (502, "", "bad gateway"),
    "/down-towards": (503, PROVIDER, ""),
    "/open-towards": (200, PROVIDER, EDITOR),
    "/open-before": (200, "/guarded", EDITOR),
    "/gone": (404, "", "404 page not found"),
    "/metrics": (200, "", "# HELP requests_total Requests.\n"),
    "/exporter": (200, "", '<a href="/metrics">Metrics</a>'),
    "/by-https": (308, "https://127.0.0.1/", ""),
    "/to-the-page": (302, "https://ide.example/", ""),
}


class Handler(BaseHTTPRequestHandler):
    """Answers as the table says."""

    def do_GET(self) -> None:
        status, location, text = PAGES[self.path.partition("?")[0]]
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server with these pages."""
    found = HTTPServer(("127.0.0.1", 0), Handler)
    with serving(found):
        yield f"http://127.0.0.1:{found.server_port}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/guarded", Met.PROVIDER),
        ("/begins", Met.PROVIDER),
        ("/open", Met.EDITOR),
        ("/open-later", Met.EDITOR),
        ("/asks", Met.PASSWORD),
        ("/elsewhere", Met.OTHER),
        ("/refused", Met.REFUSAL),
        ("/turns", Met.OTHER),
        ("/mine", Met.OTHER),
        ("/down", Met.FAULT),
        ("/down-towards", Met.FAULT),
        ("/open-towards", Met.EDITOR),
        ("/open-before", Met.EDITOR),
    ],
)
def test_visit_is_told_by_what_it_met(path: str, expected: Met, server: str) -> None:
    answers = pages.visit(f"{server}{path}")
    assert met(answers) is expected
    assert told(answers).startswith(f"{server}{path} leads to {expected}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((one, True) for one in ("/guarded", "/refused", "/gone", "/metrics", "/exporter")),
        *((one, True) for one in ("/by-https", "/to-the-page")),
        *((one, False) for one in ("/open", "/asks", "/elsewhere", "/mine", "/down", "/down-towards", "/turns")),
    ],
)
def test_service_leads_to_the_login_or_to_what_needs_none(path: str, server: str, *, expected: bool) -> None:
    assert guarded(pages.visit(f"{server}{path}"), "https://ide.example/") is expected


def test_server_that_speaks_no_tls_is_asked_without(server: str) -> None:
    answers = pages.visit(f"{server.replace('http:', 'https:')}/open")
    assert met(answers) is Met.EDITOR


def test_page_that_does_not_answer_is_told_with_its_reason() -> None:
    answers = pages.visit("http://127.0.0.1:1/")
    assert met(answers) is Met.NOTHING
    assert told(answers) == "http://127.0.0.1:1/ gives no answer (the connection is refused)"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("0100007F", True),
        ("00000000", False),
        ("0A00F40A", False),
        ("00000000000000000000000001000000", True),
        ("00000000000000000000000000000000", False),
        ("0000000000000000FFFF00000100007F", True),
    ],
    ids=["loopback", "all", "pod", "loopback of 6", "all of 6", "mapped loopback"],
)
def test_loopback_is_known_in_either_family(where: str, *, expected: bool) -> None:
    assert pages.loopback(where) is expected


def test_port_that_listens_on_loopback_alone_is_not_open_to_others(server: str) -> None:
    assert Path("/proc/net/tcp").exists()
    assert int(server.rpartition(":")[2]) not in pages.listening()


ROW = "   0: {}:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1\n"


def test_ports_of_both_families_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SOCKETS", tmp_path)
    (tmp_path / "tcp").write_text("head\n" + ROW.format("00000000", 8080) + ROW.format("0100007F", 1), encoding="ascii")
    assert pages.listening() == [8080]
    (tmp_path / "tcp6").write_text("head\n" + ROW.format("0" * 32, 9090), encoding="ascii")
    assert pages.listening() == [8080, 9090]


def test_ports_that_cannot_be_read_are_not_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SOCKETS", tmp_path)
    with pytest.raises(FileNotFoundError):
        pages.own_pages(["127.0.0.1"])


@pytest.fixture
def by_https(tmp_path: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The address of such a server by HTTPS, and a context that trusts it."""
    authority = Authority("of the pages")
    issued = authority.issue(["127.0.0.1"])
    (tmp_path / "page.pem").write_bytes(issued.key + issued.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "page.pem")
    found = HTTPServer(("127.0.0.1", 0), Handler)
    found.socket = context.wrap_socket(found.socket, server_side=True, do_handshake_on_connect=False)
    ca_file = authority.write(tmp_path / "ca.crt")
    with serving(found):
        yield f"https://127.0.0.1:{found.server_port}", ssl.create_default_context(cafile=str(ca_file))


def test_page_by_https_must_be_of_an_authority_that_is_trusted(by_https: tuple[str, ssl.SSLContext]) -> None:
    address, trusted = by_https
    (seen,) = pages.visit(f"{address}/open", checked=True, trusted=lambda: trusted)
    assert seen["status"] == 200
    assert seen["ends"] > 0
    (refused,) = pages.visit(f"{address}/open", checked=True, trusted=ssl.create_default_context)
    assert refused["error"].startswith("its certificate is refused: ")
    assert pages.visit(f"{address}/open")[0]["status"] == 200
