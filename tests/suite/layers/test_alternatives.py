"""Debian's alternatives: who asked for them, and whether the links are as the database says."""

from __future__ import annotations

import pytest

from fixtures.layers.alternatives import alternative_problems
from fixtures.layers.entries import LayerEntry
from tests.suite.layers.test_planted import entry

INFO = "/var/lib/dpkg/info"
PACKAGES = ("mawk", "other", "pg")
FILES = {
    "/var/lib/dpkg/status": "\n".join(f"Package: {name}\nStatus: install ok installed\n" for name in PACKAGES),
    "/var/lib/dpkg/alternatives/awk": "auto\n/bin/awk\nnawk\n/usr/bin/nawk\nawk.1\n/usr/share/man/awk.1\n\n"
    "/bin/mawk\n5\n/usr/bin/mawk\n\n\n",
    "/var/lib/dpkg/alternatives/psql": "auto\n/usr/bin/psql\n\n/usr/lib/pg/psql\n170\n\n",
    "/var/lib/dpkg/alternatives/doc.7": "auto\n/usr/share/man/doc.7\n\n/bin/mawk\n1\n\n",
    f"{INFO}/mawk.list": "/bin/mawk\n",
    f"{INFO}/mawk.postinst": "update-alternatives --install /bin/awk awk /bin/mawk 5 \\\n  --slave x\n"
    "update-alternatives --install /usr/share/man/doc.7 doc.7 \\\n\t/bin/mawk 1\n",
    f"{INFO}/other.list": "/usr/bin/true\n",
    f"{INFO}/other.postinst": "update-alternatives --remove editor /usr/bin/true",
    f"{INFO}/pg.list": "/usr/lib/pg/psql\n/usr/share/pg/functions\n",
    f"{INFO}/pg.postinst": ". /usr/share/pg/functions\nconfigure\n",
    "/usr/share/pg/functions": "for n in psql; do update-alternatives --install /usr/bin/$n $n /usr/lib/pg/$n $v; done",
    "/usr/bin/mawk": "",
}
LINKS = {
    "/bin": "usr/bin",
    "/usr/bin/awk": "/etc/alternatives/awk",
    "/usr/bin/nawk": "/etc/alternatives/nawk",
    "/usr/bin/psql": "/etc/alternatives/psql",
    "/etc/alternatives/awk": "/bin/mawk",
    "/etc/alternatives/nawk": "/usr/bin/mawk",
    "/etc/alternatives/psql": "/usr/lib/pg/psql",
}


def problems(files: dict[str, str], links: dict[str, str]) -> list[str]:
    """Return what is wrong with an image with other files, and with other links, of which an empty one is gone."""
    entries = [entry(path, text) for path, text in {**FILES, **files}.items()]
    entries += [entry(path, kind="symlink", link=link) for path, link in {**LINKS, **links}.items() if link]
    seen: dict[str, LayerEntry] = {one.path: one for one in entries}
    return list(alternative_problems(seen))


def test_what_packages_asked_for_is_no_problem() -> None:
    assert problems({}, {}) == []


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("/usr/bin/true\n9\n\n\n", "/usr/bin/true is a choice of awk with the priority 9, as no package's postinst"),
        ("/opt/none\n9\n\n\n", "/opt/none is a choice of awk with the priority 9, as no"),
    ],
)
def test_choice_of_nobody_is_told(choice: str, told: str) -> None:
    path = "/var/lib/dpkg/alternatives/awk"
    (line,) = problems({path: FILES[path][:-1] + choice + "\n"}, {})
    assert line.startswith(told)


@pytest.mark.parametrize(("name", "old", "new"), [("awk", "\n5\n", "\n50\n"), ("psql", "/psql\n170", "/functions\n1")])
def test_choice_has_the_priority_and_the_program_of_its_package(name: str, old: str, new: str) -> None:
    path = f"/var/lib/dpkg/alternatives/{name}"
    assert problems({path: FILES[path].replace(old, new)}, {}) != []


@pytest.mark.parametrize(
    ("path", "link", "told"),
    [
        ("/etc/alternatives/awk", "/usr/bin/true", "/etc/alternatives/awk leads to /usr/bin/true, which is no choice"),
        ("/etc/alternatives/awk", "", "/etc/alternatives/awk leads to nothing, which is no choice of awk"),
        ("/etc/alternatives/nawk", "/bin/true", "/etc/alternatives/nawk leads to /bin/true, not to '/usr/bin/mawk' as"),
        ("/usr/bin/awk", "mawk", "/usr/bin/awk leads to mawk, and update-alternatives linked it to "),
        ("/usr/bin/nawk", "", "/usr/bin/nawk is not there, and update-alternatives linked it to "),
    ],
)
def test_link_that_is_not_as_the_database_says_is_told(path: str, link: str, told: str) -> None:
    (line,) = problems({}, {path: link})
    assert line.startswith(told)


@pytest.mark.parametrize("text", ["x\n", "", "auto\n/usr/bin/x\n\n\n"])
def test_file_that_is_no_alternative_is_told(text: str) -> None:
    (line,) = problems({"/var/lib/dpkg/alternatives/x": text}, {})
    assert line.startswith("/var/lib/dpkg/alternatives/x has no place or no program")


def test_file_in_the_place_of_a_link_is_told() -> None:
    (line,) = problems({"/usr/bin/awk": ""}, {"/usr/bin/awk": ""})
    assert line.startswith("/usr/bin/awk is a file, and update-alternatives linked it to ")
