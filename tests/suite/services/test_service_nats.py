"""NATS: what is left of a connection ends before its event loop does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from socketserver import StreamRequestHandler, ThreadingTCPServer

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
