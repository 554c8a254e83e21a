"""Which policies select a pod, and to which of its ports they let others in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.deployment import network_policy
from fixtures.deployment.network_policy import must_let_in_to

MINE: dict[str, Any] = {"matchLabels": {"app": "code-server"}}
NOT_MINE: dict[str, Any] = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["code-server"]}]}
HTTP: dict[str, Any] = {"ports": [{"port": "http", "protocol": "TCP"}]}


def look(
    monkeypatch: pytest.MonkeyPatch,
    *policies: tuple[dict[str, Any], list[dict[str, Any]]],
    types: Sequence[str] = ("Ingress",),
) -> None:
    """Look at policies, each with its selector and its rules of what comes in."""
    items = [{"spec": {"policyTypes": types, "podSelector": one, "ingress": rules}} for one, rules in policies]
    monkeypatch.setattr(network_policy, "request", lambda *_: ({"items": items},))
    pod = SimpleNamespace(metadata=SimpleNamespace(labels={"app": "code-server"}))
    deployment: Any = SimpleNamespace(namespace="n", api=None, pod=lambda: pod, explained=lambda _: nullcontext())
    must_let_in_to(deployment, "http")


def test_policy_with_the_one_port_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    look(monkeypatch, (MINE, [HTTP]), (NOT_MINE, [{}]))
    look(monkeypatch, ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, [HTTP]))


@pytest.mark.parametrize(
    ("key", "operator", "values", "mine"),
    [
        ("app", "In", ["code-server", "web"], True),
        ("app", "In", ["web"], False),
        ("tier", "NotIn", ["web"], True),
        ("tier", "Exists", None, False),
        ("app", "DoesNotExist", None, False),
        ("tier", "DoesNotExist", None, True),
    ],
)
def test_policy_selects_by_each_operator(
    key: str, operator: str, values: list[str] | None, monkeypatch: pytest.MonkeyPatch, *, mine: bool
) -> None:
    selector = {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}
    with nullcontext() if mine else pytest.raises(AssertionError, match="none selects the pod"):
        look(monkeypatch, (selector, [HTTP]))


def test_policy_that_keeps_the_pod_in_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"^NetworkPolicy: keeps the pod from"):
        look(monkeypatch, (MINE, [HTTP]), types=["Ingress", "Egress"])


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ([], "none selects the pod"),
        ([(NOT_MINE, [HTTP])], "none selects the pod"),
        ([(MINE, [{}])], r"lets in to \['all'\]"),
        ([(MINE, [{"ports": [{"protocol": "TCP"}]}])], r"lets in to \['all'\]"),
        ([(MINE, [HTTP]), ({}, [{"ports": [{"port": 9000}]}])], r"lets in to \['9000', 'http'\]"),
        ([(MINE, [{"ports": [{"port": "http", "protocol": "UDP"}]}])], r"lets in by \['UDP'\], not by TCP alone"),
        ([(MINE, [HTTP, {"ports": [{"port": "http", "protocol": "UDP"}]}])], r"lets in by \['TCP', 'UDP'\]"),
        ([(MINE, [HTTP | {"from": [{"podSelector": {}}]}])], r"lets in .*podSelector.* alone"),
    ],
)
def test_anything_else_fails(policies: list[Any], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=f"^NetworkPolicy: {told}"):
        look(monkeypatch, *policies)
