"""A browser in a network of its own reaches what it is told to, whatever happens to this machine's network."""

from __future__ import annotations

import gc
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from playwright.sync_api import Error as PlaywrightError

from fixtures.browser import own_network as module
from fixtures.browser.chromium import chromium
from fixtures.browser.own_network import own_network
from fixtures.errors import SuiteError
from tests.suite.serving import serving

LINK = "conformance-t"
SECONDS = 6.0
LINK_SECONDS = 0.1
SETTLE_SECONDS = 0.3
END_SECONDS = 5.0
MANY_REQUESTS = """async (seconds) => {
    const end = performance.now() + 1000 * seconds;
    const answers = {};
    const ask = async () => {
        while (performance.now() < end) {
            const said = await fetch("/", {cache: "no-store"}).then((answer) => answer.status, String);
            answers[said] = (answers[said] || 0) + 1;
        }
    };
    await Promise.all([...Array(6)].map(ask));
    return answers;
}"""
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or module._unshare() is None, reason="only root can change this machine's network"
)


class Page(BaseHTTPRequestHandler):
    """Answers each request with its host and path."""

    def do_GET(self) -> None:  # its name in the standard library
        """Answer."""
        if self.path == "/waits":
            threading.Event().wait(3)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.headers['Host']}{self.path}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def keep_changing_network(over: threading.Event) -> None:
    """Give this machine a link more for a moment, as a container does, until it is over."""
    while not over.is_set():
        for words in (
            f"link add {LINK} type veth peer name {LINK}p", f"link set {LINK} up", f"link set {LINK}p up",
            f"address add 198.51.100.1/24 dev {LINK}",
        ):  # fmt: skip
            subprocess.run(["ip", *words.split()], check=True)
        over.wait(LINK_SECONDS)
        subprocess.run(["ip", "link", "delete", LINK], check=True)


@pytest.fixture
def port() -> Iterator[int]:
    """The port of the page on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    with serving(server):
        yield server.server_address[1]


def test_hosts_are_reached_by_their_routes_and_others_as_they_are(port: int) -> None:
    with chromium({"editor.test": ("127.0.0.1", port)}) as browser:
        page = browser.new_page()
        seen = [str(page.goto(url).text()) for url in ("http://editor.test/a", f"http://127.0.0.1:{port}/b")]  # type: ignore[union-attr]
        assert seen == ["editor.test/a", f"127.0.0.1:{port}/b"]
        assert page.evaluate("navigator.onLine")


def test_server_that_is_not_there_is_told(port: int) -> None:
    with chromium({"gone.test": ("127.0.0.1", 1)}) as browser, pytest.raises(PlaywrightError, match="ERR_SOCKS"):
        browser.new_page().goto(f"http://gone.test:{port}/")


def test_network_that_changes_breaks_nothing_off(port: int) -> None:
    over = threading.Event()
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        changes = threading.Thread(target=keep_changing_network, args=(over,))
        changes.start()
        try:
            assert page.evaluate(MANY_REQUESTS, SECONDS).keys() == {"200"}
        finally:
            over.set()
            changes.join()


def test_browser_that_never_comes_is_no_hang(tmp_path: Path) -> None:
    before = {*threading.enumerate()}
    with own_network("chromium", tmp_path, {}) as start:
        assert start is not None
    assert {*threading.enumerate()} <= before


def test_proxy_that_does_not_end_is_no_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(module, "_serve", lambda *_: over.wait(END_SECONDS))
    monkeypatch.setattr(module, "JOIN_SECONDS", 0.1)
    try:
        with (
            pytest.raises(SuiteError, match=r"^the browser's proxy has not ended within 0 s: "),
            own_network("chromium", tmp_path, {}),
        ):
            pass
    finally:
        over.set()


def test_connections_that_are_open_at_the_end_are_cut(port: int) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.evaluate("() => { fetch('/waits').catch(() => {}); }")
        page.wait_for_timeout(500)
    gc.collect()


class Answer(BaseRequestHandler):
    """Answers with more than a small buffer takes, and hangs up."""

    def handle(self) -> None:
        """Answer."""
        self.request.sendall(bytes(50_000))


@contextmanager
def proxy(home: Path, listener: socket.socket) -> Iterator[None]:
    """Serve the proxy on a socket, as for a browser, and end it."""
    with socket.socket(socket.AF_UNIX) as given, socket.socket(socket.AF_UNIX) as end:
        given.bind(str(home / "s"))
        given.listen(1)
        serve = threading.Thread(target=module._serve, args=(given, {}), daemon=True)
        serve.start()
        with socket.socket(socket.AF_UNIX) as giver:
            giver.connect(str(home / "s"))
            socket.send_fds(giver, [b"s"], [listener.fileno()])
        try:
            yield
        finally:
            end.connect(str(home / "s"))
            serve.join(END_SECONDS)
            assert not serve.is_alive()


def test_answer_that_nobody_reads_is_dropped_at_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        server = ThreadingTCPServer(("127.0.0.1", 0), Answer)
        with serving(server), proxy(tmp_path, listener):
            client.connect(listener.getsockname())
            client.sendall(b"\5\1\0\5\1\0\1\x7f\0\0\1" + struct.pack(">H", server.server_address[1]))
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1000, socket.MSG_WAITALL)
            time.sleep(SETTLE_SECONDS)
    gc.collect()


def keep_connecting(over: threading.Event, address: tuple[str, int]) -> None:
    """Connect and begin to speak SOCKS, until it is over."""
    while not over.is_set():
        # What the proxy has not accepted at its end is reset.
        with suppress(OSError), socket.create_connection(address, timeout=END_SECONDS) as client:
            client.sendall(b"\5\1\0")
            client.recv(2)


@pytest.mark.parametrize("_", range(10))
def test_connections_that_come_at_the_end_are_closed(tmp_path: Path, _: int) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, proxy(tmp_path, listener):
        client = threading.Thread(target=keep_connecting, args=(over, listener.getsockname()))
        client.start()
        time.sleep(SETTLE_SECONDS / 3)
    over.set()
    client.join()
    gc.collect()


@pytest.mark.parametrize(
    "said", [b"\4\1\0", b"\5\1\0\5\1\0\7", b"\5\1\0\5\1\0\3\1\xff", b"\5\1\0\5\1\0\3\0\0\1", b"\5"]
)
def test_who_does_not_speak_socks_is_cut_off(tmp_path: Path, said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, proxy(tmp_path, listener):
        for _ in range(2):
            with socket.create_connection(listener.getsockname(), timeout=5) as client:
                client.sendall(said)
                client.shutdown(socket.SHUT_WR)
                while client.recv(100):
                    pass


def test_path_too_long_for_a_socket_is_no_failure(tmp_path: Path) -> None:
    with own_network("chromium", tmp_path / ("x" * 100), {}) as start:
        assert start is None


def test_browser_takes_no_priority_over_what_it_looks_at(tmp_path: Path) -> None:
    program, told = tmp_path / "browser", tmp_path / "niceness"
    program.write_text(f"#!/bin/sh\nnice -n -8 nice >{told}\n", encoding="utf-8")
    program.chmod(0o755)
    with own_network(str(program), tmp_path, {}) as start:
        subprocess.run([str(start)], check=True, capture_output=True)
    assert int(told.read_text(encoding="utf-8")) == os.nice(0)
