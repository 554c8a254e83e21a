"""The deployment: the pushed image runs by digest, starts fast, has the plan's resources, and keeps its home."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from testinfra.backend.base import CommandResult

from fixtures.cluster.objects import Document
from fixtures.deployment import startup
from fixtures.deployment.account import clusters_of_the_token
from fixtures.deployment.capacity import amount, resources
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.network_policy import must_let_in_to
from fixtures.deployment.overlay import NAME, Workspace
from fixtures.deployment.provided_settings import turned_off, unsafe_variables
from fixtures.deployment.scratch import Scratch
from fixtures.deployment.statistics import Start, StartTable
from fixtures.deployment.tools import json_of, must_run, succeeded, words_of
from fixtures.deployment.workspace_start import START, must_be_account, must_have_script
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.patience import patient
from fixtures.registry.client import Pushed, Registry, opened
from fixtures.registry.settings import RegistryError, RegistrySettings
from fixtures.services.settings import DeploymentSettings
from fixtures.smoke.inside.common import Facts
from fixtures.smoke.visitor import Met, met, told
from fixtures.verdict.evidence import blocked

PLAN = {"cpu": 2, "memory": 4 << 30}
OUTSIDE_HOME = 8 << 30
"""Bytes that a pod may write outside of its home: one full /tmp must not evict the other pods of its node."""
START_FAILURE = re.compile(r"20-workspace:|start: .* failed|entrypoint: .* ended with status")
EDITOR = ".local/share/code-server"
USER_FILES = f".ssh .claude {EDITOR}/User/tasks.json {EDITOR}/Machine/settings.json .local/state/workspace .kube"
SECRETS = ("~/.ssh", "~/.kube", "/etc/workspace/ssh")
PROVIDED = "/etc/workspace/home"
PAUSE_SECONDS = 30
"""What may hold up an editor: a full disk of the node, a search through all of home."""


@pytest.fixture
def inside(deployment: Deployment) -> Callable[[str], CommandResult]:
    """Runs a script in the pod that there is now."""
    return deployment.run


# ---- the image in the registry


@pytest.mark.requirement("BLD-2")
def test_pulled_back_image_is_the_pushed_one(registry_client: Registry, pushed: Pushed, image: Image) -> None:
    back = registry_client.pull_back(pushed)
    seen = {"digest": back.digest, "image": back.image_id, "tag": registry_client.digest(pushed.repository, pushed.tag)}
    expected = {"digest": pushed.digest, "image": image.document["Id"], "tag": pushed.digest}
    assert seen == expected, (
        f"{pushed.repository}: pulled back {seen}, pushed {expected}: check the registry's storage, and push it again"
    )


@pytest.mark.requirement("BLD-2")
def test_registry_refuses_a_wrong_password(registry_settings: RegistrySettings) -> None:
    with (
        opened(replace(registry_settings, password="wrong")) as stranger,  # noqa: S106
        pytest.raises(RegistryError, match="refuses user") as refusal,
    ):
        stranger.login()
    assert "\n" not in str(refusal.value), (
        f"registry: its refusal is no single line: fix fixtures/registry/client.py\n{refusal.value}"
    )


# ---- the pod


@pytest.mark.requirement("DEP-1")
def test_pod_runs_the_pushed_image_by_digest(deployment: Deployment, pushed: Pushed) -> None:
    pod = deployment.pod()
    asked, runs = pod.spec.containers[0].image, pod.status.container_statuses[0].image_id
    assert asked == pushed.reference, f"pod: asks for {asked}, not for {pushed.reference}: name the image by its digest"
    assert runs.endswith(f"@{pushed.digest}"), (
        f"pod: runs {runs}, not {pushed.digest}: remove the image from the node, which then pulls the digest"
    )


@pytest.mark.requirement("DEP-1")
def test_home_is_writable_for_its_user(
    inside: Callable[[str], CommandResult], inventory: Inventory, held_to: DeploymentSettings
) -> None:
    settings = inventory.image
    done = inside("cd && pwd && id -u && id -g && touch .writable && rm .writable && test -O .local")
    fix = f"give the volume to the pod's fsGroup {settings.gid}"
    seen = succeeded(done, "home", f"is not writable for UID {settings.uid}", repair=fix).split()
    expected = [held_to.home or settings.home, str(settings.uid), str(settings.gid)]
    assert seen == expected, (
        f"home: folder, UID and GID are {seen}, not {expected}: set runAsUser and runAsGroup, or "
        "`home` in [deployment] of the settings"
    )


@pytest.mark.alone
@pytest.mark.requirement("DEP-1")
def test_redeploying_replaces_the_pod_and_keeps_home(run_deployment: Deployment, run_id: str) -> None:
    before = run_deployment.pod().metadata.uid
    run_deployment.run(f"echo {run_id} >~/kept")
    after = run_deployment.rollout.restart()
    assert after.metadata.uid != before, f"redeploy: the pod is still {before}: change the pod's template"
    kept = run_deployment.run("cat ~/kept").stdout.strip()
    assert kept == run_id, f"redeploy: ~/kept has {kept!r} instead of {run_id!r}: mount the same volume over home"


@pytest.mark.requirement("DEP-1")
def test_service_leads_another_pod_to_the_editor(deployment: Deployment, scratch: Scratch) -> None:
    found = deployment.service()
    assert found, "Service: none selects the pod, so nobody gets to the editor: let the selector of one have its labels"
    service, port = found
    url = f"http://{service}.{deployment.namespace}.svc:{port}/healthz"
    # What curl says of its failure is for the check's first line, so the pod ends well all the same.
    ask = f"curl --silent --show-error --retry 5 --retry-connrefused --max-time {patient(30):.0f} {url} 2>&1; exit 0"
    asking: Any = scratch.pod("sh", "-c", ask)
    deployment.core.create_namespaced_pod(deployment.namespace, asking)
    scratch.must_succeed()
    assert '"status"' in scratch.log(), (
        f"Service {service}: {url} gives another pod {scratch.log()[:100]!r}, not the editor's health: "
        "set its selector and targetPort"
    )


@pytest.mark.requirement("DEP-1")
def test_service_leads_to_no_pod_that_is_not_ready(deployment: Deployment) -> None:
    service = _service(deployment)
    assert not service.spec.publish_not_ready_addresses, (
        f"Service {service.metadata.name}: leads to pods that are not Ready: take publishNotReadyAddresses out of it"
    )


@pytest.mark.requirement("DEP-1")
def test_service_leads_there_from_every_node(deployment: Deployment) -> None:
    service = _service(deployment)
    policy = service.spec.internal_traffic_policy or "Cluster"
    assert policy == "Cluster", (
        f"Service {service.metadata.name}: pods of other nodes do not get to the editor: set internalTrafficPolicy to "
        f"Cluster, not {policy}"
    )


@pytest.mark.requirement("DEP-1")
def test_volume_of_home_is_what_its_claim_asks_for(deployment: Deployment, held_to: DeploymentSettings) -> None:
    """A claim that is made anew, as after its namespace was lost, finds its volume by what it asks for."""
    claim = claim_of_home(deployment, held_to)
    volumes: list[Any] = deployment.core.list_persistent_volume().items
    (volume,) = [one for one in volumes if one.metadata.name == claim.spec.volume_name]
    wanted = ((claim.spec.selector and claim.spec.selector.match_labels) or {}).items()
    lacking = dict(wanted - (volume.metadata.labels or {}).items())
    assert not lacking, f"home: its volume {volume.metadata.name} lacks the labels {lacking} that the claim asks for"
    modes = {*claim.spec.access_modes} - {*volume.spec.access_modes}
    assert not modes, f"home: its volume {volume.metadata.name} is not {', '.join(modes)}, as the claim asks"


@pytest.mark.requirement("DEP-1")
def test_image_is_pulled_where_a_node_lacks_it(deployment: Deployment) -> None:
    never = [one.name for one in deployment.pod().spec.containers if one.image_pull_policy == "Never"]
    assert not never, (
        f"pod: {', '.join(never)} starts on no node that lacks its image: set imagePullPolicy to IfNotPresent"
    )


@pytest.mark.requirement("DEP-4")
def test_no_port_of_the_pod_opens_the_editor_without_a_login(deployment: Deployment, inventory: Inventory) -> None:
    """From inside the pod itself, to which no NetworkPolicy applies."""
    address = deployment.pod().status.pod_ip
    host = f"[{address}]" if ":" in address else address
    ports = sorted({*deployment.ports(), inventory.image.port})
    urls = [f"{scheme}://{host}:{port}/" for port in ports for scheme in ("http", "https")]
    answers = [_visit(deployment, url) for url in urls]
    assert any(met(one) is not Met.NOTHING for one in answers), (
        f"pod: no port of it answers itself: {'; '.join(map(told, answers))}: declare the port that the editor is at"
    )
    opened = [told(one) for one in answers if met(one) is Met.EDITOR]
    assert not opened, (
        f"pod: without a log-in, {'; '.join(opened)}: let the editor listen on 127.0.0.1 alone behind a log-in in the "
        "pod, or ask for a password"
    )


@pytest.mark.requirement("DEP-4")
def test_network_policy_lets_in_to_the_editor_alone(run_deployment: Deployment) -> None:
    must_let_in_to(run_deployment, "http")


@pytest.mark.requirement("DEP-1")
def test_two_pods_never_share_a_home(plan_documents: list[Document], run_deployment: Deployment) -> None:
    both = {"manifest": _one(plan_documents, "Deployment"), "Deployment": run_deployment.document()}
    for where, document in both.items():
        strategy = document["spec"]["strategy"]["type"]
        assert strategy == "Recreate", (
            f"{where}: the strategy is {strategy}, by which two editors share one home: set it to Recreate"
        )


@pytest.mark.requirement("DEP-8")
def test_earlier_revision_is_kept(deployment: Deployment) -> None:
    kept = deployment.document()["spec"].get("revisionHistoryLimit", 10)
    assert kept, "Deployment: keeps no earlier revision to roll back to: set revisionHistoryLimit to 2 or more"


@pytest.mark.alone
@pytest.mark.requirement("DEP-8")
def test_roll_back_and_forward_loses_nothing_in_home(
    run_deployment: Deployment, pushed: Pushed, next_image: Pushed, run_id: str
) -> None:
    assert next_image.digest != pushed.digest
    run_deployment.run(f"echo {run_id} >~/kept-over-images")
    changes: list[tuple[Callable[[], Any], Pushed]] = [
        (lambda: run_deployment.rollout.set_image(next_image.reference), next_image),
        (run_deployment.rollout.undo, pushed),
        (run_deployment.rollout.undo, next_image),
        (run_deployment.rollout.undo, pushed),
    ]
    for change, expected in changes:
        runs = change().status.container_statuses[0].image_id
        assert runs.endswith(expected.digest), (
            f"roll back: {runs} runs instead of {expected.digest}: set revisionHistoryLimit to 2 or more"
        )
        kept = run_deployment.run("cat ~/kept-over-images").stdout.strip()
        assert kept == run_id, f"roll back: home has {kept!r} instead of {run_id!r}: mount the same volume over home"


# ---- start-up


@pytest.mark.requirement("DEP-2")
@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probe_asks_the_editor(probe: str, deployment: Deployment) -> None:
    containers = deployment.document()["spec"]["template"]["spec"]["containers"]
    asked = [json.dumps(one.get(probe)) for one in containers]
    assert any("/healthz" in one or '"path": "/"' in one for one in asked), (
        f"Deployment: no container has a {probe} that asks the editor, for /healthz or its page: "
        "add it to the editor's container"
    )


@pytest.mark.requirement("DEP-2")
def test_no_probe_costs_more_than_the_start_may_take(deployment: Deployment) -> None:
    notes = startup.delay_notes(deployment.document()["spec"]["template"]["spec"]["containers"])
    assert not notes, f"start-up: {'; '.join(notes)}"


@pytest.mark.requirement("DEP-2")
def test_short_pause_of_the_editor_ends_no_session(deployment: Deployment) -> None:
    containers = deployment.document()["spec"]["template"]["spec"]["containers"]
    probes = {one["name"]: one["livenessProbe"] for one in containers if one.get("livenessProbe")}
    # Kubernetes' own values where a probe names none.
    lasts = {name: one.get("periodSeconds", 10) * one.get("failureThreshold", 3) for name, one in probes.items()}
    short = {name: seconds for name, seconds in lasts.items() if seconds < PAUSE_SECONDS}
    assert not short, (
        f"Deployment: whatever holds up a container for {short} s ends it, with all terminals: let periodSeconds times "
        f"failureThreshold of its livenessProbe be {PAUSE_SECONDS} or more"
    )


@pytest.mark.requirement("DEP-2")
def test_large_home_delays_no_start(deployment: Deployment) -> None:
    context = deployment.document()["spec"]["template"]["spec"].get("securityContext") or {}
    walks = "fsGroup" in context and context.get("fsGroupChangePolicy", "Always") == "Always"
    assert not walks, "Deployment: home is walked through at each start: set fsGroupChangePolicy to OnRootMismatch"


@pytest.mark.requirement("DEP-2")
def test_pod_is_ready_in_time(starts: StartTable) -> None:
    slowest = max(starts.phases, key=lambda name: starts.phases[name].median)
    assert starts.passed, (
        f"start-up: p95 {starts.total.p95:.1f} s of {len(starts.starts)} starts, {starts.limit:.0f} s at most; most of "
        f"it is `{slowest}`: {'; '.join(starts.notes) or 'shorten that phase'}"
    )


@pytest.mark.requirement("DEP-2")
def test_pull_is_told_apart(pull: Start) -> None:
    waited = pull.seen["pulled"]
    assert pull.pull_seconds is not None
    assert pull.pull_seconds <= waited + 1, (
        f"pull: the node says {pull.pull_seconds} s, seen were {waited} s: set the node's clock"
    )


# ---- what it is given


@pytest.mark.requirement("DEP-5")
def test_manifests_ask_for_the_plans_resources(plan_documents: list[Document]) -> None:
    expected = {f"{kind} {what}": size for kind in ("requests", "limits") for what, size in PLAN.items()}
    _same_resources(resources(_one(plan_documents, "Deployment"), NAME), expected)


@pytest.mark.requirement("DEP-5")
def test_running_pod_has_the_plans_limits(
    deployment: Deployment, held_to: DeploymentSettings, request: pytest.FixtureRequest
) -> None:
    expected: dict[str, Any] = {f"limits {what}": size for what, size in held_to.limits.items()}
    if request.config.getoption("deployment") is None:
        workspace: Workspace = request.getfixturevalue("workspace")
        expected |= {"requests cpu": workspace.cpu_request, "requests memory": PLAN["memory"]}
        expected |= {"limits ephemeral-storage": OUTSIDE_HOME}
    _same_resources(resources(deployment.document(), deployment.container), expected)


@pytest.mark.requirement("DEP-5")
def test_limits_are_enforced_in_the_pod(inside: Callable[[str], CommandResult], held_to: DeploymentSettings) -> None:
    script = (
        "cd /sys/fs/cgroup; if [ -f cpu.max ]; then cat cpu.max memory.max; "
        "else cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.limit_in_bytes; fi"
    )
    told = inside(script).stdout.replace("max", "-1")
    where = "see /sys/fs/cgroup in the pod"
    quota, period, memory = map(int, words_of(told, 3, "pod", "tells the limits of its cgroup as", repair=where))
    seen = {"cpu": quota / period, "memory": memory}
    expected = held_to.limits
    assert seen == expected, f"pod: its cgroup allows {seen} instead of {expected}: set the limits of its container"


@pytest.mark.requirement("DEP-5")
def test_home_has_the_plans_size(deployment: Deployment, held_to: DeploymentSettings) -> None:
    least = f"a claim of {held_to.home_gib}Gi at least"
    size = claim_of_home(deployment, held_to).status.capacity["storage"]
    assert amount(size) >= held_to.home_gib << 30, f"home: its claim has {size}, not {least}: claim that"


def claim_of_home(deployment: Deployment, held_to: DeploymentSettings) -> Any:
    """Return the claim that home is on."""
    home = deployment.run("cd && pwd").stdout.strip()
    volume = deployment.volume_at(home)
    least = f"a claim of {held_to.home_gib}Gi at least"
    assert "persistentVolumeClaim" in volume, (
        f"home: {home} is on {' '.join(volume) or 'no volume'}, which has no size of its own, not on {least}: "
        "mount one over it"
    )
    return deployment.core.read_namespaced_persistent_volume_claim(
        volume["persistentVolumeClaim"]["claimName"], deployment.namespace
    )


# ---- what its home begins with


@pytest.mark.requirement("DEP-7", "DEP-13")
def test_start_scripts_report_no_failure(deployment: Deployment, inventory: Inventory) -> None:
    pod = deployment.pod().metadata.name
    log = str(deployment.core.read_namespaced_pod_log(pod, deployment.namespace, container=deployment.container))
    failed = [line for line in log.splitlines() if START_FAILURE.match(line)]
    assert not failed, f"start of the workspace: {failed[0]}: fix what the log of pod {pod} says, then delete the pod"
    script = must_have_script(deployment.inside(), inventory.image.start_scripts)
    assert script in log, (
        f"start of the workspace: the log of pod {pod} says nothing of {script}: "
        "start the pod by the image's entrypoint"
    )


@pytest.mark.requirement("DEP-7")
def test_git_knows_the_developer(inside: Callable[[str], CommandResult], workspace: Workspace) -> None:
    seen = inside("git config user.name; git config user.email; git config init.defaultBranch").stdout.splitlines()
    expected = [workspace.git_name, workspace.git_email, "main"]
    assert seen == expected, (
        f"git: its settings are {seen}, not {expected}: fix 20-workspace, or the ConfigMap code-server-home"
    )


@pytest.mark.requirement("DEP-7")
def test_ssh_keys_are_the_users_alone(inside: Callable[[str], CommandResult], inventory: Inventory) -> None:
    owner = str(inventory.image.uid)
    done = inside("cd ~/.ssh && stat -c '%a %u %n' . $(find . -name 'id_*' ! -name '*.pub')")
    # A folder of the volume inherits its setgid bit, which opens nothing.
    seen = {name: f"{int(mode, 8) & 0o777:o} {uid}" for mode, uid, name in map(str.split, done.stdout.splitlines())}
    assert len(seen) > 1, f"ssh: there is no key ~/.ssh/id_* ({done.stderr.strip() or 'no such file'}): {START}"
    expected = {name: f"{'700' if name == '.' else '600'} {owner}" for name in seen}
    assert seen == expected, f"ssh: mode and owner in ~/.ssh are {seen}, not {expected}: {START}"


@pytest.mark.requirement("DEP-7")
def test_ssh_keys_are_those_of_the_secret(inside: Callable[[str], CommandResult], workspace: Workspace) -> None:
    done = inside("cd ~/.ssh && cat id_ed25519 && ssh-keygen -y -f id_ed25519")
    assert workspace.ssh_keys is not None
    private, public = (workspace.ssh_keys[name].decode() for name in ("id_ed25519", "id_ed25519.pub"))
    assert done.stdout.startswith(private), (
        f"ssh: the key in home is not the Secret's ({done.stderr.strip()}): fix 20-workspace"
    )
    usable = done.stdout.removeprefix(private).strip()
    assert usable == public.rsplit(" ", 1)[0], (
        f"ssh: ssh-keygen does not take the key in home ({done.stderr.strip()!r}): fix its end of line in 20-workspace"
    )


@pytest.mark.requirement("DEP-7")
def test_tasks_and_settings_for_claude_code_are_there(inside: Callable[[str], CommandResult]) -> None:
    fix = START
    written = inside("cat ~/.local/share/code-server/User/tasks.json").stdout or "{}"
    tasks = json_of(written, "VS Code", "tasks.json has", repair=fix)
    labels = [task["label"] for task in tasks.get("tasks", [])]
    assert "Claude Code" in labels, f"VS Code: the tasks are {labels}, without `Claude Code`: {fix}"
    for task in tasks["tasks"]:
        done = inside(f"PATH=/usr/bin:/bin; {task['command']}")
        assert (done.rc, "npm install -g" in done.stdout) == (127, True), (
            f"VS Code: task `{task['label']}` without claude says {(done.stdout + done.stderr).strip()[:100]!r}, "
            "not how to install it: fix home/tasks.json"
        )
    written = inside("cat ~/.claude/settings.json").stdout or "{}"
    settings = json_of(written, "Claude Code", "settings.json has", repair=fix)
    denied = settings.get("permissions", {}).get("deny", [])
    open_ = [one for one in SECRETS if f"Read({one}/**)" not in denied]
    assert not open_, f"Claude Code: its settings let it read {', '.join(open_)}: {fix}"


@pytest.mark.requirement("DEP-7")
def test_provided_settings_turn_off_no_protection(inside: Callable[[str], CommandResult]) -> None:
    """In home they are the developer's, who may decide otherwise."""
    said = inside(f"for file in {PROVIDED}/*settings.json; do cat $file; echo; done 2>/dev/null").stdout
    if not said.strip():
        blocked(f"home: nothing is provided in {PROVIDED}", "mount the settings there, as this suite's deployment does")
    off = turned_off(said)
    assert not off, (
        f"home: the provided settings have {', '.join(off)} in a way that turns a protection off: take it out of "
        "home/editor-settings.json and home/claude-settings.json"
    )


