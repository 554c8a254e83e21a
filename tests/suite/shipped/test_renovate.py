"""Renovate finds every pin that it is configured for, in the files as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from fixtures.inventory import Tool, load
from fixtures.paths import ROOT
from fixtures.sources import CollectionSource, DebianSource, GoSource, PythonSource

INVENTORY = "docker/code-server-dev/tools.toml"
NODE_FILES = ("versions", "Dockerfile", "rootfs/kind/version")
NODE_PARTS = {
    "kubernetes": ("go", "k8s.io/kubernetes"),
    "etcd": ("go", "go.etcd.io/etcd/server/v3"),
    "coredns": ("go", "github.com/coredns/coredns"),
    "pause": ("docker", "registry.k8s.io/pause"),
    "local-path-provisioner": ("go", "github.com/rancher/local-path-provisioner"),
    "busybox": ("docker", "docker.io/library/busybox"),
}
LIBRARIES = {"github.com/coredns/coredns"}
"""Modules that a program of this repository is written around: no `tool` line names them."""

Pin = tuple[str, str, str]
"""Datasource, name there, version."""


@cache
def configuration() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    return document


def expression(text: str) -> re.Pattern[str]:
    """An expression of Renovate's, which are JavaScript's."""
    return re.compile(text.replace("(?<", "(?P<"))


def matches(file: str, text: str = "") -> Iterator[tuple[dict[str, Any], re.Match[str]]]:
    """What each manager finds in a file, or in the text that it may have."""
    text = text or (ROOT / file).read_text(encoding="utf-8")
    for manager in configuration()["customManagers"]:
        if any(re.search(pattern.strip("/"), file) for pattern in manager["managerFilePatterns"]):
            for string in manager["matchStrings"]:
                yield from ((manager, match) for match in expression(string).finditer(text))


def pins(file: str) -> list[Pin]:
    return [
        (manager["datasourceTemplate"], manager.get("depNameTemplate") or match["depName"], match["currentValue"])
        for manager, match in matches(file)
    ]


def pin_of(tool: Tool) -> Iterator[Pin]:
    match tool.source:
        case GoSource(module=module):
            yield "go", module, tool.version
        case DebianSource(packages=packages):
            yield "deb", packages[0], tool.version
        case PythonSource(distributions=distributions):
            yield "pypi", distributions[0], tool.version
        case CollectionSource():
            yield "pypi", "ansible", tool.version


def test_pin_of_every_tool_is_found_with_its_name() -> None:
    expected = {pin for tool in load().tools for pin in pin_of(tool)}
    found = pins(INVENTORY)
    differing = sorted(expected ^ set(found))
    assert not differing, f"renovate.json: {INVENTORY} has other pins than its expressions find: {differing}: fix these"
    assert len(found) == len(set(found)), f"renovate.json: a pin of {INVENTORY} is found twice: {sorted(found)}"


def test_pin_of_every_part_of_a_node_is_found() -> None:
    lines = (ROOT / "docker/cluster-node/versions").read_text(encoding="ascii").splitlines()
    parts = dict(line.split() for line in lines)
    assert list(parts) == list(NODE_PARTS), (
        f"docker/cluster-node/versions: has {list(parts)}: write a manager for a new part, and its row in NODE_PARTS"
    )
    expected = {(*NODE_PARTS[name], version.split("-")[0]) for name, version in parts.items()}
    for file in NODE_FILES:
        found = set(pins(f"docker/cluster-node/{file}"))
        assert found, f"renovate.json: its expressions find nothing in docker/cluster-node/{file}: fix them"
        assert found <= expected, f"docker/cluster-node/{file}: {found - expected} is not what `versions` has"
    assert set(pins("docker/cluster-node/versions")) == expected


ENTRY = 'pin = "any"\nversion = "{}"\nbudget = 1\n[tools.source]\nkind = "{}"\n{}"{}"'
NAMED_BY = {"debian": "packages = [", "python": "distributions = [", "go": "module = "}


@pytest.mark.parametrize(
    "kind, name, locked, published, expected",
    [
        ("debian", "postgresql-client", "16", "17+278", "17"),
        ("debian", "vim", "9.0", "2:9.1.1230-2", "9.1"),
        ("debian", "podman", "5.3", "5.4.2+ds1-2+b2", "5.4"),
        ("debian", "kubectx", "0.9.4", "0.9.5-1+b9", "0.9.5"),
        ("python", "ansible-core", "2.20", "2.21.5", "2.21"),
        ("python", "ansible-core", "2.20", "2.22.0rc1", None),
        ("go", "stern", "1.27.0", "v1.28.0", "1.28.0"),
    ],
)
def test_published_version_is_cut_to_the_parts_that_the_pin_has(
    kind: str, name: str, locked: str, published: str, expected: str | None
) -> None:
    ((manager, match),) = matches(INVENTORY, ENTRY.format(locked, kind, NAMED_BY[kind], name))
    assert (match["depName"], match["currentValue"]) == (name, locked)
    cut = expression(manager["extractVersionTemplate"]).search(published)
    assert (cut["version"] if cut else None) == expected


@pytest.mark.parametrize("kind", NAMED_BY)
def test_pin_of_an_entry_with_comments_is_found(kind: str) -> None:
    plain = ENTRY.format("1.40", kind, NAMED_BY[kind], "added")
    ((_, match),) = matches(INVENTORY, plain.replace('"\n', '"    # a word, "quoted"\n'))
    assert (match["depName"], match["currentValue"]) == ("added", "1.40")


def test_expressions_are_those_that_renovate_can_run() -> None:
    strings = [string for manager in configuration()["customManagers"] for string in manager["matchStrings"]]
    unknown = [string for string in strings if re.search(r"\(\?<?[=!]|\\[1-9]", string)]
    assert not unknown, f"renovate.json: RE2 has neither look-around nor back references: rewrite {unknown}"


def programs() -> Iterator[str]:
    """The modules of the programs that the go.mod files below docker/ compile."""
    for path in (ROOT / "docker").rglob("go.mod"):
        text = path.read_text(encoding="utf-8")
        required = re.findall(r"^(?:require )?\t?(\S+) v\S+(?: // indirect)?$", text, re.MULTILINE)
        block = re.findall(r"^tool \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
        for package in re.findall(r"^tool ([^(\s]+)$", text, re.MULTILINE) + " ".join(block).split():
            yield max((module for module in required if f"{package}/".startswith(f"{module}/")), key=len)


def test_module_of_every_compiled_program_is_watched() -> None:
    rules = configuration()["packageRules"]
    (watched,) = (
        rule["matchPackageNames"] for rule in rules if rule.get("matchManagers") == ["gomod"] and rule["enabled"]
    )
    differing = sorted(set(watched) ^ ({*programs()} | LIBRARIES))
    assert not differing, f"renovate.json: the go.mod files and the rule for compiled programs differ in {differing}"


def test_lock_of_the_suite_says_the_command_that_renovate_repeats() -> None:
    patterns = configuration()["pip-compile"]["managerFilePatterns"]
    assert [pattern for pattern in patterns if re.search(pattern.strip("/"), "requirements.lock")]
    head = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()[1]
    assert re.fullmatch(r"# {4}uv pip compile (--\S+ )+--output-file=requirements\.lock pyproject\.toml", head), (
        f"requirements.lock: its second line is {head!r}, not the command that made it: run nox -s lock"
    )
