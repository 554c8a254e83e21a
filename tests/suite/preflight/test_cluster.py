"""Each thing that a cluster lacks is named, with the rows that it blocks; what cannot be seen is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures import inventory as inventories
from fixtures.deployment.overlay import BASE
from fixtures.host.finding import Finding, State
from fixtures.preflight import cluster as looks
from fixtures.preflight import nodes
from fixtures.preflight.asking import UnseenError
from fixtures.registry.settings import RegistrySettings
from tests.suite.preflight.conftest import (
    ADMISSION,
    CLASSES,
    CONFIGURATION,
    DEFAULT,
    SETS,
    SPACES,
    FakeCluster,
    named,
    node,
)
from tests.suite.registry.fakes.registry import FakeRegistry
from tests.suite.serving import serving

REPOSITORY = "library/x"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
Change = Callable[[FakeCluster], None]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistrySettings]:
    """A registry that takes what is pushed."""
    server = FakeRegistry(tmp_path)
    server.daemon_threads = True
    with serving(server):
        yield server.settings


def found(cluster: Any, settings: RegistrySettings | None, namespace: str = "") -> list[Finding]:
    """All findings."""
    return list(looks.findings(cluster, settings, REPOSITORY, namespace))


def with_state(findings: list[Finding], *states: State) -> dict[str, Finding]:
    """Those of some states, by their subject."""
    return {one.subject: one for one in findings if one.state in states}


def test_cluster_that_lacks_nothing_meets_everything(cluster: Any, registry: RegistrySettings) -> None:
    findings = found(cluster, registry)
    assert {one.state for one in findings} == {State.MET}
    assert {one.subject for one in findings} == {
        "version skew", "this account's rights", "registry", "nodes", "user namespaces", "seccompDefault",
        "admission policies", "pod security", "the workspace's pod", "default storage class", "NetworkPolicy",
    }  # fmt: skip


def put(path: str, value: Any) -> Change:
    """Have the cluster answer something else."""
    return lambda cluster: cluster.documents.update({path: value})


def tainted(key: str, effect: str) -> Change:
    """Have the one node a taint."""
    return put("/api/v1/nodes", [node(spec={"taints": [{"key": key, "effect": effect}]})])


def deny(*rights: tuple[str, str]) -> Change:
    """Take rights from the account."""
    return lambda cluster: cluster.denied.update(rights)


def refuse(cluster: FakeCluster) -> None:
    """Have a policy refuse the pod."""
    cluster.refusal = "admission webhook denied: disallow-sudo"


UNMET: dict[str, tuple[Change, str, str]] = {
    "no default class": (
        put(CLASSES, [named("slow")]), "default storage class", "no class is the default (there: slow)",
    ),
    "class that is not the default": (
        put(CLASSES, [named("slow", annotations={DEFAULT_CLASS: "false"})]), "default storage class", "(there: slow)",
    ),
    "no class": (put(CLASSES, []), "default storage class", "no class is the default (there: none at all)"),
    "restricted": (put(SPACES, [named("code-server", labels=RESTRICTED)]), "pod security", "code-server: PodSecurity"),
    "policy": (refuse, "the workspace's pod", "namespace default refuses it: admission webhook denied: disallow-sudo"),
    "may not deploy": (deny(("create", "secrets")), "this account's rights", "it may not create secrets"),
    "may not look": (deny(("list", "nodes")), "this account's rights", "it may not list nodes"),
    "newer server": (put("/version", {"gitVersion": "v1.33.1+k3s1"}), "version skew", "server v1.33.1+k3s1: supported"),
    "old kernel": (put("/api/v1/nodes", [node(info={"kernelVersion": "5.4.0"})]), "user namespaces", "Linux 5.4"),
    "last kernel before": (
        put("/api/v1/nodes", [node(info={"kernelVersion": "5.10.9"})]), "user namespaces", "one has Linux 5.10.9",
    ),
    "seccomp": (put(CONFIGURATION, {"kubeletconfig": {"seccompDefault": True}}), "seccompDefault", "one: pods without"),
    "arm": (put("/api/v1/nodes", [node(info={"architecture": "arm64"})]), "nodes", "one: is arm64, the image is amd64"),
    "small": (put("/api/v1/nodes", [node(allocatable={"memory": "2Gi"})]), "nodes", "one: has 2.0 Gi of memory"),
    "just too small": (put("/api/v1/nodes", [node(allocatable={"memory": "4194303Ki"})]), "nodes", "one: has 4.0 Gi"),
    "not ready": (put("/api/v1/nodes", [node(conditions=[])]), "nodes", "one: is not Ready"),
    "cordoned": (put("/api/v1/nodes", [node(spec={"unschedulable": True})]), "nodes", "one: takes no pods"),
    "tainted": (tainted("gpu", "NoSchedule"), "nodes", "taint gpu"),
    "drives pods away": (tainted("down", "NoExecute"), "nodes", "taint down"),
    "control plane that drives pods away": (tainted(CONTROL_PLANE, "NoExecute"), "nodes", f"taint {CONTROL_PLANE}"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "subject", "said"), UNMET.values(), ids=UNMET)
def test_what_is_unmet_is_named_with_its_repair_and_its_rows(
    cluster: Any, registry: RegistrySettings, change: Change, subject: str, said: str
) -> None:
    change(cluster)
    unmet = with_state(found(cluster, registry), State.UNMET)
    assert list(unmet) == [subject]
    assert said in unmet[subject].seen
    assert unmet[subject].repair
    assert unmet[subject].blocks


STILL_MET: dict[str, Change] = {
    "default class by its beta name": put(CLASSES, [named("slow", annotations={BETA_DEFAULT_CLASS: "true"})]),
    "one default of two": put(CLASSES, [DEFAULT, named("slow", annotations={DEFAULT_CLASS: "false"})]),
    "one node of two": put("/api/v1/nodes", [node(conditions=[]), node()]),
    "just large enough": put("/api/v1/nodes", [node(allocatable={"memory": "4Gi"})]),
    "first kernel": put("/api/v1/nodes", [node(info={"kernelVersion": "5.11.0"})]),
    "taint that is a wish": tainted("gpu", "PreferNoSchedule"),
    "taint that the pod tolerates": tainted(CONTROL_PLANE, "NoSchedule"),
}  # fmt: skip


@pytest.mark.parametrize("change", STILL_MET.values(), ids=STILL_MET)
def test_what_is_just_enough_is_met(cluster: Any, registry: RegistrySettings, change: Change) -> None:
    change(cluster)
    assert with_state(found(cluster, registry), State.UNMET, State.NOTE, State.UNKNOWN) == {}


@pytest.mark.parametrize(
    ("major", "minor", "state"),
    [(0, -2, State.UNMET), (0, -1, State.MET), (0, 1, State.MET), (0, 2, State.UNMET), (1, 0, State.UNMET)],
)
def test_server_is_one_minor_version_from_kubectl_at_most(cluster: Any, major: int, minor: int, state: State) -> None:
    (pinned,) = [tool.version for tool in inventories.load().tools if tool.name == "kubectl"]
    ours = [int(number) for number in pinned.removeprefix("v").split(".")[:2]]
    cluster.documents["/version"] = {"gitVersion": f"v{ours[0] + major}.{ours[1] + minor}.0"}
    assert [one.state for one in nodes.version_skew(cluster)] == [state]


def test_four_things_at_once_are_four_findings(cluster: Any) -> None:
    for change in (
        put(CLASSES, []),
        deny(("create", "namespaces")),
        put(f"{SPACES}/mine", named("mine", labels=RESTRICTED)),
    ):
        change(cluster)
    unmet = with_state(found(cluster, None, "mine"), State.UNMET)
    assert list(unmet) == ["this account's rights", "registry", "pod security", "default storage class"]


def test_registry_that_refuses_is_unmet(cluster: Any, tmp_path: Path) -> None:
    server = FakeRegistry(tmp_path)
    server.daemon_threads = True
    with serving(server):
        unmet = with_state(found(cluster, server.stranger), State.UNMET)
    assert "refuses user robot (to push to library/x)" in unmet["registry"].seen


def test_account_that_may_see_nothing_is_told_unknown(cluster: Any, registry: RegistrySettings) -> None:
    cluster.documents.clear()
    findings = found(cluster, registry)
    assert not with_state(findings, State.UNMET)
    assert set(with_state(findings, State.UNKNOWN)) == {
        "version skew", "nodes", "user namespaces", "seccompDefault", "admission policies", "pod security",
        "default storage class", "NetworkPolicy",
    }  # fmt: skip


def test_policies_that_may_not_be_listed_are_unknown(cluster: Any, registry: RegistrySettings) -> None:
    del cluster.documents[f"{ADMISSION}/validatingwebhookconfigurations"]
    assert "admission policies" in with_state(found(cluster, registry), State.UNKNOWN)


def test_list_of_policies_that_an_older_cluster_does_not_have_is_not_missed(
    cluster: Any, registry: RegistrySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = cluster.items

    def items(path: str) -> Any:
        if path.endswith("/validatingadmissionpolicies"):
            raise UnseenError("404 page not found")
        return listed(path)

    monkeypatch.setattr(cluster, "items", items)
    assert "admission policies" in with_state(found(cluster, registry), State.MET)


def test_pod_that_may_not_be_asked_about_is_unknown(cluster: Any, registry: RegistrySettings) -> None:
    cluster.denied.add(("create", "pods"))
    assert "the workspace's pod" in with_state(found(cluster, registry), State.UNKNOWN)


NOTES: dict[str, tuple[Change, str]] = {
    "no network policy": (put(SETS, [named("kindnet")]), "is seen (DaemonSets: kindnet)"),
    "two defaults": (put(CLASSES, [DEFAULT, DEFAULT]), "standard, standard: of several the newest counts"),
    "others' namespaces": (put(SPACES, [named("strict", labels=RESTRICTED)]), "strict: PodSecurity enforces"),
    "Kyverno": (put("/apis", {"groups": [{"name": "kyverno.io"}]}), "Kyverno is there: its policies may not be listed"),
    "webhook": (put(f"{ADMISSION}/validatingwebhookconfigurations", [named("w")]), "others are there: w"),
    "Ubuntu": (put("/api/v1/nodes", [node(info={"osImage": "Ubuntu 24.04.1 LTS"})]), "AppArmor may refuse them"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), NOTES.values(), ids=NOTES)
def test_what_is_otherwise_and_blocks_nothing_is_a_note(
    cluster: Any, registry: RegistrySettings, change: Change, said: str
) -> None:
    change(cluster)
    findings = found(cluster, registry)
    (note,) = with_state(findings, State.NOTE).values()
    assert said in note.seen
    assert not with_state(findings, State.UNMET)


def test_namespace_that_is_named_counts_alone(cluster: Any, registry: RegistrySettings) -> None:
    cluster.documents[SPACES] = [named("code-server", labels=RESTRICTED)]
    assert not with_state(found(cluster, registry, "default"), State.UNMET)
    assert "pod security" in with_state(found(cluster, registry, "gone"), State.UNKNOWN)


def test_tolerated_taint_is_the_one_that_the_deployment_tolerates() -> None:
    spec = yaml.safe_load((BASE / "deployment.yaml").read_text(encoding="utf-8"))["spec"]["template"]["spec"]
    assert [(one["key"], one["effect"]) for one in spec["tolerations"]] == [nodes.TOLERATED]
