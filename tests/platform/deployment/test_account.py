"""What the pod's ServiceAccount may do, as the API server answers it: what a developer needs, and no more."""

from __future__ import annotations

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.api import request
from fixtures.cluster.rights import Right, may, must_be_whole
from fixtures.cluster.target import Target
from fixtures.deployment.account import (
    account_of,
    impersonated,
    lasting_tokens,
    namespaces,
    rules,
    shown_to,
    stranger_to,
)
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.overlay import BASE, NAME
from fixtures.deployment.privileges import PRIVILEGES, must_refuse_pod
from fixtures.smoke import reviewed
from fixtures.smoke.other_accounts import beyond_review

OWN = "<its own>"
"""Stands for the namespace of the deployment."""
EVERYWHERE = ""
"""The namespace that the API server takes for all of them."""
TAKE = "take that right away from the roles that are bound to it"
RIGHTS = BASE / "rbac.yaml"
REVIEW = "let its roles be those of rbac.yaml in docker/platform/code-server, and no other binding name it"
GIVE = "bind it to a role that allows it, as this suite's docker/platform/code-server/rbac.yaml has them"

WATCHES = [
    ("pods", "", EVERYWHERE),
    ("pods/log", "", EVERYWHERE),
    ("events", "", EVERYWHERE),
    ("nodes", "", EVERYWHERE),
    ("deployments", "apps", EVERYWHERE),
    ("jobs", "batch", EVERYWHERE),
    ("workflows", "argoproj.io", EVERYWHERE),
    ("cronworkflows", "argoproj.io", EVERYWHERE),
    ("applications", "argoproj.io", EVERYWHERE),
]
WORKS_WITH = [
    ("create", "configmaps", ""),
    ("delete", "configmaps", ""),
    ("create", "secrets", ""),
    ("create", "pods", ""),
    ("create", "pods/exec", ""),
    ("create", "pods/portforward", ""),
    ("patch", "deployments", "apps"),
    ("create", "jobs", "batch"),
    ("create", "workflows", "argoproj.io"),
    ("create", "ingresses", "networking.k8s.io"),
]
FORBIDDEN = [
    ("get", "secrets", "", "kube-system"),
    ("list", "secrets", "", EVERYWHERE),
    ("list", "configmaps", "", EVERYWHERE),
    ("create", "pods", "", "kube-system"),
    ("create", "pods/exec", "", "kube-system"),
    ("delete", "pods", "", EVERYWHERE),
    ("patch", "nodes", "", EVERYWHERE),
    ("delete", "nodes", "", EVERYWHERE),
    ("get", "nodes/proxy", "", EVERYWHERE),
    ("create", "namespaces", "", EVERYWHERE),
    ("create", "persistentvolumes", "", EVERYWHERE),
    ("create", "rolebindings", "rbac.authorization.k8s.io", OWN),
    ("update", "roles", "rbac.authorization.k8s.io", OWN),
    ("create", "clusterrolebindings", "rbac.authorization.k8s.io", EVERYWHERE),
    ("bind", "clusterroles", "rbac.authorization.k8s.io", EVERYWHERE),
    ("escalate", "clusterroles", "rbac.authorization.k8s.io", EVERYWHERE),
    ("impersonate", "users", "", EVERYWHERE),
    ("create", "serviceaccounts/token", "", OWN),
    ("update", "resourcequotas", "", OWN),
    ("delete", "workflows", "argoproj.io", EVERYWHERE),
    ("create", "workflows", "argoproj.io", "argo"),
    ("create", "workflowtaskresults", "argoproj.io", OWN),
    ("approve", "signers", "certificates.k8s.io", EVERYWHERE),
]

