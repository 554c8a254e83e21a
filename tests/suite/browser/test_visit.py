"""What a page could not do is told by its cause."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fixtures.browser.chromium import chromium
from fixtures.browser.visit import Visit
from tests.suite.serving import serving

PAGE = b"<script>new WebSocket(location.href.replace('http', 'ws') + 'socket')</script>"
TROUBLE = b"""<script>
fetch('/missing?code=hush'); fetch('http://127.0.0.1:1/closed#code=hush').catch(() => {});
new WebSocket(location.href.replace('http', 'ws') + '/socket?code=hush');
console.error(`no way to ${location.origin}/said?code=hush, or is it http:`);
setTimeout(() => { throw new Error("'http://127.0.0.1/thrown#code=hush' has no code: why?"); });
</script>"""
"""A page that meets each kind of trouble, with a secret in each URL."""
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""See RFC 6455."""


class Handler(BaseHTTPRequestHandler):
    """Serves pages with a websocket, which is answered at the address `answered` alone; nothing is at `missing`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # its name in the standard library
        """Answer."""
        if "socket" not in self.path:
            page = TROUBLE if self.path == "/trouble" else PAGE
            self.send_response(404 if "missing" in self.path else 200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            return
        answered = self.path.startswith("/answered/")
        self.send_response(101 if answered else 403)
        if answered:
            key = hashlib.sha1(f"{self.headers['Sec-WebSocket-Key']}{ACCEPT}".encode()).digest()  # noqa: S324
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(key).decode())
        self.end_headers()
        self.wfile.write(b"\x81\x02hi" * answered)
        self.close_connection = not answered
        if answered:
            self.rfile.read(1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of the pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "/refused/",
            r"editor: none of the websockets of its page \(1\) is answered: let the proxy .*\n.*\nwebsocket: .*403",
        ),
        ("/answered/", r"editor: no file is there"),
    ],
)
def test_page_without_a_websocket_is_told_as_that(address: str, path: str, told: str) -> None:
    with chromium() as browser:
        visit = Visit(browser, "websocket")
        visit.go(f"{address}{path}")
        visit.wait(0.3)
        with pytest.raises(AssertionError, match=f"^{told}"), visit.step("file", "editor: no file is there"):
            visit.page.get_by_text("file").wait_for(timeout=300)
        with pytest.raises(AssertionError, match=r"^anybody gets in"), visit.step("refused", "nothing"):
            raise AssertionError("anybody gets in")
        visit.close()


def test_complaints_name_the_urls_without_what_may_be_secret(address: str) -> None:
    with chromium() as browser:
        visit = Visit(browser, "trouble")
        visit.go(f"{address}/trouble")
        visit.wait(0.5)
        with pytest.raises(AssertionError) as told, visit.step("page", "editor: no page comes"):
            visit.page.goto("http://127.0.0.1:1/gone?code=hush")
        visit.close()
    assert visit.websockets == [f"ws{address.removeprefix('http')}/trouble/socket"]
    said = str(told.value)
    kinds = ["browser", "console", "exception", "request failed", "response", "websocket"]
    assert sorted({one.partition(":")[0] for one in said.splitlines()[2:]}) == kinds
    for place in ("/missing", "/closed", "/socket", "/said, or is it http:", "/thrown' has no code: why?", "/gone"):
        assert place in said
    assert "hush" not in said
