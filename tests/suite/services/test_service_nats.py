"""NATS: what is left of a connection ends before its event loop does; what its monitoring tells of accounts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.services.catalogue import nats
from fixtures.services.catalogue.nats import NatsClient
from tests.suite.serving import serving

SECONDS = 5.0


class Dropping(StreamRequestHandler):
    """Lets a client in, and hangs up."""

    def handle(self) -> None:
        """Answer the client's first PING, which ends its log-in."""
        self.wfile.write(b'INFO {"max_payload": 1000}\r\n')
        if any(line.strip() == b"PING" for line in self.rfile):
            self.wfile.write(b"PONG\r\n")


@pytest.fixture
def address() -> Iterator[str]:
    """Where a server drops each connection."""
    server = ThreadingTCPServer(("127.0.0.1", 0), Dropping)
    with serving(server):
        yield f"nats://127.0.0.1:{server.server_address[1]}"


@pytest.mark.parametrize(("seconds", "cut_off"), [(0.2, False), (60, True)], ids=["ends soon", "never ends"])
def test_task_that_closes_a_dropped_connection_is_ended(
    address: str, monkeypatch: pytest.MonkeyPatch, seconds: float, *, cut_off: bool
) -> None:
    monkeypatch.setattr(nats, "END_SECONDS", 0.1 if cut_off else SECONDS)
    dropped, ends = threading.Event(), []

    async def closing() -> None:
        dropped.set()
        try:
            await asyncio.sleep(seconds)
            ends.append("ended")
        except asyncio.CancelledError:
            ends.append("cut off")
            raise

    client = NatsClient()
    client.do(client.client.connect(address, allow_reconnect=False, disconnected_cb=closing))
    assert dropped.wait(SECONDS)
    client.close()
    assert ends == ["cut off" if cut_off else "ended"]


class Monitoring(BaseHTTPRequestHandler):
    """Tells of two accounts; one has a service of the system's, which every account has, and the system's events."""

    def do_GET(self) -> None:
        """Answer what `/accountz` does."""
        imports = [
            {"account": "SYSTEM", "subject": "$SYS.REQ.ACCOUNT.PING.CONNZ", "type": "service"},
            {"account": "SYSTEM", "subject": "$SYS.ACCOUNT.>", "type": "stream"},
            {"account": "OTHER", "subject": "told", "type": "service"},
        ]
        told: dict[str, object] = {"accounts": ["MINE"], "system_account": "SYSTEM"}
        if "acc=MINE" in self.path:
            told = {"account_detail": {"imports": imports}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_imports_are_those_of_others_and_the_system_s_events(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Monitoring)
    there = nullcontext(SimpleNamespace(address=f"127.0.0.1:{server.server_address[1]}"))
    monkeypatch.setattr(nats, "PortForward", lambda *_: there)
    pod: Any = SimpleNamespace(metadata=SimpleNamespace(namespace="nats", name="nats-0"))
    api: Any = None
    with serving(server):
        found = nats.monitored(api, pod)
    assert [one["subject"] for one in found["MINE"]] == ["$SYS.ACCOUNT.>", "told"]
