"""The suite's proxy: when it is down, and what a reply must not give to a visitor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.api import ClusterError
from fixtures.cluster.wait import ClusterWaitError
from fixtures.deployment.deployment import Deployment
from fixtures.login.proxy import EmbeddedProxy, LoginProxy
from fixtures.services.model import Credentials, Endpoint, ServiceError
from fixtures.services.raw_http import Reply

NOTHING: Any = None
PAGE = "<html>\n<link rel='stylesheet' href='workbench.css'>\n</html>"


def proxy_without_pods(**core: Any) -> EmbeddedProxy:
    gone = SimpleNamespace(
        pods=list, server="there", core=SimpleNamespace(**core), namespace="n", selector="x", api=None
    )
    return EmbeddedProxy(cast("Deployment", gone), Credentials(b""), cast("Endpoint", None))


def test_server_that_does_not_answer_is_no_fault_of_the_proxy() -> None:
    def refuse(**_: Any) -> None:
        raise ApiException(503, "busy")

    proxy = proxy_without_pods(list_namespaced_pod=refuse)
    with pytest.raises(ClusterError, match=r"^waiting for the proxy failed at there: it answered 503: busy"):
        proxy.require_ready()
    assert proxy.fault is None


def test_proxy_that_is_not_ready_is_the_same_error_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any, **__: Any) -> None:
        raise ClusterWaitError("the proxy", "")

    monkeypatch.setattr("fixtures.login.proxy.wait_until", late)
    monkeypatch.setattr("fixtures.login.proxy.last_words", lambda _api, namespace: f"{namespace} said no")
    proxy, errors = proxy_without_pods(list_namespaced_pod=None), []
    for _ in range(2):
        with pytest.raises(ServiceError, match=r"^oauth2-proxy is down: it was Ready .*: n said no$") as raised:
            proxy.require_ready()
        errors.append(raised.value)
    assert errors[0] is errors[1]


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        pytest.param(Reply(302, (("Set-Cookie", "s=1"),), ""), "a thief gets a session, cookie s: see", id="session"),
        pytest.param(Reply(403, (), f"x\n{PAGE}"), "a thief gets the editor's page", id="page"),
        *((Reply(some, (), ""), f"a thief gets an answer {some}") for some in (200, 204, 206)),
        pytest.param(Reply(101, (), ""), "a thief gets a websocket", id="websocket"),
    ],
)
def test_visitor_who_is_let_in_is_named(reply: Reply, line: str) -> None:
    proxy = LoginProxy(NOTHING, None, page=PAGE)
    with pytest.raises(AssertionError, match=f"^oauth2-proxy: {line}"):
        proxy.must_refuse(reply, "a thief")


@pytest.mark.parametrize("status", [302, 304, 400, 401, 403, 404, 500, 502])
def test_refusal_may_have_any_other_status(status: int) -> None:
    LoginProxy(NOTHING, None, page=PAGE).must_refuse(Reply(status, (), "<html>\n</html>"), "a thief")


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        pytest.param(Reply(302, (), PAGE), "oauth2-proxy: a user gets 302, not the editor", id="redirected"),
        pytest.param(Reply(206, (), PAGE), "oauth2-proxy: a user gets 206, not the editor", id="a part"),
        pytest.param(Reply(200, (), "Sign in"), r"code-server: a user gets no editor \('Sign in'\)", id="another page"),
    ],
)
def test_user_who_is_not_let_in_is_named(reply: Reply, line: str) -> None:
    proxy = LoginProxy(NOTHING, None)
    proxy.must_let_in(Reply(200, (), PAGE), "a user")
    with pytest.raises(AssertionError, match=f"^{line}"):
        proxy.must_let_in(reply, "a user")


def test_cookie_of_an_unfinished_log_in_is_no_session() -> None:
    proxy = LoginProxy(NOTHING, None, page=PAGE)
    proxy.must_refuse(Reply(302, (("Set-Cookie", "s_csrf=1"),), ""), "an anonymous visitor")
