"""Parts that do not fit together are no whole: of another run, commit, image or time, or with a contradiction."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import binding, merge
from fixtures.verdict.outcomes import Outcome
from tests.suite.verdict.parts_of_a_run import NOW, SUITE, Document, check, checkout, part, whole

IMAGE = {"image": {"id": "b" * 64}}
FIRST = "tests/image/test_x.py::test_y"


def changed(name: str, change: dict[str, Any]) -> dict[str, Document]:
    """The documents of all parts, one of them changed."""
    documents = whole()
    documents[name] |= change
    return documents


def at(**ago: float) -> str:
    """A moment so long before now, as a document has it."""
    return (NOW - timedelta(**ago)).isoformat()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param({"run": "run-2"}, "not of one run (image run-1, rebuild run-1, live run-2)", id="run"),
        pytest.param({"run": ""}, "live: is of no run", id="no run"),
        pytest.param({"suite": SUITE | {"commit": "d" * 40}}, "the parts are not of one commit (", id="commit"),
        pytest.param({"suite": SUITE | {"commit": "unknown"}}, "live: is not bound to a commit", id="no commit"),
        pytest.param({"suite": SUITE | {"tree": "e" * 64}}, "not of one state of the checkout (image ", id="edited"),
        pytest.param({"context": IMAGE}, "the parts are not of one image (image aaaaaaaaaaaa, reb", id="image"),
        pytest.param({"context": {}}, "live: did not look at an image: run nox -s live again", id="no image"),
        pytest.param({"context": {"image": "x"}}, "live: did not look at an image", id="malformed image"),
        pytest.param(
            {"context": {"image": {"id": "a" * 64, "digest": "sha256:1"}}},
            "the parts are not of one image digest (image none, rebuild none, live sha256:1)",
            id="digest",
        ),
        pytest.param({"part": "image"}, "live: its file has the verdict of part 'image'", id="file of another part"),
        pytest.param({"part": ""}, "live: its file has the verdict of part ''", id="of no part"),
        pytest.param({"finished": at(hours=25), "started": at(hours=26)}, "live: is of 2029-12-31 11:00", id="old"),
        pytest.param({"finished": "2019-01-01T00:00:00+00:00"}, "live: is of 2019-01-01", id="2019"),
        pytest.param({"finished": at(hours=-1)}, "live: ended at 2030-01-01 13:00, which cannot be", id="future"),
        pytest.param({"started": at(minutes=5)}, "which cannot be: set the clock", id="ended before it began"),
        pytest.param({"interrupted": True}, "", id="interrupted"),
        pytest.param({"exit_code": 1}, "live: ended with exit code 1, and does not say why", id="unexplained failure"),
        pytest.param({"exit_code": 2}, "live: ended with exit code 2, and does not say why", id="unexplained error"),
        pytest.param({"exit_code": 4}, "live: ended with exit code 4, and does not say why", id="usage"),
        pytest.param({"exit_code": "0"}, "live: ended with exit code 0, and does not say why", id="no number"),
        pytest.param({"checks": []}, "live: nothing was verified: run nox -s live", id="empty"),
    ],
)  # fmt: skip
def test_part_that_does_not_fit_is_an_error(tmp_path: Path, change: dict[str, Any], line: str) -> None:
    documents = changed("live", change)
    verdict = merge.together(documents, root=checkout(tmp_path, whole()), now=NOW)
    assert verdict.exit_code is ExitCode.SUITE_ERROR
    assert verdict.interrupted or any(line in one for one in verdict.broken), verdict.broken


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"started": at(hours=25), "finished": at(hours=24)}, id="a day old"),
        pytest.param({"finished": at(minutes=-2)}, id="a clock that is two minutes ahead"),
        pytest.param({"started": at(minutes=10), "finished": at(minutes=10)}, id="no time at all"),
    ],
)
def test_part_that_just_fits_is_taken(tmp_path: Path, change: dict[str, Any]) -> None:
    verdict = merge.together(changed("live", change), root=checkout(tmp_path, whole()), now=NOW)
    assert (verdict.broken, verdict.exit_code) == ([], ExitCode.VERIFIED)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param({"finished": at(hours=24, seconds=1), "started": at(hours=25)}, "older than 24 h", id="a day"),
        pytest.param({"finished": at(minutes=-2, seconds=-1)}, "which cannot be: set the clock", id="two minutes"),
    ],
)
def test_part_that_just_does_not_fit_is_an_error(tmp_path: Path, change: dict[str, Any], line: str) -> None:
    verdict = merge.together(changed("live", change), root=checkout(tmp_path, whole()), now=NOW)
    assert [line in one for one in verdict.broken] == [True]


def test_parts_must_be_of_the_run_that_puts_them_together(tmp_path: Path) -> None:
    root = checkout(tmp_path, whole())
    assert merge.together(whole(), root=root, now=NOW, run="run-1").exit_code is ExitCode.VERIFIED
    verdict = merge.together(whole(), root=root, now=NOW, run="run-2")
    assert verdict.broken[0] == "image: is of another run: run nox -s image again"


@pytest.mark.parametrize(
    ("outcome", "change", "broken"),
    [
        pytest.param("passed", {"exit_code": 3}, [], id="incomplete"),
        pytest.param("failed", {"exit_code": 1}, [], id="failed"),
        pytest.param("error", {"exit_code": 2}, [], id="error"),
        pytest.param("passed", {"exit_code": 2, "interrupted": True}, [], id="interrupted"),
        pytest.param("passed", {"exit_code": 2, "broken": ["no disk"]}, ["image: no disk"], id="broken"),
        pytest.param("blocked", {"exit_code": 3}, [], id="blocked"),
        pytest.param("blocked", {"exit_code": 0}, ["image: nothing was verified: run nox -s image"], id="all blocked"),
        pytest.param(
            "error",
            {"exit_code": 1},
            ["image: its exit code 1 contradicts its checks, which call for 2: run nox -s image again"],
            id="error as failure",
        ),
        pytest.param(
            "passed",
            {"exit_code": 0, "broken": ["no disk"]},
            [
                "image: no disk",
                "image: its exit code 0 contradicts its checks, which call for 2: run nox -s image again",
            ],
            id="broken and passed",
        ),
    ],
)
def test_exit_code_of_a_part_says_what_its_checks_do(
    tmp_path: Path, outcome: str, change: dict[str, Any], broken: list[str]
) -> None:
    documents = changed("image", change)
    documents["image"]["checks"][0] |= {"outcome": outcome, "first_line": "x"}
    assert merge.together(documents, root=checkout(tmp_path, whole()), now=NOW).broken == broken


@pytest.mark.parametrize(("code", "told"), [(0, True), (3, True), (2, False)])
def test_selected_check_that_did_not_run_contradicts_a_part_that_ended_well(
    tmp_path: Path, code: int, *, told: bool
) -> None:
    documents = changed("image", {"exit_code": code, "interrupted": code == 2})
    documents["image"]["checks"].append(documents["image"]["checks"][0] | {"nodeid": f"{FIRST}z", "outcome": "not run"})
    verdict = merge.together(documents, root=checkout(tmp_path, documents), now=NOW)
    assert ("image: selected checks did not run: run nox -s image again" in verdict.broken) is told


def test_deselected_check_of_a_part_contradicts_nothing(tmp_path: Path) -> None:
    documents = whole()
    out = {"nodeid": f"{FIRST}z", "outcome": "not run", "selected": False}
    documents["image"]["checks"].append(documents["image"]["checks"][0] | out)
    assert merge.together(documents, root=checkout(tmp_path, documents), now=NOW).broken == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param({"ids": ["IMG-99"]}, f"image: {FIRST}: unknown requirement 'IMG-99'", id="unknown requirement"),
        pytest.param({"ids": []}, f"image: {FIRST}: carries no requirement", id="no requirement"),
        pytest.param({"outcome": "n/a"}, f"image: {FIRST}: n/a, and the ledger has BLD-1 as applicable", id="n/a"),
        pytest.param({"outcome": "failed"}, "exit code 0 contradicts its checks, which call for 1", id="failed"),
        pytest.param({"outcome": "error"}, "exit code 0 contradicts its checks, which call for 2", id="error"),
        pytest.param({"outcome": "not run"}, "image: selected checks did not run", id="selected and not run"),
        pytest.param({"nodeid": "tests/platform/test_x.py::test_z"}, "is no check of this part", id="of another part"),
        pytest.param({"nodeid": "tests/platform/test_x.py::test_y"}, "two parts tell of the same check", id="twice"),
    ],
)  # fmt: skip
def test_check_that_contradicts_its_part_is_an_error(tmp_path: Path, change: dict[str, Any], line: str) -> None:
    documents = whole()
    documents["image"]["checks"][0] |= change
    verdict = merge.together(documents, root=checkout(tmp_path, whole()), now=NOW)
    assert verdict.exit_code in {ExitCode.SUITE_ERROR, ExitCode.PRODUCT_FAILURE}
    assert any(line in one for one in verdict.broken), verdict.broken


def test_further_problem_of_a_check_counts(tmp_path: Path) -> None:
    documents = whole()
    more = {"outcome": "failed", "first_line": "left behind", "because": "", "waived": {"IMG-1": "no"}}
    documents["image"]["checks"][0] |= {"outcome": "blocked", "first_line": "down", "more": [more]}
    assert merge.together(documents, root=checkout(tmp_path, whole()), now=NOW).exit_code == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda document: document.update(started="2030-01-01T00:00:00"), id="time without a zone"),
        pytest.param(lambda document: document.update(started=1), id="no time"),
        pytest.param(lambda document: document.update(suite="x"), id="no suite"),
        pytest.param(lambda document: document["checks"][0].update(outcome="partial"), id="partial check"),
        pytest.param(lambda document: document["checks"][0].update(outcome="green"), id="no outcome"),
        pytest.param(lambda document: document["checks"][0].pop("waived"), id="key of a check"),
        pytest.param(lambda document: document.update(checks=[1]), id="no check"),
    ],
)
def test_malformed_part_is_refused(tmp_path: Path, change: Callable[[Document], object]) -> None:
    documents = whole()
    change(documents["image"])
    with pytest.raises(UsageError, match=r"a part's verdict is malformed .*: run the parts again: nox"):
        merge.together(documents, root=checkout(tmp_path, whole()), now=NOW)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, r"live has given no verdict", id="none"),
        pytest.param("{", r"cannot be read \(.*\)", id="no JSON"),
        pytest.param("[]", "is of another version of this suite", id="no document"),
        pytest.param('{"schema": 1}', "is of another version of this suite", id="another version"),
        pytest.param('{"schema": 2}', "lacks part, run, suite, started, .*", id="no keys"),
    ],
)
def test_part_without_a_verdict_is_named(content: str | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "verdict-live.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"^verdict-live.json: {problem}: run: nox -s live$"):
        merge.read("live", path)


def test_document_of_a_part_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, written = tmp_path / "verdict-live.json", part("live", "IMG-1")
    path.write_text(json.dumps(written), encoding="utf-8")
    assert merge.read("live", path) == written


def test_documents_of_parts_that_hide_an_error_are_none(tmp_path: Path) -> None:
    failed = part("image", checks=[check("image", "IMG-1", outcome=Outcome.ERROR, line="no disk")])
    assert failed["exit_code"] == 2
    verdict = merge.together(whole() | {"image": failed}, root=checkout(tmp_path, whole()), now=NOW)
    assert verdict.exit_code is ExitCode.SUITE_ERROR


# ---- the state of the checkout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with one commit."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("x\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text(".build/\nsecret.py\n__pycache__/\n", encoding="utf-8")
    git = ("git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run([*git, *command], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "dirty"),
    [
        pytest.param(".build/x.json", False, id="ignored"),
        pytest.param("tests/__pycache__/x.pyc", False, id="compiled"),
        pytest.param("tests/test_x.py", True, id="edited"),
        pytest.param("conftest.py", True, id="new"),
        pytest.param("tests/secret.py", True, id="ignored code"),
    ],
)
def test_state_of_a_checkout_has_all_of_its_code(repository: Path, name: str, *, dirty: bool) -> None:
    commit, clean = binding.suite_state(repository)
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("y\n", encoding="utf-8")
    state = binding.suite_state(repository)
    assert (len(commit), clean, state[0]) == (40, "", commit)
    assert (state[1] != "") is dirty
    (repository / name).write_text("z\n", encoding="utf-8")
    assert (binding.suite_state(repository)[1] != state[1]) is dirty


def test_state_is_of_this_checkout_and_not_of_one_that_git_names(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = binding.suite_state(repository)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert binding.suite_state(repository) == seen


def test_folder_that_is_no_checkout_has_no_commit(tmp_path: Path) -> None:
    assert binding.suite(tmp_path) == {"commit": "unknown", "dirty": False, "tree": ""}


def test_run_id_is_the_one_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(binding.RUN, raising=False)
    assert binding.run_id() != binding.run_id()
    monkeypatch.setenv(binding.RUN, "run-1")
    assert binding.run_id() == "run-1"


def test_file_of_a_part_says_what_binds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in binding.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(binding.RUN, "run-1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k jq")
    found = binding.facts(tmp_path, ("-x",))
    assert (found["run"], found["arguments"], found["environment"]) == ("run-1", ["-x"], {"PYTEST_ADDOPTS": "-k jq"})
    assert list(found["versions"]) == ["python", *binding.PACKAGES]


def test_state_of_an_edited_checkout_is_dirty(repository: Path) -> None:
    assert binding.suite(repository)["dirty"] is False
    (repository / "tests" / "test_x.py").unlink()
    found = binding.suite(repository)
    assert (found["dirty"], len(found["tree"])) == (True, 64)


def test_link_to_nowhere_is_part_of_the_state(repository: Path) -> None:
    (repository / "tests" / "link").symlink_to("nowhere")
    assert binding.suite(repository)["dirty"] is True


def test_machine_without_git_has_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert binding.suite_state(repository) == ("unknown", "")
