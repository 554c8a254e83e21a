"""A request for a websocket, as a page of some origin sends it with the developer's cookies."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.browser.editor import CodeServer
from fixtures.errors import SuiteError
from tests.suite.serving import serving


class Strict(BaseHTTPRequestHandler):
    """Gives a websocket to its own pages alone, where they bring the cookie."""

    def do_GET(self) -> None:
        """Answer a request for a websocket."""
        own = self.headers["Origin"] == "http://own.example" and self.headers["Cookie"] == "session=mine"
        self.send_response(101 if own and self.headers["Upgrade"] == "websocket" else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def editor(port: int) -> CodeServer:
    """An editor at a port of this machine, in a page that has its cookie."""
    visit: Any = SimpleNamespace(
        page=None, context=SimpleNamespace(cookies=lambda: [{"name": "session", "value": "mine"}])
    )
    return CodeServer(visit, f"127.0.0.1:{port}", "")


def test_answer_depends_on_the_origin() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Strict)
    with serving(server):
        asked = editor(server.server_port)
        assert asked.websocket_status("http://own.example") == 101
        assert asked.websocket_status("https://evil.example") == 403


def test_no_answer_is_an_error_of_one_line() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Strict) as server:
        port = server.server_port
    with pytest.raises(SuiteError, match=r"^code-server: no answer to a request for a websocket \("):
        editor(port).websocket_status("http://own.example")
