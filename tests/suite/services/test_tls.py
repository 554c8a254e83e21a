"""How services speak TLS: a server of the test takes versions of TLS, and the client tells which."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fixtures.certificates import Authority
from fixtures.services import tls
from fixtures.services.model import Account, Endpoint, Reach, Route

HOST = "service.test"
Serve = Callable[[ssl.TLSVersion], Endpoint]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server that takes TLS from a version on, and returns how it is reached."""
    authority, listeners = Authority("test"), list[socket.socket]()
    issued = authority.issue([HOST])
    (tmp_path / "server.pem").write_bytes(issued.certificate + issued.key)
    ca_file = authority.write(tmp_path / "ca.crt")

    def start(least: ssl.TLSVersion) -> Endpoint:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = least
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=answer, args=(listener, context), daemon=True).start()
        return Endpoint("web", HOST, 443, reach_at(listener.getsockname()), Account("", "", ""), ca_file=ca_file)

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def reach_at(place: Route) -> Reach:
    """The way to a server on this machine, whichever name is asked for."""

    @contextmanager
    def reach(_host: str, _port: int) -> Iterator[Route]:
        yield place

    return reach


def answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Shake hands with each client until the listener is shut down."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, suppress(OSError):
            context.wrap_socket(client, server_side=True).close()


@pytest.mark.parametrize(
    ("least", "taken"),
    [
        (ssl.TLSVersion.TLSv1, ["TLSv1", "TLSv1_1"]),
        (ssl.TLSVersion.TLSv1_1, ["TLSv1_1"]),
        (ssl.TLSVersion.TLSv1_2, []),
    ],
)
def test_old_versions_that_a_service_takes_are_seen(serve: Serve, least: ssl.TLSVersion, taken: list[str]) -> None:
    endpoint = serve(least)
    assert [version.name for version in tls.OLD if tls.takes(endpoint, version)] == taken
    assert tls.handshake(endpoint, tls.trusting(endpoint)) == "TLSv1.3"


def test_certificate_holds_for_its_name_alone(serve: Serve) -> None:
    endpoint = serve(ssl.TLSVersion.TLSv1_2)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        tls.handshake(endpoint, tls.trusting(endpoint), name="elsewhere.invalid")


def test_server_that_hangs_up_serves_nothing_without_tls(serve: Serve) -> None:
    assert not tls.answer_without_tls(serve(ssl.TLSVersion.TLSv1_2)).startswith(b"HTTP/")


def test_service_that_is_down_has_refused_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()
    down = Endpoint("web", HOST, 443, reach_at(place), Account("", "", ""))
    with pytest.raises(ConnectionRefusedError):
        tls.takes(down, ssl.TLSVersion.TLSv1_1)


def test_service_that_gives_no_answer_in_time_has_refused_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = Endpoint("web", HOST, 443, reach_at(listener.getsockname()), Account("", "", ""))
        with pytest.raises(TimeoutError):
            tls.takes(silent, ssl.TLSVersion.TLSv1_1)
