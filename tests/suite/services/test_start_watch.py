"""The wait for services: who is given up, when and why, on pods as a cluster would show them."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.wait import ClusterWaitError
from fixtures.marks import RUN_LABEL
from fixtures.services.catalogue.table import TABLE
from fixtures.services.progress import Progress, Status
from fixtures.services.start_watch import StartWatch

ROWS = {service.name: service for service in TABLE}


def pod(service: str, *, ready: bool = False, waiting: str | None = None, restarts: int = 0) -> Any:
    ended = SimpleNamespace(terminated=SimpleNamespace(reason="Error", exit_code=7))
    reason = SimpleNamespace(reason=waiting, message="so it is") if waiting else None
    state = SimpleNamespace(waiting=reason)
    status = SimpleNamespace(name="main", state=state, last_state=ended, restart_count=restarts)
    conditions = [SimpleNamespace(type="Ready", status="True" if ready else "False")]
    return SimpleNamespace(
        metadata=SimpleNamespace(name=f"{service}-0", namespace=service, uid=service, deletion_timestamp=None),
        spec=SimpleNamespace(node_name="n"),
        status=SimpleNamespace(
            phase="Running", conditions=conditions, init_container_statuses=None, container_statuses=[status]
        ),
    )


@pytest.fixture
def status() -> Status:
    """PostgreSQL and Gitea, which needs it, each with one pod."""
    found = Status(ROWS, lambda text: text)
    now = time.monotonic()
    found.progress |= {name: Progress(ROWS[name], now, wanted=1) for name in ("postgresql", "gitea")}
    return found


@pytest.fixture
def watch(status: Status, monkeypatch: pytest.MonkeyPatch) -> StartWatch:
    monkeypatch.setattr("fixtures.services.start_watch.last_words", lambda _api, namespace: f"{namespace} said no")
    monkeypatch.setattr("fixtures.services.start_watch.warning_events", lambda _api, _namespace, _pod: [])
    return StartWatch(client.ApiClient(client.Configuration()), status, "run1")


def test_wait_ends_when_all_are_ready(watch: StartWatch, status: Status) -> None:
    assert not watch.see([pod("postgresql", ready=True), pod("gitea")])
    assert [one.service.name for one in status.pending()] == ["gitea"]
    assert watch.see([pod("postgresql", ready=True), pod("gitea", ready=True)])
    assert not status.faults


def test_pods_of_this_run_alone_are_watched(watch: StartWatch, status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def wait_until(_what: str, _seconds: float, _listed: Any, ready: Callable[..., bool], **selection: str) -> None:
        asked.append(selection.get("label_selector", ""))
        assert ready([pod(name, ready=True) for name in status.progress])

    monkeypatch.setattr("fixtures.services.start_watch.wait_until", wait_until)
    watch.wait()
    assert asked == [f"{RUN_LABEL}=run1"]


def test_service_that_crashes_is_given_up_after_its_restarts(watch: StartWatch, status: Status) -> None:
    watch.see([pod("postgresql", waiting="CrashLoopBackOff", restarts=1)])
    assert not status.faults
    assert watch.see([pod("postgresql", waiting="CrashLoopBackOff", restarts=2)]), "gitea waits for what is down"
    assert str(status.faults["postgresql"]) == (
        "postgresql is down: pod postgresql-0: CrashLoopBackOff: main ends again and again (Error, exit code 7): "
        "postgresql said no"
    )


def test_pod_that_is_ending_is_no_reason_to_give_up(watch: StartWatch, status: Status) -> None:
    old = pod("postgresql", waiting="CrashLoopBackOff", restarts=9)
    old.metadata.deletion_timestamp = "2030-01-01T00:00:00Z"
    watch.see([old, pod("postgresql")])
    assert not status.faults


def test_service_that_needs_another_may_crash_until_that_is_there(watch: StartWatch, status: Status) -> None:
    watch.see([pod("postgresql"), pod("gitea", waiting="CrashLoopBackOff", restarts=9)])
    assert not status.faults


def test_clock_of_a_service_starts_when_what_it_needs_is_ready(watch: StartWatch, status: Status) -> None:
    watch.see([pod("postgresql"), pod("gitea")])
    gitea, long_ago = status.progress["gitea"], time.monotonic() - 1000
    gitea.since = long_ago
    assert watch.deadline(gitea) > time.monotonic() + gitea.limit - 10
    watch.see([pod("postgresql", ready=True), pod("gitea")])
    assert watch.deadline(gitea) == status.progress["postgresql"].since + gitea.limit


@pytest.mark.parametrize(
    ("seen", "awaited"),
    [
        pytest.param([], "120 s waiting for its pods", id="no pod"),
        pytest.param([pod("postgresql", waiting="ErrImagePull")], "300 s waiting for its image", id="no image"),
        pytest.param([pod("postgresql")], "180 s waiting for its pods to be Ready", id="not Ready"),
    ],
)
def test_service_that_is_late_is_given_up_with_what_it_waited_for(
    watch: StartWatch, status: Status, monkeypatch: pytest.MonkeyPatch, seen: list[Any], awaited: str
) -> None:
    def late(what: str, _seconds: float, _listed: object, see: Callable[[list[Any]], bool], **_: str) -> None:
        see(seen)
        status.progress["postgresql"].since -= 1000
        raise ClusterWaitError(what, "")

    monkeypatch.setattr("fixtures.services.start_watch.wait_until", late)
    watch.wait()
    assert str(status.faults["postgresql"]) == f"postgresql is down: timed out after {awaited}: postgresql said no"
    assert "gitea" not in status.faults
