"""The overlay of a workspace: what it says of the image, the registry, secrets and home."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.deployment.overlay import BASE, MANIFESTS, Workspace, ssh_key_pair
from fixtures.redaction import MASK, redact
from fixtures.registry.settings import RegistrySettings

REGISTRY = RegistrySettings("harbor.example.com", "robot", "s3cret")
IMAGE = f"harbor.example.com/library/code-server-dev@sha256:{'a' * 64}"


def overlay(workspace: Workspace) -> dict[str, Any]:
    document = yaml.safe_load(workspace.overlay()["kustomization.yaml"])
    assert isinstance(document, dict)
    return document


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
    workspace = Workspace("s", "r", IMAGE, REGISTRY, dedicated_volume=True)
    patches = overlay(workspace)["patches"]
    assert [one for one in patches if "$patch: delete" in one["patch"] and "PersistentVolume" in one["patch"]]
    assert "/spec/selector" in workspace.overlay()["claim.yaml"].decode()
    assert not [one for one in overlay(Workspace("s", "r", IMAGE, REGISTRY))["patches"] if "$patch" in one["patch"]]


def test_home_is_a_folder_of_one_node() -> None:
    workspace = Workspace("s", "r", IMAGE, REGISTRY, home_node="n1", home_folder="/srv/home")
    (spec,) = [one["spec"] for one in map(yaml.safe_load, _patches(workspace)) if one["kind"] == "PersistentVolume"]
    assert spec["local"] == {"path": "/srv/home"}
    assert "values: [n1]" in yaml.safe_dump(spec, default_flow_style=None)


def test_rights_may_be_in_a_namespace_apart() -> None:
    workspace = Workspace("s", "r", IMAGE, REGISTRY, work_namespace="w")
    document = yaml.safe_load(workspace.work_overlay("../base/workspace")["kustomization.yaml"])
    assert (document["namespace"], document["resources"]) == ("w", ["../base/workspace"])
    assert [
        one for one in document["patches"] if "/subjects/0/namespace" in one["patch"] and "value: s" in one["patch"]
    ]
    assert not [one for one in _patches(workspace) if "name: workflow" in one]


def _patches(workspace: Workspace) -> list[str]:
    return [one["patch"] for one in overlay(workspace)["patches"]]


def test_manifests_are_those_of_the_product_s_image() -> None:
    spec = yaml.safe_load((BASE / "deployment.yaml").read_text(encoding="utf-8"))["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    ids = [spec["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")]
    assert ids == [MANIFESTS.uid, MANIFESTS.gid, MANIFESTS.gid]
    assert (mounts["home"], mounts["start"]) == (MANIFESTS.home, f"{MANIFESTS.start_scripts}/20-workspace")
    assert container["ports"] == [{"name": "http", "containerPort": MANIFESTS.port}]
    assert container["readinessProbe"]["httpGet"]["path"] == MANIFESTS.ready_path


def test_another_image_s_user_home_and_port_are_in_a_patch() -> None:
    changed = {"uid": 2001, "gid": 3000, "home": "/work/dev", "port": 9000, "ready_path": "/up", "start_scripts": "/s"}
    settings = MANIFESTS.model_copy(update=changed)
    patches = [one["patch"] for one in overlay(Workspace("s", "r", IMAGE, REGISTRY, settings=settings))["patches"]]
    plain = [one["patch"] for one in overlay(Workspace("s", "r", IMAGE, REGISTRY))["patches"]]
    (patch,) = set(patches) - set(plain)
    spec = yaml.safe_load(patch)["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"] == {"runAsUser": 2001, "runAsGroup": 3000, "fsGroup": 3000}
    assert {"name": "http", "containerPort": 9000} in container["ports"]
    assert container["livenessProbe"] == {"httpGet": {"path": "/up"}}
    assert [one["mountPath"] for one in container["volumeMounts"] if "$patch" not in one] == [
        "/work/dev",
        "/s/20-workspace",
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"uid": 2001}, {"runAsUser": 2001, "runAsGroup": MANIFESTS.gid, "fsGroup": MANIFESTS.gid}),
        ({"gid": 3000}, {"runAsUser": MANIFESTS.uid, "runAsGroup": 3000, "fsGroup": 3000}),
    ],
    ids=["user", "group"],
)
def test_an_image_that_has_another_user_or_group_alone_is_patched(
    changed: dict[str, int], expected: dict[str, int]
) -> None:
    settings = MANIFESTS.model_copy(update=changed)
    plain = _patches(Workspace("s", "r", IMAGE, REGISTRY))
    (patch,) = set(_patches(Workspace("s", "r", IMAGE, REGISTRY, settings=settings))) - set(plain)
    assert yaml.safe_load(patch)["spec"]["template"]["spec"]["securityContext"] == expected


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


def test_private_key_is_kept_secret() -> None:
    private = ssh_key_pair("comment")["id_ed25519"].decode()
    masked = redact(private).splitlines()
    assert masked[-2] == masked[-3] == MASK
    assert "PRIVATE KEY" in masked[0]
