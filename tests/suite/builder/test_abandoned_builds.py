"""What builds leave that were killed is removed, and nothing else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from fixtures.builder import abandoned_builds
from fixtures.builder.client_files import PREFIX
from fixtures.host.scratch_folder import scratch_folder


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of podman's removals; its storage and the folder of temporary files are empty ones."""
    calls: list[str] = []

    def podman(*arguments: str) -> str:
        if arguments[0] == "rm":
            calls.extend(arguments[1:])
        return f"{tmp_path}/storage\n"

    monkeypatch.setattr(abandoned_builds, "podman", podman)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return calls


def working_container(tmp_path: Path, name: str, mount: str) -> None:
    """Make buildah's note of a working container that mounts a folder."""
    userdata = tmp_path / "storage" / "overlay-containers" / name / "userdata"
    userdata.mkdir(parents=True)
    note = json.dumps({"CommonBuildOpts": {"Volumes": [mount]}})
    (userdata / "buildah.json").write_text(note, encoding="utf-8")


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """The folder of clients' files of a build that was killed."""
    folder = tmp_path / f"{PREFIX}killed"
    (folder / "clients").mkdir(parents=True)
    return folder


def test_containers_and_folder_of_a_killed_build_are_removed(tmp_path: Path, removed: list[str], clients: Path) -> None:
    working_container(tmp_path, "killed", f"{clients}/clients:/mnt:ro,z")
    working_container(tmp_path, "interrupted", f"{tmp_path}/{PREFIX}gone/clients:/mnt:ro,z")
    assert abandoned_builds.remove_abandoned_builds() == 2
    assert sorted(removed) == ["--force", "--ignore", "--volumes", "interrupted", "killed"]
    assert not clients.exists()


def test_running_build_is_left_alone(tmp_path: Path, removed: list[str]) -> None:
    with scratch_folder(PREFIX, tmp_path) as folder:
        working_container(tmp_path, "works", f"{folder}/clients:/mnt:ro,z")
        assert abandoned_builds.remove_abandoned_builds() == 0
        assert (removed, folder.exists()) == ([], True)


def test_builds_that_are_not_ours_are_left_alone(tmp_path: Path, removed: list[str]) -> None:
    working_container(tmp_path, "somebody", "/srv/cache:/mnt:ro,z")
    assert abandoned_builds.remove_abandoned_builds() == 0
    assert removed == []


def test_container_of_a_build_that_ends_right_now_is_left_alone(
    tmp_path: Path, removed: list[str], clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working_container(tmp_path, "ends", f"{clients}/clients:/mnt:ro,z")

    def vanished(note: Path, **_: object) -> str:
        raise FileNotFoundError(note)

    monkeypatch.setattr(Path, "read_text", vanished)
    assert abandoned_builds.remove_abandoned_builds() == 0
    assert removed == []
