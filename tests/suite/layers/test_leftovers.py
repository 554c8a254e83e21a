"""What builds leave behind: caches, temporary files, histories, authorities of the building host."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.layers import leftovers
from tests.suite.layers.images import Item, folder, image

LEFTOVERS = {
    "var/lib/apt/lists/host_Packages": "/var/lib/apt/lists",
    "var/cache/apt/archives/x.deb": "/var/cache/apt",
    "var/cache/apt/pkgcache.bin": "/var/cache/apt",
    "root/.cache/pip/http/a": "/root/.cache",
    "opt/build/.cache/go-build/00/a": "/opt/build/.cache/go-build",
    "home/coder/.npm/_cacache/index/a": "/home/coder/.npm",
    "opt/x/_cacache/a": "/opt/x/_cacache",
    "go/pkg/mod/m/a.go": "/go/pkg",
    "root/go/bin/a": "/root/go",
    "tmp/a/b": "/tmp/a",
    "var/tmp/a": "/var/tmp/a",
    "usr/lib/m/build/Release/obj.target/x/a.o": "/usr/lib/m/build/Release/obj.target",
    "usr/lib/m/a.o": "/usr/lib/m/a.o",
    "run/host-ca.pem": "/run/host-ca.pem",
    "usr/local/share/ca-certificates/host.crt": "/usr/local/share/ca-certificates",
    "etc/x.dpkg-old": "/etc/x.dpkg-old",
    "var/lib/dpkg/status-old": "/var/lib/dpkg/status-old",
    "var/log/apt/term.log": "/var/log/apt/term.log",
    "root/.bash_history": "/root/.bash_history",
}


@pytest.mark.parametrize("path", LEFTOVERS)
def test_leftover_is_found_in_any_layer(tmp_path: Path, path: str) -> None:
    parent, _, name = path.rpartition("/")
    with image(tmp_path, [Item(path, b"x")], [Item(f"{parent}/.wh.{name}")]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert (finding.path, finding.hidden_by) == (LEFTOVERS[path], 1)


def test_leftovers_of_one_cache_are_one_finding(tmp_path: Path) -> None:
    with image(tmp_path, [Item(f"root/.cache/x/{n}", b"12345") for n in range(3)]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert finding.seen == "a user's cache, 3 entries of 15 bytes"


def test_a_second_hard_link_in_a_cache_has_no_bytes(tmp_path: Path) -> None:
    items = [Item("tmp/x/a", b"12345"), Item("tmp/x/b", link="tmp/x/a", type=tarfile.LNKTYPE)]
    with image(tmp_path, items) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert finding.seen == "a temporary file, 2 entries of 5 bytes"


def test_a_leftover_after_what_belongs_there_is_found(tmp_path: Path) -> None:
    items = [Item("usr/bin/x"), folder("root/.cache/pip"), Item("var/log/dpkg.log"), Item("root/.cache/pip/empty")]
    with image(tmp_path, items) as entries:
        assert [finding.path for finding in leftovers.leftovers(entries)] == ["/root/.cache"]


def test_files_that_belong_there_are_no_leftovers(tmp_path: Path) -> None:
    items = [
        Item("var/lib/apt/lists/lock"),
        folder("var/lib/apt/lists/partial"),
        folder("root/.cache/pip"),
        folder("run/lock"),
        Item("var/log/dpkg.log"),
        Item("usr/lib/gcc/x86_64-linux-gnu/14/crtbegin.o", b"x"),
        Item("usr/lib/x86_64-linux-gnu/crt1.o", b"x"),
        Item("usr/lib/go/pkg/tool", b"x"),
        folder("tmp", mode=0o1777),
    ]
    with image(tmp_path, items) as entries:
        assert leftovers.leftovers(entries) == []


def test_empty_directory_left_in_tmp_is_a_leftover(tmp_path: Path) -> None:
    with image(tmp_path, [folder("tmp"), folder("tmp/npm-123")]) as entries:
        assert [finding.path for finding in leftovers.leftovers(entries)] == ["/tmp/npm-123"]


def test_host_authority_in_the_bundle_is_found(tmp_path: Path) -> None:
    packaged, host = (
        f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode() for body in ("MIIA", "MIIB")
    )
    certificates = [folder("usr/share/ca-certificates/mozilla")]
    certificates += [Item("usr/share/ca-certificates/mozilla/a.crt", packaged), Item("opt/server.crt", host)]
    bundle = Item("etc/ssl/certs/ca-certificates.crt", packaged)
    deleted = Item("etc/ssl/certs/.wh.ca-certificates.crt")
    with image(tmp_path, [*certificates, bundle], [replace(bundle, data=packaged + host)], [deleted]) as entries:
        (finding,) = leftovers.leftovers(entries)
    assert finding.layer_index == 1
    assert finding.seen.startswith("1 certificate authorities that are not in /usr/share/ca-certificates")
