"""How far services have come: phases, and what depends on a service that is down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import Diagnosis
from fixtures.services.catalogue.table import TABLE
from fixtures.services.progress import AWAITED, PHASES, Progress, Status, phase


def pod(*, node: str | None = "n", ready: bool = False, waiting: str | None = None, ending: bool = False) -> Any:
    state = SimpleNamespace(waiting=SimpleNamespace(reason=waiting) if waiting else None)
    conditions = [SimpleNamespace(type="Ready", status="True" if ready else "False")]
    return SimpleNamespace(
        metadata=SimpleNamespace(deletion_timestamp=datetime.now(UTC) if ending else None),
        spec=SimpleNamespace(node_name=node),
        status=SimpleNamespace(conditions=conditions, container_statuses=[SimpleNamespace(state=state)]),
    )


@pytest.fixture
def status() -> Status:
    """All services, none of which has a pod; `hush` is a password."""
    found = Status({service.name: service for service in TABLE}, lambda text: text.replace("hush", "***"))
    found.progress |= {service.name: Progress(service, 0.0) for service in TABLE}
    return found


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param([], "no pod", id="none"),
        pytest.param([pod(ready=True, ending=True)], "no pod", id="ending"),
        pytest.param([pod(node=None)], "no node", id="not-scheduled"),
        pytest.param([pod(waiting="ContainerCreating")], "getting its image", id="ContainerCreating"),
        pytest.param([pod(waiting="ErrImagePull")], "getting its image", id="ErrImagePull"),
        pytest.param([pod(waiting="ImagePullBackOff")], "getting its image", id="ImagePullBackOff"),
        pytest.param([pod(waiting="CrashLoopBackOff")], "starting", id="CrashLoopBackOff"),
        pytest.param([pod()], "starting", id="running"),
        pytest.param([pod(ready=True)], "ready", id="ready"),
    ],
)
def test_phase_is_how_far_the_pods_have_come(pods: list[Any], expected: str) -> None:
    assert phase(pods, 1) == expected


def test_service_of_no_pods_is_never_ready() -> None:
    assert phase([], 0) == "no pod"


def test_a_timeout_names_what_is_awaited_in_each_phase() -> None:
    assert {*AWAITED, "ready"} == set(PHASES)


def test_service_never_goes_back_to_an_earlier_phase(status: Status) -> None:
    nats = status.progress["nats"]
    status.advance(nats, "starting")
    status.advance(nats, "getting its image")
    assert (nats.phase, nats.seconds) == ("starting", None)
    status.advance(nats, "ready")
    assert nats.seconds is not None


def test_what_needs_a_service_that_is_down_is_not_waited_for(
    status: Status, capsys: pytest.CaptureFixture[str]
) -> None:
    status.give_up(status.progress["postgresql"], Diagnosis("hush is wrong", "change hush"))
    assert str(status.faults["postgresql"]) == "postgresql is down: *** is wrong: change ***"
    assert capsys.readouterr().out.endswith("s] postgresql: DOWN: *** is wrong\n")
    assert status.need_down("gitea") == "postgresql"
    assert not {"postgresql", "gitea", "keycloak", "mlflow"} & {one.service.name for one in status.pending()}
    assert status.up() == ["valkey", "nats", "argo", "argocd", "devpi"]


def test_what_needs_it_by_way_of_another_is_not_waited_for_either(status: Status) -> None:
    status.table = {**status.table, "nats": replace(status.table["nats"], needs=("valkey", "gitea"))}
    status.give_up(status.progress["postgresql"], Diagnosis("its disk is full", "make room"))
    assert status.need_down("nats") == "postgresql"
    assert "nats" not in status.up()
    assert "nats" not in {one.service.name for one in status.pending()}