@pytest.mark.requirement("DEP-7")
def test_variables_of_the_pod_turn_off_no_protection(inside: Callable[[str], CommandResult]) -> None:
    variables = succeeded(inside("env -0"), "the pod", "its variables cannot be read").split("\0")
    assert any(one.startswith("HOME=") for one in variables), f"the pod: has no HOME among {len(variables)} variables"
    unsafe = unsafe_variables(variables)
    assert not unsafe, (
        f"the pod: {', '.join(unsafe)} turns a protection off, or gives keys away: take it out of the "
        "Deployment's env, and of the environment script"
    )


@pytest.mark.alone
@pytest.mark.requirement("DEP-7")
def test_all_of_it_is_back_after_a_restart_with_an_emptied_home(run_deployment: Deployment) -> None:
    run_deployment.run(f"cd && rm -rf {USER_FILES}")
    run_deployment.rollout.restart()
    done = run_deployment.run(f"cd && ls -d {USER_FILES}")
    succeeded(done, "home", "is not complete after a restart", repair="let 20-workspace make what is missing")


@pytest.mark.alone
@pytest.mark.requirement("DEP-7")
def test_what_the_developer_changed_stays(run_deployment: Deployment) -> None:
    run_deployment.run(
        "git config --global user.name Mine && echo '{\"tasks\": []}' >~/.local/share/code-server/User/tasks.json"
    )
    run_deployment.rollout.restart()
    seen = run_deployment.run(
        "git config user.name; cat ~/.local/share/code-server/User/tasks.json"
    ).stdout.splitlines()
    run_deployment.run(f"cd && rm -rf .gitconfig {USER_FILES} && /entrypoint.d/20-workspace")
    assert seen == ["Mine", '{"tasks": []}'], (
        f"home: what the developer wrote became {' '.join(seen)[:80]!r}: let 20-workspace leave files that are there"
    )


