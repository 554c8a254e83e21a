"""Each kind of mistake in a document is one line: file, entry, field, what is wrong, and no word of pydantic's."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model, field_validator

from fixtures.errors import UsageError
from fixtures.validation import PLAIN_WORDS, UNKNOWN_KIND, validated


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GoSource(Table):
    kind: Literal["go"]
    module: str


class DebianSource(Table):
    kind: Literal["debian"]
    packages: tuple[str, ...]


class Limit(Table):
    reason: str


class Tool(Table):
    name: str
    budget: int = Field(default=1, gt=0)
    commands: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    source: Annotated[GoSource | DebianSource, Field(discriminator="kind")] | None = None
    level: str | Limit = ""
    limits: dict[str, Limit] = {}

    @field_validator("name")
    @classmethod
    def _no_blank(cls, name: str) -> str:
        if " " in name:
            raise ValueError(f"{name!r} has a blank: use a hyphen")
        return name


class Settings(Table):
    repository: str = ""


class Document(Table):
    image: Settings = Settings()
    tools: tuple[Tool, ...] = ()


def message(model: type[BaseModel], document: dict[str, Any], **settings: Any) -> str:
    """What is said of a document that does not fit."""
    with pytest.raises(UsageError) as caught:
        validated(model, document, "x.toml", **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


KINDS: dict[str, tuple[Any, Any]] = {
    "bool_parsing": (bool, "maybe"),
    "bool_type": (bool, [1]),
    "date_from_datetime_inexact": (date, datetime(2027, 1, 31, 12, tzinfo=UTC)),
    "date_from_datetime_parsing": (date, "tomorrow"),
    "date_type": (date, []),
    "datetime_from_date_parsing": (datetime, "tomorrow"),
    "datetime_type": (datetime, []),
    "dict_type": (dict[str, int], 1),
    "finite_number": (Annotated[float, Field(allow_inf_nan=False)], math.inf),
    "float_parsing": (float, "many"),
    "float_type": (float, []),
    "greater_than": (Annotated[int, Field(gt=0)], 0),
    "greater_than_equal": (Annotated[int, Field(ge=1)], 0),
    "int_from_float": (int, 1.5),
    "int_parsing": (int, "many"),
    "int_type": (int, []),
    "less_than": (Annotated[int, Field(lt=10)], 10),
    "less_than_equal": (Annotated[int, Field(le=10)], 11),
    "list_type": (list[int], 1),
    "literal_error": (Literal["a", "b"], "c"),
    "missing": (GoSource, {"kind": "go"}),
    "model_attributes_type": (Annotated[GoSource | DebianSource, Field(discriminator="kind")], 1),
    "model_type": (GoSource, 1),
    "path_type": (Path, 1),
    "string_pattern_mismatch": (Annotated[str, Field(pattern="^a$")], "b"),
    "string_too_long": (Annotated[str, Field(max_length=1)], "ab"),
    "string_too_short": (Annotated[str, Field(min_length=1)], ""),
    "string_type": (str, 1),
    "timezone_aware": (AwareDatetime, "2027-01-31T12:00:00"),
    "too_long": (Annotated[list[int], Field(max_length=1)], [1, 2]),
    "too_short": (Annotated[list[int], Field(min_length=1)], []),
    "tuple_type": (tuple[int, ...], 1),
    "union_tag_invalid": (Annotated[GoSource | DebianSource, Field(discriminator="kind")], {"kind": "rust"}),
    "union_tag_not_found": (Annotated[GoSource | DebianSource, Field(discriminator="kind")], {}),
}


def test_every_kind_of_the_table_is_tried_here() -> None:
    assert sorted(KINDS) == sorted(PLAIN_WORDS)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_said_in_plain_words(kind: str) -> None:
    annotation, value = KINDS[kind]
    model = create_model("Model", field=annotation)
    with pytest.raises(ValidationError) as caught:
        model(field=value)
    (problem,) = caught.value.errors()
    said = message(model, {"field": value}, show_values=True)
    assert problem["type"] == kind
    assert said.startswith("x.toml: field")
    assert PLAIN_WORDS[kind].partition("{")[0] in said
    assert "{" not in said
    assert problem["msg"] not in said


@pytest.mark.parametrize(
    "annotation", [pytest.param(UUID, id="uuid"), pytest.param(complex, id="complex"), pytest.param(bytes, id="bytes")]
)
def test_kind_without_plain_words_is_not_said_in_pydantic_s(annotation: Any) -> None:
    said = message(create_model("Model", field=annotation), {"field": [1]}, show_values=True)
    assert said == f"x.toml: field: {UNKNOWN_KIND}, not [1]"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param({"image": {"repository": 1}}, "image.repository: must be a string", id="field"),
        pytest.param({"tools": [{"name": "jq", "budget": 0}]}, "tool 'jq', budget: must be greater than 0", id="name"),
        pytest.param({"tools": [{"budget": 1}]}, "tool number 1, name: is missing", id="nameless"),
        pytest.param({"tools": [{"name": "jq", "commands": [1]}]}, "tool 'jq', command number 1: must be", id="list"),
        pytest.param({"tools": [{"name": "jq", "dependencies": [1]}]}, "'jq', dependency number 1: must", id="plural"),
        pytest.param({"tools": [{"name": "jq", "source": {"kind": "go"}}]}, "'jq', source.module: is", id="branch"),
        pytest.param(
            {"tools": [{"name": "jq", "limits": {"read-only": {}}}]}, "'jq', limits.read-only.reason: is", id="table"
        ),
        pytest.param({"tools": [{"name": "j q"}]}, "tool 'j q', name: 'j q' has a blank: use a hyphen", id="own"),
    ],
)
def test_entry_and_field_are_named(document: dict[str, Any], said: str) -> None:
    line = message(Document, document)
    assert line.startswith("x.toml: ")
    assert said in line


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param({"tolos": []}, "tolos: unknown key 'tolos', did you mean 'tools'?", id="top"),
        pytest.param({"image": {"repostory": "x"}}, "image.repostory: unknown key 'repostory', did you", id="table"),
        pytest.param({"tools": [{"nmae": "jq"}]}, "tool number 1, nmae: unknown key 'nmae', did you", id="entry"),
        pytest.param({"image": {"budget": 1}}, "unknown key 'budget': remove it", id="key-of-another-table"),
        pytest.param(
            {"tools": [{"name": "jq", "source": {"kind": "go", "modul": "x", "module": "x"}}]},
            "tool 'jq', source.modul: unknown key 'modul', did you mean 'module'?",
            id="branch",
        ),
        pytest.param(
            {"tools": [{"name": "jq", "limits": {"read-only": {"reasn": "x"}}}]},
            "limits.read-only.reasn: unknown key 'reasn', did you mean 'reason'?",
            id="named-table",
        ),
        pytest.param(
            {"tools": [{"name": "jq", "level": {"raeson": "x"}}]},
            "tool 'jq', level.raeson: unknown key 'raeson', did you mean 'reason'?",
            id="table-or-string",
        ),
    ],
)
def test_misspelt_key_gets_the_nearest_of_its_table(document: dict[str, Any], said: str) -> None:
    assert said in message(Document, document)


def test_misspelt_key_comes_before_what_it_causes() -> None:
    line = message(Document, {"tools": [{"nam": "jq", "budget": 0}]})
    assert line.endswith("tool number 1, nam: unknown key 'nam', did you mean 'name'? (and 2 more)")


@pytest.mark.parametrize(
    ("document", "seen"),
    [
        pytest.param({"image": {"repository": 7}}, ", not 7", id="value"),
        pytest.param({"tools": [{"name": ["x" * 80]}]}, f", not ['{'x' * 58}...", id="cut"),
        pytest.param({"image": 7}, ", not 7", id="no-table"),
        pytest.param({"tools": [{"name": {"a": "b"}}]}, "must be a string", id="table"),
        pytest.param({"image": {"password": "hunter2"}}, "unknown key 'password': remove it", id="unknown-key"),
        pytest.param({"tools": [{"name": "a b"}]}, "'a b' has a blank: use a hyphen", id="own-message"),
    ],
)
def test_value_is_shown_where_that_is_asked_for(document: dict[str, Any], seen: str) -> None:
    assert message(Document, document, show_values=True).endswith(seen)


def test_value_is_hidden_by_default() -> None:
    assert "hunter2" not in message(Document, {"image": {"repository": ["hunter2"]}})


def test_repair_of_a_file_that_nobody_edits_comes_last() -> None:
    line = message(Document, {"image": {"repository": 7}}, repair="build again")
    assert line == "x.toml: image.repository: must be a string: build again"


def test_right_document_is_returned_as_its_model() -> None:
    found = validated(Document, {"tools": [{"name": "jq"}]}, "x.toml")
    assert found.tools == (Tool(name="jq"),)
