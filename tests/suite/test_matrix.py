"""The matrix: what it makes of an inventory, and what it says where something does not hold."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fixtures import matrix
from fixtures.errors import ExitCode, UsageError
from fixtures.host.process import Ended
from fixtures.inventory import DEFAULT_INVENTORY, Inventory
from fixtures.paths import ROOT
from fixtures.sabotage.mutants import WRITTEN, Mutant
from tests.suite.small_inventory import SMALL

TEXT = SMALL.read_text(encoding="utf-8")


def test_tool_that_is_dropped_is_said_not_to_be_shipped() -> None:
    document = tomllib.loads(matrix.without(TEXT, "yq"))
    assert "yq" not in [tool["name"] for tool in document["tools"]]
    assert document["not_shipped"][-1]["tools"] == ["yq"]


def test_tool_that_needs_a_dropped_one_goes_with_it() -> None:
    text = TEXT.replace('commands = ["yq"]', 'commands = ["yq"]\nneeds = ["jq"]')
    document = tomllib.loads(matrix.without(text, "jq"))
    assert document["not_shipped"][-1]["tools"] == ["jq", "yq"]
    assert {"jq", "yq"}.isdisjoint(tool["name"] for tool in document["tools"])


def test_entry_may_have_comments() -> None:
    text = TEXT.replace('name = "yq"', 'name = "yq"    # small letters')
    assert "drop yq" in dict(matrix.changes(text))
    assert "yq" not in [tool["name"] for tool in tomllib.loads(matrix.without(text, "yq"))["tools"]]


def test_what_follows_the_last_tool_stays() -> None:
    document = tomllib.loads(matrix.without(TEXT, tomllib.loads(TEXT)["tools"][-1]["name"]))
    assert [one["tools"] for one in document["not_shipped"]][:1] == [["tea", "gh"]]


def test_tool_that_is_not_there_cannot_be_dropped() -> None:
    with pytest.raises(UsageError, match=r"^yqq: no tool of tools\.toml"):
        matrix.without(TEXT, "yqq")


def test_each_tool_is_dropped_and_each_kind_of_source_added() -> None:
    names = [name for name, _ in matrix.changes(TEXT)]
    tools = [tool["name"] for tool in tomllib.loads(TEXT)["tools"]]
    assert names == [*(f"add {kind}" for kind in matrix.SOURCES), *(f"drop {name}" for name in tools)]


@pytest.mark.parametrize("kind", matrix.SOURCES)
def test_what_is_added_is_a_right_entry(kind: str) -> None:
    changed = Inventory.model_validate(tomllib.loads(dict(matrix.changes(TEXT))[f"add {kind}"]))
    assert changed.tools[-1].source.kind == kind


def test_what_is_added_has_a_mutant(tmp_path: Path) -> None:
    for path in (DEFAULT_INVENTORY, WRITTEN[0]):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True)
    matrix.apply(tmp_path, "add debian", "")
    (mutant,) = tomllib.loads((tmp_path / WRITTEN[0].relative_to(ROOT)).read_text(encoding="utf-8"))["mutants"]
    assert "echo added 1.0.0\\n" in Mutant.model_validate(mutant).layer


def test_what_does_not_hold_is_told_with_the_words_of_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good, bad = Ended(0, "", ""), Ended(1, "..F\nE   AssertionError: tools.toml: nothing checks it\n", "")
    ends = iter([good, good, bad, good, bad])
    monkeypatch.setattr(matrix, "run", lambda *_arguments, **_more: next(ends))
    assert list(matrix.holds(tmp_path)) == [
        f"{step}: E   AssertionError: tools.toml: nothing checks it" for step in ("self-tests", "lint")
    ]


def test_change_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "DEFAULT_INVENTORY", SMALL)
    assert matrix.main(["drop yqq"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error: 'drop yqq': no change of the matrix: name some of: add go, ")


def test_exit_code_says_whether_all_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(matrix, "DEFAULT_INVENTORY", SMALL)
    monkeypatch.setattr(matrix, "_try", lambda name, _text: name != "drop jq")
    assert matrix.main(["drop yq"]) == ExitCode.VERIFIED
    assert matrix.main(["drop yq", "drop jq"]) == ExitCode.SUITE_ERROR
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 2 hold"
