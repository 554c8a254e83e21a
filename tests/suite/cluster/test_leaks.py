"""What a run left in a cluster or on this machine is named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import leaks
from fixtures.marks import RUN_VARIABLE
from tests.suite.cluster.fakes.api_server import ApiServer
from tests.suite.cluster.fakes.engine import calls


def serve(api_server: ApiServer, **kinds: str) -> None:
    """Have kinds that can be listed, by the name of their resource."""
    resources = [{"name": name, "kind": kind, "verbs": ["list"]} for name, kind in kinds.items()]
    api_server.documents |= {"/apis": {"groups": []}, "/api/v1": {"resources": resources}}


def pod(name: str, uid: str, image: str) -> dict[str, Any]:
    """A pod whose specification is its image alone."""
    return {"metadata": {"name": name, "namespace": "n", "uid": uid, "resourceVersion": uid}, "spec": image}


def test_leaks_are_named(api_server: ApiServer, api: client.ApiClient) -> None:
    serve(api_server, pods="Pod", events="Event")
    snapshots = []
    for pods in (
        [pod("a", "1", "x"), pod("b", "2", "x"), pod("c", "3", "x")],
        [pod("b", "2", "y"), pod("d", "4", "x")],
    ):
        api_server.documents["/api/v1/pods"] = {"metadata": {}, "items": pods}
        snapshots.append(leaks.objects(api))
    lines = ["changed: Pod n/b", "gone: Pod n/a", "gone: Pod n/c", "left behind: Pod n/d"]
    assert leaks.difference(*snapshots) == lines
    assert leaks.difference(snapshots[0], snapshots[0]) == []


@pytest.mark.parametrize(
    ("kind", "about", "seen"),
    [
        ("Pod", {"labels": {"a": "b"}}, True),
        ("Pod", {"annotations": {"a": "b"}}, True),
        ("Pod", {"finalizers": ["a/b"]}, True),
        ("Pod", {"resourceVersion": "2", "generation": 2, "managedFields": [{}]}, False),
        ("Lease.coordination.k8s.io", {"annotations": {"a": "b"}}, False),
    ],
    ids=["label", "annotation", "finalizer", "written again as it was", "renewed by the cluster"],
)
def test_what_is_written_beside_an_object_s_content_is_a_change(
    kind: str, about: dict[str, Any], *, seen: bool
) -> None:
    before = pod("a", "1", "x")
    after = {**before, "metadata": {**before["metadata"], **about}}
    assert (leaks.identity(kind, before) != leaks.identity(kind, after)) is seen


def test_objects_are_listed_on_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {"": (["a", "b"], "x"), "x": (["c"], "y"), "y": (["d"], "")}

    def request(_api: object, path: str) -> tuple[dict[str, Any], None]:
        names, after = pages[path.partition("&continue=")[2]]
        return {"items": [{"name": one} for one in names], "metadata": {"continue": after}}, None

    monkeypatch.setattr(leaks, "request", request)
    assert [one["name"] for one in leaks.listed(client.ApiClient(), "/api/v1/pods")] == ["a", "b", "c", "d"]


def test_what_could_not_be_listed_is_said(api_server: ApiServer, api: client.ApiClient) -> None:
    serve(api_server, secrets="Secret")
    api_server.refusals["GET", "/api/v1/secrets"] = 403
    snapshot = leaks.objects(api)
    assert snapshot.unreadable == {"Secret"}
    assert leaks.difference(snapshot, leaks.Snapshot({})) == ["not comparable: Secret could not be listed"]


def test_engine_is_asked_for_what_is_the_runs_own(machine: Path) -> None:
    (machine / "network.others").write_text("conformance.cluster=u", encoding="utf-8")
    before = leaks.host("podman", "run-1", "t")
    (machine / "container.c").touch()
    (machine / "network.kind-t").write_text("conformance.cluster=t", encoding="utf-8")
    (machine / "network.kind-u").write_text("conformance.cluster=u", encoding="utf-8")
    assert leaks.difference(before, leaks.host("podman", "run-1", "t")) == [
        "left behind: container c",
        "left behind: network kind-t",
    ]
    assert "ps --all --filter=label=conformance.run=run-1 " in calls(machine)


def test_processes_of_a_run_are_known_by_their_mark() -> None:
    environment = {RUN_VARIABLE: "run-1"}
    with subprocess.Popen(["sleep", "60"], env=environment | {"PATH": os.environ["PATH"]}) as process:
        found = leaks.processes("run-1")
        process.kill()
    assert list(found.things) == [f"process {process.pid} (sleep)"]
    assert leaks.processes("run-1").things == {}
