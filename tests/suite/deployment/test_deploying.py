"""Deploying without a cluster: what an overlay says, how home is set up, what troubles mean."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from fixtures.cluster import pod_state
from fixtures.cluster.api import ClusterError
from fixtures.cluster.objects import Objects, labels, marked
from fixtures.deployment import capacity
from fixtures.deployment.deployment import Deployment, DeploymentError
from fixtures.deployment.overlay import BASE, Workspace, ssh_key_pair
from fixtures.registry.settings import RegistrySettings

REGISTRY = RegistrySettings("harbor.example.com", "robot", "s3cret")
IMAGE = f"harbor.example.com/library/code-server-dev@sha256:{'a' * 64}"


def overlay(workspace: Workspace) -> dict[str, Any]:
    document = yaml.safe_load(workspace.overlay()["kustomization.yaml"])
    assert isinstance(document, dict)
    return document


# ---- the overlay


def test_overlay_names_the_image_by_digest() -> None:
    (image,) = overlay(Workspace("s", "r", IMAGE, REGISTRY))["images"]
    assert image["newName"] == "harbor.example.com/library/code-server-dev"
    assert image["digest"] == f"sha256:{'a' * 64}"


def test_overlay_keeps_the_bases_git_configuration() -> None:
    text = Workspace("s", "r", IMAGE, REGISTRY, git_name="Ann").overlay()["gitconfig"].decode()
    assert "defaultBranch = main" in text
    assert "name = Ann" in text


def test_overlay_has_secrets_in_files_only() -> None:
    workspace = Workspace("s", "r", IMAGE, REGISTRY, ssh_keys={"id_ed25519": b"private"}, password="hush")  # noqa: S106
    text = workspace.overlay()["kustomization.yaml"].decode()
    assert not [word for word in ("private", "hush", "s3cret") if word in text]
    assert [one["name"] for one in overlay(workspace)["secretGenerator"]] == [
        "registry-pull", "code-server-ssh", "code-server-login",
    ]  # fmt: skip


def test_overlay_brings_the_registrys_authority_into_the_pod(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"PEM")
    settings = RegistrySettings("r.svc", ca_file=tmp_path / "ca.crt")
    workspace = Workspace("s", "r", IMAGE, settings)
    assert workspace.overlay()["ca.crt"] == b"PEM"
    assert "/etc/containers/certs.d/r.svc" in workspace.overlay()["kustomization.yaml"].decode()


def test_overlay_provides_authorities_and_variables() -> None:
    workspace = Workspace("s", "r", IMAGE, REGISTRY, authorities=b"PEM", environment={"PGHOST": "db.example.com"})
    assert workspace.overlay()["authorities.crt"] == b"PEM"
    assert {"name": "code-server-authorities", "files": ["authorities.crt"]} in overlay(workspace)["configMapGenerator"]
    assert "db.example.com" in overlay(workspace)["patches"][0]["patch"]


def test_home_may_be_on_a_volume_of_the_clusters_own() -> None:
    patches = overlay(Workspace("s", "r", IMAGE, REGISTRY, dedicated_volume=True))["patches"]
    assert [one for one in patches if "$patch: delete" in one["patch"] and "PersistentVolume" in one["patch"]]
    assert not [one for one in overlay(Workspace("s", "r", IMAGE, REGISTRY))["patches"] if "$patch" in one["patch"]]


def test_base_names_only_files_that_are_there() -> None:
    base = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
    generated = [file for one in base["configMapGenerator"] for file in one["files"]]
    assert not [name for name in (*base["resources"], *generated) if not (BASE / name).is_file()]


def test_key_pair_is_one_that_ssh_takes(tmp_path: Path) -> None:
    pair = ssh_key_pair("comment")
    for name, content in pair.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    command = ["ssh-keygen", "-y", "-f", str(tmp_path / "id_ed25519")]
    public = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert pair["id_ed25519.pub"].decode().startswith(public.strip())


# ---- the start of home


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Runs 20-workspace over a home in a folder, with what the deployment provides beside it."""
    home, provided, keys, account = (tmp_path / name for name in ("home", "provided", "keys", "account"))
    for folder in (home, provided, keys, account):
        folder.mkdir()
    for name in ("gitconfig", "tasks.json", "claude-settings.json"):
        (provided / name).write_bytes((BASE / "home" / name).read_bytes())
    (keys / "id_ed25519").write_text("key\n", encoding="utf-8")
    (account / "token").write_text("token", encoding="utf-8")
    (account / "namespace").write_text("space", encoding="utf-8")
    script = (BASE / "20-workspace").read_text(encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "authorities").mkdir()
    (tmp_path / "authorities/own.crt").write_text("own\n", encoding="utf-8")
    (tmp_path / "public.crt").write_text("public\n", encoding="utf-8")
    places = {
        "/etc/workspace/home": provided,
        "/etc/workspace/ssh": keys,
        "/etc/workspace/authorities": tmp_path / "authorities",
        "/etc/ssl/certs/ca-certificates.crt": tmp_path / "public.crt",
        "/run/workspace": tmp_path / "run",
    }
    for place, folder in places.items():
        script = script.replace(place, str(folder))
    script = script.replace("/var/run/secrets/kubernetes.io/serviceaccount", str(account))

    def run() -> Path:
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        subprocess.run(["sh", "-c", script], check=True, env=environment, timeout=30)
        return home

    return run


