"""What packages brought is there as it was packaged: a helper, a plugin or a data file gone or changed is named.

A command may still print its version, and do all that a check asks of it, while half of its package is broken.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import pytest

from fixtures.builder.root_files import PYTHON_HOME
from fixtures.deployment.tools import json_of, succeeded
from fixtures.image.containers import Container
from fixtures.image.image import Image
from fixtures.image.integrity import (
    APPENDED_TO,
    LIST_PACKAGES,
    VERIFY,
    VERIFY_DISTRIBUTIONS,
    damaged,
    damaged_collections,
    needed,
)
from fixtures.inventory import Inventory, Tool
from fixtures.sources import CollectionSource, DebianSource, PythonSource

pytestmark = pytest.mark.integrity

RULES = "cat /etc/dpkg/dpkg.cfg.d/* 2>/dev/null; true"
NO_WRITER = "let no step of Dockerfile.j2 remove or write it, or list it under `trim` in tools.toml"
VERIFY_SECONDS = 120.0
ALTERNATIVES = r"""
for name in $(ls /var/lib/dpkg/alternatives); do
    update-alternatives --query "$name" | awk '/^Link:/ && !l {l = $2} /^Status:/ {s = $2} /^Best:/ {b = $2}
        /^Value:/ && !v {v = $2} END {if (s != "auto" || v != b) print l, "is", v, "(" s ", the best is " b ")"}'
done
echo looked
"""
"""Prints each of Debian's alternatives that is not the one of the highest priority."""
BYTE_CODE = rf"""{PYTHON_HOME}/bin/python - <<'PY'
import importlib.util, pathlib, sys, sysconfig
looked = 0
for root in {{sysconfig.get_path("stdlib"), *(path for path in sys.path if path.endswith("-packages"))}}:
    for compiled in pathlib.Path(root).rglob("__pycache__/*.pyc"):
        source, head = pathlib.Path(importlib.util.source_from_cache(str(compiled))), compiled.read_bytes()[4:16]
        if source.exists():
            of, looked = source.stat(), looked + 1
            wanted = [0, int(of.st_mtime) % 2**32, of.st_size % 2**32]
            if head[:1] == b"\0" and head != b"".join(number.to_bytes(4, "little") for number in wanted):
                print(source)
print(looked)
PY"""
"""Prints each module whose byte code Python does not take, see PEP 552, and then how many it looked at."""


def verified(container: Container, trimmed: Collection[str], packages: Iterable[str] = ()) -> list[str]:
    """Return what differs from the packages of Debian, all of them by default."""
    done = container.run(f"{VERIFY} {' '.join(sorted(packages))}", seconds=VERIFY_SECONDS)
    # dpkg ends with 0 whatever it finds, and with another status where it looked at nothing.
    succeeded(done, "packages", "`dpkg --verify` looks at nothing", repair="keep dpkg, and sudo without a password")
    return list(damaged(done.stdout, container.run(RULES).stdout, trimmed))


def trimmed_of(inventory: Inventory) -> list[str]:
    """Return the paths that the inventory takes out of packages."""
    return [path for tool in inventory.tools if isinstance(tool.source, DebianSource) for path in tool.source.trim]


def test_debian_packages_of_a_tool_are_whole(
    debian_tool: Tool, image: Image, inventory: Inventory, container: Container
) -> None:
    image.require(debian_tool)
    assert isinstance(debian_tool.source, DebianSource)
    listing = succeeded(container.run(LIST_PACKAGES), debian_tool.name, "no list of packages", repair="keep dpkg")
    packages = needed(listing, debian_tool.source.packages)
    missing = sorted(set(debian_tool.source.packages) - packages)
    assert not missing, f"{debian_tool.name}: Debian's {missing[0]} is not installed: build with it, see tools.toml"
    wrong = verified(container, trimmed_of(inventory), packages)
    assert not wrong, _told(debian_tool.name, wrong)


@pytest.mark.requirement("IMG-8")
def test_all_debian_packages_are_whole(inventory: Inventory, container: Container) -> None:
    wrong = verified(container, trimmed_of(inventory))
    assert not wrong, _told("packages", wrong)


@pytest.mark.requirement("IMG-8")
def test_alternatives_are_the_best_that_packages_brought(container: Container) -> None:
    done = container.run(ALTERNATIVES)
    seen = succeeded(done, "alternatives", "cannot be read", repair="keep dpkg's update-alternatives").splitlines()
    assert seen.pop() == "looked", f"alternatives: none are there ({done.stderr[-200:]!r}): keep /var/lib/dpkg"
    assert not seen, f"alternatives: {seen[0]}, not Debian's own choice: let no step of Dockerfile.j2 set it"


