"""YAML for programs in Go: no string is a number to them."""

from __future__ import annotations

import pytest
import yaml

from fixtures.paths import ROOT
from fixtures.yaml_text import to_yaml


@pytest.mark.parametrize("text", ["12e45678", "08123459", "00000000", "0o17", "0x1f", "1_000", ".5e3", "-1e5", "10Gi"])
def test_string_that_begins_as_a_number_is_quoted(text: str) -> None:
    assert to_yaml({"run": text}) == f"run: '{text}'\n"


@pytest.mark.parametrize(
    "value", [8, -1, 1.5, True, None, "a8", "code-server-12e45678", "null", ["1e5", 2], {"b": "1"}]
)
def test_value_is_the_same_when_it_is_read(value: object) -> None:
    assert yaml.safe_load(to_yaml({"value": value})) == {"value": value}


def test_documents_are_kept_apart_in_the_order_of_their_keys() -> None:
    assert to_yaml({"b": 1, "a": 2}, {"c": 3}) == "b: 1\na: 2\n---\nc: 3\n"


def test_nothing_else_writes_yaml_for_other_programs() -> None:
    read_by_people = ROOT / "fixtures" / "bundles" / "cluster_state.py"
    files = [path for path in (ROOT / "fixtures").rglob("*.py") if "yaml.safe_dump" in path.read_text(encoding="utf-8")]
    assert files == [read_by_people]
