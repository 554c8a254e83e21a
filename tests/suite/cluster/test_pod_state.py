"""What a pod's events say of its trouble."""

from __future__ import annotations

from types import SimpleNamespace as Of
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.pod_state import warning_events


def event(uid: str, kind: str, message: str, moment: str) -> Any:
    """An event of a pod."""
    return Of(involvedObject=Of(uid=uid), type=kind, message=message, last_timestamp=moment, event_time=None)


EVENTS = [
    event("mine", "Warning", "second", "2030-01-01 00:02"),
    event("mine", "Warning", "first", "2030-01-01 00:01"),
    event("mine", "Warning", "", "2030-01-01 00:03"),
    event("mine", "Normal", "pulled", "2030-01-01 00:03"),
    event("other", "Warning", "of another", "2030-01-01 00:00"),
]


@pytest.mark.parametrize(
    ("pod", "told"),
    [(Of(metadata=Of(uid="mine")), ["first", "second"]), (None, ["of another", "first", "second"])],
    ids=["of a pod", "of a namespace"],
)
def test_warnings_are_those_that_are_asked_for_the_latest_last(
    monkeypatch: pytest.MonkeyPatch, pod: Any, told: list[str]
) -> None:
    def listed(_self: object, _namespace: str, field_selector: str) -> Any:
        wanted = dict(one.split("=") for one in field_selector.split(","))
        uids = {wanted["involvedObject.uid"]} if "involvedObject.uid" in wanted else {"mine", "other"}
        return Of(items=[one for one in EVENTS if one.type == wanted["type"] and one.involvedObject.uid in uids])

    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_event", listed)
    assert [one.message for one in warning_events(client.ApiClient(), "space", pod)] == told
