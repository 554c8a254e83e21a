"""The pods behind a Service, by its slices, and those that it selects."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.services import route
from fixtures.verdict.evidence import Blocked


def slices(*, ready: bool, port: str | None = "https", pod: str = "web-1") -> list[Any]:
    endpoint = SimpleNamespace(conditions=SimpleNamespace(ready=ready), target_ref=SimpleNamespace(name=pod))
    ports = [SimpleNamespace(name=port, port=8443)]
    return [SimpleNamespace(ports=ports, endpoints=[endpoint], metadata=SimpleNamespace(uid=pod, name=pod))]


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


@pytest.mark.parametrize(
    ("host", "selector", "expected"),
    [
        pytest.param("web.space.svc", {"app": "web", "tier": "front"}, ["web-1"], id="selected"),
        pytest.param("web.space.svc.cluster.local", {"app": "web", "tier": "front"}, ["web-1"], id="whole name"),
        pytest.param("web.space.svc", None, [], id="no selector"),
        pytest.param("web.space.svc", {}, [], id="empty selector"),
        pytest.param("web.example.com", {"app": "web"}, [], id="outside"),
    ],
)
def test_pods_of_a_host_are_those_that_its_service_selects(
    monkeypatch: pytest.MonkeyPatch, host: str, selector: dict[str, str] | None, expected: list[str]
) -> None:
    service = SimpleNamespace(spec=SimpleNamespace(selector=selector))
    # As the API answers: without a selector all pods of the namespace.
    answers = {"app=web,tier=front": ["web-1"], "": ["web-1", "other-1"]}

    def listed(_self: Any, namespace: str, label_selector: str) -> Any:
        assert namespace == "space"
        return SimpleNamespace(items=answers[label_selector])

    monkeypatch.setattr(client.CoreV1Api, "read_namespaced_service", lambda *_: service)
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_pod", listed)
    assert route.pods_of(client.ApiClient(), host) == expected


def test_service_without_pods_blocks_what_reads_their_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "pods_of", lambda *_: [])
    with pytest.raises(Blocked, match=r"^nats has no pod in the cluster"):
        route.own_pods(client.ApiClient(), "nats.example.com", "nats")


def test_way_to_a_service_leads_to_a_pod_of_its_own_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    service = SimpleNamespace(spec=SimpleNamespace(ports=[SimpleNamespace(name="https", port=443)]))
    # As the API answers: without a selector the slices of all Services of the namespace.
    answers = {"kubernetes.io/service-name=web": slices(ready=True), "": slices(ready=True, pod="other-1")}

    def listed(_self: Any, namespace: str, label_selector: str = "") -> Any:
        assert namespace == "space"
        return SimpleNamespace(items=answers[label_selector], metadata=SimpleNamespace(resource_version="1"))

    led: list[Any] = []

    def forward(_api: Any, *place: Any) -> Any:
        led.append(place)
        return nullcontext(SimpleNamespace(port=1234))

    monkeypatch.setattr(client.CoreV1Api, "read_namespaced_service", lambda *_: service)
    monkeypatch.setattr(client.DiscoveryV1Api, "list_namespaced_endpoint_slice", listed)
    monkeypatch.setattr(route, "PortForward", forward)
    with route.reached(client.ApiClient(), "web.space.svc", 443) as found:
        assert found == ("127.0.0.1", 1234)
    assert led == [("space", "web-1", 8443)]
