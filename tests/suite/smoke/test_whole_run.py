"""A smoke run as a user starts it, against an API server with one pod whose commands run on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.paths import ROOT
from tests.suite.cluster.fakes.api_server import kubeconfig
from tests.suite.cluster.fakes.pod_server import PodHandler, PodServer
from tests.suite.serving import serving

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LABELS = {"app.kubernetes.io/name": "ide"}
MOUNTS = [
    {"name": "home", "mountPath": "/home/coder", "readOnly": True},
    {"name": "ca", "mountPath": "/ca", "readOnly": True},
]
CRASHED = "web ends again and again (Error, exit code 7), volume home is mounted read-only at /home/coder"
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web", "generation": 3},
    "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}},
    "status": {"observedGeneration": 3, "updatedReplicas": 1, "replicas": 1},
}


class Cluster(PodServer):
    """The server: it also tells an account's rights, but for what it lacks."""

    def __init__(self) -> None:
        super().__init__("http")
        self.RequestHandlerClass = Reviewing
        self.lacks = "none"
        """A subresource of pods to which the account has no right."""


class Reviewing(PodHandler):
    """Answers reviews too."""

    def do_POST(self) -> None:  # noqa: N802
        """Answer a review."""
        assert isinstance(self.server, Cluster)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["spec"]["resourceAttributes"]
        # As by the component's role, which has the one Deployment by its name.
        named = asked["resource"] != "deployments" or asked.get("name") == "web"
        self.answer(201, {"status": {"allowed": named and asked.get("subresource") != self.server.lacks}})


def pod(image: str = f"h/i@{DIGEST}", *, ready: bool = True, waiting: str = "") -> dict[str, Any]:
    """The pod as the API has it."""
    state = {"waiting": {"reason": waiting, "message": "back-off 10s"}} if waiting else {"running": {}}
    before = {"terminated": {"reason": "Error", "exitCode": 7}} if waiting else {}
    status = {
        "name": "web", "state": state, "image": image, "imageID": f"h/i@{DIGEST}", "ready": ready,
        "restartCount": 3, "lastState": before,
    }  # fmt: skip
    return {
        "metadata": {"name": "web-1", "labels": LABELS, "creationTimestamp": "2030-01-01T00:00:00Z"},
        "spec": {
            "serviceAccountName": "code-server",
            "containers": [{"name": "web", "image": image, "volumeMounts": MOUNTS}],
            "volumes": [{"name": "home", "emptyDir": {}}, {"name": "ca", "configMap": {"name": "ca"}}],
        },
        "status": {
            "phase": "Running", "podIP": "192.0.2.1", "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": str(ready)}],
        },
    }  # fmt: skip


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """The server, with a Deployment and its pod, and no Service."""
    server = Cluster()
    place = "/api/v1/namespaces/team"
    server.documents = {
        "/apis/apps/v1/namespaces/team/deployments/web": DEPLOYMENT,
        f"{place}/pods": {"items": [pod()]},
        f"{place}/services": {"items": []},
    }
    with serving(server):
        yield server
    for process in server.processes:
        process.kill()


def smoke(cluster: Cluster, folder: Path, *options: str) -> tuple[int, dict[str, str], str]:
    """Do a run; return its exit code, the first line of each check that did not pass, and what it printed."""
    given = kubeconfig(folder, f"http://127.0.0.1:{cluster.server_port}")
    (folder / "s.toml").write_text('[smoke]\nenvironment = ""\nfree_percent = 1\n', encoding="utf-8")
    variables = {name: text for name, text in os.environ.items() if not name.startswith(("KUBE", "PYTEST", "PG"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "fixtures.verdict.plugin", "--noconftest", "-p", "fixtures.smoke.plugin",
         "-p", "no:cacheprovider", "tests/smoke", "--part=smoke", f"--verdict-json={folder / 'v.json'}",
         f"--kubeconfig={given}", "--deployment=team/web", f"--settings={folder / 's.toml'}", "--wait=1", *options],
        cwd=ROOT, env=variables, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    document = json.loads((folder / "v.json").read_text(encoding="utf-8"))
    told = {one["nodeid"].rpartition("::test_")[2]: f"{one['outcome']}: {one['first_line']}"
            for one in document["checks"] if one["outcome"] != "passed"}  # fmt: skip
    return done.returncode, told, done.stdout


def test_run_tells_what_it_sees_from_the_api_and_from_inside(cluster: Cluster, tmp_path: Path) -> None:
    code, told, printed = smoke(cluster, tmp_path)
    assert code == 1, printed
    assert told["each_service_leads_to_the_login_alone"].startswith("failed: Deployment team/web: no Service leads")
    assert told["each_service_is_reached_from_the_pod"].startswith(
        "failed: services: not reached from the pod: argo at"
    )
    assert told["account_has_the_reviewed_rights"].startswith("failed: ServiceAccount code-server: its token is not in")
    passed = {"pod_of_the_newest_template_is_ready", "pod_runs_the_digest_that_is_deployed", "home_can_be_written"}
    assert not passed & told.keys(), told


@pytest.mark.parametrize(
    ("found", "check", "words"),
    [
        (pod("h/i:latest"), "pod_runs_the_digest_that_is_deployed",
         "failed: Deployment team/web: asks for h/i:latest, by tag"),
        (pod(f"h/i@{OTHER}"), "pod_runs_the_digest_that_is_deployed", f"failed: pod: runs h/i@{DIGEST}, not {OTHER}"),
        (pod(ready=False), "pod_of_the_newest_template_is_ready",
         "failed: Deployment team/web: no pod of its newest template is Ready: web-1: Running, web is not Ready"),
        (pod(ready=False, waiting="CrashLoopBackOff"), "pod_of_the_newest_template_is_ready",
         f"failed: pod web-1: CrashLoopBackOff: {CRASHED}"),
        (pod(ready=False, waiting="ImagePullBackOff"), "pod_of_the_newest_template_is_ready",
         "failed: pod web-1: ImagePullBackOff: back-off 10s"),
    ],
    ids=["tag", "other digest", "not ready", "crashes", "no image"],
)  # fmt: skip
def test_pod_that_is_wrong_is_told(
    found: dict[str, Any], check: str, words: str, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.documents["/api/v1/namespaces/team/pods"] = {"items": [found]}
    code, told, printed = smoke(cluster, tmp_path)
    assert code == 1, printed
    assert told[check].startswith(words)


def test_right_that_the_account_lacks_blocks_what_needs_it(cluster: Cluster, tmp_path: Path) -> None:
    cluster.lacks = "exec"
    _, told, _ = smoke(cluster, tmp_path)
    assert told["home_can_be_written"] == "blocked: the account of this smoke run lacks a right"
    assert "pod_runs_the_digest_that_is_deployed" not in told


def test_deployment_that_is_not_there_is_told_once(cluster: Cluster, tmp_path: Path) -> None:
    del cluster.documents["/apis/apps/v1/namespaces/team/deployments/web"]
    code, told, _ = smoke(cluster, tmp_path)
    first, *others = told.values()
    assert (code, first.partition(" failed at")[0]) == (2, "error: reading Deployment team/web")
    assert {one.partition(":")[0] for one in others} == {"blocked"}
