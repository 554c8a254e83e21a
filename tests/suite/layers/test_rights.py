"""Setuid files, world-writable paths and wrong owners."""

from __future__ import annotations

import tarfile
from pathlib import Path

from fixtures.layers import rights
from tests.suite.layers.images import Item, folder, image


def test_setuid_setgid_and_capabilities_are_found(tmp_path: Path) -> None:
    items = [
        folder("bin", mode=0o2775),
        Item("bin/su", mode=0o4755),
        Item("bin/wall", mode=0o2755),
        Item("bin/newuidmap", mode=0o755, capability=True),
        Item("bin/plain", mode=0o755),
    ]
    with image(tmp_path, items) as entries:
        found = {finding.path: finding.seen for finding in rights.setuid_files(entries)}
    assert found == {
        "/bin/newuidmap": "file capabilities, mode 0755, owner 0:0",
        "/bin/su": "setuid, mode 4755, owner 0:0",
        "/bin/wall": "setgid, mode 2755, owner 0:0",
    }


def test_setuid_bit_that_a_later_layer_removes_is_no_finding(tmp_path: Path) -> None:
    with image(tmp_path, [Item("bin/x", mode=0o4755)], [Item("bin/x", mode=0o755)]) as entries:
        assert rights.setuid_files(entries) == []


def test_world_writable_paths_are_found_but_for_devices_and_sticky_folders(tmp_path: Path) -> None:
    items = [
        folder("tmp", mode=0o1777),
        folder("var/tmp", mode=0o777),
        folder("opt/free", mode=0o1777),
        Item("opt/link", mode=0o777, type=tarfile.SYMTYPE, link="x"),
        Item("opt/file", mode=0o646),
        Item("opt/group", mode=0o664),
        Item("dev/null", mode=0o666, type=tarfile.CHRTYPE),
        Item("opt/null", mode=0o666, type=tarfile.CHRTYPE),
    ]
    with image(tmp_path, items) as entries:
        found = [finding.path for finding in rights.world_writable(entries)]
    assert found == ["/opt/file", "/opt/free", "/opt/null", "/var/tmp"]


ACCOUNTS = Item(
    "etc/passwd",
    b"root:x:0:0::/root:\nbin:x:2:2::/bin:\nman:x:6:12::/var/cache/man:\n_apt:x:42:65534::/:\nx:x:77\n+::::::\n"
    b"last:x:999:999::/:\ncoder:x:1000:1000::/home/coder:\n",
)


def owners(tmp_path: Path, *items: Item) -> dict[str, str]:
    """Return what is said of each path with the wrong owner."""
    with image(tmp_path, [ACCOUNTS, *items]) as entries:
        return {finding.path: finding.seen for finding in rights.foreign_owners(entries)}


def test_root_and_system_accounts_may_own_what_is_theirs(tmp_path: Path) -> None:
    shadow, lists = Item("etc/shadow", gid=42), folder("var/lib/apt/lists/partial", uid=42)
    assert owners(tmp_path, shadow, lists, folder("var/cache/man", uid=6, gid=12)) == {}


def test_system_account_owns_nothing_outside_of_its_folders(tmp_path: Path) -> None:
    items = [Item("usr/bin/tool", uid=2), Item("usr/bin/man", uid=6), Item("var/lib/other", uid=6)]
    items += [Item("var/lib/apt/lists/x", uid=6), Item("etc/y", uid=42)]
    assert owners(tmp_path, *items) == {
        "/etc/y": "owner 42:0 (_apt), not 0:0",
        "/usr/bin/man": "owner 6:0 (man), not 0:0",
        "/usr/bin/tool": "owner 2:0 (bin), not 0:0",
        "/var/lib/apt/lists/x": "owner 6:0 (man), not 0:0",
        "/var/lib/other": "owner 6:0 (man), not 0:0",
    }


def test_user_without_an_account_and_a_person_own_nothing(tmp_path: Path) -> None:
    items = [Item("var/lib/x", uid=77), Item("opt/mine", uid=1000, gid=1000), Item("opt/ours", gid=1000)]
    assert owners(tmp_path, *items) == {
        "/opt/mine": "owner 1000:1000 (coder), not 0:0",
        "/opt/ours": "owner 0:1000 (root), not 0:0",
        "/var/lib/x": "owner 77:0 (no account), not 0:0",
    }


def test_system_accounts_end_below_the_first_person(tmp_path: Path) -> None:
    items = [folder("var/last", uid=999, gid=999), folder("var/coder", uid=1000), folder("var/group", gid=1000)]
    assert owners(tmp_path, *items) == {
        "/var/coder": "owner 1000:0 (coder), not 0:0",
        "/var/group": "owner 0:1000 (root), not 0:0",
    }


def test_home_belongs_to_its_user(tmp_path: Path) -> None:
    home = folder("home/coder", uid=1000, gid=1000)
    items = [Item("home/coder/root", uid=0, gid=0), Item("home/coder/group", uid=1000, gid=0)]
    items += [Item("home/coder.old/mine", uid=1000, gid=1000), folder("home/coder2"), Item("home/root")]
    assert owners(tmp_path, home, *items) == {
        "/home/coder.old/mine": "owner 1000:1000 (coder), not 0:0",
        "/home/coder/group": "owner 1000:0 (coder), not 1000:1000",
        "/home/coder/root": "owner 0:0 (root), not 1000:1000",
    }
