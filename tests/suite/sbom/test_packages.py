"""Package URLs, and how two sets of them differ."""

from __future__ import annotations

import pytest

from fixtures.sbom import packages
from fixtures.sbom.comparison import differences, short
from fixtures.sbom.packages import identity


@pytest.mark.parametrize(
    ("package", "purl"),
    [
        pytest.param(
            packages.debian("libstdc++6", "14.2.0-19", "amd64", "debian-13", ""),
            "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-13",
            id="debian",
        ),
        pytest.param(packages.python("Zope.Interface", "7.0", ""), "pkg:pypi/zope-interface@7.0", id="python"),
        pytest.param(packages.npm("@coder/logger", "3.0.1", ""), "pkg:npm/%40coder/logger@3.0.1", id="npm-scope"),
        pytest.param(
            packages.npm("code-oss", "1.2.3", "", private=True), "pkg:generic/code-oss@1.2.3", id="npm-private"
        ),
        pytest.param(
            packages.go("helm.sh/helm/v3", "v3.22.0", "", package="helm.sh/helm/v3/cmd/helm"),
            "pkg:golang/helm.sh/helm/v3@v3.22.0#cmd/helm",
            id="go-command",
        ),
        pytest.param(
            packages.go("a.io/b", "v1.0.0+incompatible", ""), "pkg:golang/a.io/b@v1.0.0%2Bincompatible", id="go-plus"
        ),
        pytest.param(packages.go("command-line-arguments", "", ""), "pkg:golang/command-line-arguments", id="go-bare"),
        pytest.param(packages.collection("a.b", "1.0.0", ""), "pkg:generic/ansible-galaxy/a.b@1.0.0", id="collection"),
    ],
)
def test_package_url(package: packages.Package, purl: str) -> None:
    assert package.purl == purl


def test_identity_is_without_qualifiers_and_subpath() -> None:
    assert identity("pkg:golang/a/b@v1?type=module#cmd/b") == "pkg:golang/a/b@v1"
    assert identity("pkg:golang/a/b@v1#cmd/b") == "pkg:golang/a/b@v1"


def test_differences_name_each_package_once_with_both_versions() -> None:
    told = {"pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:npm/%40s/c@1", "pkg:npm/%40s/c@2", "pkg:deb/debian/same@1"}
    seen = {"pkg:pypi/a@2", "pkg:npm/%40s/c@2", "pkg:npm/d@3", "pkg:deb/debian/same@1"}
    assert differences(told, seen, "in the file", "in the image") == [
        "@s/c is 1 and 2 in the file, 2 in the image",
        "a is 1 in the file, 2 in the image",
        "b is 1 in the file, absent in the image",
        "d is absent in the file, 3 in the image",
    ]
    assert differences(told, told, "", "") == []


def test_long_lists_are_cut() -> None:
    assert short(["a", "b"]) == "a; b"
    assert short(list("abcdefg")) == "a; b; c; d; e; and 2 more"
