"""The sessions that the README names are there, and say what they do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from functools import cache

import pytest

from fixtures.paths import ROOT

NAMED = (
    "build",
    "image",
    "rebuild",
    "selftest",
    "lint",
    "bench",
    "lock",
    "clean",
    "cluster",
    "live",
    "verdict",
    "platform",
)


@cache
def sessions() -> dict[str, str]:
    """The sessions of the noxfile and what each says it does, as nox lists them."""
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--noxfile", str(ROOT / "noxfile.py")],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "NOX_SCRIPT_MODE": "none"},
    )  # fmt: skip
    return dict(re.findall(r"^[*-] (\w+) -> (.+)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", NAMED)
def test_session_is_there_and_says_what_it_does(name: str) -> None:
    assert sessions()[name].endswith(".")


def test_readme_names_only_sessions_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    mentioned = set(re.findall(r"nox -s (\w+)", text))
    assert mentioned, "README names no session: it must say how to run the parts"
    assert mentioned <= set(sessions()), f"README names {mentioned - set(sessions())}, which the noxfile lacks"


def test_pytest_ini_is_the_only_pytest_configuration() -> None:
    assert "pytest" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
