"""What nox ends with when its sessions' programs end with some codes: never 0 while a part is incomplete and untold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nox.command import CommandFailed

import noxfile
from fixtures.paths import ROOT

PROGRAM = """#!/bin/sh
for word in "$@"; do
    case $word in build | image | rebuild | live | verdict) break ;; esac
done
eval "exit \\${CODE_$word:-0}"
"""
"""Stands for the Python of a session: it ends with `CODE_image` and so on."""
OWN_PYTHON = ("--force-venv-backend=none", "--no-install")


def nox(folder: Path, *arguments: str, **variables: str) -> int:
    """The exit code of this checkout's nox, in a folder with a fake Python."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(PROGRAM, encoding="utf-8")
    (folder / "bin" / "python").chmod(0o755)
    shutil.copy(ROOT / "noxfile.py", folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NOX", "CI"))}
    paths = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**clean, "NOX_SCRIPT_MODE": "none", "PATH": paths, **variables}
    command = [sys.executable, "-m", "nox", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-s", "image"], id="alone"),
        pytest.param(["-rs", "image"], id="letters together"),
        pytest.param(["-s", "image", "--", "-k", "verdict"], id="word of pytest"),
        pytest.param(["-s", "verdict", "image"], id="verdict before it"),
    ],
)
def test_incomplete_part_without_a_verdict_of_all_is_incomplete(tmp_path: Path, words: list[str]) -> None:
    assert nox(tmp_path, *OWN_PYTHON, *words, CODE_image="3") == 3


def test_incomplete_part_that_a_variable_chose_is_incomplete(tmp_path: Path) -> None:
    assert nox(tmp_path, *OWN_PYTHON, NOXSESSION="image,rebuild", CODE_image="3") == 3


@pytest.mark.parametrize("code", [0, 4])
def test_verdict_of_all_parts_has_the_last_word(tmp_path: Path, code: int) -> None:
    assert nox(tmp_path, *OWN_PYTHON, CODE_image="3", CODE_verdict=str(code)) == code


@pytest.mark.parametrize(
    ("image", "rebuild", "worst"), [(2, 1, 1), (1, 2, 1), (4, 2, 2), (3, 4, 4), (4, 1, 1), (139, 0, 2), (0, 3, 3)]
)
def test_worst_of_several_parts_decides(tmp_path: Path, image: int, rebuild: int, worst: int) -> None:
    codes = {"CODE_image": str(image), "CODE_rebuild": str(rebuild)}
    assert nox(tmp_path, *OWN_PYTHON, "--no-stop-on-first-error", "-s", "image", "rebuild", **codes) == worst


def test_skipped_session_is_no_pass(tmp_path: Path) -> None:
    assert nox(tmp_path, "--force-venv-backend=venv", "-s", "verdict", NOXFORCEPYTHON="3.99") != 0


class Offline:
    """A session of nox that cannot install anything."""

    def install(self, *_arguments: str) -> None:
        raise CommandFailed("no network")


def test_environment_that_cannot_be_installed_is_no_product_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noxfile, "ended", [])
    session: Any = Offline()
    with pytest.raises(CommandFailed):
        noxfile.install(session)
    assert noxfile.ended == [2]


def gate(folder: Path, session: str = "none of them", code: int = 0) -> tuple[int, list[str]]:
    """The exit code of .ci/run, and which sessions it ran, where one of them ends with a code."""
    (folder / "other" / ".ci").mkdir(parents=True)
    (folder / "here" / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", folder / "here" / ".ci")
    pipx = f'#!/bin/sh\necho "$PWD $* $NOXSESSION $PYTEST_ADDOPTS"\n[ "$*" != "run {session}" ] || exit {code}\n'
    (folder / "pipx").write_text(pipx, encoding="utf-8")
    (folder / "pipx").chmod(0o755)
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "CDPATH": str(folder / "other")}
    env |= {"NOXSESSION": "lint", "PYTEST_ADDOPTS": "--collect-only"}
    command = ["bash", ".ci/run"]
    done = subprocess.run(command, cwd=folder / "here", env=env, capture_output=True, text=True, check=False)
    return done.returncode, [line.strip() for line in done.stdout.splitlines()]


def test_gate_is_about_its_own_checkout_whatever_the_shell_is_set_to(tmp_path: Path) -> None:
    code, ran = gate(tmp_path)
    here = tmp_path / "here"
    assert code == 0
    assert ran == [
        f"{here} run nox -s lint", f"{here} run nox -s selftest", f"{here} run nox",
        f"{here} run nox -s sabotage -- --sample 40 --seed 0",
    ]  # fmt: skip


@pytest.mark.parametrize(("session", "number"), [("nox -s lint", 1), ("nox -s selftest", 2), ("nox", 3)])
def test_gate_ends_with_what_its_first_failed_session_did(tmp_path: Path, session: str, number: int) -> None:
    code, ran = gate(tmp_path, session, 3)
    assert (code, len(ran)) == (3, number)
    assert ran[-1].endswith(f"here run {session}")
