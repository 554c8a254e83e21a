"""The deployment: the pushed image runs by digest, starts fast, keeps home, and its account has what it needs only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from testinfra.backend.base import CommandResult

from fixtures.cluster.api import request
from fixtures.cluster.objects import Document
from fixtures.deployment import startup
from fixtures.deployment.capacity import resources
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.overlay import Workspace
from fixtures.deployment.statistics import Start, StartTable
from fixtures.image.image import Image
from fixtures.registry.client import Pushed, Registry, opened
from fixtures.registry.settings import RegistryError, RegistrySettings

PLAN = {"cpu": 2, "memory": 4 << 30}
HOME_BYTES = 20 << 30
HOME = "/home/coder"
USER_FILES = ".gitconfig .ssh .claude .local/share/code-server/User/tasks.json .local/state/workspace .kube"
OWN = "<its own>"
EVERYWHERE = ""

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
PRIVILEGES: dict[str, dict[str, Any]] = {
    "privileged": {"containers": [{"securityContext": {"privileged": True}}]},
    "folder of the node": {"volumes": [{"name": "node", "hostPath": {"path": "/"}}]},
    "network of the node": {"hostNetwork": True},
    "processes of the node": {"hostPID": True},
}


@pytest.fixture
def inside(deployment: Deployment) -> Callable[[str], CommandResult]:
    """Runs a script in the pod that there is now."""
    return deployment.run


# ---- the image in the registry


@pytest.mark.requirement("BLD-2")
def test_pulled_back_image_is_the_pushed_one(registry_client: Registry, pushed: Pushed, image: Image) -> None:
    back = registry_client.pull_back(pushed)
    seen = {"digest": back.digest, "image": back.image_id, "tag": registry_client.digest(pushed.repository)}
    expected = {"digest": pushed.digest, "image": image.document["Id"], "tag": pushed.digest}
    assert seen == expected, f"{pushed.repository}: pulled back {seen}, pushed {expected}: push it again"


@pytest.mark.requirement("BLD-2")
def test_registry_refuses_a_wrong_password(registry_settings: RegistrySettings) -> None:
    with (
        opened(replace(registry_settings, password="wrong")) as stranger,  # noqa: S106
        pytest.raises(RegistryError, match="refuses user") as refusal,
    ):
        stranger.login()
    assert "\n" not in str(refusal.value), f"registry: its refusal is no single line: {refusal.value}"


# ---- the pod


@pytest.mark.requirement("DEP-1")
def test_pod_runs_the_pushed_image_by_digest(deployment: Deployment, pushed: Pushed) -> None:
    pod = deployment.pod()
    asked, runs = pod.spec.containers[0].image, pod.status.container_statuses[0].image_id
    assert asked == pushed.reference, f"pod: asks for {asked}, not for {pushed.reference}: name the image by digest"
    assert runs.endswith(f"@{pushed.digest}"), f"pod: runs {runs}, not {pushed.digest}: pull by digest"


@pytest.mark.requirement("DEP-1")
def test_home_is_writable_for_its_user(inside: Callable[[str], CommandResult]) -> None:
    done = inside("cd && pwd && id -u && id -g && touch .writable && rm .writable && test -O .local")
    assert done.rc == 0, (
        f"home: not writable for UID 1000 ({done.stderr.strip()}): give the volume to the pod's fsGroup 1000"
    )
    assert done.stdout.split() == [HOME, "1000", "1000"], f"home: {done.stdout.split()}: run as 1000:1000 in {HOME}"


@pytest.mark.alone
@pytest.mark.requirement("DEP-1")
def test_redeploying_replaces_the_pod_and_keeps_home(run_deployment: Deployment, run_id: str) -> None:
    before = run_deployment.pod().metadata.uid
    run_deployment.run(f"echo {run_id} >~/kept")
    after = run_deployment.redeploy()
    assert after.metadata.uid != before, "redeploy: the pod is still the old one: change the pod's template"
    kept = run_deployment.run("cat ~/kept").stdout.strip()
    assert kept == run_id, f"redeploy: ~/kept has {kept!r} instead of {run_id!r}: keep the volume of home"


@pytest.mark.requirement("DEP-1")
def test_two_pods_never_share_a_home(plan_documents: list[Document]) -> None:
    strategy = _one(plan_documents, "Deployment")["spec"]["strategy"]["type"]
    assert strategy == "Recreate", f"Deployment: strategy {strategy}: Recreate, as two editors share one home otherwise"


@pytest.mark.alone
@pytest.mark.requirement("DEP-8")
def test_roll_back_and_forward_loses_nothing_in_home(
    run_deployment: Deployment, pushed: Pushed, next_image: Pushed, run_id: str
) -> None:
    assert next_image.digest != pushed.digest
    run_deployment.run(f"echo {run_id} >~/kept-over-images")
    changes: list[tuple[Callable[[], Any], Pushed]] = [
        (lambda: run_deployment.change_image(next_image.reference), next_image),
        (run_deployment.roll_back, pushed),
        (run_deployment.roll_back, next_image),
        (run_deployment.roll_back, pushed),
    ]
    for change, expected in changes:
        runs = change().status.container_statuses[0].image_id
        assert runs.endswith(expected.digest), f"roll back: {runs} runs instead of {expected.digest}: mind revisions"
        kept = run_deployment.run("cat ~/kept-over-images").stdout.strip()
        assert kept == run_id, f"roll back: home has {kept!r} instead of {run_id!r}: keep the volume of home"


# ---- start-up


@pytest.mark.requirement("DEP-2")
def test_no_probe_costs_more_than_the_start_may_take(deployment: Deployment) -> None:
    notes = startup.delay_notes(deployment.document()["spec"]["template"]["spec"]["containers"])
    assert not notes, f"start-up: {'; '.join(notes)}"


@pytest.mark.requirement("DEP-2")
def test_pod_is_ready_in_time(starts: StartTable) -> None:
    slowest = max(starts.phases, key=lambda name: starts.phases[name].median)
    assert starts.passed, (
        f"start-up: p95 {starts.total.p95:.1f} s of {len(starts.starts)} starts, {starts.limit:.0f} s at most; most of "
        f"it goes into `{slowest}`: {'; '.join(starts.notes) or 'see the table'}"
    )


@pytest.mark.requirement("DEP-2")
def test_pull_is_told_apart(pull: Start) -> None:
    waited = pull.seen["pulled"]
    assert pull.pull_seconds is not None
    assert pull.pull_seconds <= waited + 1, f"pull: {pull.pull_seconds} s said, {waited} s seen: check the split"


# ---- what it is given


@pytest.mark.requirement("DEP-5")
def test_manifests_ask_for_the_plans_resources(plan_documents: list[Document]) -> None:
    expected = {f"{kind} {what}": size for kind in ("requests", "limits") for what, size in PLAN.items()}
    _same_resources(resources(_one(plan_documents, "Deployment")), expected)


@pytest.mark.requirement("DEP-5")
def test_running_pod_has_the_plans_limits(deployment: Deployment, workspace: Workspace) -> None:
    expected: dict[str, Any] = {f"limits {what}": size for what, size in PLAN.items()}
    expected |= {"requests cpu": workspace.cpu_request, "requests memory": PLAN["memory"]}
    _same_resources(resources(deployment.document()), expected)


@pytest.mark.requirement("DEP-5")
def test_limits_are_enforced_in_the_pod(inside: Callable[[str], CommandResult]) -> None:
    script = (
        "cd /sys/fs/cgroup; if [ -f cpu.max ]; then cat cpu.max memory.max; "
        "else cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.limit_in_bytes; fi"
    )
    quota, period, memory = (int(word) for word in inside(script).stdout.replace("max", "-1").split())
    seen = {"cpu": quota / period, "memory": memory}
    assert seen == PLAN, f"pod: its cgroup allows {seen} instead of {PLAN}: set the limits in deployment.yaml"


@pytest.mark.requirement("DEP-5")
def test_home_has_the_plans_size(deployment: Deployment) -> None:
    claims: list[Any] = deployment.core.list_namespaced_persistent_volume_claim(deployment.namespace).items
    sizes = {claim.metadata.name: (claim.status.phase, claim.status.capacity["storage"]) for claim in claims}
    assert sizes == {"code-server-home": ("Bound", f"{HOME_BYTES >> 30}Gi")}, f"home: {sizes}: claim 20Gi in home.yaml"


# ---- its account


@pytest.mark.requirement("DEP-6")
@pytest.mark.parametrize("verb", ["get", "list", "watch"])
@pytest.mark.parametrize(("resource", "group", "namespace"), WATCHES, ids=lambda value: str(value) or "all")
def test_account_can_watch(verb: str, resource: str, group: str, namespace: str, account: client.ApiClient) -> None:
    assert may(account, verb, resource, group, namespace), (
        f"ServiceAccount: may not {verb} {resource}: give it that in the ClusterRole code-server-monitoring"
    )


@pytest.mark.requirement("DEP-6")
@pytest.mark.parametrize(("verb", "resource", "group"), WORKS_WITH)
def test_account_can_work_in_its_namespace(
    verb: str, resource: str, group: str, account: client.ApiClient, deployment: Deployment
) -> None:
    assert may(account, verb, resource, group, deployment.namespace), (
        f"ServiceAccount: may not {verb} {resource} in its namespace: give it that in the Role code-server-workspace"
    )


@pytest.mark.requirement("DEP-6")
@pytest.mark.parametrize(("verb", "resource", "group", "namespace"), FORBIDDEN)
def test_account_has_no_business(
    verb: str, resource: str, group: str, namespace: str, account: client.ApiClient, deployment: Deployment
) -> None:
    where = deployment.namespace if namespace == OWN else namespace
    assert not may(account, verb, resource, group, where), (
        f"ServiceAccount: may {verb} {resource} {'in ' + where if where else 'everywhere'}: take that right from it"
    )


@pytest.mark.requirement("DEP-6")
def test_refusals_are_real(account: client.ApiClient, deployment: Deployment) -> None:
    request(account, "/api/v1/pods")
    request(account, f"/api/v1/namespaces/{deployment.namespace}/configmaps")
    paths = ("/api/v1/namespaces/kube-system/secrets", "/api/v1/secrets", "/api/v1/configmaps")
    given = [path for path in paths if _status(account, path) != 403]
    assert not given, f"ServiceAccount: is given {', '.join(given)}: take that right from it"


@pytest.mark.requirement("DEP-6")
@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_account_makes_no_pod_with_rights_over_the_node(
    privilege: str, account: client.ApiClient, deployment: Deployment
) -> None:
    spec = {"containers": [{}]} | PRIVILEGES[privilege]
    spec["containers"] = [{"name": "probe", "image": "none.invalid/none"} | spec["containers"][0]]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "probe-"}, "spec": spec}
    path = f"/api/v1/namespaces/{deployment.namespace}/pods?dryRun=All"
    with pytest.raises(ApiException) as refusal:
        request(account, path, method="POST", body=pod)
    assert "PodSecurity" in str(refusal.value.body), f"namespace: {privilege}: refused for {refusal.value.body!r} only"


# ---- what its home begins with


@pytest.mark.requirement("DEP-7")
def test_git_knows_the_developer(inside: Callable[[str], CommandResult], workspace: Workspace) -> None:
    seen = inside("git config user.name; git config user.email; git config init.defaultBranch").stdout.splitlines()
    expected = [workspace.git_name, workspace.git_email, "main"]
    assert seen == expected, f"git: {seen} instead of {expected}: mend 20-workspace or the ConfigMap code-server-home"


@pytest.mark.requirement("DEP-7")
def test_ssh_keys_are_the_users_alone(inside: Callable[[str], CommandResult]) -> None:
    seen = inside("cd ~/.ssh && stat -c '%a %u %n' . id_ed25519").stdout.split()
    # A folder of the volume inherits its setgid bit, which opens nothing.
    modes = {seen[i + 2]: (int(seen[i], 8) & 0o777, seen[i + 1]) for i in range(0, len(seen), 3)}
    expected = {".": (0o700, "1000"), "id_ed25519": (0o600, "1000")}
    assert modes == expected, f"ssh: mode and owner {modes} instead of {expected}: mend 20-workspace"


@pytest.mark.requirement("DEP-7")
def test_ssh_keys_are_those_of_the_secret(inside: Callable[[str], CommandResult], workspace: Workspace) -> None:
    done = inside("cd ~/.ssh && cat id_ed25519 && ssh-keygen -y -f id_ed25519")
    assert workspace.ssh_keys is not None
    private, public = (workspace.ssh_keys[name].decode() for name in ("id_ed25519", "id_ed25519.pub"))
    assert done.stdout.startswith(private), f"ssh: not the Secret's key in home ({done.stderr}): mend 20-workspace"
    usable = done.stdout.removeprefix(private).strip()
    assert usable == public.rsplit(" ", 1)[0], f"ssh: ssh does not take the key in home ({done.stderr.strip()!r})"


@pytest.mark.requirement("DEP-7")
def test_tasks_and_settings_for_claude_code_are_there(inside: Callable[[str], CommandResult]) -> None:
    tasks = json.loads(inside("cat ~/.local/share/code-server/User/tasks.json").stdout or "{}")
    labels = [task["label"] for task in tasks.get("tasks", [])]
    assert "Claude Code" in labels, f"VS Code: tasks {labels} without `Claude Code`: mend 20-workspace"
    settings = json.loads(inside("cat ~/.claude/settings.json").stdout or "{}")
    denied = settings.get("permissions", {}).get("deny", [])
    assert "Read(~/.ssh/**)" in denied, f"Claude Code: settings deny {denied}, not the SSH keys: mend 20-workspace"


@pytest.mark.alone
@pytest.mark.requirement("DEP-7")
def test_all_of_it_is_back_after_a_restart_with_an_emptied_home(run_deployment: Deployment) -> None:
    run_deployment.run(f"cd && rm -rf {USER_FILES}")
    run_deployment.redeploy()
    done = run_deployment.run(f"cd && ls -d {USER_FILES}")
    assert done.rc == 0, f"home: after a restart {done.stderr.strip()}: 20-workspace must set it up anew"


@pytest.mark.alone
@pytest.mark.requirement("DEP-7")
def test_what_the_developer_changed_stays(run_deployment: Deployment) -> None:
    run_deployment.run(
        "git config --global user.name Mine && echo '{\"tasks\": []}' >~/.local/share/code-server/User/tasks.json"
    )
    run_deployment.redeploy()
    seen = run_deployment.run(
        "git config user.name; cat ~/.local/share/code-server/User/tasks.json"
    ).stdout.splitlines()
    run_deployment.run(f"cd && rm -rf {USER_FILES} && /entrypoint.d/20-workspace")
    assert seen == ["Mine", '{"tasks": []}'], (
        f"home: what the developer wrote became {' '.join(seen)[:80]!r}: 20-workspace must leave it"
    )


@pytest.mark.requirement("DEP-6", "DEP-7")
def test_kubeconfig_is_that_of_the_account(inside: Callable[[str], CommandResult], deployment: Deployment) -> None:
    done = inside("stat -c %a $KUBECONFIG; kubectl get pods -o name; kubectl auth whoami")
    assert done.stdout.startswith(f"600\npod/{deployment.pod().metadata.name}"), (
        f"kubeconfig: {(done.stdout + done.stderr).strip()!r}: 20-workspace must write one for the pod's account"
    )
    assert f"system:serviceaccount:{deployment.namespace}:code-server" in done.stdout


def may(account: client.ApiClient, verb: str, resource: str, group: str, namespace: str) -> bool:
    """Ask the API server whether an account may do something; an empty namespace means all."""
    name, _, sub = resource.partition("/")
    attributes = {"verb": verb, "resource": name, "subresource": sub, "group": group, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool(request(account, path, method="POST", body=review)[0]["status"]["allowed"])


def _status(account: client.ApiClient, path: str) -> int:
    try:
        request(account, path)
    except ApiException as refusal:
        return int(refusal.status or 0)
    return 200


def _one(documents: list[Document], kind: str) -> Document:
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def _same_resources(seen: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    wrong = [
        f"{what} {seen.get(what, 'missing')}, not {size}" for what, size in expected.items() if seen.get(what) != size
    ]
    assert not wrong, f"Deployment: {'; '.join(wrong)}: set the plan's resources in deployment.yaml"
