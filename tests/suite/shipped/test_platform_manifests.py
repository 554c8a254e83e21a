"""The manifests of the platform, as they are in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.paths import ROOT

FILES = sorted((ROOT / "docker" / "platform").rglob("*.yaml"))
TAKEN = "app.kubernetes.io/instance"


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in FILES])
def test_no_label_is_one_that_argocd_writes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert TAKEN not in text, (
        f"{path.name}: has the label {TAKEN}: Argo CD writes its application's name there: use another"
    )


def test_there_are_manifests() -> None:
    assert len(FILES) > 20
