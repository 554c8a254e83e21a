"""kubectl, helm, k9s, stern, kubectx and kubens in the pod, with the rights of its ServiceAccount."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from fixtures.advice import REBUILD, last_line
from fixtures.cluster.target import Target
from fixtures.deployment.pod import Pod
from fixtures.deployment.scratch import Neighbour, Scratch
from fixtures.deployment.tools import api_version, attempt, must_refuse, must_run, must_tell, succeeded, word
from fixtures.deployment.workspace_start import must_be_account
from fixtures.files import tar_of
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.patience import patient

HELM_SECONDS = 90.0
PORT = 8000
SERVE = f'cd "$(mktemp -d)" && echo $0 >word && echo $0 && exec python3 -m http.server {PORT}'
"""Writes a word to the log, and serves it as a page too."""
COPY = 'set -e; cp "$KUBECONFIG" copy; export KUBECONFIG="$PWD/copy" HOME="$PWD"'
"""Lets kubectx and kubens work on a copy of the kubeconfig; they keep the previous choice below home."""
DENIED = {
    "reads secrets of another namespace": (
        "kubectl --namespace=kube-system get secrets",
        'cannot list resource "secrets" in API group "" in the namespace "kube-system"',
    ),
    "lists secrets everywhere": (
        "kubectl get secrets --all-namespaces",
        'cannot list resource "secrets" in API group "" at the cluster scope',
    ),
    "makes an object in another namespace": (
        "kubectl --namespace=default create configmap probe --dry-run=server",
        'cannot create resource "configmaps" in API group "" in the namespace "default"',
    ),
    "changes a node": (
        "kubectl patch $(kubectl get nodes -o name | head -n 1) --patch='{}' --dry-run=server",
        'cannot patch resource "nodes" in API group "" at the cluster scope',
    ),
    "gives itself a role": (
        "kubectl create rolebinding probe --clusterrole=admin --user=probe --dry-run=server",
        'cannot create resource "rolebindings" in API group "rbac.authorization.k8s.io"',
    ),
    "lists releases of another namespace": (
        "helm list --namespace=kube-system",
        'cannot list resource "secrets" in API group "" in the namespace "kube-system"',
    ),
}
"""What the account may not do: how it is tried, and the server's words."""


# ---- kubectl


@pytest.mark.requirement("TOOL-kubectl-connects")
def test_kubectl_asks_the_server_that_there_is(pod: Pod, target: Target) -> None:
    seen = must_tell(pod, "kubectl", "kubectl version -o json").get("serverVersion")
    expected = api_version(target.api)
    assert seen == expected, f"kubectl: reaches the server {seen}, not {expected}: fix the file that KUBECONFIG names"


@pytest.mark.requirement("TOOL-kubectl-connects", "ENV-2")
def test_kubeconfig_of_a_login_shell_is_the_account_s(pod: Pod, account_name: str) -> None:
    must_be_account(pod, account_name)


@pytest.mark.requirement("TOOL-kubectl-operates")
def test_kubectl_makes_changes_and_deletes_a_configmap(pod: Pod, scratch: Scratch) -> None:
    first, second = word(), word()
    must_run(pod, "kubectl", "kubectl create -f -", stdin=_json(scratch.config_map(said=first)))
    seen = [scratch.data()]
    must_run(pod, "kubectl", f"""kubectl patch configmap {scratch.name} --patch='{{"data": {{"said": "{second}"}}}}'""")
    seen.append(scratch.data())
    seen.append(must_tell(pod, "kubectl", f"kubectl get configmap {scratch.name} -o json").get("data"))
    must_run(pod, "kubectl", f"kubectl delete configmap {scratch.name}")
    seen.append(scratch.data())
    expected = [{"said": first}, {"said": second}, {"said": second}, None]
    assert seen == expected, f"kubectl: created, patched, got, deleted: {seen}, not {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-kubectl-operates", "DEP-6")
@pytest.mark.parametrize(
    "deed", [pytest.param(deed, marks=pytest.mark.uses(script.split()[0])) for deed, (script, _) in DENIED.items()]
)
def test_account_is_refused_in_the_server_s_words(deed: str, pod: Pod, account_name: str) -> None:
    script, words = DENIED[deed]
    must_be_account(pod, account_name)
    refusal = f'forbidden: User "{account_name}" {words}'
    must_refuse(pod, "ServiceAccount", script, refusal, repair="take that right away from the roles that give it")


