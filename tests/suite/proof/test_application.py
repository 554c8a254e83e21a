"""When a sync of Argo CD has ended, and what it says then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.api import ClusterError
from fixtures.cluster.wait import ClusterWaitError
from fixtures.proof import application
from fixtures.services.model import Account

REVISION = "b" * 40


def state(phase: str, revision: str = REVISION, **more: Any) -> dict[str, Any]:
    """The state of an operation."""
    return {"phase": phase, "operation": {"sync": {"revision": revision}}, "message": phase.lower()} | more


class Cluster:
    """The API of custom objects, whose application goes on by one document each time that it is read."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = list(documents)
        self.asked: dict[str, Any] = {}

    def patch_namespaced_custom_object(self, *place: Any) -> None:
        """Keep the operation that is asked for."""
        self.asked = place[-1]["operation"]["sync"]

    def get_namespaced_custom_object(self, *_: Any) -> dict[str, Any]:
        """Return the next document; the last one stays."""
        return self.documents.pop(0) if len(self.documents) > 1 else self.documents[0]


def synced(monkeypatch: pytest.MonkeyPatch, *documents: dict[str, Any]) -> tuple[application.Sync, int]:
    """Return how a sync of REVISION ended, by the documents of the application, and after how many pauses."""
    cluster, pauses = Cluster(*documents), list[float]()
    monkeypatch.setattr(client, "CustomObjectsApi", lambda _: cluster)
    monkeypatch.setattr(application, "pause", pauses.append)
    repository: Any = SimpleNamespace(commit=lambda *_: REVISION)
    found = application.Application(client.ApiClient(), "smoke-1", repository).sync([], "a change")
    assert cluster.asked["revision"] == REVISION
    return found, len(pauses)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param({}, id="no status"),
        pytest.param({"status": {}}, id="no operation"),
        pytest.param({"status": {"operationState": state("Succeeded", "a" * 40)}}, id="the sync before"),
        pytest.param({"status": {"operationState": state("Running")}}, id="still running"),
        pytest.param({"status": {"operationState": state("Succeeded")}, "operation": {}}, id="not taken up yet"),
    ],
)
def test_sync_has_ended_when_this_one_has(monkeypatch: pytest.MonkeyPatch, before: dict[str, Any]) -> None:
    found, pauses = synced(monkeypatch, before, {"status": {"operationState": state("Failed")}})
    assert (found.phase, found.reasons, pauses) == ("Failed", "failed", 1)


def test_reasons_are_those_of_hooks_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = [{"hookPhase": phase, "message": f"hook {phase}"} for phase in ("Succeeded", "Failed", "Error")]
    ended = state("Failed", syncResult={"resources": [{"message": "a plain object"}, *hooks]})
    found, _ = synced(monkeypatch, {"status": {"operationState": ended}})
    assert found.reasons.splitlines() == ["failed", "hook Failed", "hook Error"]


def test_sync_that_does_not_end_is_an_error_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "SYNC_SECONDS", 0.05)
    with pytest.raises(ClusterWaitError, match=r"^application smoke-1: its sync has not ended .*: it said running$"):
        synced(monkeypatch, {"status": {"operationState": state("Running")}})


def test_all_of_an_application_goes_though_it_was_half_made_and_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []

    def delete(*place: Any) -> None:
        removed.append(next(one for one in place if one in {"applications", "appprojects", "smoke-1"}))
        if removed[-1] == "applications":
            raise ApiException(status=404)
        if removed[-1] == "appprojects":
            raise ApiException(status=403)

    def apply(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.CustomObjectsApi, "delete_namespaced_custom_object", delete)
    monkeypatch.setattr(client.CoreV1Api, "delete_namespaced_secret", delete)
    monkeypatch.setattr(application, "Objects", lambda _: SimpleNamespace(apply=apply))
    made: Any = application.created(client.ApiClient(), "1", None, "https://g/r", Account("r", "", ""))  # type: ignore[arg-type]
    with pytest.raises(ClusterError, match="removing application smoke-1"), made:
        pytest.fail("made though interrupted")
    assert removed == ["applications", "appprojects", "smoke-1"]
