"""What happens to a workspace on any day: memory runs out, the CPU is busy, a node is drained, keys are replaced.

The editor comes back, or never goes; home is whole; and what happened can be seen.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from fixtures.certificates import Authority
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.overlay import ssh_key_pair
from fixtures.deployment.tools import must_run, words_of
from fixtures.deployment.workspace_start import START
from fixtures.inventory import Inventory
from fixtures.patience import patient
from fixtures.services.settings import DeploymentSettings
from fixtures.shell.transport import ShellDiedError

pytestmark = pytest.mark.alone

BUSY_SECONDS = 20
BUSY = """\
for n in 1 2 3 4 5 6 7 8; do timeout {seconds} sh -c 'while :; do :; done' & done
answered=0; asked=0; end=$(($(date +%s) + {seconds}))
while [ "$(date +%s)" -lt "$end" ]; do
    asked=$((asked + 1))
    if curl --silent --fail --noproxy '*' --output /dev/null --max-time {patience} http://127.0.0.1:{port}{ready}; then
        answered=$((answered + 1)); sleep 1
    fi
done
wait; echo "$answered $asked"
"""
KILLED = 137
TOO_MANY = 429
"""Answer of the API server to an eviction that a PodDisruptionBudget forbids."""


@pytest.fixture
def remembered(run_deployment: Deployment, run_id: str) -> Iterator[str]:
    """What stands in a file of home."""
    run_deployment.run(f"echo {run_id} >~/trouble")
    yield run_id
    run_deployment.run("rm -f ~/trouble")


def must_remember(deployment: Deployment, said: str, after: str) -> None:
    """Ask home for what it had before; AssertionError where it has it no more."""
    kept = deployment.run("cat ~/trouble").stdout.strip()
    assert kept == said, f"home: after {after} it has {kept!r} instead of {said!r}: mount the same volume over home"


@pytest.fixture
def replaced_afterwards(run_deployment: Deployment) -> Iterator[None]:
    """Shells of other workers are in a container that may be gone: by a new pod's name they open others."""
    yield
    run_deployment.rollout.restart()


@pytest.mark.requirement("DEP-5")
@pytest.mark.usefixtures("replaced_afterwards")
def test_memory_that_runs_out_takes_neither_home_nor_the_editor_for_good(
    run_deployment: Deployment, remembered: str, held_to: DeploymentSettings
) -> None:
    before = _restarts(run_deployment)
    limit = int(held_to.limits["memory"])
    try:
        # Without the end of a line, tail keeps all that it reads in memory.
        taken = run_deployment.run(f"head -c {limit + (256 << 20)} /dev/zero | tail >/dev/null; exit $?", seconds=120)
        status: int | None = taken.rc
    except ShellDiedError:
        status = None
    if status is None:
        # By cgroup v2 the whole container ends.
        _wait_for_restart(run_deployment, before)
        last = _container(run_deployment).last_state.terminated
        reason = last.reason if last else "nothing"
        assert reason == "OOMKilled", f"memory: the container ended as {reason}, not as OOMKilled: see the node's log"
    else:
        assert status == KILLED, (
            f"memory: {limit + (256 << 20)} bytes in the pod end with status {status}, not {KILLED}; the limit is "
            f"{limit}: let the node enforce limits of memory"
        )
    run_deployment.wait_ready()
    must_remember(run_deployment, remembered, "its pod ran out of memory")


@pytest.mark.requirement("DEP-2", "DEP-5")
def test_busy_cpu_restarts_nothing(run_deployment: Deployment, inventory: Inventory) -> None:
    before = _restarts(run_deployment)
    containers = run_deployment.pod().spec.containers
    probe = next(one.liveness_probe for one in containers if one.name == run_deployment.container)
    assert probe, "busy CPU: the editor's container has no livenessProbe: add it"
    places = {"port": inventory.image.port, "ready": inventory.image.ready_path, "patience": probe.timeout_seconds}
    script = BUSY.format(seconds=BUSY_SECONDS, **places)
    try:
        said = must_run(run_deployment.inside(), "busy CPU", script, seconds=4 * BUSY_SECONDS)
    except ShellDiedError:
        _wait_for_restart(run_deployment, before)
    after = _restarts(run_deployment)
    assert after == before, (
        f"busy CPU: the editor was restarted in {BUSY_SECONDS} s: give the livenessProbe a longer timeoutSeconds, or a "
        "higher failureThreshold"
    )
    fix = "run this check's script by hand in the pod"
    answered, asked = map(int, words_of(said, 2, "busy CPU", "the counts of answers are", repair=fix))
    assert answered == asked, (
        f"busy CPU: the editor answers {answered} of {asked} times within the livenessProbe's "
        f"{probe.timeout_seconds} s: raise its timeoutSeconds, or the limit of CPU"
    )


