"""A word is looked for in what a service logged, and a log that never held anything is no proof."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.services import logs
from fixtures.verdict.evidence import Blocked

POD = SimpleNamespace(
    metadata=SimpleNamespace(name="nats-0", namespace="nats"),
    spec=SimpleNamespace(containers=[SimpleNamespace(name="nats"), SimpleNamespace(name="reloader")]),
)


def look(monkeypatch: pytest.MonkeyPatch, lately: dict[str, str], earlier: str = "") -> None:
    """Look for `secret` in a pod whose containers logged that lately, and this before."""

    def read(
        _core: Any, _name: str, _namespace: str, *, container: str, tail_lines: int = 0, since_seconds: int = 0
    ) -> str:
        assert bool(tail_lines) != bool(since_seconds)
        return lately.get(container, "") or (earlier if tail_lines else "")

    monkeypatch.setattr(logs, "own_pods", lambda *_: [POD])
    monkeypatch.setattr(logs, "pause", lambda _: None)
    monkeypatch.setattr(client.CoreV1Api, "read_namespaced_pod_log", read)
    endpoint: Any = SimpleNamespace(host="nats")
    logs.must_not_log(client.ApiClient(), endpoint, "nats", "secret", "turn trace off")


def test_word_in_the_log_of_any_container_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"^nats: its log has what a user gave it, .*: turn trace off"):
        look(monkeypatch, {"nats": "begun", "reloader": "PUB secret"})


def test_log_without_the_word_passes_though_nothing_was_said_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    look(monkeypatch, {}, earlier="begun")


def test_log_that_never_held_anything_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Blocked, match="nats has logged nothing since it began"):
        look(monkeypatch, {})


@pytest.mark.parametrize(("written", "there"), [(3, True), (100, False)], ids=["late", "too late"])
def test_line_is_waited_for_with_a_limit(monkeypatch: pytest.MonkeyPatch, written: float, *, there: bool) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr(logs, "pause", lambda seconds: clock.append(clock.pop() + seconds))

    def log() -> str:
        return "AuthSuccess by ann\nAuthFailure by bob\n" + ("AuthSuccess by bob\n" if clock[0] >= written else "")

    assert logs.is_logged(log, "AuthSuccess", "bob") is there
    assert clock[0] == (written if there else logs.LOGGED_SECONDS)
