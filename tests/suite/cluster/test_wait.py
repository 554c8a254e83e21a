"""Waiting for objects: a watch that breaks is begun anew, and a wait ends in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.wait import ClusterWaitError, wait_until

BROKEN = {
    "starting point dropped": ApiException(410),
    "server busy": ApiException(503),
    "connection cut": urllib3.exceptions.ProtocolError("cut"),
    "forbidden": ApiException(403),
}


class BrokenWatch:
    """A watch whose streams each yield one event and then break."""

    errors: Iterator[Exception]

    def stream(self, *_arguments: Any, **_selection: Any) -> Iterator[dict[str, Any]]:
        yield {"type": "ADDED", "object": SimpleNamespace(metadata=SimpleNamespace(uid="late", name="late"))}
        raise next(self.errors)


@pytest.mark.parametrize("error", BROKEN.values(), ids=BROKEN)
def test_watch_that_breaks_is_begun_anew(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.wait.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("kubernetes.watch.Watch", BrokenWatch)
    BrokenWatch.errors = iter([error] * 3)
    lists = []

    def listed(**_selection: Any) -> Any:
        lists.append(1)
        return SimpleNamespace(items=[], metadata=SimpleNamespace(resource_version="1"))

    refused = getattr(error, "status", 0) == 403
    with pytest.raises(ApiException, match="403") if refused else nullcontext():
        wait_until("three tries", 5, listed, lambda there: bool(there) and len(lists) == 3)
    assert len(lists) == (1 if refused else 3)


def test_changes_of_a_watch_are_those_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def pod(name: str, phase: str) -> Any:
        return SimpleNamespace(metadata=SimpleNamespace(uid=name, name=name), phase=phase)

    events = [
        ("MODIFIED", pod("a", "Running")),
        ("ADDED", pod("b", "Pending")),
        ("BOOKMARK", pod("c", "?")),
        ("DELETED", pod("a", "Running")),
        ("DELETED", pod("unknown", "?")),
        ("DELETED", pod("b", "Pending")),
    ]
    stream = iter([{"type": kind, "object": thing} for kind, thing in events])
    monkeypatch.setattr("kubernetes.watch.Watch", lambda: SimpleNamespace(stream=lambda *_words, **_options: stream))
    page = SimpleNamespace(items=[pod("a", "Pending")], metadata=SimpleNamespace(resource_version="1"))
    seen = []

    def gone(there: list[Any]) -> bool:
        seen.append({one.metadata.name: one.phase for one in there})
        return not there

    wait_until("all pods gone", 5, lambda **_selection: page, gone)
    both, one = {"a": "Running", "b": "Pending"}, {"b": "Pending"}
    assert seen == [{"a": "Pending"}, {"a": "Running"}, both, one, one, {}]


def test_wait_that_times_out_says_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.cluster.wait._changes", lambda *_words: iter(()))
    pod = SimpleNamespace(metadata=SimpleNamespace(uid="u", name="p"))
    there = SimpleNamespace(items=[pod], metadata=SimpleNamespace(resource_version="1"))
    expected = r"^timed out after 0 s waiting for a Ready pod: there was p; see its events$"
    with pytest.raises(ClusterWaitError, match=expected):
        wait_until("a Ready pod", 0.05, lambda **_selection: there, lambda _pods: False)
