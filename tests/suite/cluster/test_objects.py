"""Objects that are applied carry the label of a run; what somebody else made is neither changed nor removed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace as Of
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.api import ClusterError
from fixtures.cluster.objects import Objects, labels, marked
from tests.suite.cluster.fakes.api_server import ApiServer

VOLUMES = "/api/v1/persistentvolumes"


def volume(name: str, **metadata: Any) -> dict[str, Any]:
    """An object in no namespace."""
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, **metadata}}


@pytest.fixture
def server(api_server: ApiServer) -> ApiServer:
    """A server with a volume of a run of this suite, and two of somebody else."""
    kinds = {"PersistentVolume": False, "Namespace": False, "ConfigMap": True}
    found = [
        {"name": f"{kind.lower()}s", "kind": kind, "namespaced": inside, "verbs": ["get", "delete"]}
        for kind, inside in kinds.items()
    ]
    there = {"ours": {"labels": {"conformance.run": "r"}}, "theirs": {"labels": {"app": "x"}}, "bare": {}}
    api_server.documents |= {
        "/apis": {"kind": "APIGroupList", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "resources": found},
        "/api/v1/namespaces/s/configmaps/c": {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}},
        **{f"{VOLUMES}/{name}": volume(name, **metadata) for name, metadata in there.items()},
    }
    return api_server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[Callable[..., bool]]:
    """What is waited for, each as what tells whether it has happened where some objects are there."""
    found: list[Callable[..., bool]] = []

    def wait_until(_what: str, _seconds: float, _listed: Any, ready: Any, *, field_selector: str = "") -> None:
        def happened(**phases: str) -> bool:
            there = {name: phase for name, phase in phases.items() if field_selector in {"", f"metadata.name={name}"}}
            return bool(ready([Of(metadata=Of(name=name), status=Of(phase=one)) for name, one in there.items()]))

        found.append(happened)

    monkeypatch.setattr("fixtures.cluster.objects.wait_until", wait_until)
    return found


def changes(server: ApiServer) -> list[str]:
    """The requests that were to change something."""
    return [one for one in server.sent if not one.startswith("GET ")]


def test_objects_without_a_runs_label_are_not_applied() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}}
    objects = Objects.__new__(Objects)
    with pytest.raises(ClusterError, match=r"^ConfigMap s/c without the label conformance.run"):
        objects.apply([document])
    (labelled,) = marked([document], "r")
    assert labels(labelled) == {"conformance.run": "r"}


@pytest.mark.parametrize("name", ["theirs", "bare"])
def test_nothing_is_applied_where_one_object_is_somebody_elses(
    server: ApiServer, api: client.ApiClient, name: str
) -> None:
    documents = marked([volume("new"), volume("ours"), volume(name)], "r")
    with pytest.raises(ClusterError, match=rf"^PersistentVolume {name} is there already and not of this suite's mak"):
        Objects(api).apply(documents)
    assert changes(server) == []


def test_removed_is_what_this_suite_made_and_no_more(server: ApiServer, api: client.ApiClient) -> None:
    inside = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}}
    names = ("theirs", "ours", "bare", "gone")
    Objects(api).remove(marked([*map(volume, names), inside], "r"))
    # What is in a namespace goes with it; what is gone already is no error.
    assert changes(server) == [f"DELETE {VOLUMES}/gone", f"DELETE {VOLUMES}/ours"]


def test_volume_is_there_for_a_claim_once_it_is_available_itself(
    server: ApiServer, api: client.ApiClient, waits: list[Callable[..., bool]]
) -> None:
    Objects(api).apply(marked([volume("ours")], "r"))
    (available,) = waits
    assert changes(server) == [f"PATCH {VOLUMES}/ours"]
    assert not available(ours="Pending", theirs="Available")
    assert available(ours="Available", theirs="Pending")
    assert available(ours="Bound")


def test_removal_ends_when_the_namespaces_of_the_run_are_gone(
    server: ApiServer, api: client.ApiClient, waits: list[Callable[..., bool]]
) -> None:
    spaces = [volume(name) | {"kind": "Namespace"} for name in ("one", "two")]
    server.documents |= {f"/api/v1/namespaces/{one['metadata']['name']}": one for one in marked(spaces, "r")}
    Objects(api).remove(spaces)
    (gone,) = waits
    assert not gone(one="Terminating", theirs="Active")
    assert not gone(two="Terminating")
    assert gone(theirs="Active")


def test_kind_that_the_cluster_does_not_know_is_named(server: ApiServer, api: client.ApiClient) -> None:
    with pytest.raises(ClusterError, match=r"^http://.* knows no Workflow of argoproj.io/v1: install what defines it"):
        Objects(api).remove([volume("x") | {"apiVersion": "argoproj.io/v1", "kind": "Workflow"}])
    assert changes(server) == []
