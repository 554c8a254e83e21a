"""A second workspace beside the first, its home found again after it was deleted, and a node more (DEP-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import kustomize
from fixtures.cluster.objects import Document, Objects
from fixtures.cluster.rights import Right, may
from fixtures.cluster.target import Target
from fixtures.cluster.wait import wait_until
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.home import home_folder
from fixtures.deployment.overlay import BASE, HOSTNAME, LEAST_CPU, Workspace
from fixtures.deployment.tools import word
from fixtures.image.image import Image
from fixtures.patience import patient

pytestmark = [pytest.mark.requirement("DEP-12"), pytest.mark.xdist_group("second")]

RELEASED_SECONDS = 60.0
NAMES = "list docker/platform/code-server/names among the overlay's transformers"


@dataclass
class Second:
    """Another workspace in the same cluster, which a check may delete and apply again."""

    deployment: Deployment
    documents: list[Document]
    objects: Objects

    def name(self, kind: str) -> str:
        """Return the name of its one object of a kind."""
        (found,) = [one["metadata"]["name"] for one in self.documents if one["kind"] == kind]
        return str(found)

    def apply(self) -> None:
        """Apply its manifests, and wait until it is Ready."""
        self.objects.apply(self.documents)
        self.deployment.wait_ready()

    def lose_namespace(self) -> None:
        """Delete the namespace alone, and then the volume that it leaves `Released`."""
        self.deployment.close()
        self.objects.remove([one for one in self.documents if one["kind"] == "Namespace"])
        core, volume = self.deployment.core, self.name("PersistentVolume")
        wait_until("the volume to be Released", patient(RELEASED_SECONDS), core.list_persistent_volume,
                   lambda found: all(one.status.phase == "Released" for one in found),
                   field_selector=f"metadata.name={volume}")  # fmt: skip
        core.delete_persistent_volume(volume)

    def remove(self) -> None:
        """Remove its objects, as `kubectl delete -k` does."""
        self.deployment.close()
        self.objects.remove(self.documents)


@pytest.fixture(scope="module")
def second(run_deployment: Deployment, workspace: Workspace, target: Target, image: Image) -> Iterator[Second]:
    """The second workspace, Ready; the first one is there meanwhile."""
    target.require_embedded("a second workspace")
    namespace = f"{workspace.namespace}-second"
    own = replace(workspace, namespace=namespace, home_folder=f"{workspace.home_folder}-second", cpu_request=LEAST_CPU)
    documents = kustomize.render(image.name, BASE, own.overlay())
    for one in documents:
        if one["kind"] == "Deployment":
            one["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"] = "512Mi"
    with closing(Deployment(run_deployment.api, namespace)) as deployment, ExitStack() as undo:
        undo.enter_context(home_folder(target, own))
        found = Second(deployment, documents, Objects(run_deployment.api))
        undo.callback(found.remove)
        found.apply()
        yield found


def test_each_workspace_has_a_home_of_its_own(second: Second, deployment: Deployment) -> None:
    said = word()
    second.deployment.run(f"echo {said} >~/{said}")
    assert deployment.run(f"ls ~/{said}").rc, f"home: the first workspace sees a file of the second, {said}: {NAMES}"
    volumes = {one.metadata.name for one in _volumes(deployment) if one.spec.claim_ref.name == "code-server-home"}
    assert second.name("PersistentVolume") in volumes, f"home: bound volumes are {volumes}: {NAMES}"


@pytest.mark.parametrize("leave", [Second.remove, Second.lose_namespace], ids=["deleted", "without its namespace"])
def test_home_is_found_again(leave: Callable[[Second], None], second: Second) -> None:
    said = word()
    second.deployment.run(f"echo {said} >~/kept")
    leave(second)
    second.apply()
    seen = second.deployment.run("cat ~/kept").stdout.strip()
    assert seen == said, f"home: has {seen!r} instead of {said!r} after delete and apply: keep the volume's folder"


def test_rights_of_the_first_outlive_the_second(second: Second, account: client.ApiClient) -> None:
    second.remove()
    try:
        assert may(account, Right("list", "pods")), (
            f"ServiceAccount: the first may watch pods no more after the second workspace was deleted: {NAMES}"
        )
    finally:
        second.apply()


def test_home_outlives_its_claim(run_deployment: Deployment) -> None:
    own = [one for one in _volumes(run_deployment) if one.spec.claim_ref.namespace == run_deployment.namespace]
    policies = {one.metadata.name: one.spec.persistent_volume_reclaim_policy for one in own}
    assert set(policies.values()) == {"Retain"}, (
        f"home: what becomes of its volume without the claim is {policies}, not Retain: "
        "set persistentVolumeReclaimPolicy, as home.yaml has it"
    )


def test_home_is_tied_to_one_node(plan_documents: list[Document]) -> None:
    (volume,) = [one for one in plan_documents if one["kind"] == "PersistentVolume"]
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    named = [rule for term in terms for rule in term["matchExpressions"] if rule["key"] == HOSTNAME]
    places = [value for rule in named if rule["operator"] == "In" for value in rule["values"]]
    assert len(places) == len(named) == len(terms) == 1, (
        f"home: its volume may be on any node that {terms} match, in another folder on each: "
        f"let home.yaml name one node by {HOSTNAME}"
    )


def _volumes(deployment: Deployment) -> list[Any]:
    found: list[Any] = deployment.core.list_persistent_volume().items
    return [one for one in found if one.spec.claim_ref is not None]
