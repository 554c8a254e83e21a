"""The pods behind a Service, by its slices."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.services import route


def slices(*, ready: bool, port: str | None = "https") -> list[Any]:
    endpoint = SimpleNamespace(conditions=SimpleNamespace(ready=ready), target_ref=SimpleNamespace(name="web-1"))
    return [SimpleNamespace(ports=[SimpleNamespace(name=port, port=8443)], endpoints=[endpoint])]


@pytest.mark.parametrize(
    ("there", "name", "expected"),
    [
        pytest.param(slices(ready=True), "https", [("web-1", 8443)], id="ready"),
        pytest.param(slices(ready=True, port=""), None, [("web-1", 8443)], id="port without a name"),
        pytest.param(slices(ready=True), "http", [], id="another port"),
        pytest.param(slices(ready=False), "https", [], id="not ready"),
        pytest.param([SimpleNamespace(ports=None, endpoints=None)], "https", [], id="empty slice"),
    ],
)
def test_pods_behind_a_service_are_those_that_are_ready(there: list[Any], name: str, expected: list[Any]) -> None:
    assert route.behind(there, name) == expected
