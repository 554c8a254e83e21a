"""What killed runs left is removed; what somebody else made or uses is not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from fixtures import paths
from fixtures.cluster import __main__, locks, removal
from fixtures.cluster.api import ClusterError
from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.cluster.engine import has_running_node
from fixtures.errors import ExitCode, SuiteError
from fixtures.paths import ROOT
from tests.suite.cluster.fakes.engine import calls, left


def keep(machine: Path, *, lasting: bool) -> None:
    """Have a cluster of this checkout with one node, which runs."""
    (machine / "alive").touch()
    (machine / "checkout").write_text(str(ROOT), encoding="utf-8")
    found = EmbeddedCluster("t", "podman", "image", ("t-control-plane",), Path("k"), lasting=lasting)
    paths.CLUSTERS.mkdir(parents=True)
    (paths.CLUSTERS / "t.json").write_text(json.dumps(asdict(found), default=str), encoding="utf-8")


def test_what_a_killed_run_left_is_removed(left_behind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    removal.remove_leftovers("t", 1)
    assert left(left_behind) == []
    assert "cluster t: removing what an earlier run left of it" in capsys.readouterr().out


@pytest.mark.usefixtures("left_behind")
def test_files_of_a_removed_cluster_go_and_those_of_others_stay() -> None:
    for name in ("t", "t-2"):
        (paths.CLUSTERS / f"{name}.registry").mkdir(parents=True)
        for suffix in ("json", "kubeconfig", "kubeconfig.lock", "kind.yaml"):
            (paths.CLUSTERS / f"{name}.{suffix}").write_text("{}", encoding="utf-8")
    others = {one.name for one in paths.CLUSTERS.glob("t-2.*")}
    removal.remove("podman", "t")
    assert {one.name for one in paths.CLUSTERS.iterdir() if one.suffix != ".lock" or "kube" in one.name} == others


def test_volumes_of_nodes_that_are_gone_are_removed(left_behind: Path) -> None:
    for name in ("volume.t-worker", "volume.t-worker4", "volume.other-worker"):
        (left_behind / name).touch()
    (left_behind / "container.t-control-plane").unlink()
    removal.remove_leftovers("t", 1)
    assert left(left_behind) == ["volume.other-worker"]


def test_running_cluster_of_a_killed_run_is_removed(left_behind: Path) -> None:
    keep(left_behind, lasting=False)
    removal.remove_leftovers("t", 1)
    assert left(left_behind) == []


@pytest.mark.parametrize(
    ("nodes", "refusal"),
    [
        pytest.param(2, "--nodes 2: cluster t is kept with 1: give --nodes 1", id="another number of nodes"),
        pytest.param(1, "kept, and does not answer", id="it does not answer"),
    ],
)
def test_kept_cluster_that_does_not_fit_is_left_alone(left_behind: Path, nodes: int, refusal: str) -> None:
    keep(left_behind, lasting=True)
    with pytest.raises(SuiteError, match=refusal):
        removal.remove_leftovers("t", nodes)
    assert "container.t-control-plane" in left(left_behind)


def test_cluster_that_another_run_uses_is_left_alone(left_behind: Path) -> None:
    keep(left_behind, lasting=False)
    with locks.using("t"):
        locks._USED_BY_THIS_RUN.clear()  # as another process has it
        with pytest.raises(ClusterError, match=r"^cluster t is in use by another run: wait"):
            removal.remove_leftovers("t", 1)
    assert "container.t-control-plane" in left(left_behind)


def test_running_cluster_of_another_checkout_is_left_alone(left_behind: Path) -> None:
    (left_behind / "alive").touch()
    with pytest.raises(ClusterError, match=r"^cluster t is that of another checkout, .*: run `nox -s cluster -- del"):
        removal.remove_leftovers("t", 1)
    assert "container.t-control-plane" in left(left_behind)


def test_cluster_of_another_checkout_that_may_run_is_left_alone(
    left_behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (left_behind / "silent").touch()
    monkeypatch.setattr("fixtures.cluster.engine.KILL_SECONDS", 0.3)
    with pytest.raises(ClusterError, match=r"^cluster t is that of another checkout"):
        removal.remove_leftovers("t", 1)
    assert "container.t-control-plane" in left(left_behind)


def test_any_node_that_runs_makes_a_cluster_run(machine: Path) -> None:
    for name in ("t-worker", "t-control-plane"):
        (machine / f"container.{name}").touch()
    assert not has_running_node("podman", "t")
    assert calls(machine).splitlines()[1:] == ["podman exec t-control-plane true", "podman exec t-worker true"]
    (machine / "alive").touch()
    assert has_running_node("podman", "t")


@pytest.mark.usefixtures("machine")
def test_delete_says_when_there_was_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["delete", "--name", "t"]) == ExitCode.VERIFIED
    assert "cluster t: there is none" in capsys.readouterr().out
