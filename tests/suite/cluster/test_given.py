"""A given cluster is used through a copy of its kubeconfig, and only read unless the user allows more."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.cluster.api import ClusterError
from fixtures.cluster.given import given
from fixtures.errors import UsageError
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.engine import asked


@pytest.fixture
def config(api_server: ApiServer, tmp_path: Path) -> Path:
    """The kubeconfig of a cluster with two namespaces and a node."""
    spaces = [{"metadata": {"name": name, "uid": f"uid-{name}"}} for name in ("kube-system", "default")]
    api_server.documents["/api/v1/namespaces"] = {"items": spaces}
    api_server.documents["/api/v1/nodes"] = {"items": [{"metadata": {"name": "n1"}}]}
    return kubeconfig(tmp_path, api_server.url)


def test_fingerprint_tells_one_cluster_from_another(api_server: ApiServer, config: Path) -> None:
    with given(config) as cluster:
        fingerprint = cluster.fingerprint()
    assert (fingerprint.version, fingerprint.nodes, fingerprint.identity) == ("v1.30.0", ("n1",), "uid-kube-system")
    assert {line.split()[0] for line in api_server.sent} == {"GET"}


def test_writes_are_refused_unless_allowed(config: Path) -> None:
    with (
        given(config) as cluster,
        pytest.raises(UsageError, match=r"^a push would change the given cluster, which is read-only: give --allow"),
    ):
        cluster.require_writes("a push")


def test_kubectl_gets_the_copy_and_nothing_of_the_users(
    machine: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    (machine / "answer").write_text("{}", encoding="utf-8")
    with given(config) as cluster:
        assert cluster.kubectl(["get", "pods", "-l", "a=$(id)"]) == {}
        copy = cluster.copy
    place = f"[--kubeconfig={copy}][--context=mine][--cache-dir={copy.with_suffix('.cache')}]"
    assert asked(machine) == [f"{place}[get][pods][-l][a=$(id)][--output=json]"]
    assert (machine / "environment").read_text(encoding="utf-8") == "KUBECONFIG= KUBECTL_KUBERC=false\n"


def test_missing_kubectl_is_said(config: Path) -> None:
    with given(config) as cluster:
        cluster.program = "no-such-kubectl"
        with pytest.raises(ClusterError, match=r"^no-such-kubectl not found on PATH: install no-such-kubectl$"):
            cluster.kubectl(["get", "pods"])


def test_cluster_is_taken_only_where_it_answers(config: Path, api_server: ApiServer) -> None:
    with given(config) as cluster:
        cluster.create()
        api_server.refusals["GET", "/version"] = 401
        assert not cluster.ready(0)
        with pytest.raises(ClusterError, match="refuses the credentials"):
            cluster.create()


def test_image_is_not_loaded_into_the_users_nodes(config: Path) -> None:
    with given(config) as cluster, pytest.raises(UsageError, match=r"nodes of a given cluster: push it to a registry"):
        cluster.load_image("x")


def test_copy_of_the_kubeconfig_is_removed(config: Path) -> None:
    with given(config) as cluster:
        assert cluster.copy.exists()
    assert not cluster.copy.exists()
    assert config.exists()