def test_empty_home_is_set_up(start: Any) -> None:
    home = start()
    assert (home / ".ssh/id_ed25519").stat().st_mode & 0o777 == 0o600
    assert (home / ".ssh").stat().st_mode & 0o777 == 0o700
    assert (home / ".kube/config").stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load((home / ".kube/config").read_text(encoding="utf-8"))
    assert config["contexts"][0]["context"]["namespace"] == "space"
    assert (home / ".claude/settings.json").is_file()


def test_authorities_are_the_public_ones_and_the_provided(start: Any, tmp_path: Path) -> None:
    start()
    assert (tmp_path / "run/authorities.crt").read_text(encoding="utf-8") == "public\nown\n"


def test_second_start_changes_nothing(start: Any) -> None:
    def state(home: Path) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}

    assert state(start()) == state(start())


def test_start_keeps_what_the_developer_changed_and_renews_what_he_did_not(start: Any, tmp_path: Path) -> None:
    home = start()
    tasks, settings = home / ".local/share/code-server/User/tasks.json", home / ".claude/settings.json"
    tasks.write_text("mine", encoding="utf-8")
    for name in ("tasks.json", "claude-settings.json"):
        (tmp_path / "provided" / name).write_text("newer", encoding="utf-8")
    start()
    assert (tasks.read_text(encoding="utf-8"), settings.read_text(encoding="utf-8")) == ("mine", "newer")


def test_start_puts_its_include_before_the_developers_git_settings(start: Any, tmp_path: Path) -> None:
    (tmp_path / "home/.gitconfig").write_text("[init]\n\tdefaultBranch = trunk\n", encoding="utf-8")
    home = start()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    for name, expected in {"init.defaultBranch": "trunk", "pull.ff": "only"}.items():
        done = subprocess.run(
            ["git", "config", name], check=True, env=environment, cwd=home, capture_output=True, text=True
        )
        assert done.stdout.strip() == expected


def test_start_closes_keys_that_a_volume_opened_to_the_group(start: Any) -> None:
    own = start() / ".ssh/own_key"
    own.touch(mode=0o660)
    start()
    assert own.stat().st_mode & 0o777 == 0o600


def test_start_follows_a_new_key_of_the_secret(start: Any, tmp_path: Path) -> None:
    start()
    (tmp_path / "keys/id_ed25519").write_text("newer\n", encoding="utf-8")
    assert (start() / ".ssh/id_ed25519").read_text(encoding="utf-8") == "newer\n"


# ---- troubles


def pod(**waiting: str) -> Any:
    state = SimpleNamespace(waiting=SimpleNamespace(**waiting) if waiting else None)
    ended = SimpleNamespace(terminated=SimpleNamespace(reason="Error", exit_code=7))
    status = SimpleNamespace(name="code-server", state=state, last_state=ended)
    return SimpleNamespace(
        metadata=SimpleNamespace(name="p", uid="u"),
        spec=SimpleNamespace(containers=[SimpleNamespace(image="h/i@sha256:1")]),
        status=SimpleNamespace(phase="Pending", init_container_statuses=None, container_statuses=[status]),
    )


def event(message: str, count: int = 1) -> SimpleNamespace:
    return SimpleNamespace(message=message, count=count)


