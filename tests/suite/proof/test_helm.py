"""`helm test` as the proof runs it: its end is that of the test, and the release is gone afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from fixtures.host.process import PodmanError
from fixtures.proof import helm

HELM = """\
#!/bin/sh
echo "$1 $(stat -c %a "$KUBECONFIG") $(cat chart/templates/pod.yaml)" >>"$SAID"
echo "helm says $1"
[ "$1" != "$FAILS" ]
"""
"""Notes what it is asked, with the mode of the kubeconfig, which the real one complains of where others may read it."""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of what helm was asked, by the script of the proof, which runs on this machine."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "helm"
    program.write_text(HELM, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    (tmp_path / "kubeconfig").touch()

    def podman(*words: str, stdin: bytes, **_: Any) -> str:
        script = words[words.index("-c") :]
        done = subprocess.run(["sh", *script], input=stdin, capture_output=True, check=False, timeout=30)
        if done.returncode:
            raise PodmanError(f"`podman run` failed ({done.returncode})", done.stdout.decode())
        return done.stdout.decode()

    monkeypatch.setattr(helm, "podman", podman)
    return tmp_path / "said"


def test_test_that_passes_is_told_and_its_release_removed(said: Path, tmp_path: Path) -> None:
    assert helm.tested("image", tmp_path / "kubeconfig", "space", "pod") == "helm says test\n"
    assert said.read_text(encoding="utf-8").splitlines() == ["install 600 pod", "test 600 pod", "uninstall 600 pod"]


@pytest.mark.parametrize(
    ("fails", "asked"), [("install", ["install", "uninstall"]), ("test", ["install", "test", "uninstall"])]
)
def test_test_that_fails_is_an_error_and_its_release_is_removed(
    said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, asked: list[str]
) -> None:
    monkeypatch.setenv("FAILS", fails)
    with pytest.raises(PodmanError, match=r"failed \(1\)"):
        helm.tested("image", tmp_path / "kubeconfig", "space", "pod")
    assert [line.split()[0] for line in said.read_text(encoding="utf-8").splitlines()] == asked
