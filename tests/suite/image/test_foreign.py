"""An image that somebody else built is held to the inventory's `[image]` before its tools are looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.errors import UsageError
from fixtures.host.process import PodmanError
from fixtures.image import foreign
from fixtures.image.image import Image

OURS = "\n1000\n1000\ncoder\n/home/coder\n/usr/bin/dumb-init\n"
Says = Callable[[str], None]


@pytest.fixture
def image() -> Image:
    """An image of the product's inventory."""
    return Image("h/other:1", inventories.load(), {"Id": "1", "Config": {}})


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Sets what a container of it says of itself."""
    return lambda text: monkeypatch.setattr(foreign, "podman", lambda *_: text)


def test_image_as_described_is_taken(image: Image, says: Says) -> None:
    says(OURS)
    foreign.require_as_described(image)


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("1000\n1000", "2001\n1000", "its UID is 2001, not 1000:"),
        ("1000\n1000", "1000\n3000", "its GID is 3000, not 1000:"),
        ("1000\n1000", "\n1000", "its UID is none, not 1000:"),
        ("coder\n", "none\n", "its user is none, not coder:"),
        ("/home/coder", "/work/dev", "its home is /work/dev, not /home/coder:"),
        ("/home/coder", "", "its home is none, not /home/coder:"),
        ("/usr/bin/dumb-init", "none", "it has no dumb-init for `init`:"),
    ],
    ids=["uid", "gid", "broken id", "user", "home", "no-home", "init"],
)
def test_difference_is_told_at_once(image: Image, says: Says, ours: str, theirs: str, told: str) -> None:
    says(OURS.replace(ours, theirs, 1))
    with pytest.raises(
        UsageError, match=rf"^h/other:1 is not as \[image\] of \S+ says: {told} correct \[image\] there"
    ):
        foreign.require_as_described(image)


def test_image_without_a_shell_is_refused(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def podman(*_: str) -> str:
        raise PodmanError("`podman run` failed (127)", "crun: executable file `sh` not found in $PATH")

    monkeypatch.setattr(foreign, "podman", podman)
    with pytest.raises(UsageError, match=r"^h/other:1 has no sh, by which its tools are run"):
        foreign.require_as_described(image)


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of the programs that its container has; a shell of this machine stands in for it."""

    def podman(*words: str) -> str:
        shell, env = ["/bin/sh", *words[words.index("-c") :]], {"PATH": str(tmp_path), "HOME": "/home/coder"}
        return subprocess.run(shell, env=env, capture_output=True, text=True, check=True).stdout

    monkeypatch.setattr(foreign, "podman", podman)
    return tmp_path


@pytest.mark.usefixtures("programs")
def test_image_without_coreutils_is_refused(image: Image) -> None:
    with pytest.raises(UsageError, match=r"^h/other:1 has no id, mktemp, rm, by which its tools are run: give"):
        foreign.require_as_described(image)


def test_user_without_an_account_is_told_as_none(image: Image, programs: Path) -> None:
    """For such a user `id -un` prints the number, and fails."""
    for name in foreign.PROGRAMS:
        (programs / name).write_text("#!/bin/sh\necho 1000; [ $1 != -un ]\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    with pytest.raises(UsageError, match=r"says: its user is none, not coder; it has no dumb-init for `init`:"):
        foreign.require_as_described(image)
