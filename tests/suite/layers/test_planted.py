"""Files that nobody brought into an image, and those that are not as they were brought."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest

from fixtures.layers.entries import EntryType, LayerEntry
from fixtures.layers.planted import LARGEST, planted
from fixtures.layers.reviewed import Finding, ReviewedFile
from fixtures.layers.rights import wrong_modes

STATUS = "Package: bash\nStatus: install ok installed\nVersion: 5\nArchitecture: amd64\n\n"
IMAGE = {
    "/var/lib/dpkg/status": STATUS,
    "/var/lib/dpkg/info/bash.list": "/usr/bin/bash\n/etc/skel/.bashrc\n/etc/profile.d\n/usr/share/bash/a.py\n",
    "/usr/bin/bash": "program",
    "/etc/skel/.bashrc": "ls\n",
    "/home/me/.bashrc": "ls\n",
    "/opt/tool": "tool",
    "/opt/made.conf": "a\n",
}
MADE: Mapping[str, bytes | None] = {"/opt/tool": None, "/opt/made.conf": b"a\n", "/var/lib/dpkg/status": None}


def entry(path: str, text: str = "", kind: EntryType = "file", mode: int = 0o644, link: str = "") -> LayerEntry:
    """Return an entry of a layer."""
    data = text.encode()
    return LayerEntry(
        0, "sha256:0", path, mode, 0, 0, len(data), kind, link, capabilities=False, hidden_by=None,
        content=lambda: io.BytesIO(data),
    )  # fmt: skip


def found(more: Mapping[str, str], *entries: LayerEntry, reviewed: tuple[ReviewedFile, ...] = ()) -> list[str]:
    """Return the paths that the rule finds in an image with some more files."""
    return [one.path for one in findings(more, *entries, reviewed=reviewed)]


def findings(more: Mapping[str, str], *entries: LayerEntry, reviewed: tuple[ReviewedFile, ...] = ()) -> list[Finding]:
    """Return what the rule finds in an image with some more files."""
    files = [entry(path, text) for path, text in {**IMAGE, **more}.items()]
    image = [entry("/etc/more", kind="dir"), entry("/dev/null", kind="char"), *files, *entries]
    return planted(image, reviewed, made=MADE, folders=["/opt/whole"], home="/home/me", venv="/venv")


def test_what_packages_and_the_build_bring_is_no_finding() -> None:
    assert found({"/opt/whole/x/y": ""}) == []


@pytest.mark.parametrize(
    "path",
    ["/etc/profile.d/more.sh", "/usr/bin/more", "/opt/whole", "/opt/wholes/x", "/etc/cron.d/more", "/home/me/.curlrc"],
)
def test_a_file_of_nobody_is_found(path: str) -> None:
    assert found({path: "x"}) == [path]


def test_a_file_that_is_not_as_it_was_brought_is_found() -> None:
    assert found({"/opt/made.conf": "b\n", "/home/me/.bashrc": "ls\nmore\n"}) == ["/home/me/.bashrc", "/opt/made.conf"]


def test_byte_code_is_somebody_s_where_its_source_is() -> None:
    byte_code = ["/usr/share/bash/__pycache__/a.cpython-313.pyc", "/usr/share/bash/__pycache__/b.cpython-313.pyc"]
    assert found(dict.fromkeys(byte_code, "x")) == byte_code[1:]


@pytest.mark.parametrize(
    ("path", "target", "wrong"),
    [
        ("/usr/bin/tool", "/opt/whole/bin/tool", False),
        ("/usr/bin/tool", "../../opt/whole/bin/tool", False),
        ("/usr/bin/tool", "/opt/whole/bin/other", True),
        ("/usr/bin/sh", "bash", True),
        ("/usr/local/bin/bash", "/usr/bin/bash", True),
        ("/home/me/.profile", "/etc/skel/.bashrc", True),
        ("/node_modules", "/etc/profile.d", True),
        ("/etc/localtime", "/usr/share/zoneinfo/UTC", False),
        ("/etc/localtime", "/usr/share/zoneinfo/Mars", True),
    ],
)
def test_a_link_is_somebody_s_by_its_kind_and_where_it_leads(path: str, target: str, wrong: bool) -> None:  # noqa: FBT001
    seen = found({"/usr/share/zoneinfo/Mars": ""}, entry(path, kind="symlink", link=target))
    assert (path in seen) == wrong


def test_a_link_of_nobody_is_told_with_its_target() -> None:
    (finding,) = findings({}, entry("/usr/sbin/rsync", kind="symlink", link="/usr/bin/bash"))
    assert finding.seen == "no package and no step of the build brings this link to /usr/bin/bash"


def test_what_a_later_layer_adds_to_a_package_s_list_is_of_nobody() -> None:
    later = replace(entry("/usr/bin/git", kind="symlink", link="bash"), layer_index=1)
    listed = {"/var/lib/dpkg/info/bash.list": IMAGE["/var/lib/dpkg/info/bash.list"] + "/usr/bin/git\n/usr/bin/jq\n"}
    sums = {"/var/lib/dpkg/info/bash.md5sums": "0  usr/bin/bash\n0  usr/share/bash/a.py\n"}
    settings = {"/var/lib/dpkg/info/bash.conffiles": "/etc/skel/.bashrc\n"}
    assert found({**listed, **sums, **settings, "/usr/bin/jq": ""}, later) == ["/usr/bin/git", "/usr/bin/jq"]
    assert found({**listed, **sums, **settings}, replace(later, layer_index=0)) == []
    assert found({**listed, "/usr/bin/jq": ""}, later) == []


def test_a_link_of_a_folder_is_followed_and_a_loop_of_links_ends() -> None:
    through = [entry("/lib2", kind="symlink", link="opt/whole/lib"), entry("/bin/x", kind="symlink", link="/lib2/x")]
    loop = [entry("/bin/a", kind="symlink", link="b"), entry("/bin/b", kind="symlink", link="a")]
    assert found({}, *through, *loop) == ["/bin/a", "/bin/b", "/lib2"]


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
def test_files_are_compared_whatever_their_size(size: int) -> None:
    files = {"/etc/skel/large": "a" * size, "/home/me/large": "b" * size, "/etc/a": "a" * size, "/etc/b": "b" * size}
    same = ReviewedFile(path="/etc/a", reason="as the other one", same_as="/etc/b")
    other = ReviewedFile(path="/etc/b", reason="nobody minds")
    assert found(files, reviewed=(same, other)) == ["/etc/skel/large", "/home/me/large", "/etc/a"]
    assert found({**files, "/etc/a": "b" * size}, reviewed=(same, other)) == ["/etc/skel/large", "/home/me/large"]


def test_a_file_that_is_too_large_for_its_pattern_is_told() -> None:
    like = ReviewedFile(path="/etc/a", reason="lines of one kind", content="(a*\n)*")
    assert found({"/etc/a": "a" * (LARGEST - 1) + "\n"}, reviewed=(like,)) == []
    (finding,) = findings({"/etc/a": "a" * LARGEST + "\n"}, reviewed=(like,))
    assert finding.seen == f"has {LARGEST + 1} bytes, and a text of few lines was reviewed"


@pytest.mark.parametrize(("more", "where"), [(0, "in line 2 'two'"), (200, "at its end 'one'")])
def test_the_line_that_was_not_reviewed_is_told(more: int, where: str) -> None:
    like = ReviewedFile(path="/etc/a", reason="lines of one kind", content="(one\n)+")
    (finding,) = findings({"/etc/a": "one\ntwo\none\n" + "one\n" * more}, reviewed=(like,))
    assert finding.seen == f"holds other lines than those that were reviewed, {where}"


@pytest.mark.parametrize(("text", "end"), [("one\ntwo\nthree\n", "'three'"), ("", "''")])
def test_the_last_line_of_a_file_that_was_not_reviewed_is_told(text: str, end: str) -> None:
    like = ReviewedFile(path="/etc/a", reason="one line of it", content="one\n")
    (finding,) = findings({"/etc/a": text}, reviewed=(like,))
    assert finding.seen == f"holds other lines than those that were reviewed, at its end {end}"


def test_a_reviewed_file_has_the_content_that_was_reviewed() -> None:
    same = ReviewedFile(path="/etc/a", reason="copied from there", same_as="/etc/skel/.bashrc")
    like = ReviewedFile(path="/etc/b", reason="one line of it", content="one\n")
    assert found({"/etc/a": "ls\n", "/etc/b": "one\n"}, reviewed=(same, like)) == []
    assert found({"/etc/a": "ls\nmore\n", "/etc/b": "one\ntwo\n"}, reviewed=(same, like)) == ["/etc/a", "/etc/b"]
    assert found({"/etc/b": "one\n"}, reviewed=(same, like)) == ["/etc/a"]
    free = ReviewedFile(path="/etc/c", reason="whatever it holds")
    assert found({"/etc/b": "two\n", "/etc/c": "two\n"}, reviewed=(free, like)) == ["/etc/b"]


def test_each_file_of_a_reviewed_pattern_has_the_content_that_was_reviewed() -> None:
    like = ReviewedFile(path="/etc/more.d/*", reason="one line of it", content="one\n")
    files = {"/etc/more.d/a": "one\n", "/etc/more.d/b": "two\n", "/etc/more.d/c": "of a package\n"}
    listed = {"/var/lib/dpkg/info/bash.list": IMAGE["/var/lib/dpkg/info/bash.list"] + "/etc/more.d/c\n"}
    link = entry("/etc/more.d/d", kind="symlink", link="a")
    assert found({**files, **listed}, link, reviewed=(like,)) == ["/etc/more.d/b", "/etc/more.d/d"]


@pytest.mark.parametrize(("target", "optional"), [("/usr/bin/bash", True), ("/tmp/x", True), ("/tmp/x", False)])
def test_a_link_is_no_reviewed_file(target: str, *, optional: bool) -> None:
    like = ReviewedFile(path="/etc/b", reason="one line of it", content="one\n", optional=optional)
    (finding,) = findings({}, entry("/etc/b", kind="symlink", link=target), reviewed=(like,))
    assert finding.seen == "is a symlink, not the file that was reviewed"


@pytest.mark.parametrize(
    ("path", "kind", "mode", "wrong"),
    [
        ("/tmp", "dir", 0o1777, False),
        ("/tmp", "dir", 0o755, True),
        ("/etc/shadow", "file", 0o640, False),
        ("/etc/shadow", "file", 0o644, True),
        ("/etc/thinkube/x.sh", "file", 0o600, True),
        ("/usr/local/lib", "dir", 0o700, True),
        ("/usr/local/lib", "dir", 0o755, False),
        ("/home/me", "dir", 0o700, False),
        ("/etc/x", "file", 0o644, False),
        ("/etc/x", "file", 0o604, True),
        ("/opt", "dir", 0o750, True),
        ("/opt/x", "dir", 0o754, True),
        ("/opt/x", "symlink", 0, False),
        ("/etc/sudoers.d/x", "file", 0o440, False),
        ("/etc/ssl/private", "dir", 0o710, False),
        ("/etc/gshadow", "file", 0o641, True),
    ],
)
def test_modes(path: str, kind: EntryType, mode: int, wrong: bool) -> None:  # noqa: FBT001
    before = entry("/home/other", kind="dir", mode=0o700)
    assert [one.path for one in wrong_modes([before, entry(path, kind=kind, mode=mode)])] == [path] * wrong
