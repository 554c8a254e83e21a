"""What an image is made of, read from its layers' files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import ProductError
from fixtures.layers.entries import LayerEntry
from fixtures.layers.storage import folder_layers
from fixtures.sbom import contents
from fixtures.sbom.packages import Package
from tests.suite.sbom.go_program import block, program

VENV = "/opt/tools/python"
SITE = f"{VENV}/lib/python3.13/site-packages"
STATUS = """Package: jq
Status: install ok installed
Architecture: amd64
Version: 1.7.1-6
Depends: libjq1

Package: libjq1
Status: install ok installed
Architecture: amd64
Version: 1:1.7.1-6+deb13u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


def layer(tmp_path: Path, files: dict[str, str | bytes]) -> list[LayerEntry]:
    """The entries of an image of one layer; files of bytes are programs."""
    for path, content in files.items():
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        target.chmod(0o755 if isinstance(content, bytes) else 0o644)
    return folder_layers([str(tmp_path)], ["sha256:0"])


def purls(tmp_path: Path, files: dict[str, str | bytes]) -> list[str]:
    return [one.purl for one in contents.read(layer(tmp_path, files), VENV).all_packages()]


def npm(name: str, version: str = "1.0.0", **more: object) -> str:
    return json.dumps({"name": name, "version": version, **more})


def test_installed_debian_packages_with_what_they_need(tmp_path: Path) -> None:
    release = 'ID=debian\nVERSION_ID="13"\n'
    found = contents.read(layer(tmp_path, {"/etc/os-release": release, "/var/lib/dpkg/status": STATUS}), VENV)
    jq, libjq = (
        f"pkg:deb/debian/{name}?arch=amd64&distro=debian-13" for name in ("jq@1.7.1-6", "libjq1@1:1.7.1-6%2Bdeb13u1")
    )
    assert [one.purl for one in found.packages] == [jq, libjq]
    assert found.needs == {jq: {libjq}, libjq: frozenset()}
    assert found.versions("debian") == {"jq": ("1.7.1-6",), "libjq1": ("1:1.7.1-6+deb13u1",)}


def test_python_distributions_wherever_they_are(tmp_path: Path) -> None:
    text = "Metadata-Version: 2.4\nName: {}\nVersion: {}\n\nVersion: 9 is in the text\n"
    files: dict[str, str | bytes] = {
        f"{SITE}/Some_Name-2.0.dist-info/METADATA": text.format("Some_Name", "2.0"),
        f"{SITE}/setuptools/_vendor/zipp-3.dist-info/METADATA": text.format("zipp", "3"),
        "/usr/lib/python3/dist-packages/old.egg-info/PKG-INFO": text.format("old", "1"),
        "/usr/lib/python3/dist-packages/older-1.egg-info": text.format("older", "1"),
        f"{SITE}/half-1.dist-info/METADATA": "Name: half\n",
    }
    names = ["pkg:pypi/old@1", "pkg:pypi/older@1", "pkg:pypi/some-name@2.0", "pkg:pypi/zipp@3"]
    assert purls(tmp_path, files) == names


def test_npm_packages_are_those_that_npm_sees(tmp_path: Path) -> None:
    app, deep = "/usr/lib/app", "/usr/lib/app/node_modules/a/node_modules/@scope/b"
    files: dict[str, str | bytes] = {
        f"{app}/package.json": npm("app", private=True),
        f"{app}/node_modules/a/package.json": npm("a", "2.0.0"),
        f"{app}/node_modules/a/dist/esm/package.json": npm("esm"),
        f"{app}/node_modules/a/test/node_modules/c/package.json": npm("c"),
        f"{app}/node_modules/.cache/package.json": npm("cache"),
        f"{app}/node_modules/nameless/package.json": "{}",
        f"{app}/lib/package.json": npm("lib"),
        f"{deep}/package.json": npm("@scope/b"),
    }
    assert purls(tmp_path, files) == ["pkg:npm/%40scope/b@1.0.0", "pkg:npm/a@2.0.0", "pkg:generic/app@1.0.0"]


def test_npm_package_whose_description_is_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match=r"^/a/node_modules/b/package.json: not JSON .*: build the image again"):
        purls(tmp_path, {"/a/node_modules/b/package.json": "{"})


def test_ansible_collections(tmp_path: Path) -> None:
    place = "/usr/share/ansible/collections/ansible_collections/kubernetes/core"
    about = json.dumps({"collection_info": {"namespace": "kubernetes", "name": "core", "version": "6.6.0"}})
    found = contents.read(layer(tmp_path, {f"{place}/MANIFEST.json": about}), VENV)
    purl = "pkg:generic/ansible-galaxy/kubernetes.core@6.6.0"
    assert found.packages == (Package("collection", "kubernetes.core", "6.6.0", purl, place),)


def test_go_programs_and_their_modules(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "/bin/kubectl": program(block()),
        "/bin/other": b"\x7fELF",
        "/bin/script": b"#!/bin/sh",
    }
    assert purls(tmp_path, files) == [
        "pkg:golang/golang.org/x/text@v0.14.0",
        "pkg:golang/k8s.io/api@v0.30.0",
        "pkg:golang/k8s.io/kubernetes@v1.30.0",
        "pkg:golang/stdlib@1.26.6",
    ]


@pytest.mark.parametrize(
    ("mode", "is_one"), [(0o700, True), (0o610, True), (0o601, True), (0o4750, True), (0o644, False)]
)
def test_go_program_is_what_anybody_may_run(tmp_path: Path, mode: int, *, is_one: bool) -> None:
    entries = [replace(one, mode=mode) for one in layer(tmp_path, {"/bin/x": program(block())})]
    assert [one.place for one in contents.read(entries, VENV).programs] == ["/bin/x"] * is_one


def test_module_that_a_folder_replaces_keeps_its_name(tmp_path: Path) -> None:
    text = "path\tx\ndep\tk8s.io/api\tv0.0.0\n=>\t./staging/api\t\t\n"
    assert "pkg:golang/k8s.io/api" in purls(tmp_path, {"/bin/x": program(block(text=text))})


def test_what_a_later_layer_deletes_is_not_there(tmp_path: Path) -> None:
    below, above = tmp_path / "0", tmp_path / "1"
    layer(below, {"/a/node_modules/b/package.json": npm("b")})
    layer(above, {"/a/node_modules/b/.wh.package.json": ""})
    entries = folder_layers([str(below), str(above)], ["sha256:0", "sha256:1"])
    assert contents.read(entries, VENV).packages == ()


def test_empty_image_has_nothing(tmp_path: Path) -> None:
    assert contents.read(layer(tmp_path, {}), VENV) == contents.Contents("linux", (), (), {})
