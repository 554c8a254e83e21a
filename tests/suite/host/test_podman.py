"""podman on this machine: what is missing or full is one line with the repair."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fixtures.host import podman
from fixtures.host.process import PodmanError

FAILING_PODMAN = """#!/bin/sh
case "$*" in *"image exists"*) exit 1;; esac
echo "Error: writing blob: no space left on device" >&2
exit 125
"""


def test_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "podman"
    fake.write_text(FAILING_PODMAN, encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("CONTAINERS_CONF", "/dev/null")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    podman.environment.cache_clear()
    with pytest.raises(PodmanError, match=r"^`podman pull x` failed \(125\): the disk is full: free"):
        podman.podman("pull", "x")
    podman.environment.cache_clear()


def test_missing_podman_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PodmanError, match=r"^podman, skopeo, mmdebstrap not found on PATH: run: sudo apt-get"):
        podman.ensure()


def test_too_little_disk_is_refused_before_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.host.podman.podman", lambda *_: "/\n")
    with pytest.raises(PodmanError, match=r"GB free below /, a cold build needs .* GB: free some space"):
        podman.require_free_disk(1 << 60)
