"""What the Dockerfile's template has to keep, whatever the inventory: hashes of what PyPI serves, and the user."""

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


def test_image_ends_with_its_user() -> None:
    users = re.findall(r"^USER (.*)$", TEMPLATE, re.MULTILINE)
    assert users[-1] == "{{ image.uid }}", f"Dockerfile.j2: ends with USER {users[-1]}, not the inventory's"