@pytest.mark.requirement("DEP-1")
def test_drained_pod_comes_back_with_its_home(run_deployment: Deployment, remembered: str) -> None:
    """As `kubectl drain` does it, by an eviction, so that a PodDisruptionBudget has its say."""
    before = run_deployment.pod().metadata
    place: Any = client.V1ObjectMeta(name=before.name, namespace=before.namespace)
    eviction = client.V1Eviction(metadata=place)
    try:
        run_deployment.core.create_namespaced_pod_eviction(before.name, before.namespace, eviction)
    except client.ApiException as refusal:
        if refusal.status != TOO_MANY:
            raise
        budget = json.loads(refusal.body or "{}").get("message", refusal.reason)
        raise AssertionError(
            f"drain: its node cannot be emptied: {budget}: let no PodDisruptionBudget keep the one pod"
        ) from None
    run_deployment.wait_for("another pod", patient(60), run_deployment.core.list_namespaced_pod,
                            lambda pods: before.uid not in [pod.metadata.uid for pod in pods],
                            label_selector=run_deployment.selector)  # fmt: skip
    run_deployment.wait_ready()
    must_remember(run_deployment, remembered, "an eviction of its pod")


@pytest.fixture
def renewed(run_deployment: Deployment) -> Iterator[tuple[str, str]]:
    """The public key and the certificate that have replaced those of the deployment; the pod was started anew."""
    core, namespace = run_deployment.core, run_deployment.namespace
    home = run_deployment.document()["spec"]["template"]["spec"]["volumes"]
    secret = next(one["secret"]["secretName"] for one in home if one["name"] == "ssh")
    bundle = next(one["configMap"]["name"] for one in home if one["name"] == "authorities")
    keys, certificate = ssh_key_pair("renewed"), Authority("renewed").certificate.decode()
    old: Any = core.read_namespaced_secret(secret, namespace).data
    trusted: Any = core.read_namespaced_config_map(bundle, namespace).data
    encoded = {name: base64.b64encode(content).decode() for name, content in keys.items()}
    try:
        core.patch_namespaced_secret(secret, namespace, {"data": encoded})
        core.patch_namespaced_config_map(bundle, namespace, {"data": {"authorities.crt": certificate}})
        run_deployment.rollout.restart()
        yield keys["id_ed25519.pub"].decode(), certificate
    finally:
        core.patch_namespaced_secret(secret, namespace, {"data": {name: old.get(name) for name in encoded}})
        core.patch_namespaced_config_map(bundle, namespace, {"data": trusted})
        run_deployment.rollout.restart()


@pytest.mark.requirement("DEP-7")
def test_replaced_keys_and_authorities_reach_the_next_pod(renewed: tuple[str, str], run_deployment: Deployment) -> None:
    public, certificate = renewed
    key = run_deployment.run("ssh-keygen -y -f ~/.ssh/id_ed25519").stdout.strip()
    assert key == public.rsplit(" ", 1)[0], f"ssh: after its Secret was renewed, home has another key: {START}"
    bundle = run_deployment.run("cat /run/workspace/authorities.crt").stdout
    assert certificate.strip() in bundle, (
        f"authorities: after the ConfigMap was renewed, the bundle lacks its certificate: {START}"
    )


def _container(deployment: Deployment) -> Any:
    return next(one for one in deployment.pod().status.container_statuses if one.name == deployment.container)


def _wait_for_restart(deployment: Deployment, before: int) -> None:
    """Wait until its container was started again: for a moment the pod still has the status of before."""
    deployment.wait_for("its container to start again", patient(60), deployment.core.list_namespaced_pod,
                        lambda _: _restarts(deployment) > before, label_selector=deployment.selector)  # fmt: skip


def _restarts(deployment: Deployment) -> int:
    return int(_container(deployment).restart_count)
