"""The ledger: its rows, its ids, and what an error in it looks like."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fixtures import inventory as inventories
from fixtures.errors import UsageError
from fixtures.verdict import requirements

ROWS = {"BLD": 11, "IMG": 9, "ENV": 7, "DEP": 13, "FLOW": 9, "SVC": 27, "USE": 9, "OPT": 4}


def broken(path: Path, *replacements: tuple[str, str]) -> str:
    """Load the ledger with something replaced in it, and return the error's line."""
    text = requirements.LEDGER.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    ledger_file = path / "requirements.toml"
    ledger_file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        requirements.load(ledger_file)
    return str(raised.value)


def test_every_section_has_the_plans_rows() -> None:
    sections = [row.section for row in requirements.load().values() if row.section != "TOOL"]
    assert {section: sections.count(section) for section in sections} == ROWS


@pytest.mark.parametrize(
    ("pattern", "named"),
    [("TOOL-podman-*", ["podman"]), ("TOOL-podman*-*", ["podman", "podman-compose"]),
     ("TOOL-pod*", ["podman", "podman-compose"]), ("TOOL-podman-runs", ["podman"]), ("DEP-*", [])],
)  # fmt: skip
def test_a_glob_of_a_tool_names_no_other(pattern: str, named: list[str]) -> None:
    rows = ["TOOL-podman-runs", "TOOL-podman-compose-runs", "DEP-podman"]
    found = [row for row in rows if row.startswith("TOOL") and requirements.is_named(row, pattern)]
    assert found == [f"TOOL-{name}-runs" for name in named]


def test_every_id_is_well_formed() -> None:
    pattern = re.compile(
        r"(BLD|IMG|ENV|DEP)-[1-9][0-9]*|TOOL-[a-z0-9-]+-(runs|connects|operates)|SVC-[a-z]+-(auth|tls|tenancy)"
        r"|(FLOW|USE-2|OPT)-[a-z]+"
    )
    assert [key for key in requirements.load() if not pattern.fullmatch(key)] == []
    assert [key for key, row in requirements.load().items() if row.id != key] == []


def test_numbered_ids_leave_no_gap() -> None:
    for section in ("BLD", "IMG", "ENV", "DEP"):
        mine = [key for key in requirements.load() if key.startswith(f"{section}-")]
        assert mine == [f"{section}-{number}" for number in range(1, ROWS[section] + 1)]


def test_every_tool_has_three_cells_in_the_inventory_s_order() -> None:
    cells = [key for key in requirements.load() if key.startswith("TOOL-")]
    inventory = inventories.load()
    names = [*(tool.name for tool in inventory.tools), *inventory.left_out]
    assert requirements.tools() == names
    assert cells == [f"TOOL-{name}-{level}" for name in names for level in ("runs", "connects", "operates")]


def test_cells_of_a_tool_that_is_not_shipped_say_why() -> None:
    row = requirements.load()["TOOL-tea-connects"]
    assert (row.tool, row.not_shipped) == ("tea", "nobody here works with another forge")


def test_the_file_itself_has_no_id_twice() -> None:
    document = tomllib.loads(requirements.LEDGER.read_text(encoding="utf-8"))
    names = [row["id"] for row in document["requirement"]]
    assert sorted(set(names)) == sorted(names)


def test_rows_that_do_not_apply_say_why_and_the_others_what() -> None:
    rows = requirements.load().values()
    without = [row.id for row in rows if row.na_reason]
    assert without
    assert all(key.endswith("-connects") for key in without)
    assert [row.id for row in rows if sum(map(bool, (row.text, row.na_reason, row.not_shipped))) != 1] == []
    assert [row.id for row in rows if row.optional] == [key for key in requirements.load() if key.startswith("OPT-")]


def test_unknown_id_names_the_nearest() -> None:
    assert requirements.known("TOOL-jq-runs")
    assert not requirements.known("TOOL-jqq-runs")
    assert "did you mean TOOL-jq-runs" in requirements.unknown("TOOL-jqq-runs")
    assert "justt is not in tools.toml: restore it, or remove this check" in requirements.unknown("TOOL-justt-runs")
    assert "known ids stand in fixtures/verdict/requirements.toml" in requirements.unknown("?")


def test_row_that_all_read_cannot_be_changed() -> None:
    row: Any = requirements.load()["IMG-1"]
    with pytest.raises(AttributeError, match="cannot assign"):
        row.optional = True


def test_unknown_id_names_the_three_nearest() -> None:
    assert requirements.unknown("IMG-").count(" or ") == 2


def test_text_of_a_row_has_three_characters_or_more(tmp_path: Path) -> None:
    ledger, text = tmp_path / "requirements.toml", requirements.LEDGER.read_text(encoding="utf-8")
    ledger.write_text(re.sub('text = ".*"', 'text = "abc"', text, count=1), encoding="utf-8")
    assert next(iter(requirements.load(ledger).values())).text == "abc"
    ledger.write_text(re.sub('text = ".*"', 'text = "ab"', text, count=1), encoding="utf-8")
    requirements._load.cache_clear()
    requirements._read.cache_clear()
    with pytest.raises(UsageError, match="text: must have 3 or more characters"):
        requirements.load(ledger)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param('id = "BLD-2"', 'id = "BLD-1"', "BLD-1, id: stands in two entries: remove one", id="twice"),
        pytest.param('id = "BLD-2"', 'id = "BLD2"', "requirement 'BLD2', id: must match", id="pattern"),
        pytest.param(
            'id = "BLD-2"\nsection = "BLD"',
            'id = "BLD-2"\nsection = "IMG"',
            "BLD-2, section: 'IMG': give the one its id starts with",
            id="section",
        ),
        pytest.param('section = "ENV"', 'sektion = "ENV"', "requirement 'ENV-1', se", id="unknown key"),
        pytest.param("\n[[requirement]]", "\n[[requirement]", "not TOML", id="syntax"),
    ],
)
def test_error_names_the_entry_the_field_and_the_fix(tmp_path: Path, old: str, new: str, line: str) -> None:
    said = broken(tmp_path, (old, new))
    assert "requirements.toml: " in said
    assert line in said


def test_missing_ledger_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^none.toml: cannot be read \(No such file or directory\): restore it"):
        requirements.load(tmp_path / "none.toml")
