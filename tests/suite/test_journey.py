"""What the developer's day leaves: nothing of its own, and all that is somebody else's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.deployment.scratch import Scratch
from fixtures.journey import Day
from fixtures.marks import CHECK_LABEL


def test_day_removes_its_own_job_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment: Any = SimpleNamespace(api=client.ApiClient())
    scratch = Scratch(deployment, "probe-1", run="r", image="i", node="n", namespace="space")
    jobs = {"mine": f"{CHECK_LABEL}=probe-1", "another check's": f"{CHECK_LABEL}=probe-2", "somebody's": ""}

    def delete(_self: Any, namespace: str, label_selector: str = "", **_: Any) -> None:
        assert namespace == "space"
        for name in [one for one, labels in jobs.items() if label_selector in labels]:
            del jobs[name]

    removed: list[str] = []

    def service(name: str) -> Any:
        return SimpleNamespace(
            remove=lambda: removed.append(name), delete=lambda *_: removed.append(name), find=lambda *_: "sha256:1"
        )

    monkeypatch.setattr(client.BatchV1Api, "delete_collection_namespaced_job", delete)
    names = ("repository", "registry", "application", "workflows", "mlflow", "broker")
    Day(
        scratch=scratch, user="u", project="p", url="", images="i", password="", **{n: service(n) for n in names}
    ).remove()
    assert list(jobs) == ["another check's", "somebody's"]
    assert removed == ["registry", "workflows", "application", "mlflow"]
