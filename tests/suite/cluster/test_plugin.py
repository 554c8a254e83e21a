"""The fixtures of pytest-kubernetes: a check that is written for it runs unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.errors import ExitCode
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.engine import asked

PLUGINS = ("verdict", "workers", "cluster")
CONFTEST = """
from pathlib import Path

import pytest
from kubernetes import client

from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.cluster.manager import EmbeddedManager
from fixtures.cluster.target import Target


@pytest.fixture(scope="session")
def run_id():
    return "run"


@pytest.fixture(scope="session")
def target():
    manager = EmbeddedManager("t")
    manager.adopt(EmbeddedCluster("t", "podman", "image", ("t-control-plane",), Path("k")))
    return Target(client.ApiClient(), manager)
"""
HEAD = "import pytest\nfrom pytest_kubernetes.providers import AClusterManager\n"
README = """
@pytest.mark.k8s(provider="kind", cluster_name="ci-kind-test")
def test_app(k8s: AClusterManager):
    assert k8s.get_binary_name() == "kind"
    k8s.create()
    k8s.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"url": "https://x"}})
    k8s.wait("configmap/c", "create", timeout=60)
    assert k8s.kubectl(["get", "configmap", "c", "-o", "json"])["data"] == {"url": "https://x"}
    k8s.delete()
"""
MODULE = """
@pytest.fixture(scope="module")
def prepared(k8s_manager):
    cluster = k8s_manager("kind")("analytics")
    if not cluster.ready(timeout=2):
        cluster.create()
    cluster.apply({"kind": "ConfigMap"})
    yield cluster
    cluster.delete()


def test_prepared(prepared):
    assert prepared.kubectl(["get", "configmap"]) == {"kind": "ConfigMap"}
"""
OTHER = """
@pytest.mark.k8s(provider="k3d")
def test_other(k8s):
    raise AssertionError


def test_left(k8s):
    k8s.apply({"kind": "ConfigMap"})
"""


@pytest.fixture
def check(
    pytester: pytest.Pytester, machine: Path, spaces: list[str], monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A folder for checks, whose cluster answers."""
    assert machine.is_dir()
    assert not spaces
    monkeypatch.setattr(EmbeddedCluster, "answers", lambda _self: True)
    plugins = " ".join(f"-p fixtures.{name}.plugin" for name in PLUGINS)
    pytester.makeini(f"[pytest]\nstrict = true\nfilterwarnings = error\naddopts = -p no:pytest-kubernetes {plugins}")
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.mark.parametrize("code", [README, MODULE], ids=["a check", "a fixture of a module"])
def test_check_of_the_readme_runs(check: pytest.Pytester, machine: Path, spaces: list[str], code: str) -> None:
    check.makepyfile(HEAD + code)
    check.runpytest_inprocess().assert_outcomes(passed=1)
    assert not spaces
    assert all("[--kubeconfig=/etc/kubernetes/admin.conf]" in line for line in asked(machine))


def test_other_provider_is_no_failure_and_nothing_is_left(check: pytest.Pytester, spaces: list[str]) -> None:
    check.makepyfile(HEAD + OTHER)
    check.runpytest_inprocess().assert_outcomes(passed=1, skipped=1)
    assert not spaces


# ---- the cluster of a run

TAKEN = """
@pytest.fixture(scope="session")
def machine():
    return "podman"


def test_taken(target):
    assert target.manager.ready()
    assert target.embedded.name == target.manager.cluster_name == "t"
"""


@pytest.mark.parametrize("reused", [True, False], ids=["kept", "made"])
def test_embedded_cluster_is_made_taken_and_given_back_by_its_manager(
    check: pytest.Pytester, machine: Path, created: list[EmbeddedCluster], api_server: ApiServer, *, reused: bool
) -> None:
    (machine / "answer").write_text('{"metadata": {"uid": "id"}}', encoding="utf-8")
    api_server.documents |= {"/apis": {"groups": []}, "/api/v1": {"resources": []}}
    config = kubeconfig(check.path, api_server.url)
    created.append(EmbeddedCluster("t", "podman", "image", ("t-control-plane",), config, reused=reused))
    check.makeconftest("")
    check.makepyfile(HEAD + TAKEN)
    check.runpytest_inprocess("--cluster=t").assert_outcomes(passed=1)
    assert asked(machine)[0].endswith("[get][namespace][kube-system][--output=json]")
    of_lease = [line.split()[0] for line in api_server.sent if "/leases" in line]
    assert of_lease == ["GET", "POST", "GET", "DELETE"]
    assert bool(created) == reused


def test_upstream_s_images_are_told_in_the_verdict(check: pytest.Pytester) -> None:
    check.makefile(".toml", images=f'cluster.node = "h/node@sha256:{"a" * 64}"')
    check.makepyfile(HEAD + '@pytest.mark.requirement("BLD-1")\ndef test_one():\n    assert len("x") == 1\n')
    result = check.runpytest_inprocess("--upstream-images=images.toml")
    line = f"node: h/node@sha256:{'a' * 64}, upstream's: NEVER VERIFIED by this suite"
    result.stdout.fnmatch_lines(["*= upstream's images =*", line.replace("h/node", "docker.io/h/node")])


def test_upstream_s_images_are_not_for_a_given_cluster(check: pytest.Pytester) -> None:
    check.makefile(".toml", images=f'cluster.node = "h/node@sha256:{"a" * 64}"')
    check.makepyfile("def test_one(): pass")
    result = check.runpytest_inprocess("--upstream-images=images.toml", "--kubeconfig=k")
    assert result.ret == ExitCode.USAGE
    result.stderr.fnmatch_lines(
        ["*--upstream-images is for the suite's own cluster and services: leave out --kubecon*"]
    )
