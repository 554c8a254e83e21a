"""`.ci/part`: the exit code of a session is the job's, and what is under test gets no token."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fixtures.paths import ROOT

PIPX = """#!/bin/sh
echo "$* token:${GATE_TOKEN-} ${GITHUB_TOKEN-} ${GITEA_TOKEN-} run:$CONFORMANCE_RUN_ID" >>"$TOLD"
case "$*" in *publish*) exit 0 ;; esac
exit "$CODE"
"""
OF_FORGES = {"GATE_TOKEN": "t0", "GITHUB_TOKEN": "t1", "GITEA_TOKEN": "t2", "GITHUB_RUN_ID": "7"}


def part(folder: Path, code: int, *words: str, **other: str) -> tuple[int, list[str]]:
    """Run a part in a copy of the checkout whose sessions end with a code; return the script's own, and its calls."""
    (folder / ".ci").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / ".ci/part").write_bytes((ROOT / ".ci/part").read_bytes())
    (folder / "bin/pipx").write_text(PIPX, encoding="utf-8")
    (folder / "bin/pipx").chmod(0o755)
    variables = {
        name: text for name, text in os.environ.items() if not name.startswith(("GATE_", "GIT", "CONFORMANCE"))
    }
    variables |= OF_FORGES | {"PATH": f"{folder / 'bin'}:{variables['PATH']}", "CODE": str(code)} | other
    variables["TOLD"] = str(folder / "told")
    done = subprocess.run(["bash", str(folder / ".ci/part"), *words], env=variables, check=False, timeout=30)
    told = folder / "told"
    return done.returncode, told.read_text(encoding="utf-8").splitlines() if told.exists() else []


@pytest.mark.parametrize("code", [0, 1, 3])
def test_part_ends_as_its_session_does(tmp_path: Path, code: int) -> None:
    ended, (session, end) = part(tmp_path, code, "lint", "ruff")
    assert ended == code
    assert session == "run nox -s lint -- ruff token:   run:gate-7-1"
    assert end == f"run nox -s publish -- end lint {code} --selection  token:t0 t1 t2 run:gate-7-1"


def test_part_that_is_left_out_runs_nothing(tmp_path: Path) -> None:
    assert part(tmp_path, 1, "live", GATE_WITHOUT="live verdict") == (0, [])


def test_words_that_choose_self_tests_are_told_as_a_selection(tmp_path: Path) -> None:
    _, (session, end) = part(tmp_path, 0, "selftest", GATE_SELFTEST="-k gate")
    assert session.startswith("run nox -s selftest -- -k gate token:")
    assert end.startswith("run nox -s publish -- end selftest 0 --selection -k gate token:")
