"""What the account of the workspace may do to its own log-in: nothing; its rights are in a namespace apart (DEP-10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster.rights import Right, may, must_be_whole
from fixtures.deployment.account import account_of, namespaces, rules
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.overlay import BASE, NAME
from fixtures.deployment.privileges import PRIVILEGES, must_refuse_pod, must_take_pod
from fixtures.deployment.tools import must_refuse, must_run, word
from fixtures.login.proxy import NAMESPACE, WORK_NAMESPACE, LoginProxy
from fixtures.marks import RUN_LABEL
from fixtures.patience import patient
from fixtures.smoke import reviewed
from fixtures.smoke.other_accounts import beyond_review

pytestmark = [pytest.mark.requirement("DEP-10"), pytest.mark.xdist_group("proxy")]

APART = "bind the workspace's rights in a namespace apart, see docker/platform/workspace"
DISARMS = [
    ("get", "secrets", ""),
    ("list", "secrets", ""),
    ("create", "secrets", ""),
    ("patch", "configmaps", ""),
    ("create", "pods", ""),
    ("delete", "pods", ""),
    ("get", "pods/exec", ""),
    ("create", "pods/exec", ""),
    ("create", "pods/attach", ""),
    ("get", "pods/portforward", ""),
    ("create", "pods/portforward", ""),
    ("get", "pods/proxy", ""),
    ("patch", "pods/ephemeralcontainers", ""),
    ("patch", "services", ""),
    ("create", "serviceaccounts/token", ""),
    ("patch", "serviceaccounts", ""),
    ("delete", "persistentvolumeclaims", ""),
    ("patch", "deployments", "apps"),
    ("patch", "deployments/scale", "apps"),
    ("create", "jobs", "batch"),
    ("create", "cronjobs", "batch"),
    ("create", "networkpolicies", "networking.k8s.io"),
    ("delete", "networkpolicies", "networking.k8s.io"),
    ("create", "workflows", "argoproj.io"),
    ("create", "rolebindings", "rbac.authorization.k8s.io"),
]
NEEDED = [
    ("create", "secrets", ""),
    ("create", "pods", ""),
    ("create", "pods/portforward", ""),
    ("patch", "deployments", "apps"),
    ("create", "workflows", "argoproj.io"),
]
TRIED = {
    "reading the keys": "get secrets",
    "a shell in the proxy": "exec deployment/code-server -c oauth2-proxy -- true",
    "a way around the proxy": "port-forward deployment/code-server :8080",
    "an editor without the proxy": "scale deployment/code-server --replicas=0 --dry-run=server",
    "another network policy": "delete networkpolicy code-server --dry-run=server",
}


@pytest.fixture
def own(ready_proxy: LoginProxy) -> Deployment:
    """The deployment behind the log-in."""
    return ready_proxy.require_embedded("the rights of its account").deployment


@pytest.fixture
def own_account(own: Deployment) -> client.ApiClient:
    """A client with the rights of its account."""
    return account_of(own)


@pytest.mark.parametrize(("verb", "resource", "group"), DISARMS, ids=[f"{row[0]} {row[1]}" for row in DISARMS])
def test_account_may_do_nothing_beside_the_login(
    verb: str, resource: str, group: str, own_account: client.ApiClient
) -> None:
    assert not may(own_account, Right(verb, resource, group, NAMESPACE)), (
        f"ServiceAccount: may {verb} {resource} in {NAMESPACE}, where its log-in is: {APART}"
    )


@pytest.mark.uses("kubectl")
@pytest.mark.parametrize("what", TRIED)
def test_developer_is_refused_by_the_api_server(what: str, own: Deployment) -> None:
    script = f"timeout {patient(20):.0f} kubectl --namespace={NAMESPACE} {TRIED[what]}"
    must_refuse(own.inside(), "kubectl", script, "[Ff]orbidden", repair=APART)


@pytest.mark.parametrize(("verb", "resource", "group"), NEEDED, ids=[f"{row[0]} {row[1]}" for row in NEEDED])
def test_account_can_work_in_the_namespace_apart(
    verb: str, resource: str, group: str, own_account: client.ApiClient
) -> None:
    assert may(own_account, Right(verb, resource, group, WORK_NAMESPACE)), (
        f"ServiceAccount: may not {verb} {resource} in {WORK_NAMESPACE}: name the editor's namespace in the RoleBinding"
    )


def test_account_makes_an_ordinary_pod_apart(own_account: client.ApiClient) -> None:
    must_take_pod(own_account, WORK_NAMESPACE)


@pytest.mark.requirement("DEP-10")
@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_account_makes_no_pod_apart_with_rights_over_the_node(privilege: str, own_account: client.ApiClient) -> None:
    must_refuse_pod(own_account, WORK_NAMESPACE, privilege)


def test_account_has_the_reviewed_rights_and_those_apart(own: Deployment, own_account: client.ApiClient) -> None:
    given = rules(own_account, namespaces(own.api))
    seen = {name: frozenset(reviewed.rules_of(found)) for name, found in given.items()}
    differ = given.sure(reviewed.differences(seen, reviewed.read(BASE / "rbac.yaml", NAME), WORK_NAMESPACE))
    assert not differ, f"ServiceAccount: {reviewed.shortened(differ)}: {APART}"
    must_be_whole(given, f"ServiceAccount {NAME}")


def test_other_accounts_of_the_namespace_apart_have_the_reviewed_rights(own: Deployment) -> None:
    """A developer makes pods and workflows with any of them."""
    differ = beyond_review(own.api, WORK_NAMESPACE, BASE / "rbac.yaml", but=NAME)
    assert not differ, f"ServiceAccount {reviewed.shortened(differ)}: {APART}"


def test_namespace_apart_has_nothing_of_the_editor_s_but_rights(own: Deployment) -> None:
    """A NetworkPolicy of the editor's there would close the ports of what developers run; a claim would hold a home."""
    core = own.core
    lists: dict[str, Callable[..., Any]] = {
        "NetworkPolicy": client.NetworkingV1Api(own.api).list_namespaced_network_policy,
        "Deployment": client.AppsV1Api(own.api).list_namespaced_deployment,
        "Service": core.list_namespaced_service,
        "ConfigMap": core.list_namespaced_config_map,
        "PersistentVolumeClaim": core.list_namespaced_persistent_volume_claim,
    }
    # A cluster may put objects of its own into every namespace: what the manifests bring has the run's label.
    ours = {kind: of(WORK_NAMESPACE, label_selector=RUN_LABEL).items for kind, of in lists.items()}
    found = ", ".join(f"{kind} {one.metadata.name}" for kind, some in ours.items() for one in some)
    assert not found, f"{WORK_NAMESPACE}: has {found}: let docker/platform/workspace leave out all kinds but rights"


@pytest.mark.uses("kubectl")
def test_tools_work_in_the_namespace_apart(own: Deployment) -> None:
    name = word()
    script = f"kubectl create configmap {name} -o name && kubectl delete configmap {name} -n $ARGO_NAMESPACE -o name"
    seen = must_run(own.inside(), "kubectl", script).split()
    assert seen == [f"configmap/{name}"] * 2, (
        f"kubectl: makes and removes {seen} where the kubeconfig and ARGO_NAMESPACE lead, not one ConfigMap: set "
        "`namespace` of the ConfigMap code-server-workspace"
    )
