"""Fixtures of the attacks on the log-in: none of them changes the pod, so they share the routes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import succeeded
from fixtures.login.attacks import ECHO
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitor, Visitors
from fixtures.patience import patient
from fixtures.services.model import Route


@pytest.fixture(scope="module")
def ways(proxy: LoginProxy) -> Iterator[dict[str, Route]]:
    """Routes to the proxy and to Keycloak, for all checks of a file."""
    with proxy.routes() as found:
        yield found


@pytest.fixture
def routes(ways: dict[str, Route]) -> dict[str, Route]:
    """Those routes, for every visitor."""
    return ways


@pytest.fixture(scope="module")
def resident(proxy: LoginProxy, ways: dict[str, Route]) -> Visitor:
    """A visitor who has logged in; a check must leave him so."""
    visitor = Visitor(proxy, ways)
    visitor.log_in(proxy.endpoint.account)
    return visitor


@pytest.fixture(autouse=True)
def known_page(ready_proxy: LoginProxy, visitors: Visitors) -> None:
    """Lets the proxy know the editor's page as its user gets it, which nobody else may get."""
    if not ready_proxy.page:
        visitor = visitors()
        visitor.log_in(ready_proxy.endpoint.account)
        reply = visitor.get()
        ready_proxy.must_let_in(reply, ready_proxy.endpoint.account.user)
        ready_proxy.page = reply.text


@pytest.fixture
def own_pod(ready_proxy: LoginProxy) -> Pod:
    """The pod behind the proxy."""
    return ready_proxy.require_embedded("a look into the pod").deployment.inside()


@pytest.fixture
def echo_address() -> str:
    """The address that `echo` listens on."""
    return "127.0.0.1"


@pytest.fixture
def echo(own_pod: Pod, echo_address: str) -> Iterator[int]:
    """The port of a server in the pod that answers with the headers it gets."""
    script = f"""\
        cat >/tmp/echo.py
        setsid python3 /tmp/echo.py {echo_address} >/tmp/echo.port 2>/tmp/echo.log </dev/null &
        echo $!
        timeout {patient(10):.0f} sh -c 'until [ -s /tmp/echo.port ]; do sleep 0.05; done' ||
            {{ cat /tmp/echo.log >&2; exit 1; }}
        cat /tmp/echo.port"""
    started = succeeded(own_pod.run(script, stdin=ECHO.encode()), "python3", "no server starts in the pod")
    process, port = started.split()
    yield int(port)
    own_pod.run(f"kill {process}; rm -f /tmp/echo.*")
