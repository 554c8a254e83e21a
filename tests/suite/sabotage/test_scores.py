"""What a run of mutants ends with, and when its scores are those of a whole run."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.sabotage import __main__ as command_line
from fixtures.sabotage import (
    changes,
    operators,
    platform_mutants,
    platform_operators,
    platform_session,
    scores,
    suite_mutants,
)
from fixtures.sabotage.mutants import Fate, Mutant, Result
from fixtures.sabotage.suite_mutants import SuiteMutant
from fixtures.verdict import parts

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
FATES: tuple[Fate, ...] = ("killed", "survived", "wrong row", "wrong words", "error", "timed out")
OF_SUITE = SuiteMutant(id="one", breaks="one is two, as nobody expects", file="a", old="one", new="two", tests=("t",))


def result(fate: Fate, number: int = 1) -> Result:
    """What became of one mutant of jq."""
    mutant = Mutant(id=f"jq-{number}", rows=("TOOL-jq-*",), breaks="jq is gone", layer="RUN rm jq", says="^jq: ")
    return Result(mutant, fate, "jq: is missing", 1.04, ("TOOL-jq-runs",) if fate == "killed" else ())


@pytest.mark.parametrize("fate", FATES)
def test_run_passes_only_where_each_mutant_is_killed(fate: Fate, capsys: pytest.CaptureFixture[str]) -> None:
    code = scores.report([result("killed"), result(fate, 2)], BEGAN, "i", None)
    assert code == (ExitCode.VERIFIED if fate == "killed" else ExitCode.SUITE_ERROR)
    assert ("jq-2: jq: is missing" in capsys.readouterr().out) == (fate != "killed")


def test_only_what_was_killed_is_in_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    scores.report([result(fate, number) for number, fate in enumerate(FATES)], BEGAN, "i", None)
    (row,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all ")]
    assert row[1:3] == ["6", "1"]


def test_scores_have_every_mutant_whatever_became_of_it(tmp_path: Path) -> None:
    scores.report([result(fate, number) for number, fate in enumerate(FATES)], BEGAN, "i", tmp_path / "scores.json")
    document = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert (document["image"], document["started"]) == ("i", "2026-01-02T00:00:00+00:00")
    assert [(one["id"], one["fate"]) for one in document["mutants"]] == [
        (f"jq-{number}", fate) for number, fate in enumerate(FATES)
    ]
    assert document["mutants"][0] | {"rows": ["TOOL-jq-*"], "killed_by": ["TOOL-jq-runs"]} == document["mutants"][0]


def test_check_that_noticed_no_mutant_is_unproven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"image": tmp_path / "scores.json", "live": tmp_path / "platform.json"}
    monkeypatch.setattr(scores, "PLACES", places)
    noticed = dataclasses.replace(result("killed"), check="tests/image/test_a.py::test_noticing")
    scores.report([noticed, result("survived", 2)], BEGAN, "i", places["image"])
    functions = ("image/test_a.py::test_noticing[x]", "image/test_a.py::test_b[x]", "image/test_a.py::test_b[y]")
    listed = {f"tests/{one}": ("IMG-1",) for one in (*functions, "platform/test_c.py::test_of_no_whole_run")}
    assert scores.unproven(listed) == (["tests/image/test_a.py::test_b"], 2)


@pytest.mark.parametrize("before", [None, {"mutants": [{"id": "jq-1", "fate": "killed"}]}], ids=["none", "older"])
def test_without_scores_of_checks_nothing_is_called_unproven(
    before: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "PLACES", {"image": tmp_path / "scores.json"})
    if before is not None:
        (tmp_path / "scores.json").write_text(json.dumps(before), encoding="utf-8")
    with pytest.raises(UsageError, match="no scores of a whole run"):
        scores.unproven({"tests/image/test_a.py::test_b": ("IMG-1",)})


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", "scores.json"),
        ("--jobs 1", "scores.json"),
        ("--only one", ""),
        ("--changed", ""),
        ("--sample 1", ""),
        ("--suite", ""),
        ("--image i", ""),
        ("--behaviour", ""),
        ("--platform", "platform.json"),
        ("--platform --only jq-1", ""),
        ("--platform --sample 1", ""),
    ],
)
def test_scores_of_a_part_are_not_kept_as_those_of_a_whole_run(
    words: str, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = result("killed")
    image = SimpleNamespace(inventory=None, omitted=(), document={"Id": "i", "Config": {}}, name="i")
    monkeypatch.setattr(command_line, "ensure", lambda _: None)
    monkeypatch.setattr(command_line, "find", lambda *_: image)
    monkeypatch.setattr(platform_mutants, "written", lambda: (killed.mutant,))
    monkeypatch.setattr(platform_mutants, "shipped", lambda known, _: known)
    monkeypatch.setattr(parts, "read", lambda _: {})
    monkeypatch.setattr(platform_operators, "all_of", list)
    monkeypatch.setattr(platform_session, "run", lambda _some, _words, told: told(killed))
    monkeypatch.setattr(command_line, "_shipped", lambda _: [])
    monkeypatch.setattr(operators, "all_of", lambda *_: [])
    monkeypatch.setattr(changes, "concerned", lambda *_: {"one"})
    monkeypatch.setattr(suite_mutants, "written", lambda: (OF_SUITE,))
    monkeypatch.setattr(suite_mutants, "run", lambda some, told: [told(Result(one, "killed", "", 1)) for one in some])
    monkeypatch.setattr(command_line, "SCORES", tmp_path / "scores.json")
    monkeypatch.setattr(command_line, "PLATFORM_SCORES", tmp_path / "platform.json")
    assert command_line.main(words.split()) == ExitCode.VERIFIED
    assert [path.name for path in tmp_path.iterdir()] == [kept] * bool(kept)
