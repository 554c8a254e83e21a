"""What a later layer changes, removes or adds to, although an earlier one brought it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.layers.reviewed import Finding, ReviewedRewrite
from fixtures.layers.rewritten import rewritten
from fixtures.layers.rights import not_executable
from tests.suite.layers.images import Item, folder, image

STATUS = "Package: jq\nStatus: install ok installed\nVersion: {}\n"
BASE = [
    Item("etc/passwd", b"root:x:0:0::/root:/bin/sh\n"), Item("usr/bin/tool", b"1", mode=0o755), folder("usr/lib/app"),
    Item("usr/lib/app/main.py", b"1"), Item("var/lib/dpkg/status", STATUS.format(1).encode()),
    Item("var/lib/dpkg/info/jq.list", b"/usr/bin/jq\n"), Item("usr/bin/jq", b"1"),
    Item("usr/bin/link", type=tarfile.SYMTYPE, link="tool"),
    Item("usr/share/x/a.py", b"1"), Item("usr/share/x/__pycache__/a.cpython-313.pyc", b"x"),
]  # fmt: skip


def found(tmp_path: Path, *later: Item, reviewed: tuple[ReviewedRewrite, ...] = ()) -> Iterator[Finding]:
    """Yield the findings in an image with a layer more."""
    with image(tmp_path, BASE, list(later)) as entries:
        yield from rewritten(entries, reviewed, made=["/usr/lib/app/rc"], whole=["/usr/lib/app"])


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (Item("usr/bin/tool", b"2", mode=0o755), "is not what layer 0 brought"),
        (Item("usr/bin/tool", b"12", mode=0o755), "is not what layer 0 brought"),
        (Item("usr/bin/link", type=tarfile.SYMTYPE, link="jq"), "is not what layer 0 brought"),
        (Item("var/lib/dpkg/.wh.status"), "layer 1 removes it"),
        (Item("usr/bin/tool", b"1", mode=0o700), "file of mode and owner 0700 root:0, which layer 0 brought as file"),
        (Item("usr/bin/.wh.tool"), "layer 1 removes it"),
        (folder("usr/lib/app", uid=7), "dir of mode and owner 0755 7:0, which layer 0 brought as dir, 0755 root:0"),
        (Item("usr/lib/app/more", b"x"), "was added to /usr/lib/app, which layer 0 brings whole"),
        (Item("usr/bin/jq", b"2"), "is not what layer 0 brought"),
        (Item("usr/share/x/__pycache__/a.cpython-314.pyc", b"x"), "is compiled by a later layer than the one that has"),
    ],
)
def test_a_change_of_a_later_layer_is_found(tmp_path: Path, item: Item, seen: str) -> None:
    (finding,) = found(tmp_path, item)
    assert finding.seen.startswith(seen)


def test_byte_code_of_a_later_layer_is_found(tmp_path: Path) -> None:
    (*_, finding) = found(tmp_path, Item("usr/lib/app/__pycache__/main.cpython-313.pyc", b"x"))
    assert finding.path.endswith(".pyc")


def test_what_is_as_before_and_what_a_step_makes_is_no_finding(tmp_path: Path) -> None:
    same = [Item("usr/bin/tool", b"1", mode=0o755), folder("usr/lib/app"), Item("usr/lib/app/rc"), Item("usr/bin/new")]
    assert list(found(tmp_path, *same)) == []


def test_a_package_in_another_version_is_no_finding_but_for_the_list(tmp_path: Path) -> None:
    upgrade = [Item("usr/bin/jq", b"2"), Item("var/lib/dpkg/status", STATUS.format(2).encode())]
    assert [one.path for one in found(tmp_path, *upgrade)] == ["/var/lib/dpkg/status"]


def test_a_package_that_one_later_layer_brings_and_another_upgrades_is_no_finding(tmp_path: Path) -> None:
    jq = STATUS.format(1)
    brought, upgraded = (f"{jq}\n{STATUS.format(version).replace('jq', 'yq')}".encode() for version in (1, 2))
    first = [Item("var/lib/dpkg/status", brought), Item("var/lib/dpkg/info/yq.list", b"/usr/bin/yq\n")]
    second = [Item("var/lib/dpkg/status", upgraded), Item("usr/bin/yq", b"2")]
    with image(tmp_path, BASE, [*first, Item("usr/bin/yq", b"1")], second) as entries:
        assert [one.path for one in rewritten(entries, made=[], whole=[])] == ["/var/lib/dpkg/status"]


@pytest.mark.parametrize(("mode", "right", "wrong"), [(0o755, "", 0), (0o700, "", 1), (0o700, "0700 root:root", 0)])
def test_a_reviewed_change_keeps_mode_and_owner_or_has_the_reviewed_ones(
    tmp_path: Path, mode: int, right: str, wrong: int
) -> None:
    reviewed = ReviewedRewrite(path="/usr/bin/tool", reason="a step sets it", right=right)
    more = Item("etc/group", b"root:x:0:\n")
    assert len(list(found(tmp_path, Item("usr/bin/tool", b"2", mode=mode), more, reviewed=(reviewed,)))) == wrong


@pytest.mark.parametrize(
    ("path", "data", "mode", "wrong"),
    [
        ("usr/lib/git-core/git-x", b"\x7fELF..", 0o644, 1),
        ("usr/lib/git-core/git-x", b"\x7fELF..", 0o755, 0),
        ("usr/lib/git-core/git-x", b"\x7fELF..", 0o754, 1),
        ("usr/lib/git-core/git-x", b"#!/x", 0o644, 1),
        ("usr/lib/libx.so.1", b"\x7fELF..", 0o644, 0),
        ("usr/local/bin/x.py", b"#!/usr/bin/python3\n", 0o644, 1),
        ("usr/lib/app/x.py", b"#!/usr/bin/python3\n", 0o644, 0),
        ("usr/share/x/readme", b"text", 0o644, 0),
        ("usr/share/x/postrm", b"#!/bin/sh\n", 0o644, 1),
        ("usr/share/doc/x/examples/postrm", b"#!/bin/sh\n", 0o644, 0),
    ],
)
def test_a_program_that_not_everybody_may_run(tmp_path: Path, path: str, data: bytes, mode: int, wrong: int) -> None:
    with image(tmp_path, [folder("usr"), Item(path, data, mode=mode)]) as entries:
        assert len(not_executable(entries)) == wrong


def test_a_file_of_a_remembered_layer_is_looked_into_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.layers.entries._remembered", {})
    with image(tmp_path, [Item("usr/bin/x", b"#!/bin/sh\n")]) as (entry,):
        (first,) = not_executable([entry])
        unreadable = replace(entry, content=lambda: pytest.fail("it was opened again"))
        assert not_executable([unreadable]) == [first]
