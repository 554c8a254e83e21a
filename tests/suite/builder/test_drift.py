"""What of an image is not as it is locked is told in one line."""

from __future__ import annotations

import pytest

from fixtures.builder import base_lock, debian_lock, drift
from fixtures.builder.debian_lock import DebianLock
from fixtures.inventory import load

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("kind", "base", "told"),
    [
        ("stand-in", "2", ["bat is 2, locked is 1"]),
        # What upstream's base has brought is locked by its digest.
        ("upstream", "2", ["base"]),
        ("upstream", "3", ["base", "bat is 2, locked is 1"]),
    ],
)
def test_packages_of_the_base_are_those_of_upstream_alone(
    monkeypatch: pytest.MonkeyPatch, kind: str, base: str, told: list[str]
) -> None:
    monkeypatch.setattr(debian_lock, "locked", lambda: DebianLock({"image": {"bat": "1"}}))
    monkeypatch.setattr(drift, "packages_of", lambda name: {"bat": base} if name == "base:1" else {})
    monkeypatch.setattr(base_lock, "drift", lambda *given: ["base"] if given[1:] == ("upstream", DIGEST) else [])
    seen = drift.drift(load(), {"bat": "2"}, base="base:1", base_kind=kind, base_digest=DIGEST)
    assert seen == told


def test_packages_are_those_that_dpkg_lists() -> None:
    assert drift.packages("bat 0.25.0-2\nzlib1g 1:1.3\n") == {"bat": "0.25.0-2", "zlib1g": "1:1.3"}


@pytest.mark.parametrize(("number", "more"), [(1, ""), (8, ""), (9, "; and 1 more")])
def test_first_lines_are_told_and_how_many_more(number: int, more: str) -> None:
    lines = [f"p{one}" for one in range(number)]
    said = drift.told(lines)
    assert said.startswith(f"{number} not as locked: {'; '.join(lines[:8])}{more}: ")
    assert "run `nox -s lock -- debian base" in said
