"""What keeps a request from its answer is one line; what may be asked again is."""

from __future__ import annotations

import base64
import ssl
import threading
from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import ReadTimeoutError

from fixtures.cluster.api import ClusterError, _limit_of, connect, explained, request, server_of
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.certificates import certificate


def ask(api: client.ApiClient) -> str:
    """Ask for the version."""
    with explained("a question", server_of(api)):
        return str(request(api, "/version")[0]["gitVersion"])


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("https://127.0.0.1:1", r"failed at https://127.0.0.1:1: the connection is refused: check that"),
        ("https://no-such-host.invalid", r"its name is not known here: check the server's address"),
    ],
    ids=["closed port", "unknown name"],
)
def test_unreachable_server_is_one_line(tmp_path: Path, server: str, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        ask(connect(kubeconfig(tmp_path, server)))


def test_refusal_without_a_word_is_told_by_its_status() -> None:
    with (
        pytest.raises(ClusterError, match=r"^a question failed at me: it answered 404: no reason given"),
        explained("a question", "me"),
    ):
        raise ApiException(status=404, reason="")


def test_silent_server_is_no_hang(
    monkeypatch: pytest.MonkeyPatch, api_server: ApiServer, api: client.ApiClient
) -> None:
    monkeypatch.setattr("fixtures.cluster.api.REQUEST_SECONDS", (1.0, 0.3))
    api_server.answering.clear()
    with pytest.raises(ClusterError, match="the API server is overloaded or hangs"):
        ask(api)
    api_server.answering.set()


def test_silent_server_is_no_hang_for_who_gives_no_time_limit(
    monkeypatch: pytest.MonkeyPatch, api_server: ApiServer, api: client.ApiClient
) -> None:
    monkeypatch.setattr("fixtures.cluster.api.REQUEST_SECONDS", (1.0, 0.3))
    api_server.answering.clear()
    with pytest.raises(ReadTimeoutError):
        client.VersionApi(api).get_code()
    api_server.answering.set()


@pytest.mark.parametrize(
    ("query", "read"),
    [("", 60.0), ("?limit=1", 60.0), ("?watch=True&timeoutSeconds=80", 85.0), ("?watch=True", None)],
)
def test_watch_alone_may_be_silent_for_as_long_as_it_asks_for(query: str, read: float | None) -> None:
    assert _limit_of(f"https://server/api/v1/pods{query}") == (10.0, read)


def test_busy_server_is_asked_again(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.busy = 2
    assert ask(api) == "v1.30.0"
    assert api_server.sent == ["GET /version"] * 3


def test_what_must_not_be_done_twice_is_asked_once(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.busy = 1
    with pytest.raises(ApiException, match="503"):
        request(api, "/version", method="DELETE")
    assert api_server.sent == ["DELETE /version"]


def test_refused_credentials_are_named(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.refusals["GET", "/version"] = 401
    with pytest.raises(ClusterError, match=r"it refuses the credentials, expired or revoked: get a new kubeconfig"):
        ask(api)


def test_expired_server_certificate_is_named(tmp_path: Path) -> None:
    public, secret = certificate(days=-1)
    (tmp_path / "pem").write_bytes(public + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    with ApiServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        authority = {"authority-data": base64.b64encode(public).decode()}
        api = connect(kubeconfig(tmp_path, f"https://localhost:{server.server_port}", None, **authority))
        with pytest.raises(ClusterError, match=r"the server's certificate has expired: renew it$"):
            ask(api)
        thread.join()