OF_THE_CLUSTER = [
    "/api/v1/configmaps", "/api/v1/events", "/api/v1/namespaces", "/api/v1/nodes", "/api/v1/pods", "/api/v1/secrets",
    "/api/v1/serviceaccounts", "/api/v1/services", "/apis/apps/v1/deployments", "/apis/batch/v1/jobs",
    "/apis/networking.k8s.io/v1/ingresses", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "/metrics",
    "/logs", "/debug/pprof",
]  # fmt: skip
OF_A_NAMESPACE = ["configmaps", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services"]


@pytest.mark.requirement("DEP-6")
def test_account_can_watch(account: client.ApiClient) -> None:
    lacks = [
        f"{verb} {resource}"
        for resource, group, namespace in WATCHES
        for verb in ("get", "list", "watch")
        if not may(account, Right(verb, resource, group, namespace))
    ]
    assert not lacks, f"ServiceAccount: may not in all namespaces: {_told(lacks, GIVE)}"


@pytest.mark.requirement("DEP-6")
def test_account_can_work_in_its_namespace(account: client.ApiClient, deployment: Deployment) -> None:
    lacks = [
        f"{verb} {resource}"
        for verb, resource, group in WORKS_WITH
        if not may(account, Right(verb, resource, group, deployment.namespace))
    ]
    assert not lacks, f"ServiceAccount: may not in {deployment.namespace}: {_told(lacks, GIVE)}"


@pytest.mark.requirement("DEP-6")
def test_account_has_no_business(account: client.ApiClient, deployment: Deployment) -> None:
    given = []
    for verb, resource, group, namespace in FORBIDDEN:
        where = deployment.namespace if namespace == OWN else namespace
        if may(account, Right(verb, resource, group, where)):
            given.append(f"{verb} {resource} {'in ' + where if where else 'everywhere'}")
    assert not given, f"ServiceAccount: may {_told(given, TAKE)}"


@pytest.mark.requirement("DEP-6")
def test_account_has_the_reviewed_rights_in_every_namespace(run_deployment: Deployment, target: Target) -> None:
    account, own = account_of(run_deployment), run_deployment.namespace
    spaces = namespaces(run_deployment.api)
    # What a cluster of yours gives to all of its accounts is not of this one.
    common = rules(impersonated(run_deployment.api, own), spaces) if target.embedded is None else {}
    ignored = {name: frozenset(reviewed.rules_of(found)) for name, found in common.items()}
    given = rules(account, spaces)
    seen = {name: frozenset(reviewed.rules_of(found)) - ignored.get(name, frozenset())
            for name, found in given.items()}  # fmt: skip
    differ = given.sure(reviewed.differences(seen, reviewed.read(RIGHTS, NAME), own))
    assert not differ, f"ServiceAccount: {reviewed.shortened(differ)}: {REVIEW}"
    must_be_whole(given, f"ServiceAccount {NAME}")


@pytest.mark.requirement("DEP-6")
def test_other_accounts_of_its_namespace_have_the_reviewed_rights(run_deployment: Deployment, target: Target) -> None:
    """A developer makes pods and workflows with any of them."""
    api, own = run_deployment.api, run_deployment.namespace
    differ = beyond_review(api, own, RIGHTS, but=NAME, given=target.embedded is None)
    assert not differ, f"ServiceAccount {reviewed.shortened(differ)}: {REVIEW}"


@pytest.mark.requirement("DEP-6")
def test_without_a_token_nothing_is_read(run_deployment: Deployment) -> None:
    stranger, own = stranger_to(run_deployment.api), f"/api/v1/namespaces/{run_deployment.namespace}"
    paths = [*OF_THE_CLUSTER, *(f"{own}/{kind}" for kind in OF_A_NAMESPACE)]
    given = shown_to(stranger, paths)
    assert not given, (
        f"API server: shows {reviewed.shortened(given)} to whoever has no token: take the bindings of "
        "system:unauthenticated and system:anonymous away that the cluster did not come with"
    )


@pytest.mark.requirement("DEP-6")
def test_no_token_of_an_account_is_kept(run_deployment: Deployment, target: Target) -> None:
    """Who once read such a Secret has the account's rights for good; a pod gets a token that ends with it."""
    names = lasting_tokens(run_deployment.core, run_deployment.namespace, given=target.embedded is None)
    assert not names, (
        f"ServiceAccount: a token that never ends is in {', '.join(names)} of {run_deployment.namespace}: remove it, "
        "and have tokens made for a time, by the pod or by `kubectl create token`"
    )


@pytest.mark.requirement("DEP-6")
def test_refusals_are_real(account: client.ApiClient, deployment: Deployment) -> None:
    asked = ("/api/v1/pods", f"/api/v1/namespaces/{deployment.namespace}/configmaps")
    refused = [path for path in asked if _status(account, path) != 200]
    assert not refused, f"ServiceAccount: is not given {', '.join(refused)}: {GIVE}"
    paths = {
        "get secrets in kube-system": "/api/v1/namespaces/kube-system/secrets",
        "list secrets everywhere": "/api/v1/secrets",
        "list configmaps everywhere": "/api/v1/configmaps",
    }
    given = [what for what, path in paths.items() if _status(account, path) != 403]
    assert not given, f"ServiceAccount: may {_told(given, TAKE)}"


@pytest.mark.requirement("DEP-6")
@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_account_makes_no_pod_with_rights_over_the_node(
    privilege: str, account: client.ApiClient, deployment: Deployment
) -> None:
    must_refuse_pod(account, deployment.namespace, privilege)


def _told(rights: list[str], repair: str) -> str:
    """Return the first of some rights and the repair as the end of a first line, with all of them below it."""
    return "\n".join((f"{reviewed.shortened(rights)}: {repair}", *rights))


def _status(account: client.ApiClient, path: str) -> int:
    try:
        request(account, path)
    except ApiException as refusal:
        return int(refusal.status or 0)
    return 200
