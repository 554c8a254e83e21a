"""What a visitor without a log-in meets, and which ports a pod opens to others."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fixtures.smoke.inside import pages
from fixtures.smoke.visitor import Met, met, told
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
    ],
)
def test_visit_is_told_by_what_it_met(path: str, expected: Met, server: str) -> None:
    answers = pages.visit(f"{server}{path}")
    assert met(answers) is expected
    assert told(answers).startswith(f"{server}{path} leads to {expected}")


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
