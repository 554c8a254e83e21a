"""Links that maintainer scripts make, and where links lead."""

from __future__ import annotations

import pytest

from fixtures.layers.links import FOLLOWED, Links, end_of
from tests.suite.layers.test_planted import entry

SEEN = {
    one.path: one
    for one in (
        entry("/usr/share/ca-certificates/mozilla/A.crt"),
        entry("/etc/ssl/certs/A.pem", kind="symlink", link="/usr/share/ca-certificates/mozilla/A.crt"),
        entry("/etc/init.d/sudo"),
        entry("/lib", kind="symlink", link="usr/lib"),
        entry("/usr/lib/systemd/system/a.timer"),
        entry("/usr/lib/systemd/system/more", kind="dir"),
        entry("/var/lib/dpkg/alternatives/awk", "auto\n/usr/bin/awk\n\n/usr/bin/mawk\n5\n\n"),
    )
}


@pytest.mark.parametrize(
    ("path", "target", "right"),
    [
        ("/etc/ssl/certs/0a1b2c3d.0", "A.pem", True),
        ("/etc/ssl/certs/B.pem", "/etc/login.defs", False),
        ("/etc/rc2.d/S01sudo", "../init.d/sudo", True),
        ("/etc/rc2.d/S01sudo", "../init.d/other", False),
        ("/etc/rc2.d/S01sudo", "../init.d/sudo-more", False),
        ("/etc/rc7.d/S01sudo", "../init.d/sudo", False),
        ("/etc/systemd/system/timers.target.wants/a.timer", "/lib/systemd/system/a.timer", True),
        ("/etc/systemd/system/timers.target.wants/b.timer", "/lib/systemd/system/a.timer", False),
        ("/etc/systemd/user/timers.target.wants/a.timer", "/lib/systemd/system/a.timer", False),
        ("/etc/systemd/system/getty.target.wants/getty@tty1.service", "/lib/systemd/system/getty@.service", True),
        ("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service", True),
        ("/etc/systemd/system/sshd.service", "/lib/systemd/system/more", False),
        ("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC", True),
        ("/etc/localtime", "/etc/passwd", False),
        ("/etc/localtime.more", "/usr/share/zoneinfo/Etc/UTC", False),
        ("/work/etc/localtime", "/usr/share/zoneinfo/Etc/UTC", False),
        ("/etc/dpkg/origins/default", "debian", True),
        ("/usr/bin/awk", "/etc/alternatives/awk", True),
        ("/usr/bin/gawk", "/etc/alternatives/awk", False),
        ("/etc/alternatives/awk", "/usr/bin/mawk", True),
        ("/etc/alternatives/awk", "/usr/bin/true", False),
        ("/usr/bin/tool", "/opt/whole/bin/tool", True),
        ("/usr/bin/tools", "/opt/whole/bin/tool", False),
        ("/etc/vim/vimrc.local", "/usr/share/vim/vim91/macros/less.vim", False),
        ("/node_modules", "/tmp", False),
    ],
)
def test_link_of_a_script(path: str, target: str, right: bool) -> None:  # noqa: FBT001
    link = entry(path, kind="symlink", link=target)
    seen = {**SEEN, path: link}
    assert Links(seen, ["/opt/whole"]).is_of_a_script(link, end_of(path, seen)) == right


@pytest.mark.parametrize(
    ("path", "target", "end"),
    [
        ("/a/b/c", "../../x/y", "/x/y"),
        ("/a/b/c", "../x", "/a/x"),
        ("/a/b/c/d", "../x", "/a/b/x"),
        ("/a/b", "./x", "/a/x"),
        ("/a/b", "/lib/x", "/usr/lib/x"),
    ],
)
def test_end_of_a_link(path: str, target: str, end: str) -> None:
    assert end_of(path, {**SEEN, path: entry(path, kind="symlink", link=target)}) == end


@pytest.mark.parametrize(("links", "end"), [(FOLLOWED, "/0"), (FOLLOWED + 1, "/1"), (FOLLOWED + 2, "/2")])
def test_so_many_links_are_followed(links: int, end: str) -> None:
    chain = [entry(f"/{number}", kind="symlink", link=f"/{number - 1}") for number in range(1, links + 1)]
    assert end_of(f"/{links}", {one.path: one for one in chain}) == end
