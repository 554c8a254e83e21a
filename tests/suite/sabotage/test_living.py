"""Objects of a cluster are changed, waited for, and put back, whatever happens meanwhile."""

from __future__ import annotations

import copy
from base64 import b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.dynamic.exceptions import NotFoundError

from fixtures.cluster.api import ClusterError
from fixtures.sabotage import living
from fixtures.sabotage.living import Living, essence
from fixtures.sabotage.platform_mutants import PlatformMutant, Step

SETTINGS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "valkey", "resourceVersion": "1", "uid": "u"},
    "data": {"valkey.conf": "port 0\n"},
}
WORKLOAD = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "valkey", "namespace": "valkey", "resourceVersion": "1", "generation": 1},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "valkey"}},
        "template": {
            "metadata": {},
            "spec": {
                "volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
                "containers": [{"name": "valkey", "volumeMounts": [{"name": "settings", "mountPath": "/settings"}]}],
            },
        },
    },
    "status": {"observedGeneration": 9},
}


ANSWER = SimpleNamespace(status=404, reason="", body="", headers={})


class FakeClient:
    """The dynamic client, over some objects; `log` has the requests that change one."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = {(one["kind"], one["metadata"]["name"]): copy.deepcopy(one) for one in objects}
        self.log: list[str] = []
        self.resources = SimpleNamespace(get=lambda *, api_version, kind: kind)  # noqa: ARG005
        self.deaf = False

    def get(self, kind: str, *, name: str = "", **_: Any) -> Any:
        """Return an object, or all of a kind."""
        if name:
            if (kind, name) not in self.objects:
                raise NotFoundError(ANSWER)  # type: ignore[no-untyped-call]
            found = copy.deepcopy(self.objects[kind, name])
            return SimpleNamespace(to_dict=lambda: found)
        items = [copy.deepcopy(one) for (other, _), one in self.objects.items() if other == kind]
        return SimpleNamespace(items=[SimpleNamespace(to_dict=lambda one=one: one) for one in items])

    def patch(self, kind: str, *, body: Any, name: str, **_: Any) -> None:
        """Merge a table into an object, two levels deep."""
        self.log.append(f"patch {kind}")
        for key, value in body.items():
            self.objects[kind, name][key] = self.objects[kind, name].get(key, {}) | value

    def replace(self, kind: str, *, body: Any, name: str, **_: Any) -> None:
        """Replace an object, but what the API server itself writes."""
        self.log.append(f"replace {kind}")
        if not self.deaf:
            before, new = self.objects[kind, name], copy.deepcopy(body)
            new["metadata"]["generation"] = 1
            self.objects[kind, name] = new | ({"status": before["status"]} if "status" in before else {})

    def create(self, kind: str, *, body: Any, **_: Any) -> None:
        """Make an object."""
        self.log.append(f"create {kind}")
        if body["metadata"].get("namespace") == "absent":
            raise NotFoundError(ANSWER)  # type: ignore[no-untyped-call]
        self.objects[kind, body["metadata"]["name"]] = copy.deepcopy(body)

    def delete(self, kind: str, *, name: str, **_: Any) -> None:
        """Remove an object."""
        self.log.append(f"delete {kind}")
        if self.objects.pop((kind, name), None) is None:
            raise NotFoundError(ANSWER)  # type: ignore[no-untyped-call]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """A cluster with a workload and the settings that it reads."""
    fake = FakeClient(SETTINGS, WORKLOAD)
    monkeypatch.setattr("kubernetes.dynamic.DynamicClient", lambda *_, **__: fake)
    monkeypatch.setattr(living, "pause", lambda _: None)
    return fake


def mutant(**step: Any) -> PlatformMutant:
    """Return a mutant of one step."""
    steps = (Step.model_validate(step),)
    return PlatformMutant(id="one", rows=("DEP-1",), breaks="something is broken", steps=steps, says=".")


def broken(one: PlatformMutant) -> Any:
    """Break the cluster by a mutant for a while."""
    return Living(client.ApiClient(), {"run": "1"}).changed(one)


EDIT = {"object": "ConfigMap valkey/settings", "key": "valkey.conf", "old": "port 0", "new": "port 1"}


def test_settings_are_edited_and_their_readers_restarted_and_both_put_back(cluster: FakeClient) -> None:
    with broken(mutant(**EDIT)):
        assert cluster.objects["ConfigMap", "settings"]["data"] == {"valkey.conf": "port 1\n"}
        assert cluster.log == ["patch ConfigMap", "patch StatefulSet"]
    assert cluster.objects["ConfigMap", "settings"]["data"] == SETTINGS["data"]
    # A pod that starts before its settings are back would keep the broken ones.
    assert cluster.log[2:] == ["replace ConfigMap", "replace StatefulSet"]


def test_it_is_put_back_after_an_interruption(cluster: FakeClient) -> None:
    with pytest.raises(KeyboardInterrupt), broken(mutant(**EDIT)):
        raise KeyboardInterrupt
    assert essence(cluster.objects["ConfigMap", "settings"]) == essence(SETTINGS)


def test_a_program_that_reloads_keeps_its_pod(cluster: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(Living, "_run_in", lambda _self, _workload, script, _container: ran.append(script))
    with broken(mutant(**EDIT, reload="kill -HUP 1")):
        assert cluster.log == ["patch ConfigMap"]
    assert cluster.log == ["patch ConfigMap", "replace ConfigMap"]
    assert [one.splitlines()[-1] for one in ran] == ["kill -HUP 1"] * 2
    # The first waits for the broken text, the second for the text as it was.
    texts = (b"port 1\n", b"port 0\n")
    assert all(b64encode(text).decode() in one for one, text in zip(ran, texts, strict=True))


def test_what_was_deleted_is_made_again(cluster: FakeClient) -> None:
    with broken(mutant(object="ConfigMap valkey/set*", delete=True)):
        assert ("ConfigMap", "settings") not in cluster.objects
    assert essence(cluster.objects["ConfigMap", "settings"]) == essence(SETTINGS)


def test_what_was_created_is_removed(cluster: FakeClient) -> None:
    with broken(mutant(create="{apiVersion: v1, kind: Secret, metadata: {name: planted, namespace: valkey}}")):
        assert ("Secret", "planted") in cluster.objects
    assert ("Secret", "planted") not in cluster.objects


def test_what_cannot_be_created_is_an_error_of_the_mutant(cluster: FakeClient) -> None:
    step = "{apiVersion: v1, kind: Secret, metadata: {name: planted, namespace: absent}}"
    with pytest.raises(ClusterError, match=r"^the create of Secret absent/planted failed"), broken(mutant(create=step)):
        pass
    assert cluster.log == ["create Secret", "delete Secret"]


def test_an_object_that_stays_changed_ends_the_session(cluster: FakeClient) -> None:
    cluster.deaf = True
    with pytest.raises(ClusterError, match="is not as it was before"), broken(mutant(**EDIT)):
        pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"old": "port 2"}, "its old text stands 0 times at valkey.conf, not once"),
        ({"object": "ConfigMap valkey/other"}, "0 objects are named so, not one: there is settings"),
    ],
)
def test_a_step_that_fits_no_more_is_named(cluster: FakeClient, change: dict[str, str], message: str) -> None:
    with pytest.raises(ClusterError, match=message), broken(mutant(**EDIT | change)):
        pass
    assert essence(cluster.objects["ConfigMap", "settings"]) == essence(SETTINGS)


def test_a_name_that_fits_several_objects_changes_none(cluster: FakeClient) -> None:
    more = copy.deepcopy(SETTINGS) | {"metadata": {"name": "settings-of-more", "namespace": "valkey"}}
    cluster.objects["ConfigMap", "settings-of-more"] = more
    message = "2 objects are named so, not one: there is settings, settings-of-more"
    with pytest.raises(ClusterError, match=message), broken(mutant(**EDIT | {"object": "ConfigMap valkey/set*"})):
        pass
    assert not cluster.log


def test_a_pod_that_is_never_ready_is_told(cluster: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living, "ROLLOUT_SECONDS", 0.0)
    cluster.objects["StatefulSet", "valkey"]["status"] = {"observedGeneration": 0}
    with (
        pytest.raises(ClusterError, match="StatefulSet valkey/valkey: the change is not in force"),
        broken(mutant(**EDIT)),
    ):
        pass
