"""The software bill of materials says what inventory, locks, package managers and binaries say (BLD-10).

An image that was built on this one is compared too: whatever was changed in it after the build is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from fixtures.builder.bill_of_materials import BILL, Bill
from fixtures.builder.cyclonedx_document import schema_error
from fixtures.builder.go_locks import unlocked
from fixtures.builder.manifest import Manifest
from fixtures.image.containers import Container, Containers
from fixtures.image.image import Image
from fixtures.image.package_managers import ansible_galaxy_says, dpkg_says, npm_says, pip_says
from fixtures.inventory import Inventory
from fixtures.layers.entries import LayerEntry, visible
from fixtures.sbom.comparison import differences, short
from fixtures.sbom.contents import Contents, go_packages
from fixtures.sbom.packages import identity
from fixtures.sources import GoSource

pytestmark = [pytest.mark.xdist_group("layers"), pytest.mark.requirement("BLD-10"), pytest.mark.integrity]

CHANGED = "something changed the image after its build: build it again with `nox -s build`"
MANAGERS = {
    "dpkg": (dpkg_says, ("pkg:deb/",)),
    "pip": (pip_says, ("pkg:pypi/",)),
    "npm": (npm_says, ("pkg:npm/", "pkg:generic/")),
    "ansible-galaxy": (ansible_galaxy_says, ("pkg:generic/ansible-galaxy/",)),
}
"""What each says, and the types of its package URLs."""
NEEDS = {
    "pip": pytest.mark.feature("python", "pip"),
    "npm": pytest.mark.feature("npm"),
    "ansible-galaxy": pytest.mark.uses("ansible-galaxy"),
}
"""The part of the image, or the tool, that brings a package manager."""


@pytest.fixture
def untouched(containers: Containers) -> Container:
    """A container in which no other check can have installed anything: its root is read-only."""
    return containers("read-only")


def test_bill_fits_the_schema_of_cyclonedx(bill: Bill) -> None:
    problem = schema_error(bill.text)
    assert not problem, f"bill of materials: {problem}: build the image again with `nox -s build`"


def test_bill_has_the_tools_of_the_inventory(bill: Bill, image: Image, inventory: Inventory) -> None:
    wanted = {tool.name: tool for tool in inventory.tools if tool.name not in image.omitted}
    wrong = [f"{name} is in one of both only" for name in sorted(wanted.keys() ^ bill.tools.keys())]
    wrong += [
        f"{name} is {version}, locked is {wanted[name].version}"
        for name, version in sorted(bill.tools.items())
        if name in wanted and not wanted[name].accepts(version)
    ]
    assert not wrong, f"bill of materials: tools differ from tools.toml: {short(wrong)}: {CHANGED}"


@pytest.mark.parametrize("manager", [pytest.param(name, marks=NEEDS.get(name, ())) for name in MANAGERS])
def test_bill_has_what_the_package_manager_says(manager: str, bill: Bill, untouched: Container) -> None:
    asked, types = MANAGERS[manager]
    told = {one for one in bill.of_type(*types) if manager != "npm" or "/ansible-galaxy/" not in one}
    wrong = differences(told, asked(untouched), f"in {BILL.name}", f"for {manager}")
    assert not wrong, f"bill of materials: packages of {manager} differ: {short(wrong)}: {CHANGED}"


def test_bill_has_what_the_go_programs_say(bill: Bill, contents: Contents) -> None:
    seen = {one.place: {identity(each.purl) for each in go_packages(one)} for one in contents.programs}
    wrong = [
        f"{path}: {line}"
        for path in sorted(seen.keys() | bill.programs.keys())
        for line in differences(bill.programs.get(path, ()), seen.get(path, ()), f"in {BILL.name}", "in the program")
    ]
    assert not wrong, f"bill of materials: Go modules differ: {short(wrong)}: {CHANGED}"


@pytest.mark.feature("compiled-tools")
def test_go_programs_are_byte_for_byte_those_of_the_build(bill: Bill, entries: list[LayerEntry]) -> None:
    assert bill.hashes, f"bill of materials: has no hash of a program: {CHANGED}"
    there = {entry.path: entry for entry in visible(entries) if entry.path in bill.hashes}
    wrong = [
        f"{path}: is {'another program' if path in there else 'gone'}"
        for path, recorded in sorted(bill.hashes.items())
        if path not in there or hashlib.sha256(there[path].read()).hexdigest() != recorded
    ]
    assert not wrong, f"bill of materials: {short(wrong)}: {CHANGED}"


@pytest.mark.requirement("BLD-9")
@pytest.mark.feature("compiled-tools")
def test_go_programs_hold_the_locked_modules(contents: Contents, inventory: Inventory) -> None:
    tools = {
        f"{tool.source.directory}/{tool.commands[0]}": tool
        for tool in inventory.tools
        if isinstance(tool.source, GoSource)
    }
    wrong = [line for one in contents.programs if one.place in tools for line in unlocked(one, tools[one.place])]
    assert not wrong, f"go.sum: modules of programs are not locked: {short(wrong)}: {CHANGED}"


@pytest.mark.requirement("BLD-5")
def test_manifest_has_every_package(manifest: Manifest, contents: Contents, image: Image) -> None:
    assert manifest.packages, "manifest: is of schema 1, without packages: build the image again with `nox -s build`"
    told = manifest.packages
    kinds: dict[str, Callable[[], bool]] = {
        "Python distributions": lambda: told.python == contents.versions("python"),
        "Go modules": lambda: told.go == contents.versions("go"),
        "npm packages": lambda: told.npm == contents.versions("npm"),
        "Ansible collections": lambda: told.collections == contents.versions("collection"),
        "architecture": lambda: manifest.architecture == image.document["Architecture"],
    }
    wrong = [kind for kind, same in kinds.items() if not same()]
    assert not wrong, f"manifest: {', '.join(wrong)} are others in the image: build it again with `nox -s build`"
