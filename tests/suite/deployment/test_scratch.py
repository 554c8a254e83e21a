"""A check's scratch objects are removed, and nobody else's."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace as Of
from typing import Any

import pytest
from kubernetes import client

from fixtures.deployment.overlay import Workspace
from fixtures.deployment.scratch import Scratch, scratch_objects
from fixtures.registry.settings import RegistrySettings

KINDS = ("config_map", "deployment", "pod", "replica_set", "role_binding", "service")


class Space:
    """The objects of a namespace, by kind; it selects by label as the API server does."""

    def __init__(self) -> None:
        self.things: list[tuple[str, Any]] = []

    def __getattr__(self, call: str) -> Any:
        verb, _, kind = call.partition("_namespaced_")
        return partial(getattr(self, f"_{verb}"), kind)

    def add(self, kind: str, name: str, labels: dict[str, str]) -> None:
        """Have one more."""
        self.things.append((kind, Of(metadata=Of(uid=f"{kind} {name}", name=name, labels=labels))))

    def names(self) -> set[str]:
        """Name all that is there."""
        return {thing.metadata.uid for _, thing in self.things}

    def _list(self, kind: str, namespace: str, label_selector: str = "") -> Any:
        wanted = dict(one.split("=") for one in label_selector.split(",") if one)
        assert namespace == "work"
        found = [one for of, one in self.things if of == kind and wanted.items() <= one.metadata.labels.items()]
        return Of(items=found, metadata=Of(resource_version="1"))

    def _delete_collection(self, kind: str, namespace: str, label_selector: str = "") -> None:
        gone = {one.metadata.uid for one in self._list(kind, namespace, label_selector).items}
        self.things = [one for one in self.things if one[1].metadata.uid not in gone]

    def _delete(self, kind: str, name: str, namespace: str) -> None:
        assert namespace == "work"
        self.things = [one for one in self.things if one[1].metadata.uid != f"{kind} {name}"]


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Space:
    """The developer's namespace, with objects of others."""
    found = Space()
    monkeypatch.setattr(client, "RbacAuthorizationV1Api", lambda _api: found)
    for kind in KINDS:
        found.add(kind, "theirs", {"app": "theirs"})
        found.add(kind, "other-check", {"conformance.check": "other", "conformance.run": "run"})
    found.add("secret", "release.theirs.v1", {"owner": "helm", "name": "theirs"})
    found.add("secret", "settings", {"app": "theirs"})
    return found


@pytest.fixture
def workspace(space: Space) -> tuple[Any, Workspace]:
    """A deployment whose developer works in that namespace, and its settings."""
    pod = Of(spec=Of(node_name="n"))
    deployment = Of(core=space, apps=space, api=None, server="there", namespace="editor", pod=lambda: pod)
    registry = RegistrySettings("registry.example", "user", "password", None)
    return deployment, Workspace("editor", "run", "i@sha256:0", registry, work_namespace="work")


def used(space: Space, workspace: tuple[Any, Workspace], *, broken: bool) -> Scratch:
    """Make an object of each kind and a release, which helm labels by itself; fail afterwards where that is BROKEN."""
    with scratch_objects(*workspace) as scratch:
        for kind in KINDS:
            space.add(kind, f"{kind}-of-the-check", scratch.metadata["labels"])
        space.add("secret", "release.mine.v1", {"owner": "helm", "name": scratch.name, "status": "deployed"})
        space.add("secret", "mine-by-name", {"name": scratch.name})
        assert len(scratch.left()) == len(KINDS) + 1
        if broken:
            raise ValueError("broken")
    return scratch


def test_objects_of_a_check_are_removed_and_no_others(space: Space, workspace: tuple[Any, Workspace]) -> None:
    before = space.names()
    scratch = used(space, workspace, broken=False)
    assert space.names() == before | {"secret mine-by-name"}
    assert scratch.left() == []


def test_objects_of_a_check_that_fails_are_removed(space: Space, workspace: tuple[Any, Workspace]) -> None:
    before = space.names()
    with pytest.raises(ValueError, match="broken"):
        used(space, workspace, broken=True)
    assert space.names() == before | {"secret mine-by-name"}


def test_no_two_checks_share_a_name(workspace: tuple[Any, Workspace]) -> None:
    with scratch_objects(*workspace) as one, scratch_objects(*workspace) as other:
        assert one.name != other.name
        assert {one.namespace, other.namespace} == {"work"}
