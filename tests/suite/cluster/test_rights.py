"""The rights that a given account is asked for are those that the code takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.cluster.rights import RIGHTS, Right, may_not
from fixtures.paths import ROOT

CALL = re.compile(
    r"\.(create|patch|replace|delete_collection|delete|list|read)_(?:namespaced_)?(\w+?)(?:_for_all_namespaces)?\b"
)
"""A method of the kubernetes client's API classes."""
GROUPS = {
    "Apps": ("deployment", "replica_set", "stateful_set", "daemon_set"),
    "Batch": ("job", "cron_job"),
    "Networking": ("network_policy", "ingress"),
    "Core": (
        "config_map", "endpoints", "event", "namespace", "node", "persistent_volume", "persistent_volume_claim", "pod",
        "pod_eviction", "pod_exec", "pod_log", "secret", "service", "service_account", "service_account_token",
    ),
    "Discovery": ("endpoint_slice",),
    "Rbac": ("role", "role_binding", "cluster_role", "cluster_role_binding"),
}  # fmt: skip
API_GROUPS = {
    "Apps": "apps", "Batch": "batch", "Networking": "networking.k8s.io", "Core": "", "Discovery": "discovery.k8s.io",
    "Rbac": "rbac.authorization.k8s.io",
}  # fmt: skip
EMBEDDED_ALONE = {("delete", "persistentvolumes")}
"""Taken by checks that refuse a given cluster: `Target.require_embedded`."""


def resource(kind: str) -> str:
    """Return the API's name of what a method is on: `pod_log` is pods/log, `network_policy` networkpolicies."""
    kind, _, sub = kind.partition("_") if kind.startswith("pod_") else (kind, "", "")
    if kind == "service_account_token":
        kind, sub = "service_account", "token"
    word = kind.replace("_", "")
    plural = f"{word[:-1]}ies" if word.endswith("y") else word if word.endswith("s") else f"{word}s"
    return f"{plural}/{sub}" if sub else plural


def taken(text: str) -> Iterator[Right]:
    """Yield the rights that a module's calls take."""
    groups = {kind: API_GROUPS[name] for name, kinds in GROUPS.items() for kind in kinds}
    for verb, kind in CALL.findall(text):
        if kind in groups:
            yield Right(
                {"read": "get", "replace": "update"}.get(verb, verb).replace("_", ""), resource(kind), groups[kind]
            )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("core.read_namespaced_pod_log(", "get pods/log"),
        ("core.list_pod_for_all_namespaces", "list pods"),
        ("x.delete_collection_namespaced_network_policy(", "deletecollection networkpolicies.networking.k8s.io"),
        ("core.create_namespaced_service_account_token(", "create serviceaccounts/token"),
    ],
)
def test_right_of_a_call(call: str, said: str) -> None:
    assert [str(one) for one in taken(call)] == [said]


def test_account_is_asked_for_what_the_code_takes() -> None:
    places = [ROOT / "fixtures" / name for name in ("cluster", "deployment", "login", "services")]
    modules = [path for place in [*places, ROOT / "tests" / "platform"] for path in place.rglob("*.py")]
    found = {
        one for path in [*modules, ROOT / "fixtures" / "journey.py"] for one in taken(Path(path).read_text("utf-8"))
    }
    missing = [one for one in found - {*RIGHTS} if (one.verb, one.resource) not in EMBEDDED_ALONE]
    assert not missing, f"fixtures/cluster/rights.py: RIGHTS lacks {may_not(missing)}"
    assert len(found) > 25


def test_question_names_the_part_and_the_one_object() -> None:
    asked = Right("get", "pods/log", "", "team", "one").review["spec"]["resourceAttributes"]
    assert asked == {"verb": "get", "resource": "pods", "subresource": "log", "namespace": "team", "name": "one"}
    assert Right("list", "nodes").review["spec"] == {"resourceAttributes": {"verb": "list", "resource": "nodes"}}
