"""Secrets in a pod's description: those that stand there, and what only looks like one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.services.pod_secrets import in_plain_view


def pod(args: Iterable[str], variables: Mapping[str, str | None], *, init: bool = False) -> Any:
    """A pod of one container with those variables and arguments; of another one that has none, too."""
    env = [SimpleNamespace(name=name, value=value) for name, value in variables.items()]
    one = SimpleNamespace(env=env, command=None, args=[*args])
    other = SimpleNamespace(env=None, command=["program"], args=None)
    parts = ([other], [one]) if init else ([other, one], None)
    return SimpleNamespace(spec=SimpleNamespace(containers=parts[0], init_containers=parts[1]))


@pytest.mark.parametrize("init", [False, True], ids=["container", "init container"])
@pytest.mark.parametrize(
    ("described", "where"),
    [
        (((), {"FLASK_SECRET_KEY": "change-me"}), "variable FLASK_SECRET_KEY"),
        (((), {"DB_PASSWORD": "word"}), "variable DB_PASSWORD"),
        (((), {"STORE": "postgresql://mlflow:word@postgresql/mlflow"}), "variable STORE"),
        ((("--admin-password=word",), {}), "option admin-password"),
        ((("--store=redis://:word@valkey",), {}), "option store"),
    ],
)
def test_secret_is_found(described: tuple[tuple[str, ...], dict[str, str]], where: str, *, init: bool) -> None:
    args, variables = described
    assert in_plain_view(pod(args, variables, init=init)) == [where]


def test_what_stands_elsewhere_is_none() -> None:
    variables = {"PGPASSWORD": None, "TLS_KEY": "/etc/tls/tls.key", "API_TOKEN": "$(FROM_SECRET)", "USE_TOKEN": "true"}
    args = ("--tls-key=/etc/tls/tls.key", "--keys=3", "--store=postgresql://mlflow@postgresql:5432/mlflow")
    assert in_plain_view(pod(args, variables)) == []
