"""The overlay of the services: images by digest, the run's label, a certificate for each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from fixtures.certificates import Authority
from fixtures.registry.settings import RegistrySettings
from fixtures.services.catalogue.table import TABLE
from fixtures.services.model import Credentials, no_files
from fixtures.services.overlay import overlay

REGISTRY = RegistrySettings("registry.example", "robot", "s3cret")
DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture
def files() -> dict[str, bytes]:
    """The overlay of all services, without manifests for which an image would have to be built."""
    references = {name: f"registry.example/{name}@{DIGEST}" for service in TABLE for name in service.images}
    table = [replace(service, files=no_files) for service in TABLE]
    return overlay(table, references, Authority("test"), Credentials(b"secret"), REGISTRY, "run1")


def test_overlay_pins_images_by_digest_and_marks_what_it_makes(files: dict[str, bytes]) -> None:
    for service in TABLE:
        document = yaml.safe_load(files[f"{service.name}/kustomization.yaml"])
        assert [image["digest"] for image in document["images"]] == [DIGEST] * len(service.images)
        assert document["labels"] == [{"pairs": {"conformance.run": "run1"}, "includeTemplates": True}]
    assert json.loads(files["nats/pull.json"])["auths"].keys() == {"registry.example"}


def test_overlay_gives_each_service_a_certificate_of_its_own(files: dict[str, bytes]) -> None:
    certificates = {files[f"{service.name}/tls/tls.crt"] for service in TABLE}
    assert len(certificates) == len(TABLE)
    assert len({files[f"{service.name}/tls/ca.crt"] for service in TABLE}) == 1


def test_overlay_generates_secrets_under_the_names_that_the_programs_expect(files: dict[str, bytes]) -> None:
    generated = yaml.safe_load(files["argocd/kustomization.yaml"])["secretGenerator"]
    assert [one["name"] for one in generated] == ["argocd-server-tls", "argocd-secret", "registry-pull"]
    assert all(name in files for one in generated[:2] for name in (f"argocd/{file}" for file in one["files"]))