@pytest.mark.requirement("FLOW-kubectl")
@pytest.mark.uses("kubectl", "httpie")
def test_developer_runs_an_application(pod: Pod, scratch: Scratch) -> None:
    said = word()
    manifests = _json(_list(_served(scratch, said), _service(scratch)))
    must_run(pod, "kubectl", "kubectl apply -f -", stdin=manifests)
    _rolled_out(pod, scratch, replicas=1)
    where = f"deployment/{scratch.name}"
    seen = {
        "log": must_run(pod, "kubectl", f"kubectl logs {where}"),
        "log seen from outside": scratch.log(),
        "exec": must_run(pod, "kubectl", f"kubectl exec {where} -- cat /proc/1/cwd/word"),
        "its service": must_run(
            pod, "its service", _patient(f"http --ignore-stdin --check-status -b http://{scratch.name}:{PORT}/word")
        ),
    }
    wrong = {how: found for how, found in seen.items() if found.strip() != said}
    assert not wrong, f"application: {wrong} instead of {said}: check the cluster's DNS and its NetworkPolicies"
    must_run(pod, "kubectl", f"kubectl scale --replicas=2 {where}")
    _rolled_out(pod, scratch, replicas=2)
    must_run(pod, "kubectl", f"kubectl delete --cascade=foreground --timeout={patient(50):.0f}s -f -", stdin=manifests)
    assert not scratch.left(), f"kubectl: {scratch.left()} after the deletion: give the account the verb delete on them"


def _rolled_out(pod: Pod, scratch: Scratch, *, replicas: int) -> None:
    done = attempt(
        pod, "kubectl", f"kubectl rollout status deployment/{scratch.name} --timeout={patient(50):.0f}s", seconds=60
    )
    said, fix = f"{last_line(done.stderr)} ({scratch.last_word()})", "fix what the pod complains of"
    succeeded(done, "kubectl", "rollout status failed", said=said, repair=fix)
    ready = [one.metadata.name for one in scratch.pods() if scratch.ready([one])]
    assert len(ready) == replicas, f"kubectl: tells of {replicas} ready pods, ready are {ready}: {REBUILD}"


# ---- helm


@dataclass(frozen=True)
class Release:
    """A release of a small chart: its ConfigMap and its pod have the word that is set as its value."""

    pod: Pod
    scratch: Scratch

    def helm(self, arguments: str) -> Any:
        """Run helm beside the chart; return its JSON output."""
        script = f"tar -x && helm {arguments} -o json"
        return must_tell(self.pod, "helm", script, stdin=tar_of(self.chart()), seconds=HELM_SECONDS)

    def put(self, verb: str, said: str) -> dict[str, Any]:
        """Install or upgrade it, and wait until its pod is there."""
        done: dict[str, Any] = self.helm(
            f"{verb} {self.scratch.name} . --set=said={said} --wait --timeout={patient(60):.0f}s"
        )
        return done

    def change(self, arguments: str) -> None:
        """Run a command of helm that changes it, and wait until that is done."""
        must_run(self.pod, "helm", f"helm {arguments} --wait --timeout={patient(60):.0f}s", seconds=HELM_SECONDS)

    def chart(self) -> dict[str, str]:
        """Return the chart's files."""
        application = self.scratch.application("sh", "-c", "echo {{ .Values.said }} && exec sleep infinity")
        return {
            "Chart.yaml": json.dumps({"apiVersion": "v2", "name": "probe", "version": "0.1.0"}),
            "values.yaml": json.dumps({"said": "nothing"}),
            "templates/configmap.yaml": json.dumps(self.scratch.config_map(said="{{ .Values.said }}")),
            "templates/application.yaml": json.dumps(application),
        }

    def runs(self) -> tuple[str | None, list[str]]:
        """Return what the cluster has: the word in the ConfigMap, and the words of the pods that are not ending."""
        data = self.scratch.data()
        pods = [one for one in self.scratch.pods() if one.metadata.deletion_timestamp is None]
        return (data or {}).get("said"), [one.spec.containers[0].command[2].split()[1] for one in pods]


@pytest.fixture
def release(pod: Pod, scratch: Scratch) -> Release:
    """A release that is not installed yet."""
    return Release(pod, scratch)


@pytest.mark.requirement("TOOL-helm-connects")
def test_helm_lists_the_releases_of_the_namespace(release: Release) -> None:
    name, said = release.scratch.name, word()
    before = [one["name"] for one in release.helm("list")]
    release.put("install", said)
    listed = {one["name"]: (one["namespace"], one["revision"], one["status"]) for one in release.helm("list")}
    expected = (release.scratch.namespace, "1", "deployed")
    assert name not in before, f"helm: lists {name} before it was installed: {REBUILD}"
    assert listed.get(name) == expected, f"helm: lists {listed.get(name)} instead of {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-helm-operates")
