"""What is taken away from a base: documentation, other languages, what package tools leave; and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from fixtures.builder.base import BASE_DIRECTORY

TAKEN = (
    "usr/share/doc/git/README",
    "usr/share/man/de/man1/git.1.gz",
    "usr/share/locale/de/LC_MESSAGES/git.mo",
    "usr/share/info/dir",
    "var/cache/man/de/index.db",
    "var/cache/apt/pkgcache.bin",
    "var/cache/debconf/config.dat-old",
    "var/lib/apt/lists/deb.debian.org_InRelease",
    "var/lib/dpkg/status-old",
    "var/log/dpkg.log",
    "run/adduser",
)
LEFT = (
    "usr/bin/git",
    "usr/share/doc/git/copyright",
    "usr/share/man/man1/git.1.gz",
    "usr/share/locale/en_GB/LC_MESSAGES/git.mo",
    "usr/share/locale/locale.alias",
    "var/cache/man/index.db",
    "var/cache/debconf/config.dat",
    "var/lib/dpkg/status",
)


def trim(root: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(BASE_DIRECTORY / "trim-debian.sh"), str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """The root of a small Debian."""
    for name in (*TAKEN, *LEFT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x" * 100, encoding="utf-8")
    (tmp_path / "usr/share/doc/git/changelog.gz").symlink_to("README")
    return tmp_path


def test_what_nobody_reads_is_taken_away_and_all_else_is_left(debian: Path) -> None:
    done = trim(debian)
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(debian)) for path in debian.rglob("*") if not path.is_dir()}
    assert files == set(LEFT)
    words = done.stdout.split()
    assert (words[0], words[2:]) == ("trimmed", ["bytes:", "Debian"])
    assert int(words[1]) >= 100 * len(TAKEN)


def test_record_of_a_trimmed_package_is_of_what_is_left(tmp_path: Path) -> None:
    left, changed = tmp_path / "usr/lib/p/left", tmp_path / "usr/lib/p/with space"
    info = tmp_path / "var/lib/dpkg/info"
    for folder in (left.parent, info):
        folder.mkdir(parents=True)
    left.write_bytes(b"left")
    changed.write_bytes(b"stripped")
    (left.parent / "link").symlink_to("gone")
    names = ["/.", "/usr/lib/p", "/usr/lib/p/left", "/usr/lib/p/with space", "/usr/lib/p/gone", "/usr/lib/p/link"]
    (info / "p.list").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    old = "".join(f"{'0' * 32}  usr/lib/p/{name}\n" for name in ("left", "with space", "gone"))
    (info / "p.md5sums").write_text(old, encoding="utf-8")
    command = ["sh", str(BASE_DIRECTORY / "record-trimmed.sh")]
    for package in ("p", "not-installed"):
        subprocess.run([*command, package, str(tmp_path)], check=True)
    names.remove("/usr/lib/p/gone")
    assert (info / "p.list").read_text(encoding="utf-8").splitlines() == names
    sums = {file.name: hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() for file in (left, changed)}
    expected = [f"{digest}  usr/lib/p/{name}" for name, digest in sums.items()]
    assert (info / "p.md5sums").read_text(encoding="utf-8").splitlines() == expected


def test_debian_without_those_folders_is_left_as_it_is(tmp_path: Path) -> None:
    for name in ("run", "usr", "var"):
        (tmp_path / name).mkdir()
    done = trim(tmp_path)
    assert (done.returncode, done.stdout.split()[1]) == (0, "0"), done.stderr
