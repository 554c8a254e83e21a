"""The kinds of objects that a cluster serves: those of each group, and which are in no namespace."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.api import TimedClient
from fixtures.cluster.discovery import cluster_wide, resources
from tests.suite.cluster.fakes.api_server import ApiServer


def kind(name: str, *aliases: str, namespaced: bool = True) -> dict[str, Any]:
    """What the API says of a kind."""
    words = {"name": f"{name.lower()}s", "kind": name, "singularName": name.lower()}
    return words | {"namespaced": namespaced, "shortNames": [*aliases], "verbs": ["list"]}


@pytest.fixture
def server(api_server: ApiServer) -> ApiServer:
    """A server of pods and nodes, and of two groups more."""
    versions = {"apps": "apps/v1", "metrics.k8s.io": "metrics.k8s.io/v1beta1"}
    groups = [{"name": name, "preferredVersion": {"groupVersion": version}} for name, version in versions.items()]
    parts = {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]}
    api_server.documents |= {
        "/apis": {"groups": groups},
        "/api/v1": {"resources": [kind("Pod", "po"), parts, kind("Node", "no", namespaced=False)]},
        "/apis/apps/v1": {"resources": [kind("Deployment", "deploy")]},
        "/apis/metrics.k8s.io/v1beta1": {"resources": [kind("PodMetric")]},
    }
    return api_server


@pytest.fixture
def api(server: ApiServer) -> client.ApiClient:
    """A client that asks once."""
    settings: Any = client.Configuration(host=server.url)
    settings.retries = False
    return TimedClient(settings)


def test_kinds_of_all_groups_are_found_without_their_parts(api: client.ApiClient) -> None:
    found = {one.kind: one.path for one in resources(api, without={"metrics.k8s.io"})}
    assert found == {"Pod": "/api/v1/pods", "Node": "/api/v1/nodes", "Deployment": "/apis/apps/v1/deployments"}


@pytest.mark.parametrize("status", [404, 503], ids=["removed by now", "its server is down"])
def test_group_that_is_gone_has_no_kinds(server: ApiServer, api: client.ApiClient, status: int) -> None:
    server.refusals["GET", "/apis/apps/v1"] = status
    assert [one.kind for one in resources(api)] == ["Pod", "Node", "PodMetric"]


@pytest.mark.parametrize("status", [401, 403, 418])
def test_group_that_may_not_be_read_is_an_error(server: ApiServer, api: client.ApiClient, status: int) -> None:
    server.refusals["GET", "/apis/apps/v1"] = status
    with pytest.raises(ApiException, match=f"{status}"):
        list(resources(api))


def test_kind_in_no_namespace_is_known_by_all_of_its_names(api: client.ApiClient) -> None:
    assert cluster_wide(api) == {"node", "nodes", "no"}
