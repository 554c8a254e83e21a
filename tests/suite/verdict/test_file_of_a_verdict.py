"""The file of a run's verdict, and the older ones that a run makes worthless."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.verdict.verdict_file import UNFINISHED, VerdictFile, forget_older
from tests.suite.verdict.small_suite import PASSING, Run, document

UNKNOWN = {"verdict": "not ended", "exit_code": 2, "interrupted": True, "broken": [UNFINISHED]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet, in a folder that is not either."""
    return tmp_path / "new" / "v.json"


def test_file_says_at_first_that_there_is_no_verdict(path: Path) -> None:
    VerdictFile(path, "image").begin({"run": "run-1"})
    found = document(path)
    assert found.pop("started") == found.pop("finished")
    assert found == UNKNOWN | {
        "schema": 2, "part": "image", "strict": False, "run": "run-1", "context": {}, "requirements": [], "checks": [],
    }  # fmt: skip


def test_draft_gives_no_verdict_either(path: Path) -> None:
    VerdictFile(path, "image").draft({"verdict": "passed", "exit_code": 0, "interrupted": False, "checks": [1]})
    assert document(path) == UNKNOWN | {"checks": [1]}


def test_verdict_is_written_as_it_is(path: Path) -> None:
    VerdictFile(path, "image").write({"verdict": "passed", "exit_code": 0})
    assert document(path) == {"verdict": "passed", "exit_code": 0}


@pytest.mark.parametrize("value", [object(), float("nan")], ids=["object", "NaN"])
def test_what_is_no_json_leaves_what_was_there(path: Path, value: object) -> None:
    file = VerdictFile(path, "image")
    file.write({"exit_code": 0})
    with pytest.raises((TypeError, ValueError)):
        file.write({"exit_code": value})
    assert document(path) == {"exit_code": 0}


def test_older_file_is_overwritten(path: Path) -> None:
    for part in ("rebuild", "image"):
        VerdictFile(path, part).begin({})
    assert document(path)["part"] == "image"


def test_folder_is_no_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(FileExistsError, match="Is no file"):
        VerdictFile(path, "image").begin({})
    VerdictFile(path, "image").discard()
    assert path.is_dir()


def test_discarded_file_is_gone(path: Path) -> None:
    file = VerdictFile(path, "image")
    file.begin({})
    for _ in range(2):
        file.discard()
    assert not path.exists()


def test_run_without_a_file_writes_none(tmp_path: Path) -> None:
    file = VerdictFile(None, "image")
    file.begin({})
    file.draft({})
    file.write({})
    file.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "path"), [("../v.json", "/x/v.json"), ("/y/v.json", "/y/v.json"), (None, None)], ids=str
)
def test_path_of_the_file_starts_where_the_run_does(given: str | None, path: str | None) -> None:
    options = {"--verdict-json": given and Path(given), "--part": "image"}
    config: Any = SimpleNamespace(getoption=options.get, invocation_params=SimpleNamespace(dir=Path("/x/here")))
    assert VerdictFile.of(config).path == (path and Path(path))


@pytest.mark.parametrize(
    ("asked", "file", "gone"),
    [
        pytest.param(["tests/image"], None, {"verdict", "verdict-image"}, id="folder of a part"),
        pytest.param(["tests/image/deep/t.py"], None, {"verdict", "verdict-image"}, id="below it"),
        pytest.param(["tests/suite"], None, set(), id="another folder"),
        pytest.param(["tests/rebuild", "tests/image"], None, {"verdict", "verdict-image", "verdict-rebuild"}, id="two"),
        pytest.param(["tests/image"], "verdict-image", {"verdict"}, id="its own file"),
        pytest.param([], "verdict-image", {"verdict"}, id="its own file alone"),
        pytest.param([], "other", set(), id="another file"),
        pytest.param(
            ["tests"],
            None,
            {"verdict", *(f"verdict-{part}" for part in ("image", "rebuild", "live", "platform"))},
            id="all",
        ),
    ],
)
def test_run_forgets_the_verdicts_of_what_it_looks_at_again(
    tmp_path: Path, asked: list[str], file: str | None, gone: set[str]
) -> None:
    build, names = tmp_path / ".build", {"verdict", "other"}
    build.mkdir()
    names |= {f"verdict-{part}" for part in ("image", "rebuild", "live", "platform")}
    for name in names:
        (build / f"{name}.json").write_text(json.dumps({}), encoding="utf-8")
    forget_older(tmp_path, [tmp_path / one for one in asked], build / f"{file}.json" if file else None)
    assert names - {path.stem for path in build.iterdir()} == gone


def test_nothing_to_forget_is_no_error(tmp_path: Path) -> None:
    forget_older(tmp_path, [tmp_path / "tests"], None)


@pytest.mark.parametrize("module", ["", "session", "platform_session"])
def test_mutants_leave_the_verdict_of_the_product(run: Run, pytester: pytest.Pytester, module: str) -> None:
    plugin = f"from fixtures.sabotage.{module} import Session\nbreaks_the_product = Session.breaks_the_product"
    verdicts = [".build/verdict.json", ".build/verdict-image.json"]
    run(PASSING, "tests/image", conftest=plugin if module else "", files=dict.fromkeys(verdicts, "{}"), part="")
    assert [(pytester.path / name).exists() for name in verdicts] == [bool(module)] * 2
