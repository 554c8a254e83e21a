"""The lock of Debian's packages: read, handed to apt, and compared with what an image has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures.builder import debian_lock
from fixtures.builder.debian_lock import DebianLock
from fixtures.errors import UsageError

LOCK = DebianLock(
    {"debian": {"libc6": "2.41-12", "zlib1g": "1:1.3.dfsg+really1.3.1-1"}, "image": {"bat": "0.25.0-2+b2"}}
)
TEXT = """# Debian's packages in the image, for amd64: made by `nox -s lock`.

[debian]
libc6=2.41-12
zlib1g=1:1.3.dfsg+really1.3.1-1

[image]
bat=0.25.0-2+b2
"""


def test_lock_is_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "amd64.lock").write_text(debian_lock.text(LOCK, "amd64"), encoding="utf-8")
    assert (tmp_path / "amd64.lock").read_text(encoding="utf-8") == TEXT
    assert debian_lock.read(tmp_path / "amd64.lock") == LOCK


def test_machine_without_a_lock_has_an_empty_one(tmp_path: Path) -> None:
    assert debian_lock.read(tmp_path / "s390x.lock") == DebianLock()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[image]\nbat\n", r":2: 'bat' is not NAME=VERSION in a section"),
        ("[image]\nbat==0.25\n", r":2: 'bat==0.25' is not NAME=VERSION"),
        ("bat=0.25\n", r":1: 'bat=0.25' is not NAME=VERSION in a section"),
        ("[image]\nbat=1\n[base]\nbat=2\n", r":4: bat is there twice"),
        ("[tools]\n", r":1: \[tools\] is no section, or is there twice: have debian, base, image"),
        ("[base]\n[base]\n", r":2: \[base\] is no section, or is there twice"),
        ("\x80", r"cannot be read"),
    ],
)
def test_lock_that_is_none_is_refused_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "amd64.lock").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=rf"^{re.escape(str(tmp_path))}/amd64.lock.*{told}"):
        debian_lock.read(tmp_path / "amd64.lock")


def test_image_is_locked_with_all_below_it() -> None:
    assert LOCK.upto("base") == LOCK.sections["debian"]
    assert LOCK.upto("image") == {**LOCK.sections["debian"], **LOCK.sections["image"]}


def test_apt_prefers_locked_versions_and_downgrades_nothing() -> None:
    assert debian_lock.preferences({"bat": "0.25.0-2+b2"}) == (
        "Package: bat\nPin: version 0.25.0-2+b2\nPin-Priority: 1000\n\n"
    )


def test_drift_is_what_has_another_version_or_is_not_locked() -> None:
    assert debian_lock.drift(LOCK, LOCK.upto("image")) == []
    assert debian_lock.drift(LOCK, {"bat": "0.26.1-1", "curl": "8.14.1-2", "libc6": "2.41-12"}) == [
        "bat is 0.26.1-1, locked is 0.25.0-2+b2",
        "curl is 8.14.1-2, not locked",
    ]


def test_what_a_base_brings_is_locked_by_the_base() -> None:
    assert debian_lock.drift(LOCK, {"curl": "8.14.1-2", "libc6": "2.40"}, {"curl": "8.14.1-2", "libc6": "2.39"}) == [
        "libc6 is 2.40, locked is 2.41-12"
    ]
