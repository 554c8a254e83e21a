"""What is said of a developer's work in the editor; a shell of this machine stands in for the pod's."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from kubernetes import client
from testinfra.host import Host

from fixtures.browser.work import STORAGE, _watches_all_but_the_storage
from fixtures.deployment.pod import Pod
from fixtures.shell.shell import Shell
from fixtures.shell.testinfra_backend import PersistentShellBackend
from fixtures.shell.transport import ProcessTransport

CREATED = 0x100
"""IN_CREATE, see inotify(7)."""


@pytest.fixture
def pod() -> Iterator[Pod]:
    """A shell of this machine in the place of a pod's."""
    with Shell(partial(ProcessTransport, ["sh"]), name="here") as shell:
        host = Host(PersistentShellBackend("here", shell))
        yield Pod(client.ApiClient(client.Configuration()), "space", "here", host, shell)


@pytest.fixture
def watcher() -> Iterator[int]:
    """What watches folders, as the editor's file watcher does."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.inotify_init1(os.O_CLOEXEC)
    assert found >= 0
    yield found
    os.close(found)


def watched(watcher: int, folder: Path, *parts: str) -> str:
    """Have some parts of a folder watched; return the folder."""
    (folder / STORAGE / "overlay").mkdir(parents=True)
    for part in parts:
        assert ctypes.CDLL(None).inotify_add_watch(watcher, bytes(folder / part), CREATED) > 0
    return str(folder)


def test_editor_watches_the_folder_and_not_the_storage_in_it(pod: Pod, watcher: int, tmp_path: Path) -> None:
    _watches_all_but_the_storage(pod, watched(watcher, tmp_path, "."))


@pytest.mark.parametrize(
    ("parts", "seen"),
    [
        pytest.param((".", STORAGE), rf"\. and {STORAGE} is watched", id="both"),
        pytest.param((STORAGE,), f"{STORAGE} is watched", id="the storage alone"),
        pytest.param((".local",), "neither is watched", id="another folder"),
        pytest.param((), "neither is watched", id="nothing"),
    ],
)
def test_editor_that_watches_other_folders_is_named(
    pod: Pod, watcher: int, tmp_path: Path, parts: tuple[str, ...], seen: str
) -> None:
    with pytest.raises(AssertionError, match=rf"^editor: of the opened folder .* in it, {seen}: see files\.watcherEx"):
        _watches_all_but_the_storage(pod, watched(watcher, tmp_path, *parts))
