"""What dpkg has been told to do later: overrides, diversions, holds and maintainer scripts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.layers.dpkg_state import dpkg_problems
from tests.suite.layers.test_planted import entry

DPKG = "/var/lib/dpkg"
STATUS = """Package: jq
Status: install ok installed
Description: a filter
 Status: of its text

Package: old
Status: deinstall ok config-files
"""
IMAGE = {
    "/etc/passwd": "root:x:0:0::/root:/bin/bash\n",
    "/etc/group": "root:x:0:\n",
    "/usr/bin/jq": "program",
    f"{DPKG}/status": STATUS,
    f"{DPKG}/statoverride": "root root 0644 /usr/bin/jq\n",
    f"{DPKG}/diversions": "/bin/a\n/bin/a.jq\njq\n",
    f"{DPKG}/info/jq.md5sums": "",
    f"{DPKG}/info/jq:amd64.postinst": "",
}


def problems(more: dict[str, str], *entries: tuple[int, str]) -> list[str]:
    """Return what is wrong with an image with other files, and with some of a later layer."""
    later = [replace(entry(path), layer_index=layer) for layer, path in entries]
    return dpkg_problems([*(entry(path, text) for path, text in {**IMAGE, **more}.items()), *later])


TRIGGERS = {
    f"{DPKG}/info/jq:amd64.triggers": "# one\ninterest-noawait /usr/lib/jq\ninterest rebuild\nactivate ldconfig\n",
    f"{DPKG}/info/old.triggers": "interest other\n",
}
KNOWN = {f"{DPKG}/triggers/File": "/usr/lib/jq jq:amd64/noawait\n", f"{DPKG}/triggers/rebuild": "jq\n"}


def test_triggers_that_dpkg_knows_are_no_problem() -> None:
    assert problems(TRIGGERS | KNOWN) == []


@pytest.mark.parametrize(("name", "what"), [("File", "/usr/lib/jq"), ("rebuild", "rebuild")])
def test_trigger_that_is_gone_is_told(name: str, what: str) -> None:
    kept = {path: text for path, text in KNOWN.items() if not path.endswith(f"/{name}")}
    (line,) = problems(TRIGGERS | kept)
    assert line.startswith(f"jq waits for {what}, of which ")


def test_what_packages_ask_for_is_no_problem() -> None:
    lists = [(1, f"{DPKG}/info/jq.list"), (1, f"{DPKG}/info/unknown.prerm"), (1, "/usr/bin/jq.prerm")]
    assert problems({}, *lists) == []
    assert dpkg_problems([]) == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("status", STATUS.replace("install ok inst", "hold ok inst"), "jq is 'hold ok installed' in "),
        ("status", STATUS.replace("install ok inst", "install ok half-inst"), "jq is 'install ok half-installed' in "),
        (
            "statoverride",
            "root root 4755 /usr/bin/jq",
            "/usr/bin/jq becomes root:root 4755 by dpkg-statoverride (root ",
        ),
        ("statoverride", "root root 755 /usr/bin/x", "/usr/bin/x becomes root:root 755 by dpkg-statoverride (no such"),
        ("diversions", "/bin/a\n/bin/a.x\n:\n", "/bin/a is diverted by nobody's package so that"),
        ("diversions", "/bin/a\n/bin/a.x\nold\n", "/bin/a is diverted by old, which is not installed, so that"),
    ],
)
def test_what_comes_at_an_upgrade_is_told(name: str, text: str, line: str) -> None:
    assert problems({f"{DPKG}/{name}": text})[0].startswith(line)


def test_each_override_and_each_diversion_is_told() -> None:
    overrides = "x\nroot root 0644 /usr/bin/jq\nroot root 4755 /usr/bin/jq\n"
    diverted = "/bin/a\n/bin/a.jq\njq\n/bin/b\n/bin/b.x\n:\n"
    first, second, third = problems({f"{DPKG}/statoverride": overrides, f"{DPKG}/diversions": diverted})
    assert first.startswith(f"{DPKG}/statoverride has the line 'x'")
    assert second.startswith("/usr/bin/jq becomes root:root 4755")
    assert third.startswith("/bin/b is diverted by nobody's package")


def test_script_of_another_layer_is_told() -> None:
    (line,) = problems({}, (1, f"{DPKG}/info/jq.prerm"))
    assert line.startswith(f"{DPKG}/info/jq.prerm came after the package")


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("info/jq:all.list", "", f"{DPKG}/info/jq:all.list is there, and dpkg reads jq.list: no package has"),
        ("info/jq.list", "/usr\nbin/jq\n", f"{DPKG}/info/jq.list has a line that is no path"),
        ("info/jq.list", "/usr\n\n", f"{DPKG}/info/jq.list has a line that is no path"),
        ("info/jq.list", "/usr\n/usr/bin/jq", f"{DPKG}/info/jq.list has a line that is no path, or no end of its"),
        ("diversions", "/bin/a\n/bin/a.jq\njq\nx\n", f"{DPKG}/diversions has 4 lines, of which three are one"),
        ("statoverride", "x\n", f"{DPKG}/statoverride has the line 'x', which is no override"),
        ("updates/0000", STATUS, f"{DPKG}/updates/0000 is a journal that dpkg did not finish"),
        ("triggers/Unincorp", "ldconfig libc-bin\n!!\n", f"{DPKG}/triggers/Unincorp has the line '!!', at which"),
        ("alternatives/x", "auto\n/x\n\n/y\n1\n\n", "/y is a choice of x with the priority 1, as no package's"),
    ],
)
def test_what_dpkg_reads_wrongly_is_told(path: str, text: str, told: str) -> None:
    assert problems({f"{DPKG}/{path}": text})[0].startswith(told)


@pytest.mark.parametrize("name", ["jq:arm64", "jq"])
def test_list_of_another_architecture_is_told(name: str) -> None:
    status = "Package: jq\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
    right = {f"{DPKG}/status": status, f"{DPKG}/info/jq:amd64.list": "", f"{DPKG}/info/gone.list": ""}
    assert problems(right) == []
    (line,) = problems({**right, f"{DPKG}/info/{name}.list": ""})
    assert line.startswith(f"{DPKG}/info/{name}.list is there, and dpkg reads jq:amd64.list: ")


def test_triggers_to_come_are_no_problem() -> None:
    assert problems({f"{DPKG}/triggers/Unincorp": "ldconfig libc-bin:amd64 -\n\n# none\n"}) == []


QUESTION = "Name: jq/one\nTemplate: jq/one\nOwners: jq\n\nName: jq/two\nTemplate: jq/one\nOwners: jq, x\n"
TEMPLATE = "Name: jq/one\nType: string\nOwners: jq/one, jq/two\n"


@pytest.mark.parametrize(
    ("questions", "templates", "told"),
    [
        (QUESTION, TEMPLATE, ""),
        (QUESTION, "", "debconf has jq/one (and 1 more) in one of /var/cache/debconf/config.dat"),
        ("", TEMPLATE, "debconf has jq/one, jq/two (and 0 more) in one of /var"),
    ],
)
def test_questions_of_which_debconf_lost_a_half_are_told(questions: str, templates: str, told: str) -> None:
    files = {"/var/cache/debconf/config.dat": questions, "/var/cache/debconf/templates.dat": templates}
    lines = problems(files)
    assert len(lines) == bool(told)
    assert "".join(lines).startswith(told)