@pytest.mark.requirement("DEP-6", "DEP-7")
@pytest.mark.uses("kubectl")
def test_kubeconfig_is_that_of_the_account(
    inside: Callable[[str], CommandResult], deployment: Deployment, account_name: str
) -> None:
    must_be_account(deployment.inside(), account_name)
    mode, _, listed = str(inside("stat -c %a $KUBECONFIG; kubectl get pods -o name").stdout).partition("\n")
    pods = listed.split()
    assert mode == "600", f"kubeconfig: its mode is {mode}, not 600: {START}"
    mine = f"pod/{deployment.pod().metadata.name}"
    assert mine in pods, f"kubeconfig: kubectl lists {pods} without {mine}: let its context be of the pod's namespace"


@pytest.mark.requirement("DEP-6", "DEP-7")
@pytest.mark.uses("kubectl")
def test_kubeconfig_outlives_the_pod(deployment: Deployment) -> None:
    settings = yaml.safe_load(must_run(deployment.inside(), "kubeconfig", "cat $KUBECONFIG"))
    assert settings["users"], f"kubeconfig: names no user: {START}"
    kept = [one["name"] for one in settings["users"] if one["user"].keys() & {"token", "client-key-data", "password"}]
    assert not kept, f"kubeconfig: keeps what {', '.join(kept)} proves himself by, in home: lead to it by tokenFile"


