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
    """Return what is made of the events of a watch; one that is an exception is raised."""

    def stream(*_arguments: Any, **_selection: Any) -> Iterator[Any]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event

    monkeypatch.setattr("kubernetes.watch.Watch.stream", stream)
    return wait_for(client.ApiClient(), WORKFLOW, phase, 60, "its controller to begin it")


def test_first_object_that_has_it_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[dict[str, Any]] = [{}, {"status": {"phase": "Running"}}, {"status": {"phase": "Failed"}}]
    events = [{"type": "MODIFIED", "object": one} for one in statuses]
    assert told(monkeypatch, None, {"type": "BOOKMARK", "object": statuses[2]}, *events) == "Running"


def test_controller_that_does_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = r"^workflow one: timed out after 60 s waiting for its controller to begin it: see its controller's log$"
    with pytest.raises(ClusterWaitError, match=expected):
        told(monkeypatch, {"type": "ADDED", "object": {}})


def test_cluster_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterError, match=r"^watching workflow one failed at .*give this account the right"):
        told(monkeypatch, client.ApiException(403, "Forbidden"))
