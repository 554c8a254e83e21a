"""The shell in the pod: one for each pod, and another one where that has died."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.deployment.pod import PodAccess

Opened = list[tuple[str, list[str]]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Shells that were opened: the pod's name, and what became of the shell."""
    shells: Opened = []

    def shell(_api: Any, _namespace: str, name: str, _container: str) -> Any:
        fate: list[str] = []
        shells.append((name, fate))
        return SimpleNamespace(close=lambda: fate.append("closed"))

    monkeypatch.setattr("fixtures.deployment.pod.pod_shell", shell)
    return shells


@pytest.fixture
def access(opened: Opened) -> PodAccess:
    del opened  # in place of a cluster
    return PodAccess(client.ApiClient(client.Configuration()), "s")


def test_shell_stays_open_as_long_as_the_pod_is_the_same(access: PodAccess, opened: Opened) -> None:
    assert access.enter("one") is access.enter("one")
    assert access.enter("two").name == "two"
    assert opened == [("one", ["closed"]), ("two", [])]


def test_shell_that_died_is_opened_again(access: PodAccess, opened: Opened) -> None:
    access.enter("one").dead = True
    assert not access.enter("one").dead
    access.close()
    access.close()
    assert opened == [("one", ["closed"]), ("one", ["closed"])]
