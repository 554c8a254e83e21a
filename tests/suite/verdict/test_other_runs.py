"""A verdict is of its own run and its own checkout, whatever others do meanwhile."""

from __future__ import annotations

import errno
import io
import json
import subprocess
from pathlib import Path

import pytest

from fixtures import __main__ as command_line
from fixtures.errors import ExitCode, SuiteError
from fixtures.host.lock import owned
from fixtures.verdict import binding, merge
from fixtures.verdict.supervisor import run_part, settle
from tests.suite.verdict.parts_of_a_run import NOW, SUITE, checkout, whole


class Full(io.StringIO):
    """A stream to a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


TOUCHED = "tests/test_x.py"


@pytest.fixture
def git(tmp_path: Path) -> list[str]:
    """The start of a command of git in a checkout with one commit, at `tmp_path / "checkout"`."""
    root = tmp_path / "checkout"
    (root / "tests").mkdir(parents=True)
    (root / TOUCHED).write_text("x\n", encoding="utf-8")
    command = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@x"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*command, *words], check=True)
    return command


@pytest.mark.parametrize("told", ["--skip-worktree", "--assume-unchanged"])
def test_edits_that_git_is_told_to_overlook_count(git: list[str], tmp_path: Path, told: str) -> None:
    subprocess.run([*git, "update-index", told, TOUCHED], check=True)
    (tmp_path / "checkout" / TOUCHED).write_text("y\n", encoding="utf-8")
    assert binding.suite(tmp_path / "checkout")["dirty"]


def test_edit_that_is_staged_counts(git: list[str], tmp_path: Path) -> None:
    (tmp_path / "checkout" / TOUCHED).write_text("y\n", encoding="utf-8")
    subprocess.run([*git, "add", TOUCHED], check=True)
    assert binding.suite(tmp_path / "checkout")["dirty"]


@pytest.mark.parametrize("name", ["conftest.py", "pytest.ini", "pyproject.toml", "tests/x", "fixtures/x", "docker/x"])
def test_file_that_git_ignores_counts_where_code_stands(git: list[str], tmp_path: Path, name: str) -> None:
    root = tmp_path / "checkout"
    subprocess.run([*git, "config", "core.excludesFile", str(tmp_path / "ignored")], check=True)
    (tmp_path / "ignored").write_text("*\n", encoding="utf-8")
    (root / "notes").touch()
    assert not binding.suite(root)["dirty"]
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).touch()
    assert binding.suite(root)["dirty"]


def test_checkout_that_git_cannot_compare_has_no_commit(git: list[str], tmp_path: Path) -> None:
    subprocess.run([*git, "status"], check=True, capture_output=True)
    (tmp_path / "checkout" / ".git" / "index").write_text("no index", encoding="utf-8")
    assert binding.suite_state(tmp_path / "checkout")[0] == binding.UNKNOWN


def test_files_that_stand_elsewhere_have_no_commit(git: list[str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    subprocess.run([*git, "config", "core.worktree", str(tmp_path / "other")], check=True)
    assert binding.suite_state(tmp_path / "checkout")[0] == binding.UNKNOWN
    (tmp_path / "checkout" / "copy").mkdir()
    assert binding.suite_state(tmp_path / "checkout" / "copy")[0] == binding.UNKNOWN


@pytest.mark.usefixtures("git")
def test_files_behind_a_link_count(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "checkout" / "tests" / "more").symlink_to(tmp_path / "other")
    before = binding.suite_state(tmp_path / "checkout")
    (tmp_path / "other" / "test_y.py").write_text("y\n", encoding="utf-8")
    assert binding.suite_state(tmp_path / "checkout") != before


def test_parts_are_judged_by_their_own_checkout(tmp_path: Path) -> None:
    root = checkout(tmp_path, whole())
    assert merge.together(whole(), root=root, now=NOW, state=SUITE).exit_code is ExitCode.VERIFIED
    verdict = merge.together(whole(), root=root, now=NOW, state=SUITE | {"dirty": True, "tree": "e" * 64})
    assert verdict.exit_code is ExitCode.SUITE_ERROR
    assert verdict.broken[0].startswith("image: is of another commit, or of other edits, than the checkout is now: ")


@pytest.mark.parametrize("key", ["verdict", "arguments"])
def test_part_that_lacks_what_the_whole_tells_is_wrong_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    monkeypatch.setattr(merge, "BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(merge, "WHOLE", tmp_path / "verdict.json")
    for name, document in whole().items():
        del document[key]
        merge.file_of(name).write_text(json.dumps(document), encoding="utf-8")
    assert command_line.main(["verdict"]) == ExitCode.USAGE
    assert f"verdict-image.json: lacks {key}: run: nox -s image" in capsys.readouterr().err


def test_whole_that_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "WHOLE", tmp_path)
    monkeypatch.setattr(merge, "read", lambda *_: {})
    assert command_line.main(["verdict"]) == ExitCode.SUITE_ERROR


def test_whole_stays_where_a_part_has_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "WHOLE", tmp_path / "verdict.json")
    monkeypatch.setattr(merge, "file_of", lambda part: tmp_path / f"{part}.json")
    merge.WHOLE.write_text("{}", encoding="utf-8")
    assert command_line.main(["verdict"]) == ExitCode.USAGE
    assert merge.WHOLE.read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize("change", [{"run": "other"}, {"part": "live"}])
def test_file_of_another_run_is_no_pass(tmp_path: Path, change: dict[str, str]) -> None:
    path = tmp_path / ".build" / "verdict-image.json"
    path.parent.mkdir()
    document = {"exit_code": 0, "broken": [], "run": "mine", "part": "image"}
    path.write_text(json.dumps(document | change), encoding="utf-8")
    assert settle("image", path, 0, "mine") == ExitCode.SUITE_ERROR
    assert json.loads(path.read_text(encoding="utf-8")) == document | change, "the other run's verdict stays"


def test_part_that_runs_already_is_refused(tmp_path: Path) -> None:
    with owned(tmp_path / ".build" / "verdict-image.lock"), pytest.raises(SuiteError, match="runs already in this"):
        run_part("image", [], root=tmp_path)


def test_error_that_nobody_reads_is_no_product_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Full())
    assert settle("image", tmp_path / "verdict-image.json", 0) == ExitCode.SUITE_ERROR
