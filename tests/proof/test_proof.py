"""The smoke run passes a sound deployment, from outside and in the cluster, and fails each that is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from kubernetes import client

from fixtures.cluster.objects import Document
from fixtures.cluster.wait import wait_until
from fixtures.deployment.deployment import Deployment
from fixtures.image.image import Image
from fixtures.proof import helm
from fixtures.proof.application import Application
from fixtures.proof.breaks import BREAKS, broken, one
from fixtures.proof.manifests import NAMESPACE, SETTINGS, SMOKE
from fixtures.proof.smoke import Smoke

pytestmark = [pytest.mark.requirement("USE-2-proof"), pytest.mark.xdist_group("proof")]

DEPLOYMENT = f"--deployment={NAMESPACE}/code-server"
JOB_SECONDS = 180.0


def state(deployment: Deployment) -> dict[str, Any]:
    """The objects of the namespace as somebody declared them: what kubelets and controllers note is left out.

    The pods of Jobs are left out too: the component's CronJob may start one at any moment.
    """
    core, rbac = deployment.core, client.RbacAuthorizationV1Api(deployment.api)
    listed: list[Any] = [
        deployment.apps.list_namespaced_deployment, core.list_namespaced_service, core.list_namespaced_config_map,
        core.list_namespaced_secret, core.list_namespaced_pod, core.list_namespaced_service_account,
        rbac.list_namespaced_role, rbac.list_namespaced_role_binding,
    ]  # fmt: skip
    found: dict[str, Any] = {}
    for some in listed:
        for entry in some(NAMESPACE).items:
            if any(owner.kind == "Job" for owner in entry.metadata.owner_references or ()):
                continue
            plain = deployment.api.sanitize_for_serialization(entry)
            plain.pop("status", None)
            for noted in ("resourceVersion", "managedFields", "generation"):
                plain["metadata"].pop(noted, None)
            found[f"{type(entry).__name__} {entry.metadata.name} ({entry.metadata.uid})"] = plain
    return found


def test_sound_deployment_passes_from_outside_and_is_left_as_it_is(sound_deployment: Deployment, reader: Smoke) -> None:
    before = state(sound_deployment)
    done = reader.run(DEPLOYMENT, settings=SETTINGS)
    print(done.stdout, done.stderr)
    assert done.status == 0, f"smoke run: ends with {done.status}: see its words\n{done.stdout}{done.stderr}"
    after = state(sound_deployment)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    assert not changed, f"smoke run: changed meanwhile: {', '.join(changed)}: let it read alone"


def test_sound_deployment_syncs(sound_deployment: Deployment, proof_application: Application) -> None:
    place = ("argoproj.io", "v1alpha1", "argocd", "applications", proof_application.name)
    found: Any = client.CustomObjectsApi(sound_deployment.api).get_namespaced_custom_object(*place)
    told = found["status"]["operationState"]
    hooks = [
        entry["hookPhase"]
        for entry in told["syncResult"]["resources"]
        if entry["name"] == SMOKE and "hookType" in entry
    ]
    assert (told["phase"], hooks) == ("Succeeded", ["Succeeded"]), (
        f"argocd: the sync of a sound deployment ends as {told['phase']}, its hook as {hooks}: see the hook's words\n"
        f"{json.dumps(told)}"
    )


def test_cronjob_of_the_component_succeeds(sound_deployment: Deployment, sound_documents: list[Document]) -> None:
    job: Any = {"metadata": {"name": "by-hand", "labels": {"by": "hand"}},
                "spec": one(sound_documents, "CronJob", SMOKE)["spec"]["jobTemplate"]["spec"]}  # fmt: skip
    batch = client.BatchV1Api(sound_deployment.api)
    batch.create_namespaced_job(NAMESPACE, job)
    ended: list[Any] = []

    def over(jobs: list[Any]) -> bool:
        ended[:] = [entry for entry in jobs if entry.status.succeeded or entry.status.failed]
        return bool(ended)

    wait_until("the Job of the smoke run", JOB_SECONDS, batch.list_namespaced_job, over,
               namespace=NAMESPACE, label_selector="by=hand")  # fmt: skip
    assert ended[0].status.succeeded, f"CronJob: its Job failed: read its pod's log: {ended[0].status.conditions}"


@pytest.mark.usefixtures("sound_deployment")
def test_helm_test_runs_the_component_s_pod(smoke: Smoke, image: Image, sound_documents: list[Document]) -> None:
    manifest = yaml.safe_dump(one(sound_documents, "Pod", SMOKE))
    told = helm.tested(image.name, smoke.kubeconfig, NAMESPACE, manifest)
    print(told)
    assert "Succeeded" in told, (
        f"helm: tells of no test that succeeded: {told[-300:]!r}: see the annotations of pod.yaml"
    )


@pytest.mark.parametrize("way", BREAKS)
@pytest.mark.usefixtures("sound_deployment")
def test_broken_deployment_ends_its_sync_as_failed_with_the_reason(
    way: str, proof_application: Application, sound_documents: list[Document]
) -> None:
    done = proof_application.sync(broken(sound_documents, way), way)
    print(f"\n{way}: {done.phase} after {done.seconds} s:\n{done.reasons}")
    assert done.phase == "Failed", (
        f"argocd: the sync of a deployment with {way} ends as {done.phase}: see the hook\n{done.reasons}"
    )
    assert BREAKS[way][1] in done.reasons, f"argocd: the reason for {way} is not told: see the hook\n{done.reasons}"