@pytest.mark.requirement("IMG-8")
@pytest.mark.feature("environment")
@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=[pytest.mark.feature("zsh")] * ("zsh" in path)) for path in APPENDED_TO]
)
def test_one_line_is_added_to_a_shell_s_settings(path: str, image: Image, container: Container) -> None:
    recorded = container.run(f"dpkg-query --show --showformat='${{Conffiles}}' {APPENDED_TO[path]} | grep ' {path} '")
    seen = container.run(f"sed '$d' {path} | md5sum").stdout.split()
    assert seen[:1] == recorded.stdout.split()[1:2], (
        f"{path}: is not Debian's with one line at its end: add nothing else to it in Dockerfile.j2"
    )
    last, wanted = container.run(f"tail -n1 {path}").stdout, f". {image.inventory.image.environment.script}\n"
    assert last == wanted, f"{path}: ends with {last!r}, not {wanted!r} alone: add nothing else to it in Dockerfile.j2"


def test_python_distributions_of_a_tool_are_whole(python_tool: Tool, image: Image, container: Container) -> None:
    image.require(python_tool)
    assert isinstance(python_tool.source, PythonSource)
    done = container.run(VERIFY_DISTRIBUTIONS, seconds=VERIFY_SECONDS)
    said = succeeded(done, python_tool.name, "its distributions cannot be read", repair="keep their RECORD files")
    found = json_of(said, python_tool.name, "the list of distributions is")
    absent = [name for name in python_tool.source.distributions if not _closure(found, [name])]
    assert not absent, f"{python_tool.name}: {absent[0]} is not installed: keep it in python/requirements.in"
    wrong = [
        f"{name}: {path} is {how}" for name in _closure(found, python_tool.source.distributions)
        for path, how in found[name]["wrong"] if not _is_trimmed(path)
    ]  # fmt: skip
    assert not wrong, _told(python_tool.name, wrong)


@pytest.mark.requirement("IMG-8")
@pytest.mark.feature("python")
def test_byte_code_is_of_its_source(container: Container) -> None:
    done = container.run(BYTE_CODE, seconds=VERIFY_SECONDS)
    seen = succeeded(done, "byte code", "cannot be read", repair="keep the tools' Python").splitlines()
    looked = int(seen.pop())
    assert looked, "byte code: Python has none, so that every start compiles all anew: let pip and py3compile write it"
    assert not seen, (
        f"byte code: that of {seen[0]} (and {len(seen) - 1} of {looked} more) is of a source of another time or size, "
        "so that every start compiles it anew: let no step of Dockerfile.j2 write or touch what was compiled"
    )


@pytest.mark.uses("ansible-galaxy")
@pytest.mark.requirement("TOOL-ansible-galaxy-runs")
def test_collections_are_whole(inventory: Inventory, container: Container) -> None:
    names = " ".join(
        name
        for tool in inventory.tools
        if isinstance(tool.source, CollectionSource)
        for name in tool.source.collections
    )
    done = container.run(f"ansible-galaxy collection verify --offline {names}", seconds=VERIFY_SECONDS)
    assert done.stdout.count("Verifying '") >= len(names.split()), (
        f"ansible-galaxy: verifies {done.stdout.count('Verifying ')} collections, not {len(names.split())}: "
        f"install those of tools.toml\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    )
    wrong = list(damaged_collections(done.stdout + done.stderr))
    assert not wrong, _told("ansible-galaxy", wrong)


def _closure(found: dict[str, Any], names: Iterable[str]) -> list[str]:
    reached: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop().replace("_", "-").replace(".", "-").lower()
        if name in found and name not in reached:
            reached[name] = None
            waiting += found[name]["needs"]
    return list(reached)


def _is_trimmed(path: str) -> bool:
    """Tell whether docker/code-server-dev/python/trim.py takes a file out."""
    parts = path.split("/")
    return path.startswith("kubernetes/aio/") or (parts[1:2] in (["test"], ["tests"]) and parts[0] != "ansible")


def _told(subject: str, wrong: list[str]) -> str:
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    listed = json.dumps(wrong[:50], indent=1)
    return f"{subject}: {wrong[0]}{more}, unlike what was packaged: {NO_WRITER}\n{listed}"
