"""The cluster of a run as a check of pytest-kubernetes uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import scratch_manager
from fixtures.cluster.api import ClusterError
from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.cluster.given import GivenCluster
from fixtures.cluster.kubectl import KubectlError
from fixtures.cluster.manager import EmbeddedManager
from fixtures.cluster.rights import Right
from fixtures.cluster.scratch_manager import ScratchManager, ScratchManagers
from fixtures.cluster.target import Target
from fixtures.errors import UsageError
from fixtures.verdict.evidence import Blocked
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.engine import asked
from tests.suite.cluster.fakes.objects import FakeObjects

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}


@pytest.fixture
def embedded(machine: Path, api: client.ApiClient, spaces: list[str]) -> ScratchManager:
    """A manager for an embedded cluster."""
    assert not spaces
    assert machine.is_dir()
    manager = EmbeddedManager("t")
    manager.adopt(EmbeddedCluster("t", "podman", "image", ("t-control-plane",), Path("k")))
    return ScratchManager(Target(api, manager), "run")


@pytest.fixture
def given(
    machine: Path, api: client.ApiClient, api_server: ApiServer, tmp_path: Path, spaces: list[str]
) -> Callable[..., ScratchManager]:
    """Returns a manager for a given cluster that serves pods and nodes."""
    assert not spaces
    (machine / "answer").write_text("{}", encoding="utf-8")
    kinds = {"Pod": ("pods", "po"), "Node": ("nodes", "no"), "Namespace": ("namespaces", "ns")}
    resources = [
        {"name": name, "kind": kind, "namespaced": kind == "Pod", "shortNames": [short], "verbs": ["list"]}
        for kind, (name, short) in kinds.items()
    ]
    api_server.documents |= {"/apis": {"groups": []}, "/api/v1": {"resources": resources}}
    config = kubeconfig(tmp_path, api_server.url)

    def make(*missing: Right, allow_writes: bool = True) -> ScratchManager:
        return ScratchManager(Target(api, GivenCluster(config, allow_writes=allow_writes), missing), "run")

    return make


# ---- the scratch namespace


def test_default_is_a_scratch_namespace_until_it_is_deleted(
    machine: Path, embedded: ScratchManager, spaces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmbeddedCluster, "answers", lambda _self: True)
    embedded.apply(CONFIG_MAP)
    assert spaces == [embedded.name]
    found = embedded.kubectl(["get", "configmap", "c", "-n", "default"])
    assert found["metadata"] == {"name": "c", "namespace": embedded.name}
    kubectl = "[--kubeconfig=/etc/kubernetes/admin.conf]"
    assert asked(machine) == [
        f"{kubectl}[apply][--namespace={embedded.name}][--filename=-]",
        f"{kubectl}[get][--namespace={embedded.name}][configmap][c][--output=json]",
    ]
    embedded.reset()
    assert not spaces


@pytest.mark.parametrize("arguments", [["version"], ["get", "nodes", "-n", "kube-system"], ["get", "pods", "-A"]])
def test_what_is_elsewhere_takes_no_scratch_namespace(
    machine: Path, embedded: ScratchManager, spaces: list[str], arguments: list[str]
) -> None:
    (machine / "answer").write_text("{}", encoding="utf-8")
    embedded.kubectl(arguments)
    assert not spaces


def test_wait_and_logs_are_of_the_scratch_namespace(machine: Path, embedded: ScratchManager) -> None:
    (machine / "answer").touch()
    embedded.wait("pod/p", "condition=Ready")
    embedded.logs("p")
    assert all(f"[--namespace={embedded.name}]" in line for line in asked(machine))


def test_create_is_for_the_cluster_that_is_there(embedded: ScratchManager) -> None:
    with pytest.raises(KubectlError, match=r"^cluster t does not answer within 0 s: see whether it runs$"):
        embedded.create(timeout=0)
    with pytest.raises(UsageError, match=r"^k8s.create\(\) is for the cluster that the run has: use --nodes"):
        embedded.create(options=["--agents", "2"])
    assert (embedded.get_binary_name(), embedded.cluster_name, embedded.kubeconfig) == ("kind", "t", Path("k"))


# ---- a given cluster


def test_reading_a_read_only_cluster_needs_no_right(
    machine: Path, given: Callable[..., ScratchManager], spaces: list[str]
) -> None:
    manager = given(allow_writes=False)
    manager.kubectl(["get", "pods"])
    assert asked(machine)[0].endswith("[get][--namespace=default][pods][--output=json]")
    assert not spaces


@pytest.mark.parametrize("arguments", [["delete", "pod", "p"], ["exec", "p", "--", "true"], ["some-plugin"]])
def test_writing_to_a_read_only_cluster_blocks_the_check(
    machine: Path, given: Callable[..., ScratchManager], arguments: list[str]
) -> None:
    with pytest.raises(Blocked, match="the given cluster is read-only"):
        given(allow_writes=False).kubectl(arguments)
    with pytest.raises(Blocked, match="this account may not deploy"):
        given(Right("create", "namespaces")).kubectl(arguments)
    assert not (machine / "kubectl").exists()


@pytest.mark.parametrize("arguments", [["delete", "pod", "p"], ["exec", "p", "--", "true"], ["create", "job", "j"]])
def test_writing_is_in_the_scratch_namespace(
    machine: Path, given: Callable[..., ScratchManager], spaces: list[str], arguments: list[str]
) -> None:
    manager = given()
    manager.kubectl(arguments, as_dict=False)
    manager.apply(CONFIG_MAP)
    assert spaces == [manager.name]
    assert all(f"[--namespace={manager.name}]" in line for line in asked(machine))


BEYOND = {
    "delete node n": "node is in no namespace",
    "delete no/n": "no is in no namespace",
    "delete pods,nodes --all": "nodes is in no namespace",
    "delete pod/p Node/n": "node is in no namespace",
    "label ns default a=b": "ns is in no namespace",
    "delete pod p -n kube-system": "it would change kube-system: leave the namespace out",
    "delete pods --all -A": "it would change all namespaces",
    "create --raw /api/v1/nodes": "--raw reaches beyond a namespace",
    "create --raw=/api/v1/nodes": "--raw=/api/v1/nodes reaches beyond a namespace",
    "apply --prune=true -l a=b": "--prune=true reaches beyond a namespace",
    "apply --prune -l a=b": "--prune reaches beyond a namespace",
    "drain n": "drain in a given cluster is not run by k8s",
    "config set-context x": "config in a given cluster is not run by k8s",
}


@pytest.mark.parametrize(("arguments", "refusal"), BEYOND.items(), ids=BEYOND)
def test_writing_elsewhere_is_refused(
    machine: Path, given: Callable[..., ScratchManager], arguments: str, refusal: str
) -> None:
    with pytest.raises(UsageError, match=refusal):
        given().kubectl(arguments.split())
    assert not (machine / "kubectl").exists()


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ({"kind": "Namespace", "metadata": {"name": "x"}}, "namespace is in no namespace"),
        ({"kind": "Pod", "metadata": {"name": "x", "namespace": "kube-system"}}, "it would change kube-system"),
        ({"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "x"}}]}, "node is in no namespace"),
    ],
    ids=["a namespace", "a pod elsewhere", "a node in a list"],
)
def test_manifest_of_something_elsewhere_is_refused(
    given: Callable[..., ScratchManager], tmp_path: Path, document: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(UsageError, match=refusal):
        given().apply(document)
    (tmp_path / "m.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError, match=refusal):
        given().kubectl(["create", "-f", str(tmp_path / "m.json")])


# ---- for a check


@pytest.fixture
def managers(embedded: ScratchManager) -> ScratchManagers:
    """What makes managers for an embedded cluster."""
    return ScratchManagers(embedded._target, "run")


def test_check_leaves_nothing(managers: ScratchManagers, spaces: list[str]) -> None:
    with managers.for_check() as manager:
        manager.apply(CONFIG_MAP)
        assert spaces
    assert not spaces


@pytest.mark.parametrize("ended", [KeyboardInterrupt(), ClusterError("it answered too late", "wait")], ids=repr)
def test_namespace_is_removed_whose_making_did_not_end(
    managers: ScratchManagers, spaces: list[str], monkeypatch: pytest.MonkeyPatch, ended: BaseException
) -> None:
    class Broken(FakeObjects):
        def apply(self, documents: list[dict[str, Any]]) -> None:
            super().apply(documents)
            raise ended

    monkeypatch.setattr(scratch_manager, "Objects", Broken)
    with pytest.raises(type(ended)), managers.for_check() as manager:
        manager.apply(CONFIG_MAP)
    assert not spaces


def test_kept_namespace_is_there_for_the_next_check_of_that_name(managers: ScratchManagers, spaces: list[str]) -> None:
    with managers.for_check(keep=True, cluster_name="a") as seeded:
        seeded.apply(CONFIG_MAP)
    with managers.for_check(cluster_name="b") as other:
        assert other is not seeded
    with managers.for_check(provider="kind", cluster_name="a") as found:
        assert found is seeded
        assert spaces == [seeded.name]
    assert not spaces


def test_namespace_that_cannot_be_removed_keeps_no_other(
    managers: ScratchManagers, spaces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, *others = [managers("kind")(name) for name in ("a", "b", "c")]
    for one in (stuck, *others):
        one.apply(CONFIG_MAP)

    def refuse() -> None:
        raise ClusterError("it does not go", "look at it")

    for one in (stuck, others[0]):
        monkeypatch.setattr(one, "delete", refuse)
    with pytest.raises(ClusterError, match="it does not go"):
        managers.close()
    assert spaces == [stuck.name, others[0].name]


def test_managers_made_by_hand_leave_nothing(managers: ScratchManagers, spaces: list[str]) -> None:
    managers("kind")("analytics").apply(CONFIG_MAP)
    with managers.for_check(keep=True) as kept:
        kept.apply(CONFIG_MAP)
    assert len(spaces) == 2
    managers.close()
    assert not spaces


def test_other_cluster_than_the_runs_is_not_made(managers: ScratchManagers) -> None:
    with (
        pytest.raises(Blocked, match="the cluster is of provider kind"),
        managers.for_check(provider="k3d"),
    ):
        pytest.fail("it has a cluster")
    with (
        pytest.raises(UsageError, match=r"^k8s uses the cluster that the run has: use --nodes"),
        managers.for_check(k8s_kubeconfig="~/.kube/config"),
    ):
        pytest.fail("it has a cluster")
