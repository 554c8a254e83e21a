"""Debian packages are installed once, by one process at a time; a user without the right gets the command."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fixtures.browser import chromium
from fixtures.errors import SuiteError
from fixtures.host import packages

APT_GET = """#!/bin/sh
echo "$1" >>"{folder}/log"
[ "$1" = update ] || {{ {install}; }}
"""
PUT = "sleep 0.2; ln -s /bin/true {folder}/program"


@pytest.fixture
def apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, with an apt-get that installs `program` there."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    write(tmp_path, PUT)
    return tmp_path


def write(folder: Path, install: str) -> None:
    """Write an apt-get that installs by a shell command."""
    (folder / "apt-get").write_text(APT_GET.format(folder=folder, install=install.format(folder=folder)))
    (folder / "apt-get").chmod(0o755)


def test_two_who_want_the_same_install_it_once(apt_get: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(packages.install, ["program"], ["package"], SuiteError) for _ in range(2)]:
            done.result(timeout=20)
    assert (apt_get / "log").read_text(encoding="utf-8").split() == ["update", "install"]


@pytest.mark.parametrize(
    ("install", "complaint"),
    [
        pytest.param(
            "echo 'E: no such package' >&2; exit 100",
            r"^`apt-get install .* package` failed \(100\): E: no such ",
            id="apt-get fails",
        ),
        pytest.param(
            "true",
            "^apt-get installed package, and program is not on PATH: add its folder to PATH$",
            id="not on the path",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(apt_get: Path, install: str, complaint: str) -> None:
    write(apt_get, install)
    with pytest.raises(SuiteError, match=complaint):
        packages.install(["program"], ["package"], SuiteError)


def test_browser_that_was_just_installed_is_named_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(
        "fixtures.browser.chromium.install", lambda programs, *_: (tmp_path / programs[0]).touch(mode=0o755)
    )
    assert chromium.ensure() == str(tmp_path / "chromium")


def test_user_without_the_right_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SuiteError, match=r"^program not found on PATH: run: sudo apt-get update && sudo apt-get inst"):
        packages.install(["program"], ["package"], SuiteError)
