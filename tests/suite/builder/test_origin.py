"""The version and the time of a checkout, as the image's labels tell them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fixtures.builder import origin
from fixtures.errors import UsageError

NOON = 1_767_355_200  # 2026-01-02T12:00:00Z
YEAR_10000 = 253_402_300_800  # its first second


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with a fixed clock and nobody's settings."""
    names = {"GIT_AUTHOR_NAME": "a", "GIT_COMMITTER_NAME": "a", "EMAIL": "a@example.com", "HOME": str(folder)}
    dates = {"GIT_AUTHOR_DATE": f"{NOON - 60} +0000", "GIT_COMMITTER_DATE": f"{NOON} +0200"}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True, env={**os.environ, **names, **dates}, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def commit(tmp_path: Path) -> str:
    """The one commit of a checkout of version 1.2.3."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        git(tmp_path, *command)
    return git(tmp_path, "rev-parse", "HEAD")


def test_version_names_the_commit_and_edits(tmp_path: Path, commit: str) -> None:
    assert origin.version(commit, tmp_path) == f"1.2.3+g{commit[:12]}"
    assert origin.version(f"{commit}-dirty", tmp_path) == f"1.2.3+g{commit[:12]}.dirty"
    assert origin.version("unknown", tmp_path) == "unknown"


def test_tagged_commit_is_the_release_itself(tmp_path: Path, commit: str) -> None:
    git(tmp_path, "tag", "v1.2.2")
    assert "+" in origin.version(commit, tmp_path)
    git(tmp_path, "tag", "v1.2.3")
    assert origin.version(commit, tmp_path) == "1.2.3"
    assert "+" in origin.version(f"{commit}-dirty", tmp_path)


@pytest.mark.usefixtures("commit")
def test_time_is_the_commit_s_in_utc_and_the_same_each_time(tmp_path: Path) -> None:
    assert origin.created(tmp_path, {}) == "2026-01-02T12:00:00Z"
    assert origin.created(tmp_path, {"SOURCE_DATE_EPOCH": ""}) == "2026-01-02T12:00:00Z"


@pytest.mark.usefixtures("commit")
def test_source_date_epoch_comes_first(tmp_path: Path) -> None:
    assert origin.created(tmp_path, {"SOURCE_DATE_EPOCH": "86400"}) == "1970-01-02T00:00:00Z"


def test_last_second_of_the_year_9999_is_a_time(tmp_path: Path) -> None:
    assert origin.created(tmp_path, {"SOURCE_DATE_EPOCH": str(YEAR_10000 - 1)}) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", "²", "9" * 20, str(YEAR_10000)])
def test_source_date_epoch_that_is_no_time_is_refused(tmp_path: Path, value: str) -> None:
    said = "is .*: no number of seconds since 1970: correct it, or unset SOURCE_DATE_EPOCH$"
    with pytest.raises(UsageError, match=said):
        origin.created(tmp_path, {"SOURCE_DATE_EPOCH": value})


def test_time_is_unknown_outside_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert origin.created(tmp_path, {}) == "unknown"
    monkeypatch.setenv("PATH", "")
    assert origin.created(tmp_path, {}) == "unknown"
