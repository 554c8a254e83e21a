"""The overlay that puts oauth2-proxy in front of a workspace."""

from __future__ import annotations

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
def files() -> dict[str, bytes]:
    settings = RegistrySettings("registry.example", "user", "password", None)
    workspace = Workspace("workspace", "run1", f"registry.example/image@{DIGEST}", settings)
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
