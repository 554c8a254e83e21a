"""Starts without a cluster: their phases, as a watch and the API tell them, and the notes on probes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self, cast
from unittest.mock import Mock

import pytest

from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.deployment import startup
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.diagnosis import DeploymentError


def test_pull_is_read_from_the_kubelets_words() -> None:
    said = 'Successfully pulled image "h/i" in 1m2.5s (1m3s including waiting). Image size: 697 bytes.'
    assert startup.pull_time(["Started", said]) == 62.5
    assert startup.pull_time(['Container image "h/i" already present on machine']) is None


def test_delay_of_a_probe_is_named_with_its_cost() -> None:
    container = {"name": "c", "readinessProbe": {"initialDelaySeconds": 60}, "startupProbe": {"periodSeconds": 1}}
    (note,) = startup.delay_notes([container])
    assert note.startswith("container c can never be Ready within 30 s: its readinessProbe has initialDelaySeconds 60")
    container["readinessProbe"] = {"initialDelaySeconds": 5}
    assert startup.delay_notes([container])[0].startswith("container c loses 5 s")
    assert not startup.delay_notes([{"name": "c", "readinessProbe": {"periodSeconds": 1}}])
    (note,) = startup.delay_notes([{"name": "c", "startupProbe": {"periodSeconds": 45}}])
    assert note == "container c may lose 45 s: its startupProbe asks each 45 s: let it ask each second"


def test_stamps_are_those_of_the_api() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    conditions = [
        SimpleNamespace(type="PodScheduled", status="True", last_transition_time=now),
        SimpleNamespace(type="Ready", status="True", last_transition_time=now + timedelta(seconds=3)),
    ]
    one = SimpleNamespace(
        metadata=SimpleNamespace(creation_timestamp=now), status=SimpleNamespace(conditions=conditions)
    )
    pulled = SimpleNamespace(reason="Pulled", last_timestamp=now + timedelta(seconds=1), event_time=None)
    assert startup.stamps(one, [pulled]) == {"scheduled": 0.0, "pulled": 1.0, "ready": 3.0}


def pod(digest: str, *, ending: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        metadata=SimpleNamespace(name="p", deletion_timestamp=datetime.now(UTC) if ending else None),
        status=SimpleNamespace(container_statuses=[SimpleNamespace(image_id=f"r/i@{digest}")]),
    )


def test_pod_that_ends_is_waited_for_before_its_image_is_taken_away() -> None:
    assert not startup.unused("r/i@sha256:1", [pod("sha256:1", ending=True), pod("sha256:2")])
    assert startup.unused("r/i@sha256:1", [pod("sha256:2")])


def test_pod_that_keeps_its_image_on_the_node_is_named() -> None:
    with pytest.raises(DeploymentError, match=r"^p still has r/i@sha256:1 on a node, no pull can be measured: end it"):
        startup.unused("r/i@sha256:1", [pod("sha256:1")])


def test_images_of_the_repository_alone_are_removed_from_a_node() -> None:
    images = {
        "h/i:1": "sha256:1", "h/i@sha256:1": "sha256:1", "sha256:1": "sha256:1", "h/i:2": "sha256:2",
        "h/i-base:1": "sha256:3", "h/i/more:1": "sha256:4", "h/other:1": "sha256:5",
    }  # fmt: skip
    listed = "\n".join(["REF TYPE DIGEST", *(f"{name} oci {digest}" for name, digest in images.items())])
    cluster = Mock()
    cluster.run.return_value = listed
    startup.forget(cluster, "n", "h/i@sha256:1")
    names = cluster.run.call_args.args[cluster.run.call_args.args.index("--sync") + 1 :]
    assert names == ("h/i:1", "h/i@sha256:1", "sha256:1", "h/i:2")


def test_image_that_no_node_has_is_not_removed() -> None:
    cluster = Mock()
    cluster.run.return_value = "REF TYPE DIGEST\nh/i-base:1 oci sha256:3"
    startup.forget(cluster, "n", "h/i@sha256:1")
    cluster.run.assert_called_once_with("n", "ctr", "--namespace=k8s.io", "images", "list")


# ---- a start, as a watch tells it

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def started_pod(uid: str, *conditions: str) -> SimpleNamespace:
    met = [SimpleNamespace(type=one, status="True", last_transition_time=BEGAN) for one in conditions]
    return SimpleNamespace(
        metadata=SimpleNamespace(uid=uid, name=uid, deletion_timestamp=None, creation_timestamp=BEGAN),
        spec=SimpleNamespace(node_name="node" if "PodScheduled" in conditions else None),
        status=SimpleNamespace(conditions=met),
    )


def kubelet_event(uid: str, reason: str, seconds: int = 2) -> SimpleNamespace:
    pulled = f'Successfully pulled image "h/i" in {seconds}s ({seconds}s including waiting).'
    message = pulled if reason == "Pulled" else ""
    involved = SimpleNamespace(uid=uid)
    return SimpleNamespace(
        involved_object=involved, reason=reason, message=message, last_timestamp=BEGAN, event_time=None
    )


EVENTS = [kubelet_event("new", reason) for reason in ("Pulled", "Created", "Started")]
EARLIER = kubelet_event("old", "Pulled", seconds=9)
ARRIVALS: list[tuple[float, str, Any]] = [
    (0.0, "event", kubelet_event("old", "Started")),
    (0.0, "pod", started_pod("old", "PodScheduled", "Ready")),
    # From here on the old pod is being replaced. An event may come before its pod.
    (1.0, "pod", started_pod("new")),
    (1.5, "pod", started_pod("new", "PodScheduled")),
    *((2.0 + number, "event", event) for number, event in enumerate(EVENTS)),
    (3.5, "event", kubelet_event("old", "Killing")),
    (6.0, "pod", started_pod("new", "PodScheduled", "Ready")),
    (7.0, "pod", started_pod("new", "PodScheduled", "Ready")),
]


class FakeArrivals:
    """Tells of the pods and events above."""

    def __init__(self, _deployment: Deployment, _seconds: float) -> None:
        self._left = iter(ARRIVALS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def next(self, _what: str) -> tuple[float, str, Any]:
        return next(self._left)


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(startup, "Arrivals", FakeArrivals)

    def listed(_namespace: str, field_selector: str = "") -> SimpleNamespace:
        uid = field_selector.removeprefix("involvedObject.uid=")
        return SimpleNamespace(items=[one for one in (EARLIER, *EVENTS) if uid in {"", one.involved_object.uid}])

    core = SimpleNamespace(list_namespaced_event=listed)
    diagnosis = SimpleNamespace(raise_trouble=lambda _pod: None)
    pods = [started_pod("old", "Ready")]
    fake = SimpleNamespace(
        pods=lambda: pods, core=core, diagnosis=diagnosis, namespace="s", server="there", subject="Deployment s/d"
    )
    return cast("Deployment", fake)


def test_start_has_the_moment_of_each_phase(deployment: Deployment) -> None:
    replaced: list[str] = []
    start = startup.one_start(deployment, lambda: replaced.append("old"))
    assert replaced == ["old"]
    assert (start.pod, start.node, start.pull_seconds) == ("new", "node", 2.0)
    assert start.seen == {"scheduled": 0.5, "pulled": 1.0, "created": 2.0, "started": 3.0, "ready": 5.0}


def test_timeout_names_what_was_awaited() -> None:
    core = SimpleNamespace(list_namespaced_pod=None, list_namespaced_event=None)
    arrivals = startup.Arrivals(cast("Deployment", SimpleNamespace(core=core, namespace="s", selector="x")), 0.0)
    with pytest.raises(DeploymentError, match=r"^timed out after 0 s waiting for a Ready pod: look"):
        arrivals.next("a Ready pod")


# ---- a start that has to pull


class SmallRollout:
    """Keeps how many pods are asked for; waiting for one fails where nothing can start."""

    def __init__(self) -> None:
        self.replicas = 1

    def set_replicas(self, count: int) -> None:
        self.replicas = count

    def scale(self, count: int) -> None:
        self.replicas = count
        if count:
            raise DeploymentError("no pod is Ready", "look at its events")


@pytest.mark.parametrize("broken", ["_wait_unused", "forget", "one_start"])
def test_pull_that_cannot_be_measured_leaves_the_pod_asked_for_and_tells_the_first_cause(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DeploymentError(f"{broken} failed", "try again")

    for name in ("_wait_unused", "forget", "one_start"):
        monkeypatch.setattr(startup, name, fail if name == broken else Mock())
    spec = {"template": {"spec": {"containers": [{"image": "r/i@sha256:1"}]}}}
    rollout = SmallRollout()
    fake = SimpleNamespace(document=lambda: {"spec": spec}, rollout=rollout)
    with pytest.raises(DeploymentError, match=f"^{broken} failed"):
        startup.measure_pull(cast("Deployment", fake), cast("EmbeddedCluster", SimpleNamespace(nodes=["n"])))
    assert rollout.replicas == 1
