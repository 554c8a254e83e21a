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
        pytest.param(Reply(200, (), ""), "a thief gets an answer 200", id="answer"),
        pytest.param(Reply(101, (), ""), "a thief gets a websocket", id="websocket"),
    ],
)
def test_visitor_who_is_let_in_is_named(reply: Reply, line: str) -> None:
    proxy = LoginProxy(NOTHING, None, page=PAGE)
    with pytest.raises(AssertionError, match=f"^oauth2-proxy: {line}"):
        proxy.must_refuse(reply, "a thief")


def test_cookie_of_an_unfinished_log_in_is_no_session() -> None:
    proxy = LoginProxy(NOTHING, None, page=PAGE)
    proxy.must_refuse(Reply(302, (("Set-Cookie", "s_csrf=1"),), ""), "an anonymous visitor")