def test_helm_installs_upgrades_rolls_back_and_uninstalls(release: Release) -> None:
    name, first, second = release.scratch.name, word(), word()
    seen = []
    for step in (
        lambda: release.put("install", first),
        lambda: release.put("upgrade", second),
        lambda: release.change(f"rollback {name} 1"),
    ):
        step()
        seen.append(release.runs())
    expected = [(one, [one]) for one in (first, second, first)]
    assert seen == expected, (
        f"helm: installed, upgraded, rolled back: the cluster had {seen}, not {expected}: {REBUILD}"
    )
    values = release.helm(f"get values {name}")
    assert values == {"said": first}, f"helm: values {values} after the roll back to said={first}: {REBUILD}"
    history = [(one["revision"], one["status"]) for one in release.helm(f"history {name}")]
    revisions = [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    assert history == revisions, f"helm: the history is {history}, not {revisions}: {REBUILD}"
    release.change(f"uninstall {name} --cascade=foreground")
    left = release.scratch.left()
    assert not left, f"helm: `uninstall` leaves {left}: give the account the verb delete on them"


# ---- on the screen


@pytest.mark.requirement("TOOL-k9s-operates")
def test_k9s_shows_the_pods(inventory: Inventory, image: Image, pod: Pod, neighbour: Neighbour) -> None:
    image.require(inventory.tool("k9s"))
    with pod.terminal("k9s", "--namespace", pod.namespace, "--command", "pods", columns=160) as screen:
        screen.wait_for(rf"─ Pods\({pod.namespace}\)\[\d+\] ─", timeout=30)
        for name in (neighbour.name, pod.name):
            screen.wait_for(rf"^│ {name} .* Running ", timeout=20)
        screen.send("\x03")
        screen.must_exit()


@pytest.mark.requirement("TOOL-stern-operates")
def test_stern_tails_a_fresh_line(pod: Pod, neighbour: Neighbour) -> None:
    said = word()
    # Not --tail=0: it names the pod before it listens to it, and a line in between would be lost.
    with pod.terminal("stern", "--color=never", "--tail=1", neighbour.name, columns=160) as screen:
        screen.wait_for(rf"^\+ {neighbour.name} ", timeout=20)
        neighbour.say(said)
        screen.wait_for(rf"^{neighbour.name} \S+ {said}$", timeout=20)
        screen.send("\x03")
        screen.wait_for_exit()


# ---- kubectx and kubens


@pytest.mark.requirement("TOOL-kubectx-connects")
@pytest.mark.uses("kubectl")
def test_kubectx_lists_the_contexts(pod: Pod) -> None:
    other = word()
    add = f"kubectl config set-context {other} --cluster=here --user=code-server >/dev/null"
    listed = must_run(pod, "kubectx", f"{COPY}\n{add} && NO_COLOR=1 kubectx").split()
    there = must_run(pod, "kubectl", "kubectl config view -o jsonpath='{.contexts[*].name}'").split()
    assert sorted(listed) == sorted([*there, other]), (
        f"kubectx: lists {listed}, the kubeconfig has {[*there, other]}: {REBUILD}"
    )


@pytest.mark.requirement("TOOL-kubectx-connects")
def test_kubens_lists_the_namespaces(pod: Pod) -> None:
    listed = set(must_run(pod, "kubens", "NO_COLOR=1 kubens").split())
    # Others may make and remove theirs at any time.
    missing = {pod.namespace, "default", "kube-system"} - listed
    assert not missing, f"kubens: lists {listed} without {missing}: let the account list namespaces, by a ClusterRole"


@pytest.mark.requirement("TOOL-kubectx-operates")
@pytest.mark.uses("kubectl")
@pytest.mark.parametrize(
    ("switcher", "there", "ask"),
    [
        ("kubectx", "other", "kubectl config current-context"),
        ("kubens", "kube-system", "kubectl get pods -o jsonpath='{.items[0].metadata.namespace}{\"\\n\"}'"),
    ],
    ids=["kubectx", "kubens"],
)
def test_switches_and_switches_back_in_a_copy(switcher: str, there: str, ask: str, pod: Pod, account_name: str) -> None:
    must_be_account(pod, account_name)
    before = [must_run(pod, "kubectl", script) for script in ("cat $KUBECONFIG", ask)]
    script = f"""\
{COPY}
kubectl config set-context other --cluster=here --user=code-server >/dev/null
{switcher} {there} >/dev/null && {ask} && {switcher} - >/dev/null && {ask}"""
    seen = must_run(pod, switcher, script).split()
    expected = [there, before[1].strip()]
    assert seen == expected, f"{switcher}: kubectl then asks {seen} instead of {expected}: {REBUILD}"
    after = [must_run(pod, "kubectl", script) for script in ("cat $KUBECONFIG", ask)]
    assert after == before, f"{switcher}: the kubeconfig was changed, not its copy: {REBUILD}"


@pytest.mark.requirement("TOOL-kubectx-operates")
def test_kubens_refuses_a_namespace_that_is_not_there(pod: Pod) -> None:
    missing = word()
    script = f"{COPY}\nkubens {missing}"
    must_refuse(pod, "kubens", script, rf"no namespace exists.*{missing}", repair=REBUILD)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _list(*items: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def _served(scratch: Scratch, said: str) -> dict[str, Any]:
    document = scratch.application("sh", "-c", SERVE, said)
    (container,) = document["spec"]["template"]["spec"]["containers"]
    container["readinessProbe"] = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}
    return document


def _service(scratch: Scratch) -> dict[str, Any]:
    spec = {"selector": scratch.metadata["labels"], "ports": [{"port": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": scratch.metadata, "spec": spec}


def _patient(command: str) -> str:
    """Return a script that repeats a command until it succeeds: nodes know a service a moment after it is made."""
    return (
        f"timeout {patient(30):.0f} sh -c 'until {command} 2>error; do sleep 0.2; done' || {{ cat error >&2; exit 1; }}"
    )
