"""A cluster is asked without a change to it: refusals are unknown, dry runs are marked as such."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.cluster.api import ClusterError, connect
from fixtures.cluster.rights import REVIEWS
from fixtures.errors import ExitCode
from fixtures.host.finding import Finding, State
from fixtures.preflight import __main__ as command_line
from fixtures.preflight.admission import pod
from fixtures.preflight.asking import Cluster, UnseenError
from fixtures.preflight.rows import folded
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.serving import serving

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    """An API server that has two objects and refuses what it does not know."""
    found = ApiServer()
    found.documents["/api/v1/nodes"] = {"items": [{"metadata": {"name": "one"}}]}
    kubeconfig(tmp_path, found.url)
    with serving(found):
        yield found


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path) -> Cluster:
    """What asks it."""
    del server
    return Cluster(connect(tmp_path / "config"))


def test_list_is_read(cluster: Cluster) -> None:
    assert [one["metadata"]["name"] for one in cluster.items("/api/v1/nodes")] == ["one"]


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_seen_is_no_error(cluster: Cluster, server: ApiServer, status: int) -> None:
    server.refusals["GET", "/api/v1/nodes"] = status
    with pytest.raises(UnseenError, match=r"^no$"):
        cluster.items("/api/v1/nodes")


def test_credentials_that_are_refused_are_an_error(cluster: Cluster, server: ApiServer) -> None:
    server.refusals["GET", "/api/v1/nodes"] = 401
    with pytest.raises(ClusterError, match="it refuses the credentials"):
        cluster.items("/api/v1/nodes")


@pytest.mark.parametrize(("status", "said"), [(403, "no"), (422, "no"), (200, "")])
def test_dry_run_tells_why_an_object_would_be_refused(
    cluster: Cluster, server: ApiServer, status: int, said: str
) -> None:
    server.refusals["POST", PODS] = status
    before = dict(server.documents)
    assert cluster.refusal_of(PODS, pod("default")) == said
    assert server.documents == before


def test_dry_run_in_a_namespace_that_is_not_there_is_unseen(cluster: Cluster, server: ApiServer) -> None:
    server.refusals["POST", PODS] = 404
    with pytest.raises(UnseenError):
        cluster.refusal_of(PODS, pod("default"))


def test_question_that_may_not_be_asked_is_unseen(cluster: Cluster, server: ApiServer) -> None:
    server.refusals["POST", REVIEWS] = 403
    with pytest.raises(UnseenError):
        cluster.may("create", "pods")


def test_pod_of_the_dry_run_is_the_deployment_s() -> None:
    spec = pod("default")["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert "serviceAccountName" not in spec


def test_server_that_does_not_answer_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:9")
    assert command_line.main([f"--kubeconfig={path}"]) == ExitCode.SUITE_ERROR
    assert capsys.readouterr().err.startswith("error: asking for /version failed at http://127.0.0.1:9: the connection")


@pytest.mark.parametrize("option", ["--context=x", "--namespace=x", "--deployment=x/y"])
def test_option_of_a_cluster_without_one_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([option]) == ExitCode.USAGE
    assert capsys.readouterr().err.endswith("are of a cluster: give its --kubeconfig too\n")


def test_rows_of_tools_are_folded_by_level() -> None:
    rows = ["DEP-1", "TOOL-jq-runs", "TOOL-helm-runs", "TOOL-argo-connects"]
    assert folded(rows) == "DEP-1, TOOL-(jq, helm)-runs, TOOL-argo-connects"


def test_unmet_thing_is_told_with_its_rows_and_makes_the_end_incomplete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = Finding("podman", State.UNMET, "is not there", "install it", ("tests/image/test_contract.py*",))
    monkeypatch.setattr("fixtures.preflight.machine.findings", lambda: iter([finding]))
    checks = {"tests/image/test_contract.py::test_a": ("IMG-1", "IMG-2"), "tests/image/test_b.py::test_b": ("IMG-3",)}
    monkeypatch.setattr("fixtures.preflight.rows.listed", lambda: checks)
    assert command_line.main([]) == ExitCode.INCOMPLETE
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "UNMET    podman: is not there: install it"
    assert second == "         blocked are 2 rows: IMG-1, IMG-2"
    assert last.startswith("preflight: 1 unmet, 0 unknown, 0 note, 0 ok · 2 requirements will be blocked or failed · ")
