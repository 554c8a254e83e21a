"""Patterns of waivers and expected blocks, and of the inventory: none that just anything matches."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fixtures.inventory import Check, Limitation
from fixtures.verdict.patterns import checked


@pytest.mark.parametrize(
    "pattern",
    [
        "[b-s].*", "[^xtaA].*", ".{40,70}", ".{13,}z.", ".*q.*", r".*\d{2,}.*", ".*: .*: .*: .*: .*", "yq: .*", "yq.*",
        "(?i)YQ: .* .*: .*", ".*kubectl.*", ".*(jq|yq).*", "yq: expected .*, seen .*", "yq: .*: rebuild the image.*",
        "(jq: expected 1\\.7, .*|[b-s].*)", "kubectl: `kubectl.*", "helm: .*instead of 0.*",
    ],
)  # fmt: skip
def test_pattern_that_any_failure_matches_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="matches just any line, such as "):
        checked(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"jq: expected 1\.7, .*",
        r".*4\.40\.4.*",
        "^k9s omitted from the image$",
        r"yq: .*: bad file '-': .*",
        "yq.*toml.q.*",
    ],
)
def test_pattern_that_names_a_failure_is_taken(pattern: str) -> None:
    assert checked(pattern) == pattern


@pytest.mark.parametrize(
    "given",
    [
        {"stdout": ".*"}, {"stdout": "^"}, {"stderr": "(x)?"}, {"stdout": "."}, {"stdout": r"\w"}, {"stdout": "$"},
        {"stdout": "^jq-1", "profiles": ()},
    ],
)  # fmt: skip
def test_check_that_a_broken_tool_passes_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Check(title="says something", level="runs", run="jq", **given)


@pytest.mark.parametrize("fails", ["", ".*", "^", r"\w+"])
def test_limitation_that_any_failure_fits_is_refused(fails: str) -> None:
    with pytest.raises(ValidationError):
        Limitation(reason="needs a kernel that is not there", fails=fails, run="podman info")
