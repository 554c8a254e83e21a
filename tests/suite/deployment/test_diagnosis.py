"""What is told of a pod that does not come up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import pod_state
from fixtures.cluster.pod_state import refuses_pods
from fixtures.deployment.diagnosis import DeploymentError, PodDiagnosis
from fixtures.errors import ProductError


def pod(**waiting: str) -> Any:
    state = SimpleNamespace(waiting=SimpleNamespace(**waiting) if waiting else None)
    ended = SimpleNamespace(terminated=SimpleNamespace(reason="Error", exit_code=7))
    status = SimpleNamespace(name="code-server", state=state, last_state=ended)
    return SimpleNamespace(
        metadata=SimpleNamespace(name="p", uid="u"),
        spec=SimpleNamespace(containers=[SimpleNamespace(image="h/i@sha256:1")]),
        status=SimpleNamespace(phase="Pending", init_container_statuses=None, container_statuses=[status]),
    )


def event(message: str, count: int = 1) -> SimpleNamespace:
    return SimpleNamespace(message=message, count=count)


@pytest.fixture
def diagnosis() -> PodDiagnosis:
    return PodDiagnosis(client.ApiClient(client.Configuration()), "s")


def test_image_that_a_node_did_not_get_once_may_still_come(
    diagnosis: PodDiagnosis, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = [
        event("Unable to retrieve some image pull secrets (registry-pull)"),
        event('Failed to pull image "h/i@sha256:1": 401 Unauthorized'),
        event("Error: ErrImagePull", 2),
    ]
    monkeypatch.setattr(PodDiagnosis, "warnings", lambda _self, _pod: once)
    diagnosis.raise_trouble(pod(reason="ImagePullBackOff", message="Back-off"))
    once.append(once[1])
    with pytest.raises(DeploymentError, match="is refused to the node by the registry: give the ServiceAccount"):
        diagnosis.raise_trouble(pod(reason="ImagePullBackOff", message="Back-off"))


def test_pod_that_may_still_come_up_is_no_trouble() -> None:
    assert pod_state.stuck_state(pod()) is None
    assert pod_state.stuck_state(pod(reason="ContainerCreating", message="")) is None
    assert pod_state.stuck_state(pod(reason="ErrImagePull", message="the next try may do")) is None
    busy = "failed to sync secret cache: timed out waiting for the condition"
    assert pod_state.stuck_state(pod(reason="CreateContainerConfigError", message=busy)) is None


def test_evicted_pod_says_why_and_the_product_is_not_blamed(diagnosis: PodDiagnosis) -> None:
    evicted = pod()
    evicted.status.phase, evicted.status.reason = "Failed", "Evicted"
    evicted.status.message = "The node was low on resource: ephemeral-storage."
    assert pod_state.stuck_state(evicted) == ("Evicted", evicted.status.message)
    with pytest.raises(DeploymentError, match=r"^pod s/p: Evicted: The node was low on resource") as trouble:
        diagnosis.raise_trouble(evicted)
    assert not isinstance(trouble.value, ProductError), "the product is blamed for what its node did"


@pytest.mark.parametrize(
    ("waiting", "warned", "line"),
    [
        pytest.param(
            {"reason": "ImagePullBackOff", "message": "Back-off"},
            [event('Failed to pull image "h/i@sha256:1": dial tcp: connection refused', 2)],
            "pod s/p: image h/i@sha256:1 cannot be pulled, the registry does not answer the node: start the registry",
            id="registry down",
        ),
        pytest.param(
            {"reason": "ImagePullBackOff", "message": "Back-off"},
            [
                event('Failed to pull image "h/i@sha256:1": i/o timeout'),
                event('Failed to pull image "h/i@sha256:1": h/i@sha256:1: not found'),
                event("Error: ImagePullBackOff", 2),
            ],
            "pod s/p: image h/i@sha256:1 is not in the registry: push it",
            id="image missing",
        ),
        pytest.param(
            {"reason": "CrashLoopBackOff", "message": "back-off"},
            [],
            "pod s/p: its container code-server ends again and again (Error, exit code 7): its last words: no home",
            id="crash",
        ),
        pytest.param(
            {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'},
            [],
            'pod s/p: CreateContainerConfigError: secret "x" not found: fix that',
            id="secret missing",
        ),
    ],
)
def test_trouble_is_one_line_with_the_repair(
    diagnosis: PodDiagnosis,
    monkeypatch: pytest.MonkeyPatch,
    waiting: dict[str, str],
    warned: list[SimpleNamespace],
    line: str,
) -> None:
    monkeypatch.setattr(PodDiagnosis, "warnings", lambda _self, _pod: warned)
    monkeypatch.setattr(PodDiagnosis, "last_log_line", lambda _self, _pod: "no home")
    with pytest.raises(DeploymentError) as trouble:
        diagnosis.raise_trouble(pod(**waiting))
    assert str(trouble.value).startswith(line)
    assert "\n" not in str(trouble.value)


def test_home_that_cannot_be_written_is_told_from_other_crashes() -> None:
    said = "error EACCES: permission denied, mkdir '/home/coder/.config'"
    assert pod_state.crash_trouble("pod s/p", "ends", said)[1].startswith("give its volume to the pod's fsGroup")
    assert pod_state.crash_trouble("pod s/p", "ends", "permission denied: /etc/x")[1].startswith("its last words")


@pytest.mark.parametrize(
    ("message", "repair"),
    [
        pytest.param('violates PodSecurity "baseline:latest": privileged', "pod-security label", id="pod security"),
        pytest.param("exceeded quota: q, requested: cpu=2", "raise the namespace's quota", id="quota"),
        pytest.param(
            'pods "x" is forbidden: error looking up service account', "give what creates it the right", id="right"
        ),
    ],
)
def test_pod_that_is_not_let_in_says_whose_rule_it_is(message: str, repair: str) -> None:
    assert repair in pod_state.admission_trouble("Deployment s/d", message)[1]


def test_summary_says_why_a_pod_is_on_no_node(diagnosis: PodDiagnosis) -> None:
    waiting = pod()
    waiting.status.conditions = [SimpleNamespace(type="PodScheduled", status="False", message="no CPU", reason="")]
    assert diagnosis.summary(waiting) == "p is on no node (no CPU)"


def test_summary_has_the_last_warning(diagnosis: PodDiagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PodDiagnosis, "warnings", lambda _self, _pod: [event("first"), event("probe failed\nx")])
    waiting = pod()
    waiting.status.conditions = None
    assert diagnosis.summary(waiting) == "p is Pending (probe failed)"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('pods \\"probe-x\\" is forbidden: violates PodSecurity \\"baseline:latest\\": hostPID=true', True),
        ('pods is forbidden: User \\"u\\" cannot create resource \\"pods\\" in API group \\"\\"', True),
        ('admission webhook \\"validate.kyverno.svc-fail\\" denied the request: privileged', True),
        ("unable to validate against any security context constraint: provider restricted-v2", True),
        ('pods is forbidden: User \\"u\\" cannot create resource \\"pods/exec\\" in API group', False),
        ("pods is forbidden: exceeded quota: compute", False),
        ("namespaces not found", False),
    ],
)
def test_refusal_of_privileges_is_known_from_others(message: str, *, expected: bool) -> None:
    assert refuses_pods(message) is expected
