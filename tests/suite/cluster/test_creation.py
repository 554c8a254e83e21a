"""A cluster is made whole, or nothing of it is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures import paths
from fixtures.cluster import creation, locks, removal
from fixtures.cluster.api import ClusterError
from fixtures.cluster.node_image import NodeImage
from fixtures.errors import UsageError
from tests.suite.cluster.fakes.engine import calls, left

BUILT = NodeImage("localhost/node", built_here=True, reason="")


def test_failed_cluster_leaves_nothing(machine: Path) -> None:
    with pytest.raises(ClusterError, match=r"^kind failed at `Starting control-plane.*ERROR: failed to init node"):
        creation.create("t", image=BUILT)
    assert left(machine) == []
    assert not list(paths.CLUSTERS.iterdir())
    assert "rm --force --volumes t-control-plane" in calls(machine)


def test_interrupted_making_leaves_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> None:
        (machine / "container.t-control-plane").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("fixtures.cluster.creation.run_kind", interrupted)
    with pytest.raises(KeyboardInterrupt):
        creation.create("t", image=BUILT)
    assert left(machine) == []


@pytest.mark.parametrize("action", [creation.create, removal.delete], ids=["create", "delete"])
def test_cluster_of_someone_else_is_left_alone(machine: Path, action: Any) -> None:
    (machine / "container.t-control-plane").touch()
    with pytest.raises(ClusterError, match=r"called t that this suite has not made: choose another --name"):
        action("t")
    assert left(machine) == ["container.t-control-plane"]


@pytest.mark.usefixtures("machine")
def test_second_making_at_the_same_time_is_refused() -> None:
    with (
        locks.changing("t"),
        pytest.raises(ClusterError, match=r"^cluster t is being made or removed by another run"),
    ):
        creation.create("t", image=BUILT)


@pytest.mark.parametrize("nodes", [0, 6])
def test_number_of_nodes_is_checked(nodes: int) -> None:
    with pytest.raises(UsageError, match=rf"^--nodes {nodes}: not a number from 1 to 5"):
        creation.create("t", nodes)
