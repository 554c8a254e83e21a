"""podman on this machine: what is missing or full is one line with the repair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.host import podman
from fixtures.host.process import PodmanError
from fixtures.marks import RUN_VARIABLE


@pytest.fixture
def podman_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a shell script in the place of podman; its folder has `asked`, a line for each command."""
    fake = tmp_path / "podman"

    def put(script: str) -> None:
        fake.write_text(f'#!/bin/sh\ncd {tmp_path}; echo "$*" >>asked; {script}', encoding="utf-8")
        fake.chmod(0o755)

    monkeypatch.setenv("CONTAINERS_CONF", "/dev/null")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    podman.environment.cache_clear()
    yield put
    podman.environment.cache_clear()


GONE = f'echo \'Error: reading image "{"0" * 64}": locating image with ID "{"0" * 64}": image not known\' >&2; exit 125'


def test_full_disk_is_said_in_one_line(podman_says: Callable[[str], None]) -> None:
    podman_says("echo 'Error: writing blob: no space left on device' >&2; exit 125")
    with pytest.raises(PodmanError, match=r"^`podman pull x` failed \(125\): the disk is full: free"):
        podman.podman("pull", "x")


def test_image_is_described_though_another_is_removed_meanwhile(podman_says: Callable[[str], None]) -> None:
    podman_says(f"[ $(wc -l <asked) -gt 2 ] || {{ {GONE}; }}; echo '[{{}}]'")
    assert podman.inspect("x") == {}


@pytest.mark.parametrize(("ask", "answer"), [(podman.inspect, {}), (podman.image_exists, True)])
def test_removal_of_another_image_may_take_a_moment(
    podman_says: Callable[[str], None], ask: Callable[[str], object], answer: object
) -> None:
    removal = "[ $(wc -l <asked) -gt 1 ] || (sleep 0.3; touch removed) >/dev/null 2>&1 &"
    podman_says(f"{removal}\n[ -e removed ] || {{ {GONE}; }}; echo '[{{}}]'")
    assert ask("x") == answer


@pytest.mark.parametrize("words", [("image", "rm", "x"), ("build", "."), ("image", "inspect", "x")])
def test_fault_of_podman_is_told_in_the_end(
    podman_says: Callable[[str], None], tmp_path: Path, words: tuple[str, ...]
) -> None:
    podman_says(GONE)
    with pytest.raises(PodmanError, match="image not known"):
        podman.podman(*words)
    assert (tmp_path / "asked").read_text().count("\n") == (podman.READ_TRIES if "inspect" in words else 1)


def test_image_that_is_not_there_is_asked_for_once(podman_says: Callable[[str], None], tmp_path: Path) -> None:
    podman_says("echo 'Error: inspecting object: x: image not known' >&2; exit 125")
    with pytest.raises(PodmanError, match="inspecting object"):
        podman.inspect("x")
    assert (tmp_path / "asked").read_text().count("\n") == 1


@pytest.mark.parametrize("verb", ["run", "create", "ps"])
def test_container_has_the_label_of_its_run(
    podman_says: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    podman_says(":")
    for run in ("r-1", ""):
        monkeypatch.setenv(RUN_VARIABLE, run)
        podman.podman(verb, "--rm", "x")
    label = "" if verb == "ps" else "--label=conformance.run=r-1 "
    assert (tmp_path / "asked").read_text().splitlines() == [f"{verb} {label}--rm x", f"{verb} --rm x"]


@pytest.mark.parametrize(("status", "there"), [(0, True), (1, False)])
def test_image_exists_or_not(podman_says: Callable[[str], None], status: int, *, there: bool) -> None:
    podman_says(f"exit {status}")
    assert podman.image_exists("x") == there


def test_name_that_can_be_none_is_of_no_image(podman_says: Callable[[str], None]) -> None:
    podman_says("[ $1 != image ] || { echo 'Error: repository name must be lowercase' >&2; exit 125; }")
    assert not podman.image_exists("UPPER")


def test_image_exists_though_another_is_removed_meanwhile(podman_says: Callable[[str], None]) -> None:
    podman_says(f"[ $(wc -l <asked) -gt 2 ] || {{ {GONE}; }}")
    assert podman.image_exists("x")


def test_storage_that_cannot_be_read_is_not_an_absent_image(podman_says: Callable[[str], None]) -> None:
    podman_says("echo 'Error: opening storage: broken' >&2; exit 125")
    with pytest.raises(PodmanError, match=r"`podman images --quiet` failed \(125\): Error: opening storage: broken"):
        podman.image_exists("x")


def test_missing_podman_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PodmanError, match=r"^podman, skopeo, mmdebstrap not found on PATH: run: sudo apt-get"):
        podman.ensure()


def test_too_little_disk_is_refused_before_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.host.podman.podman", lambda *_: "/\n")
    with pytest.raises(PodmanError, match=r"GB free below /, a cold build needs .* GB: free some space"):
        podman.require_free_disk(1 << 60)
