"""The manager of embedded clusters: pytest-kubernetes' interface, made safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_kubernetes.providers import AClusterManager

from fixtures.cluster import __main__
from fixtures.cluster.api import ClusterError
from fixtures.cluster.embedded import EmbeddedCluster
from fixtures.cluster.kubectl import KubectlError
from fixtures.cluster.manager import EmbeddedManager, running
from fixtures.errors import ExitCode, UsageError
from tests.suite.cluster.fakes.api_server import ApiServer, kubeconfig
from tests.suite.cluster.fakes.engine import asked

KUBECTL = "[--kubeconfig=/etc/kubernetes/admin.conf]"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"who": "it's $HOME"}}


def cluster(kubeconfig: Path = Path("k"), *, reused: bool = False) -> EmbeddedCluster:
    """A cluster of one node."""
    return EmbeddedCluster("t", "podman", "image", ("t-control-plane",), kubeconfig, reused=reused)


@pytest.fixture
def manager(machine: Path) -> EmbeddedManager:
    """A manager with a cluster, on a machine whose programs are fake."""
    assert machine.is_dir()
    found = EmbeddedManager("t")
    found.adopt(cluster())
    return found


def test_command_prints_a_kubeconfig_that_a_shell_takes_as_it_is(
    created: list[EmbeddedCluster], api_server: ApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api_server.documents["/readyz"] = {}
    folder = tmp_path / "two words"
    folder.mkdir()
    created.append(cluster(kubeconfig(folder, api_server.url)))
    assert __main__.main(["create", "--name", "t"]) == ExitCode.VERIFIED
    assert f"\nexport KUBECONFIG='{folder}/config'\n" in capsys.readouterr().out


# ---- what it takes and gives back


def test_manager_is_of_the_interface() -> None:
    manager = EmbeddedManager("t")
    assert isinstance(manager, AClusterManager)
    assert (manager.cluster_name, manager.get_binary_name(), manager.kubeconfig) == ("t", "kind", None)


@pytest.mark.parametrize("reused", [True, False], ids=["kept", "made"])
def test_only_a_cluster_that_it_made_is_removed(
    created: list[EmbeddedCluster], api_server: ApiServer, tmp_path: Path, *, reused: bool
) -> None:
    api_server.documents["/readyz"] = {}
    created.append(cluster(kubeconfig(tmp_path, api_server.url), reused=reused))
    manager = EmbeddedManager("t")
    manager.delete()
    manager.create(keep=True)
    assert (manager.ready(), manager.kubeconfig) == (True, tmp_path / "config")
    manager.delete()
    assert bool(created) == reused


def test_cluster_that_does_not_answer_is_removed(created: list[EmbeddedCluster], tmp_path: Path) -> None:
    created.append(cluster(kubeconfig(tmp_path, "https://127.0.0.1:1")))
    manager = EmbeddedManager("t")
    with pytest.raises(ClusterError, match=r"^cluster t does not answer 0 s after it was made: look at the machine"):
        manager.create(timeout=0)
    assert not created
    assert not manager.ready(0)


@pytest.mark.parametrize("keep", [True, False])
def test_running_cluster_stays_only_where_it_is_to_be_kept(
    created: list[EmbeddedCluster], monkeypatch: pytest.MonkeyPatch, *, keep: bool
) -> None:
    monkeypatch.setattr(EmbeddedCluster, "answers", lambda _self: True)
    created.append(cluster())
    with running("t", keep=keep) as found:
        assert found.name == "t"
    assert bool(created) == keep


def test_users_kubeconfig_is_not_taken() -> None:
    with pytest.raises(UsageError, match="takes no provider file and no kubeconfig"):
        EmbeddedManager("t", kubeconfig=Path("~/.kube/config"))


def test_without_a_cluster_the_repair_is_to_create_one() -> None:
    with pytest.raises(ClusterError, match=r"^cluster t has not been made: call create\(\) first$"):
        EmbeddedManager("t").kubectl(["get", "nodes"])


# ---- kubectl


def test_kubectl_runs_on_the_control_plane_without_a_shell(machine: Path, manager: EmbeddedManager) -> None:
    (machine / "answer").write_text('{"items": []}', encoding="utf-8")
    arguments = ["get", "pods", "-l", "a=$(id); b c"]
    assert manager.kubectl(arguments) == {"items": []}
    assert asked(machine) == [f"{KUBECTL}[get][pods][-l][a=$(id); b c][--output=json]"]
    assert arguments == ["get", "pods", "-l", "a=$(id); b c"]
    assert "podman exec --interactive t-control-plane kubectl" in (machine / "calls").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('Error from server (NotFound): pods "x" not found', r'failed \(1\): Error from .* "x" not found$'),
        ("error: unable to match a printer suitable for", r"suitable for; call it with as_dict=False$"),
    ],
    ids=["not found", "no JSON"],
)
def test_refusal_is_kubectls_own(machine: Path, manager: EmbeddedManager, said: str, expected: str) -> None:
    (machine / "refusal").write_text(f"{said}\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=expected) as caught:
        manager.kubectl(["delete", "pod", "x"])
    assert isinstance(caught.value, KubectlError)
    assert "\n" not in str(caught.value)


def test_text_that_is_no_object_is_said(machine: Path, manager: EmbeddedManager) -> None:
    (machine / "answer").write_text("hello", encoding="utf-8")
    with pytest.raises(KubectlError, match=r"^`kubectl logs p` prints no JSON: call it with as_dict=False$"):
        manager.kubectl(["logs", "p"])
    assert manager.logs("p", container="c", namespace="n") == "hello"
    assert asked(machine)[-1] == f"{KUBECTL}[logs][p][-n][n][-c][c]"


@pytest.mark.parametrize("kind", ["object", "file", "path as text", "folder"])
def test_manifests_reach_kubectl_whole(machine: Path, manager: EmbeddedManager, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "manifests" / "one.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(CONFIG_MAP), encoding="utf-8")
    sources: dict[str, Any] = {"object": CONFIG_MAP, "file": file, "path as text": str(file), "folder": file.parent}
    manager.apply(sources[kind])
    assert asked(machine) == [f"{KUBECTL}[apply][--filename=-]"]
    assert yaml.safe_load((machine / "manifest").read_text(encoding="utf-8")) == CONFIG_MAP


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("https://example.com/x.yaml", r"^manifest https://.* give a file or folder of this machine, no URL"),
        (["a"], r"^a manifest cannot be of type list: give a dict, or the path of a file$"),
    ],
    ids=["URL", "list"],
)
def test_what_cannot_be_applied_is_refused(manager: EmbeddedManager, source: Any, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        manager.apply(source)


def test_wait_is_kubectls(machine: Path, manager: EmbeddedManager) -> None:
    (machine / "answer").touch()
    manager.wait("deployment/web", "condition=Available=True", timeout=7, namespace="n")
    limits = "[--for=condition=Available=True][--timeout=7s][--namespace=n]"
    assert asked(machine) == [f"{KUBECTL}[wait][deployment/web]{limits}"]


def test_version_may_have_a_sign(machine: Path, manager: EmbeddedManager) -> None:
    (machine / "answer").write_text('{"serverVersion": {"major": "1", "minor": "30+"}}', encoding="utf-8")
    assert manager.version() == (1, 30)


def test_image_is_loaded_into_the_nodes(manager: EmbeddedManager, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(EmbeddedCluster, "load_image", lambda _self, image: loaded.append(image))
    manager.load_image("localhost/x:1")
    assert loaded == ["localhost/x:1"]


def test_nothing_goes_through_the_stock_shell(manager: EmbeddedManager) -> None:
    with pytest.raises(ClusterError, match=r"not run through a shell here: use the methods of this class$"):
        manager._exec(["delete", "cluster"])
