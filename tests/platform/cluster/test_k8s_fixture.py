"""A check as it is written for pytest-kubernetes, on the cluster of the run."""

from __future__ import annotations

import pytest
from pytest_kubernetes.providers import AClusterManager

from fixtures.deployment.deployment import Deployment
from fixtures.patience import patient
from fixtures.registry.client import Pushed


@pytest.mark.requirement("DEP-1")
def test_available_deployment_names_the_pushed_image_by_digest(
    k8s: AClusterManager, deployment: Deployment, pushed: Pushed
) -> None:
    name, space = deployment.name, deployment.namespace
    k8s.create()
    k8s.wait(f"deployment/{name}", "condition=Available=True", timeout=round(patient(60)), namespace=space)
    found = k8s.kubectl(["get", "deployment", name, "--namespace", space])
    asked = found["spec"]["template"]["spec"]["containers"][0]["image"]
    assert asked == pushed.reference, (
        f"Deployment {space}/{name}: asks for {asked}, not for {pushed.reference}: name the image by digest"
    )