def test_image_that_a_node_did_not_get_once_may_still_come(monkeypatch: pytest.MonkeyPatch) -> None:
    once = [
        event("Unable to retrieve some image pull secrets (registry-pull)"),
        event('Failed to pull image "h/i@sha256:1": 401 Unauthorized'),
        event("Error: ErrImagePull", 2),
    ]
    monkeypatch.setattr(Deployment, "warnings", lambda _self, _pod: once)
    found = Deployment.__new__(Deployment)
    found.namespace = "s"
    found.raise_trouble(pod(reason="ImagePullBackOff", message="Back-off"))
    once.append(once[1])
    with pytest.raises(DeploymentError, match="is refused to the node by the registry: give the ServiceAccount"):
        found.raise_trouble(pod(reason="ImagePullBackOff", message="Back-off"))


def test_pod_that_may_still_come_up_is_no_trouble() -> None:
    assert pod_state.trouble(pod()) is None
    assert pod_state.trouble(pod(reason="ContainerCreating", message="")) is None
    assert pod_state.trouble(pod(reason="ErrImagePull", message="the next try may do")) is None
    busy = "failed to sync secret cache: timed out waiting for the condition"
    assert pod_state.trouble(pod(reason="CreateContainerConfigError", message=busy)) is None


def test_evicted_pod_says_why() -> None:
    evicted = pod()
    evicted.status.phase, evicted.status.reason = "Failed", "Evicted"
    evicted.status.message = "The node was low on resource: ephemeral-storage."
    assert pod_state.trouble(evicted) == ("Evicted", evicted.status.message)


@pytest.mark.parametrize(
    ("waiting", "warned", "line"),
    [
        (
            {"reason": "ImagePullBackOff", "message": "Back-off"},
            [event('Failed to pull image "h/i@sha256:1": dial tcp: connection refused', 2)],
            "pod s/p: image h/i@sha256:1 cannot be pulled, the registry does not answer the node: start the registry",
        ),
        (
            {"reason": "ImagePullBackOff", "message": "Back-off"},
            [
                event('Failed to pull image "h/i@sha256:1": i/o timeout'),
                event('Failed to pull image "h/i@sha256:1": h/i@sha256:1: not found'),
                event("Error: ImagePullBackOff", 2),
            ],
            "pod s/p: image h/i@sha256:1 is not in the registry: push it",
        ),
        (
            {"reason": "CrashLoopBackOff", "message": "back-off"},
            [],
            "pod s/p: its container code-server ends again and again (Error, exit code 7): its last words: no home",
        ),
        (
            {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'},
            [],
            'pod s/p: CreateContainerConfigError: secret "x" not found: mend that',
        ),
    ],
)
def test_trouble_is_one_line_with_the_repair(
    waiting: dict[str, str], warned: list[SimpleNamespace], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deployment, "warnings", lambda _self, _pod: warned)
    monkeypatch.setattr(Deployment, "last_log_line", lambda _self, _pod: "no home")
    found = Deployment.__new__(Deployment)
    found.namespace = "s"
    with pytest.raises(DeploymentError) as trouble:
        found.raise_trouble(pod(**waiting))
    assert str(trouble.value).startswith(line)
    assert "\n" not in str(trouble.value)


def test_home_that_cannot_be_written_is_told_from_other_crashes() -> None:
    said = "error EACCES: permission denied, mkdir '/home/coder/.config'"
    assert pod_state.crashed("pod s/p", "ends", said)[1].startswith("give its volume to the pod's fsGroup")
    assert pod_state.crashed("pod s/p", "ends", "permission denied: /etc/x")[1].startswith("its last words")


@pytest.mark.parametrize(
    ("message", "repair"),
    [
        ('violates PodSecurity "baseline:latest": privileged', "pod-security label"),
        ("exceeded quota: q, requested: cpu=2", "raise the namespace's quota"),
        ('pods "x" is forbidden: error looking up service account', "give what creates it the right"),
    ],
)
def test_pod_that_is_not_let_in_says_whose_rule_it_is(message: str, repair: str) -> None:
    assert repair in pod_state.refused("Deployment s/d", message)[1]


@pytest.mark.parametrize(
    ("free", "request_"),
    [({"a": "8", "b": "1"}, "2"), ({"a": "1.05"}, "0.5"), ({"a": "-1"}, "0.1"), ({}, "0.1")],
)
def test_cpu_request_fits_the_nodes(free: dict[str, str], request_: str) -> None:
    assert capacity.fitting_cpu({name: Decimal(cpu) for name, cpu in free.items()}) == Decimal(request_)


def test_objects_without_a_runs_label_are_not_applied() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}}
    objects = Objects.__new__(Objects)
    with pytest.raises(ClusterError, match=r"^ConfigMap s/c without the label conformance.run"):
        objects.apply([document])
    (own,) = marked([document], "r")
    assert labels(own) == {"conformance.run": "r"}
