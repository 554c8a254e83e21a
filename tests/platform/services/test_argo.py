"""Argo Workflows: argo in the pod against the server, seen from outside by the cluster's API and the server's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.advice import REBUILD, last_line
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import attempt, must_refuse, must_run, must_tell, succeeded, word
from fixtures.inventory import Inventory
from fixtures.services import http
from fixtures.services.catalogue.argo import SERVICE, Workflows
from fixtures.services.model import Endpoint

SUBMIT_SECONDS = 210.0
LISTING = "argo list -o name"
SHORTEST_SECONDS = 3600
"""A build, or a training, may take an hour; who starts one before lunch looks at it after."""
CLIENT_MODE = "run argo-server with --auth-mode=client"


# ---- connects


@pytest.mark.requirement("TOOL-argo-connects", "ENV-2")
@pytest.mark.usefixtures("argo")
def test_argo_asks_the_server_that_the_environment_names(pod: Pod, inventory: Inventory) -> None:
    seen = must_run(pod, "argo", "argo version --short").split()
    version = f"v{inventory.tool('argo').version}"
    assert seen[-2:] == ["argo-server:", version], (
        f"argo: the server that answers is {seen}, not argo-server: {version}: "
        "set ARGO_SERVER, or deploy the server in argo's version"
    )


@pytest.mark.requirement("TOOL-argo-connects", "ENV-2")
def test_argo_lists_the_workflows_that_the_cluster_has(pod: Pod, workflows: Workflows) -> None:
    before = must_run(pod, "argo", LISTING).split()
    workflows.create(_suspended(workflows))
    listed = must_run(pod, "argo", LISTING).split()
    name = workflows.scratch.name
    assert name not in before, f"argo: lists {name} before it was there: {REBUILD}"
    assert name in listed, f"argo: lists {listed} without {name}: set ARGO_SERVER and ARGO_NAMESPACE"


@pytest.mark.requirement("TOOL-argo-connects")
@pytest.mark.usefixtures("argo")
def test_argo_refuses_a_server_of_another_authority(pod: Pod, foreign_certificate: bytes) -> None:
    script = f"cat >foreign.crt && SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=/ {LISTING}"
    words, fix = "certificate signed by unknown authority", "unset ARGO_INSECURE_SKIP_VERIFY in the workspace"
    must_refuse(pod, "argo", script, words, repair=fix, stdin=foreign_certificate)


@pytest.mark.requirement("SVC-argo-auth")
@pytest.mark.parametrize("token", ["", "Bearer nonsense"], ids=["no token", "wrong token"])
def test_server_serves_nobody_without_a_token(token: str, argo: Endpoint, deployment: Deployment) -> None:
    with http.opened(argo) as server:
        path = f"/api/v1/workflows/{deployment.namespace}"
        answer = server.ask("GET", path, headers={"Authorization": token} if token else None)
    assert answer.status == 401, (
        f"argo-server: answers {answer.status} instead of 401 to {token or 'no token'}: {CLIENT_MODE}"
    )


@pytest.mark.requirement("TOOL-argo-connects")
@pytest.mark.usefixtures("argo")
def test_argo_passes_on_that_a_token_is_refused(pod: Pod) -> None:
    script = f"ARGO_TOKEN='Bearer nonsense' {LISTING}"
    must_refuse(pod, "argo", script, "(?i)Unauthenticated|Unauthorized", repair=CLIENT_MODE)


# ---- operates


@pytest.mark.requirement("TOOL-argo-operates")
def test_argo_submits_waits_reads_the_log_and_deletes(pod: Pod, workflows: Workflows) -> None:
    said, name = word(), workflows.scratch.name
    _submit(pod, workflows, f"printf {said} >/tmp/said", 'echo "heard $SAID"')
    seen = _phase(workflows.status())
    assert seen == "Succeeded", (
        f"argo: `submit --wait` succeeded, the workflow is {seen}, not Succeeded: read the workflow controller's log"
    )
    log = must_run(pod, "argo", f"argo logs {name} --no-color")
    assert f": heard {said}\n" in log, f"argo: its log ends with {last_line(log)!r}, not with `heard {said}`: {REBUILD}"
    outside = workflows.logs()
    assert any(f"heard {said}\n" in one for one in outside), (
        f"argo: its log has `heard {said}`, which no pod of a step wrote: {REBUILD}"
    )
    must_run(pod, "argo", f"argo delete {name}")
    assert workflows.status() is None, f"argo: {name} is there after `argo delete`: give the account the verb delete"


@pytest.mark.requirement("TOOL-argo-operates")
def test_argo_tells_of_a_workflow_that_fails(pod: Pod, workflows: Workflows) -> None:
    document = workflows.manifest("exit 3")
    done = attempt(pod, "argo", "argo submit - --wait", stdin=_json(document), seconds=SUBMIT_SECONDS)
    seen = _phase(workflows.status())
    assert (done.rc, seen) == (1, "Failed"), (
        f"argo: a step that exits with 3 gives {seen}, `submit --wait` ends with {done.rc}, not Failed and 1 "
        f"({last_line(done.stderr or done.stdout)}): read the workflow controller's log"
    )
    shown = must_tell(pod, "argo", f"argo get {workflows.scratch.name} -o json")["status"]
    reasons = [node.get("message") for node in shown["nodes"].values() if node["type"] == "Pod"]
    expected = ["Error (exit code 3)"]
    assert reasons == expected, f"argo: gives {reasons} as the step's end, not {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-argo-operates")
def test_workflow_may_take_its_time_and_stays_to_be_read(workflows: Workflows) -> None:
    document = _suspended(workflows)
    del document["spec"]["activeDeadlineSeconds"]
    workflows.create(document)
    ends = {name: value for name, value in _ends(workflows.begun()).items() if value < SHORTEST_SECONDS}
    assert not ends, (
        f"argo: its controller gives each workflow {ends}: take that out of workflowDefaults in "
        "workflow-controller-configmap, or make it an hour"
    )


@pytest.mark.requirement("SVC-argo-tenancy", "DEP-6")
@pytest.mark.uses("argo")
def test_workflow_cannot_run_as_the_server_does(pod: Pod, workflows: Workflows) -> None:
    document = workflows.manifest("true")
    document["metadata"] = document["metadata"] | {"namespace": SERVICE.namespace}
    script = f"argo submit - --server-dry-run -o name --namespace={SERVICE.namespace}"
    words = f"PermissionDenied.*cannot create resource .*workflows.* in the namespace .*{SERVICE.namespace}"
    fix = "take away the account's right to make workflows in the server's namespace"
    must_refuse(pod, "argo", script, words, repair=fix, stdin=_json(document))


@pytest.mark.requirement("SVC-argo-tenancy", "DEP-6")
def test_another_account_sees_nothing_through_the_server(argo: Endpoint, deployment: Deployment) -> None:
    spec: Any = {"spec": {"expirationSeconds": 600}}
    issued: Any = deployment.core.create_namespaced_service_account_token("default", deployment.namespace, spec)
    headers = {"Authorization": f"Bearer {issued.status.token}"}
    with http.opened(argo, headers) as server:
        answer = server.ask("GET", f"/api/v1/workflows/{deployment.namespace}")
    assert answer.status == 403, (
        f"argo-server: answers {answer.status} instead of 403 to an account without rights: {CLIENT_MODE}"
    )


def _submit(pod: Pod, workflows: Workflows, *commands: str) -> None:
    """Submit a workflow by argo and wait for its end; AssertionError with what its steps said where that fails."""
    document = _json(workflows.manifest(*commands))
    done = attempt(pod, "argo", "argo submit - --wait", stdin=document, seconds=SUBMIT_SECONDS)
    status = workflows.status() or {}
    nodes = [node.get("message") for node in status.get("nodes", {}).values() if node.get("message")]
    why = "; ".join([last_line(done.stderr or done.stdout), *nodes, workflows.scratch.last_word()])
    fix = "give the account workflow the right to report its steps' results, or fix what the step complains of"
    succeeded(done, "argo", "`submit --wait` failed", said=why, repair=fix)


def _ends(spec: Mapping[str, Any]) -> dict[str, int]:
    """Return the seconds after which a workflow is ended, or it or its pods removed, by the setting's name."""
    ends = {"activeDeadlineSeconds": spec.get("activeDeadlineSeconds")}
    kept = spec.get("ttlStrategy") or {}
    ends |= {f"ttlStrategy.{name}": kept.get(name) for name in ("secondsAfterCompletion", "secondsAfterFailure")}
    # Others keep the pods of what failed.
    if (spec.get("podGC") or {}).get("strategy") in {"OnPodCompletion", "OnWorkflowCompletion"}:
        ends["podGC.strategy"] = 0
    template = spec.get("templateDefaults") or {}
    ends["templateDefaults.activeDeadlineSeconds"] = template.get("activeDeadlineSeconds")
    return {name: int(value) for name, value in ends.items() if value is not None}


def _suspended(workflows: Workflows) -> dict[str, Any]:
    document = workflows.manifest("true")
    document["spec"]["suspend"] = True
    return document


def _phase(status: dict[str, Any] | None) -> str:
    return "gone" if status is None else str(status.get("phase"))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
