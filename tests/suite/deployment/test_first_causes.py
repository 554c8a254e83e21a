"""What much else in the pod stands on: the script of its start is there, and kubectl is the pod's account."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.deployment.workspace_start import must_be_account, must_have_script

ACCOUNT = "system:serviceaccount:s:a"


def pod(*, rc: int = 0, stdout: str = "", stderr: str = "") -> Any:
    """A pod in which each script ends so."""
    return SimpleNamespace(name="p", run=lambda _script: SimpleNamespace(rc=rc, stdout=stdout, stderr=stderr))


def test_script_that_is_there_is_named() -> None:
    assert must_have_script(pod(), "/start.d") == "/start.d/20-workspace"


def test_pod_without_the_script_is_told() -> None:
    with pytest.raises(AssertionError, match=r"pod p has no /start\.d/20-workspace, so nothing sets its home up"):
        must_have_script(pod(rc=1), "/start.d")


def test_account_of_the_pod_will_do() -> None:
    must_be_account(pod(stdout=f"/k\n{ACCOUNT}"), ACCOUNT)


@pytest.mark.parametrize(
    ("stdout", "stderr", "told"),
    [
        ("/k\nkubernetes-admin", "", f"by /k kubectl is kubernetes-admin to the server, not {ACCOUNT}"),
        (f"/k\n{ACCOUNT}-2", "", f"by /k kubectl is {ACCOUNT}-2 to the server, not {ACCOUNT}"),
        (f"/k\n{ACCOUNT[:-1]}", "", f"by /k kubectl is {ACCOUNT[:-1]} to the server, not {ACCOUNT}"),
        ("/k\n", "no such file", r"/k does not lead kubectl to the server \(no such file\)"),
        ("/k\n", "", "^kubectl: `kubectl auth whoami` says nothing at all"),
        ("\n", "refused", r"KUBECONFIG does not lead kubectl to the server \(refused\)"),
    ],
    ids=["somebody-else", "longer-name", "shorter-name", "no-file", "silent", "no-variable"],
)
def test_other_account_is_told(stdout: str, stderr: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        must_be_account(pod(stdout=stdout, stderr=stderr), ACCOUNT)
