"""The overlay that puts oauth2-proxy in front of a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fixtures.certificates import Authority
from fixtures.deployment.overlay import Workspace
from fixtures.login.overlay import guarded, overlay
from fixtures.login.proxy import WORK_NAMESPACE
from fixtures.registry.settings import RegistrySettings
from fixtures.services.catalogue import oauth2_proxy as oauth2_proxy_service
from fixtures.services.model import Credentials

DIGEST = f"sha256:{'0' * 64}"
CREDENTIALS = Credentials(b"secret")


@pytest.fixture
def workspace() -> Workspace:
    settings = RegistrySettings("registry.example", "user", "password", None)
    image = f"registry.example/image@{DIGEST}"
    return Workspace("workspace", "run1", image, settings, password=f"of-{DIGEST}", home_node="n1")


@pytest.fixture
def files(workspace: Workspace) -> dict[str, bytes]:
    return overlay(guarded(workspace), f"registry.example/oauth2-proxy@{DIGEST}", Authority("test"), CREDENTIALS)


def test_overlay_puts_the_secrets_into_files_and_nowhere_else(files: dict[str, bytes]) -> None:
    document = files["kustomization.yaml"].decode()
    secrets = oauth2_proxy_service.secret(CREDENTIALS)
    assert {f"proxy/{name}" for name in secrets} <= files.keys()
    assert not any(value.decode() in document for value in secrets.values())
    assert len(secrets["cookie-secret"]) in {16, 24, 32}


def test_overlay_keeps_home_keys_limits_and_rights_in_the_cluster(files: dict[str, bytes]) -> None:
    patches = [yaml.safe_load(one["patch"]) for one in yaml.safe_load(files["kustomization.yaml"])["patches"]]
    assert not [one for one in patches if isinstance(one, dict) and one.get("$patch") == "delete"]
    assert "limits" not in files["kustomization.yaml"].decode()


def test_overlay_leads_the_tools_into_the_namespace_apart(files: dict[str, bytes]) -> None:
    document = yaml.safe_load(files["kustomization.yaml"])
    literals = {one["name"]: one["literals"] for one in document["configMapGenerator"] if "literals" in one}
    assert literals["code-server-workspace"] == [f"namespace={WORK_NAMESPACE}"]
    assert document["namespace"] != WORK_NAMESPACE


def test_home_is_a_folder_apart_in_which_the_other_one_is_not(workspace: Workspace, files: dict[str, bytes]) -> None:
    # Each deployment removes its folder with all that is below it.
    other, own = Path(workspace.home_folder), Path(guarded(workspace).home_folder)
    assert other not in {own, *own.parents}
    assert own not in other.parents
    assert f"path: {own}\n" in "".join(one["patch"] for one in yaml.safe_load(files["kustomization.yaml"])["patches"])


def test_editor_behind_the_log_in_asks_for_no_password_of_its_own(workspace: Workspace) -> None:
    behind, bare = (one.overlay()["kustomization.yaml"].decode() for one in (guarded(workspace), workspace))
    assert "code-server-login" in bare
    assert "code-server-login" not in behind
