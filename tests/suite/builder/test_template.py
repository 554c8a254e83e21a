"""What the Dockerfile's template has to keep, whatever the inventory: hashes of what is fetched, rights, the user."""

from __future__ import annotations

import re

from fixtures.paths import IMAGE_DIRECTORY

TEMPLATE = (IMAGE_DIRECTORY / "Dockerfile.j2").read_text(encoding="utf-8")


def test_all_that_pypi_serves_is_held_to_its_hash() -> None:
    commands = re.split(r"&&|\n(?! )", re.sub(r"(?m)^#.*$", "", TEMPLATE).replace("\\\n", " "))
    pip = [one.strip() for one in commands if re.search(r"\bpip (install|download)\b", one)]
    loose = [one for one in pip if "--require-hashes" not in one]
    assert len(pip) >= 3, "Dockerfile.j2 has hardly any pip command: has their form changed?"
    assert not loose, f"Dockerfile.j2: {loose[0][:80]!r} takes what has no hash: give it --require-hashes"


def test_programs_with_file_capabilities_are_no_longer_setuid() -> None:
    capable = re.findall(r"\bsetcap \S+ (\S+)", TEMPLATE)
    plain = {word for words in re.findall(r"\bchmod u-s((?: /\S+)+)", TEMPLATE) for word in words.split()}
    assert capable, "Dockerfile.j2 gives no file capabilities: take this test away"
    setuid = sorted(set(capable) - plain)
    assert not setuid, f"Dockerfile.j2: {setuid} stay setuid root beside their capabilities: chmod u-s them"


def test_modules_are_verified_before_they_are_compiled() -> None:
    steps = [one for one in re.findall(r"(?m)^RUN (?:.*\\\n)*.*$", TEMPLATE) if "go build" in one]
    assert steps, "Dockerfile.j2 compiles nothing: has the form of its commands changed?"
    loose = [one for one in steps if not re.search(r"\bgo mod verify \\\n *&& go build\b", one)]
    assert not loose, f"Dockerfile.j2: {loose[0]!r} trusts the modules in the cache: let go mod verify come before"
    assert "GOFLAGS=-mod=readonly" in TEMPLATE, "Dockerfile.j2: a build may write another go.mod: give -mod=readonly"
    assert "GOTOOLCHAIN=local" in TEMPLATE, "Dockerfile.j2: a go.mod may fetch another Go: give GOTOOLCHAIN=local"


def test_image_ends_with_its_user() -> None:
    users = re.findall(r"^USER (.*)$", TEMPLATE, re.MULTILINE)
    assert users[-1] == "{{ image.uid }}", f"Dockerfile.j2: ends with USER {users[-1]}, not the inventory's"
