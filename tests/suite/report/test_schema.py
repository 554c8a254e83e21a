"""The published schema of a verdict's document is that of what `fixtures/verdict/` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures.errors import UsageError
from fixtures.report import document
from fixtures.verdict.verdict import SCHEMA_VERSION
from fixtures.verdict.verdict_file import VerdictFile
from tests.suite.report import sample_runs

PUBLISHED: dict[str, Any] = json.loads(document.SCHEMA_FILE.read_text(encoding="utf-8"))
WRITE = "write the schema anew: python -m fixtures.report.document"


def test_schema_is_the_published_one() -> None:
    assert document.SCHEMA_FILE.read_text(encoding="utf-8") == document.schema(), WRITE
    assert PUBLISHED["properties"]["schema"]["const"] == SCHEMA_VERSION
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)


@pytest.mark.parametrize("trouble", [pytest.param((), id="passed"), pytest.param(sample_runs.TROUBLE, id="all kinds")])
@pytest.mark.parametrize("part", ["image", "rebuild", "live", ""])
def test_document_is_as_the_schema_has_it(part: str, trouble: tuple[str, ...]) -> None:
    jsonschema.validate(sample_runs.document(part, trouble), PUBLISHED)


def test_document_of_a_run_that_has_not_ended_is_so_too(tmp_path: Path) -> None:
    about = {"run": "x", "suite": {"commit": "c", "dirty": False, "tree": ""}, "arguments": []}
    VerdictFile(tmp_path / "v.json", "image").begin(about)
    jsonschema.validate(json.loads((tmp_path / "v.json").read_text(encoding="utf-8")), PUBLISHED)


def test_schema_lacks_no_key_that_is_written() -> None:
    lacking: set[str] = set()

    def compare(value: Any, place: str, schema: Mapping[str, Any]) -> None:
        schema = PUBLISHED["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if isinstance(value, list):
            for one in value[:200]:
                compare(one, place, schema["items"])
        elif isinstance(value, dict) and "properties" in schema:
            lacking.update(f"{place}.{key}" for key in value.keys() - schema["properties"].keys())
            for key in value.keys() & schema["properties"].keys():
                compare(value[key], f"{place}.{key}", schema["properties"][key])

    for part in ("live", ""):
        compare(sample_runs.document(part, sample_runs.TROUBLE), part, PUBLISHED)
    assert not lacking, f"keys that are not in the schema: {sorted(lacking)}: add them to fixtures/report/document.py"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"schema": 3}, id="version"),
        pytest.param({"exit_code": 5}, id="exit code"),
        pytest.param({"checks": [{"nodeid": "x", "outcome": "great"}]}, id="outcome"),
        pytest.param({"started": "yesterday"}, id="time"),
    ],
)
def test_other_document_is_refused(tmp_path: Path, wrong: Mapping[str, Any]) -> None:
    sample_runs.write(tmp_path, {**sample_runs.document("image"), **wrong})
    with pytest.raises(UsageError, match=r"^verdict-image\.json: .*run that part again"):
        document.read(tmp_path / "verdict-image.json")


def test_key_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    sample_runs.write(tmp_path, {**sample_runs.document("image"), "new": 1})
    assert document.read(tmp_path / "verdict-image.json")[1].part == "image"