@pytest.mark.requirement("DEP-6", "DEP-7")
@pytest.mark.uses("kubectl")
def test_kubeconfig_checks_the_api_server(deployment: Deployment) -> None:
    """Whoever answers in its place gets the account's token."""
    servers = clusters_of_the_token(must_run(deployment.inside(), "kubeconfig", "cat $KUBECONFIG"))
    assert servers, f"kubeconfig: names no API server: {START}"
    trusting = [
        str(one.get("server")) for one in servers
        if not str(one.get("server")).startswith("https://") or one.get("insecure-skip-tls-verify")
    ]  # fmt: skip
    assert not trusting, (
        f"kubeconfig: gives the account's token to whoever answers for {', '.join(trusting)}: let its "
        "server be https, with the authority of the cluster and without insecure-skip-tls-verify"
    )


def _service(deployment: Deployment) -> Any:
    """Return the Service that leads to the editor; AssertionError where none does."""
    found = deployment.service()
    assert found, "Service: none selects the pod, so nobody gets to the editor: let the selector of one have its labels"
    return deployment.core.read_namespaced_service(found[0], deployment.namespace)


def _visit(deployment: Deployment, url: str) -> list[Facts]:
    """Return what a visitor gets at a URL where curl follows each redirect, as `fixtures.smoke.visitor` takes it."""
    # The page itself goes the other way than what curl says of it.
    ask = "curl --silent --show-error --insecure --location --max-redirs 5 --noproxy '*' --output page"
    ask += f" --max-time {patient(20):.0f}"
    script = f"{ask} --write-out '%{{http_code}} %{{url_effective}}' '{url}'; e=$?; cat page >&2; exit $e"
    done = deployment.run(script)
    if done.rc:
        return [{"url": url, "error": done.stderr.strip()}]
    status, last = done.stdout.split()
    return [{"url": last, "status": int(status), "location": "", "text": done.stderr}]


def _one(documents: list[Document], kind: str) -> Document:
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def _same_resources(seen: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    wrong = [
        f"{what} {seen.get(what, 'missing')}, not {size}" for what, size in expected.items() if seen.get(what) != size
    ]
    assert not wrong, (
        f"Deployment: {'; '.join(wrong)}: set them in the container, or say in [deployment] of the settings what "
        "it is held to"
    )
