"""A namespace refuses pods with rights over their node, for that reason, and takes ordinary ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from fixtures.deployment import privileges
from fixtures.deployment.privileges import PRIVILEGES, must_refuse_pod, must_take_pod

Answers = Callable[[Any], list[dict[str, Any]]]
ACCOUNT: Any = None
POD_SECURITY = 'pods "probe-x" is forbidden: violates PodSecurity "baseline:latest": privileged'


def refusal(status: int, message: str) -> ApiException:
    """What the client raises where the API server refuses, as it does with a message, or with nothing at all."""
    error = ApiException(status=status, reason="its reason")
    error.body = json.dumps({"message": message}) if message else ""
    return error


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Has the API server give an answer to each pod; returns the list of the specifications that were sent."""

    def answers(answer: Any) -> list[dict[str, Any]]:
        sent = []

        def request(_account: Any, path: str, *, method: str, body: Any) -> tuple[Any, None]:
            assert (method, path) == ("POST", "/api/v1/namespaces/mine/pods?dryRun=All")
            sent.append(body["spec"])
            if isinstance(answer, Exception):
                raise answer
            return answer, None

        monkeypatch.setattr(privileges, "request", request)
        return sent

    return answers


@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_pod_with_a_privilege_is_tried_and_refused(answers: Answers, privilege: str) -> None:
    sent = answers(refusal(403, POD_SECURITY))
    must_refuse_pod(ACCOUNT, "mine", privilege)
    (spec,) = sent
    (container,) = spec["containers"]
    wanted = {key: value for key, value in PRIVILEGES[privilege].items() if key != "containers"}
    assert spec.items() >= wanted.items()
    assert container["name"] == "probe"
    assert ("securityContext" in container) == (privilege == "privileged")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"spec": {}}, "takes a pod with privileged in mine: label the namespace"),
        (
            refusal(403, "pods is forbidden: exceeded quota: compute"),
            "a pod with privileged .* but for .*exceeded quota",
        ),
        (refusal(404, 'namespaces "mine" not found'), "a pod with privileged .* but for .*not found"),
        (refusal(503, ""), "a pod with privileged .* but for 'its reason'"),
    ],
    ids=["taken", "quota", "no namespace", "server without words"],
)
def test_pod_that_is_taken_or_refused_for_another_reason_fails(answers: Answers, answer: Any, told: str) -> None:
    answers(answer)
    with pytest.raises(AssertionError, match=f"^namespace: {told}"):
        must_refuse_pod(ACCOUNT, "mine", "privileged")


@pytest.mark.parametrize(
    ("limits", "enough"),
    [(None, True), ({"cpu": "1"}, True), ({"memory": "256Mi"}, True), ({"memory": "255Mi"}, False)],
)
def test_ordinary_pod_has_memory_to_work_with(answers: Answers, limits: Any, enough: Any) -> None:
    answers({"spec": {"containers": [{"resources": {"limits": limits}}]}})
    with nullcontext() if enough else pytest.raises(AssertionError, match="mine has 255Mi of memory where it says"):
        must_take_pod(ACCOUNT, "mine")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("pods is forbidden: exceeded quota", r"\(pods is forbidden: exceeded quota\): take its ResourceQuota"),
        ('User "u" cannot create resource "pods"', ".*: give the account the right to make pods there$"),
        ("", r"\(its reason\): take its ResourceQuota"),
    ],
)
def test_ordinary_pod_that_is_refused_fails_with_the_repair(answers: Answers, message: str, told: str) -> None:
    answers(refusal(403, message))
    with pytest.raises(pytest.fail.Exception, match=f"^namespace: takes no ordinary pod in mine {told}"):
        must_take_pod(ACCOUNT, "mine")
