"""The verdict that the proof of Thinkube's shape looks at is that of the smoke run that it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import SuiteError
from fixtures.host.process import Ended
from fixtures.proof import thinkube


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The verdict that an earlier run left."""
    monkeypatch.setattr(thinkube, "ROOT", tmp_path)
    monkeypatch.setattr(thinkube, "BUILD_DIRECTORY", tmp_path / "build")
    path = tmp_path / "build" / thinkube.NAMESPACE / "verdict-smoke.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"verdict": "passed"}', encoding="utf-8")
    return path


@pytest.mark.usefixtures("left")
def test_run_that_breaks_is_not_told_by_the_verdict_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinkube, "run", lambda *_, **__: Ended(2, "", "Traceback\nerror: no cluster\n"))
    with pytest.raises(SuiteError, match=r"^the smoke run has ended \(2\) without a verdict: error: no cluster$"):
        thinkube.verdict_of(tmp_path, tmp_path / "kubeconfig")


def test_run_knows_nothing_of_the_run_that_does_it(tmp_path: Path, left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def run(_command: list[str], *, env: dict[str, str], **_: Any) -> Ended:
        given.update(env)
        (tmp_path / env["CONFORMANCE_BUILD"] / left.name).write_text(json.dumps({"verdict": "failed"}), "utf-8")
        return Ended(1, "", "")

    monkeypatch.setenv("CONFORMANCE_SECRETS", "of the outer run")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setattr(thinkube, "run", run)
    assert thinkube.verdict_of(tmp_path, tmp_path / "kubeconfig") == (Ended(1, "", ""), {"verdict": "failed"})
    assert not {"CONFORMANCE_SECRETS", "PYTEST_ADDOPTS"} & {*given}
