"""Debian's packages resolved: what apt says it would install, by section; apt itself is a small program here."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fixtures.builder import debian_resolve
from fixtures.builder.debian_lock import DebianLock
from fixtures.builder.debian_resolve import ResolveError, resolve
from fixtures.inventory import load

APT = """#!/bin/sh
echo "$(grep -c . "$APT_CONFIG") $*" >>{said}
case "$*" in
*" update") cp "${{APT_CONFIG%/*}}/etc/apt/sources.list" {said}.sources ;;
*jq*) echo 'Inst libc6 (2.41-12 Debian:13/stable [arm64])
Inst curl [8.1] (8.2-1 Debian:13/stable, Debian-Security:13 [arm64]) []
Inst jq:arm64 (1.7.1-6+b1 Debian:13/stable [arm64])
Conf jq (1.7.1-6+b1 Debian:13/stable [arm64])' ;;
*curl*) echo 'Inst libc6 (2.41-12 Debian:13/stable [arm64])
Inst curl (8.2-1 Debian:13/stable [arm64])' ;;
*) echo 'Inst libc6 (2.41-12 Debian:13/stable [arm64])' ;;
esac
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with what apt-get was called with; its keyring is there."""
    (tmp_path / "apt-get").write_text(APT.format(said=tmp_path / "said"), encoding="utf-8")
    (tmp_path / "apt-get").chmod(0o755)
    (tmp_path / "keyring").touch()
    monkeypatch.setattr(debian_resolve, "KEYRING", tmp_path / "keyring")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "said"


def test_each_section_has_what_its_image_adds(apt: Path) -> None:
    found = resolve(load(), "arm64").sections
    assert found == {"debian": {"libc6": "2.41-12"}, "base": {"curl": "8.2-1"}, "image": {"jq": "1.7.1-6+b1"}}
    calls = apt.read_text(encoding="utf-8").splitlines()
    assert len(calls) == 4
    assert " libc6 curl " in calls[-1], "what is installed by then is not named"


@pytest.mark.parametrize("kept", [None, DebianLock({"image": {"jq": "1.6"}})], ids=["the newest", "what is locked"])
def test_mistake_of_apt_is_one_line(apt: Path, kept: DebianLock | None) -> None:
    mistaken = "E: Unable to locate package jqq' >&2; exit 100\n"
    (apt.parent / "apt-get").write_text(f'#!/bin/sh\n[ "$2" = update ] || {{ echo \'{mistaken}}}\n', encoding="utf-8")
    with pytest.raises(ResolveError, match=r"^`apt-get .*` failed \(100\): E: Unable to locate package jqq$"):
        resolve(load(), "amd64", kept)


def test_machine_without_debian_s_keys_is_told(apt: Path) -> None:
    (apt.parent / "keyring").unlink()
    with pytest.raises(ResolveError, match=r"keyring is missing: install debian-archive-keyring$"):
        resolve(load(), "amd64")


def test_lists_count_that_debian_itself_has_signed(apt: Path) -> None:
    resolve(load(), "amd64")
    sources = Path(f"{apt}.sources").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"deb \[(.*)\] (.*) main", line) for line in sources]
    # No other option: `trusted` and `allow-insecure` take lists that nobody has signed, see sources.list(5).
    assert [(one[1], one[2]) for one in found if one] == [
        (f"signed-by={apt.parent / 'keyring'}", mirror) for mirror in debian_resolve.MIRRORS
    ]
