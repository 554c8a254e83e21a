"""What is read from dpkg and ansible-galaxy of the files of packages."""

from __future__ import annotations

import pytest

from fixtures.image.integrity import damaged, damaged_collections, left_out, needed

LISTING = """jq\t, libc6 (>= 2.38), libjq1 (= 1.7)\t
libjq1\t, libonig5 (>= 6.8) | libonig4\t
libonig5\t, \t
libc6\t, \t
mawk\tlibc6, \tawk
gawk-user\t, awk, nowhere\t
"""
RULES = "path-exclude=/usr/share/man/*\n# path-exclude=/usr/bin/*\npath-include=/usr/share/man/man[0-9]*\n"
VERIFIED = """missing     /usr/share/man/de/jq.1
missing     /usr/share/man/man1/jq.1.gz
??5?????? c /etc/bash.bashrc
??5?????? c /etc/wgetrc
missing     /usr/libexec/buildah
missing     /usr/libexec/buildah/copy
missing     /usr/libexec/buildah2
missing     /etc/sudoers (Permission denied)
"""
COLLECTIONS = """Verifying 'community.docker:4.0.0'.
Collection community.docker contains modified content in the following files:
    tests/unit/a.py
    plugins/modules/docker_image.py
    .flake8
"""


@pytest.mark.parametrize(
    ("package", "all_of_it"),
    [
        ("jq", {"jq", "libc6", "libjq1", "libonig5"}),
        ("gawk-user", {"gawk-user", "mawk", "libc6"}),
        ("not-there", set()),
    ],
)
def test_all_that_a_package_needs(package: str, all_of_it: set[str]) -> None:
    assert needed(LISTING, [package]) == all_of_it


@pytest.mark.parametrize(
    ("path", "out"),
    [("/usr/share/man/de/jq.1", True), ("/usr/share/man/man1/jq.1", False), ("/usr/bin/jq", False)],
)
def test_the_last_rule_that_matches_decides(path: str, out: bool) -> None:  # noqa: FBT001
    assert left_out(path, RULES) is out


def test_what_is_missing_or_changed_is_told() -> None:
    told = ["/usr/share/man/man1/jq.1.gz is missing", "/etc/wgetrc is changed", "/usr/libexec/buildah2 is missing"]
    assert list(damaged(VERIFIED, RULES, ["/usr/libexec/buildah"])) == told


def test_only_what_ansible_reads_of_a_collection_is_told() -> None:
    assert list(damaged_collections(COLLECTIONS)) == ["community.docker: plugins/modules/docker_image.py"]
