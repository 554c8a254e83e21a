"""Waiting for what a controller writes into a custom object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.api import ClusterError
from fixtures.cluster.custom_object import CustomObject, wait_for
from fixtures.cluster.wait import ClusterWaitError

WORKFLOW = CustomObject("argoproj.io", "v1alpha1", "workflows", "space", "one")


def phase(document: Mapping[str, Any]) -> str:
    """Return a workflow's phase, empty before its controller has seen it."""
    return str(document.get("status", {}).get("phase", ""))


def told(monkeypatch: pytest.MonkeyPatch, *events: Any) -> str:
    """Return what is made of the events of a watch; one that is an exception is raised.

    The server tells of the objects in its place whose name fits; one without a name is the one that is waited for.
    """

    def stream(_watch: Any, _listed: Any, *place: str, field_selector: str = "", **_: Any) -> Iterator[Any]:
        assert place == ("argoproj.io", "v1alpha1", "space", "workflows")
        wanted = field_selector.removeprefix("metadata.name=")
        for event in events:
            if isinstance(event, Exception):
                raise event
            name = ((event or {}).get("object") or {}).get("metadata", {}).get("name", WORKFLOW.name)
            if name == wanted or not wanted:
                yield event

    monkeypatch.setattr("kubernetes.watch.Watch.stream", stream)
    return wait_for(client.ApiClient(), WORKFLOW, phase, 60, "its controller to begin it")


def test_first_object_that_has_it_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[dict[str, Any]] = [{}, {"status": {"phase": "Running"}}, {"status": {"phase": "Failed"}}]
    events = [{"type": "MODIFIED", "object": one} for one in statuses]
    assert told(monkeypatch, None, {"type": "BOOKMARK", "object": statuses[2]}, *events) == "Running"


def test_state_of_another_object_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"other": "Succeeded", "one-more": "Failed", "one": "Running"}
    told_of = [{"metadata": {"name": name}, "status": {"phase": phase}} for name, phase in names.items()]
    assert told(monkeypatch, *({"type": "ADDED", "object": one} for one in told_of)) == "Running"


def test_controller_that_does_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = r"^workflow one: timed out after 60 s waiting for its controller to begin it: see its controller's log$"
    with pytest.raises(ClusterWaitError, match=expected):
        told(monkeypatch, {"type": "ADDED", "object": {}})


def test_cluster_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterError, match=r"^watching workflow one failed at .*give this account the right"):
        told(monkeypatch, client.ApiException(403, "Forbidden"))
