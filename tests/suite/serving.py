"""A stand-in server that answers in a thread of its own for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Have a server answer; it and its thread have ended afterwards, and also if the test ended it before.

    To end it within a test, call :func:`end`: a socket that is closed under a server which only begins to
    serve is an exception in its thread.
    """
    with server:
        # Daemon: a request that is never answered must not keep the whole run from ending.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def end(server: BaseServer) -> None:
    """End a server within :func:`serving`: nothing listens at its port any more."""
    server.shutdown()
    server.server_close()
