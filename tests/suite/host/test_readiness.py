"""What a machine lacks for podman and a cluster is found before anything is begun, each with its repair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fixtures.host import podman, process
from fixtures.host.process import PodmanError
from fixtures.host.readiness import DELEGATED, Finding, Machine, findings, this_machine, without_user_namespaces

MAPPED = [{"container_id": 0, "host_id": 1001, "size": 1}, {"container_id": 1, "host_id": 100000, "size": 65536}]
TOO_FEW = [*MAPPED[:1], {**MAPPED[1], "size": 1000}]


def info(
    *, rootless: bool = True, driver: str = "overlay", cgroups: str = "v2", ids: object = MAPPED, gids: object = ...
) -> dict[str, Any]:
    """Return the part of `podman info` that is read; a user has as many group ids as others, but for what is given."""
    mapped = {"uidmap": ids, "gidmap": ids if gids is ... else gids}
    host = {"security": {"rootless": rootless}, "cgroupVersion": cgroups, "idMappings": mapped}
    return {"host": host, "store": {"graphDriverName": driver, "graphRoot": "/s", "configFile": "/home/ada/s.conf"}}


def machine(**changed: object) -> Machine:
    """Return a machine on which an ordinary user lacks nothing, but for what is changed."""
    return replace(Machine(info(), user="ada"), **changed)  # type: ignore[arg-type]


def test_a_good_machine_lacks_nothing() -> None:
    assert findings(machine()) == []


@pytest.mark.parametrize(
    ("lacking", "need", "problem", "repair"),
    [
        (machine(info=info(ids=MAPPED[:1])), "build", "ada has 0 subordinate UIDs", "usermod --add-subuids"),
        (machine(info=info(ids=None)), "build", "ada has 0 subordinate UIDs", "usermod --add-subuids"),
        (machine(info=info(ids=TOO_FEW)), "build", "ada has 1000 subordinate UIDs", "100000-165535"),
        (machine(info=info(gids=MAPPED[:1])), "build", "ada has 0 subordinate GIDs", "--add-subgids 100000-165535"),
        (machine(info=info(gids=None)), "build", "ada has 0 subordinate GIDs", "--add-subgids"),
        (machine(info=info(gids=TOO_FEW)), "build", "ada has 1000 subordinate GIDs", "--add-subgids"),
        (machine(info=info(driver="vfs")), "build", "copies the whole image", "into /home/ada/s.conf, then"),
        (machine(info=info(driver="vfs"), kernel=(5, 10)), "build", "driver vfs", "apt-get install fuse-overlayfs"),
        (machine(info=info(driver="vfs", rootless=False)), "build", "driver vfs", "write the lines"),
        (machine(home_filesystem="nfs4"), "build", "is on nfs4", "name a folder of a local disk"),
        (machine(tun="No such device"), "containers", r"/dev/net/tun .* ada \(No such device\)", "modprobe tun"),
        (machine(info=info(cgroups="v1")), "cluster", "version 1 of cgroups", "run `nox -s live` as root"),
        (machine(delegated=DELEGATED - {"cpu"}), "cluster", "controllers cpu, which", "Delegate=yes"),
    ],
)
def test_each_lack_is_one_line(lacking: Machine, need: str, problem: str, repair: str) -> None:
    (finding,) = findings(lacking)
    assert finding.need == need
    with pytest.raises(PodmanError, match=f"{problem}.*{repair}"):
        raise PodmanError(*finding.diagnosis)


def test_root_needs_none_of_what_rootless_podman_needs() -> None:
    root = machine(info=info(rootless=False, cgroups="v1", ids=None), tun="gone", delegated=frozenset())
    assert findings(root) == []


def test_the_first_lack_is_of_the_build() -> None:
    found = findings(machine(info=info(driver="vfs", cgroups="v1"), tun="gone"))
    assert [finding.need for finding in found] == ["build", "containers", "cluster"]


@pytest.mark.parametrize("setting", ["user/max_user_namespaces", "kernel/unprivileged_userns_clone"])
def test_user_namespaces_that_are_switched_off(setting: str) -> None:
    (finding,) = without_user_namespaces({setting: "0"}, "ada")
    assert finding.repair.startswith(f"sudo sysctl -w {setting.replace('/', '.')}=1")
    assert not list(without_user_namespaces({setting: "1"}, "ada"))


def test_a_refused_user_namespace_is_no_full_disk() -> None:
    assert "disk" not in process.explain("cannot clone: No space left on device")
    assert "the disk is full" in process.explain("write /x: no space left on device")


def test_only_what_is_needed_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman, "install", lambda *_: None)
    monkeypatch.setattr(podman, "lacking", lambda: (Finding("cluster", "no controllers", "delegate them"),))
    podman.ensure("containers")
    with pytest.raises(PodmanError, match=r"^no controllers: delegate them$"):
        podman.ensure("containers", "cluster")


def test_this_machine_is_read() -> None:
    found = this_machine('{"host": {"security": {"rootless": false}}, "store": {"graphRoot": "/proc/self"}}')
    assert found.home_filesystem == "proc"
    assert found.kernel > (4, 0)
