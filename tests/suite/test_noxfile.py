"""The sessions that the README names are there, and say what they do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn

import pytest

import noxfile
from fixtures.paths import ROOT

NAMED = (
    "build",
    "inventory",
    "image",
    "rebuild",
    "selftest",
    "mutation",
    "sabotage",
    "matrix",
    "lint",
    "bench",
    "lock",
    "clean",
    "cluster",
    "live",
    "verdict",
    "platform",
    "smoke",
    "promote",
    "attest",
    "preflight",
    "report",
    "twin",
    "publish",
    "gate",
)


@cache
def sessions() -> dict[str, str]:
    """The sessions of the noxfile and what each says it does, as nox lists them."""
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--noxfile", str(ROOT / "noxfile.py")],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "NOX_SCRIPT_MODE": "none"},
    )  # fmt: skip
    return dict(re.findall(r"^[*-] (\w+) -> (.+)$", done.stdout, re.MULTILINE))


class FakeSession:
    """A session of nox that keeps its commands instead of running them."""

    def __init__(self, *posargs: str) -> None:
        self.posargs = list(posargs)
        self.commands: list[tuple[str, ...]] = []
        self.installed: list[tuple[str, ...]] = []

    def install(self, *arguments: str) -> None:
        self.installed.append(arguments)

    def run(self, *command: str, env: Mapping[str, str] = MappingProxyType({}), **_options: object) -> None:
        self.commands.append((*(f"{name}={value}" for name, value in env.items()), *command))

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def commands_of(session: Any, *posargs: str) -> list[tuple[str, ...]]:
    fake = FakeSession(*posargs)
    session(fake)
    return fake.commands


@pytest.mark.parametrize("name", NAMED)
def test_session_is_there_and_says_what_it_does(name: str) -> None:
    assert sessions()[name].endswith(".")


def test_readme_names_only_sessions_that_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    mentioned = set(re.findall(r"nox -s (\w+)", text))
    assert mentioned, "README names no session: it must say how to run the parts"
    assert mentioned <= set(sessions()), f"README names {mentioned - set(sessions())}, which the noxfile lacks"


def test_pytest_ini_is_the_only_pytest_configuration() -> None:
    assert "pytest" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]


def test_pytest_ini_is_strict() -> None:
    parser = ConfigParser()
    parser.read(ROOT / "pytest.ini")
    assert parser.getboolean("pytest", "strict"), "pytest.ini: not strict, so unknown marks pass: set strict = true"


def test_nox_brings_uv_along() -> None:
    head = (ROOT / "noxfile.py").read_text(encoding="utf-8").split('"""')[0]
    assert '# dependencies = ["nox[uv]' in head, (
        "noxfile.py: its script block does not name nox[uv], so `pipx run nox` finds no uv: add the block at its head"
    )


@pytest.mark.parametrize(
    "session", [noxfile.build, noxfile.image, noxfile.live, noxfile.verdict, noxfile.selftest, noxfile.lint]
)
def test_environment_of_a_session_is_the_locked_one_with_its_hashes_checked(session: Any) -> None:
    fake = FakeSession()
    session(fake)
    ((*options, lock),) = fake.installed
    assert lock == noxfile.LOCK
    assert {"--require-hashes", "--no-deps", "-r"} <= set(options)


def test_lint_runs_all_linters() -> None:
    expected = [command for commands in noxfile.LINTERS.values() for command in commands]
    assert commands_of(noxfile.lint) == expected


def test_lint_runs_the_linter_that_is_named() -> None:
    assert commands_of(noxfile.lint, "mypy") == [("mypy",)]


def test_unknown_linter_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown linter 'flake8': name some of ruff, mypy, "):
        commands_of(noxfile.lint, "flake8")


def test_coverage_has_a_floor_for_all_self_tests() -> None:
    report = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]["report"]
    (command,) = commands_of(noxfile.selftest)
    assert report["fail_under"] > 0
    assert "--cov" in command
    assert not [word for word in command if word.startswith("--cov-fail-under")]


def test_coverage_has_no_floor_for_some_self_tests() -> None:
    (command,) = commands_of(noxfile.selftest, "-k", "word")
    assert "--cov-fail-under=0" in command
    assert command[-2:] == ("-k", "word")


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        ((), ["fixtures.twin", "fixtures.verdict image", "fixtures.verdict deployment"]),
        (("image", "build", "--no-cache"), ["fixtures.twin --no-cache", "fixtures.verdict image"]),
        (("deployment", "--starts=2"), ["fixtures.verdict deployment --starts=2"]),
    ],
)
def test_twin_runs_its_steps_in_order_apart_from_the_checkout_s_own_build(
    words: tuple[str, ...], modules: list[str]
) -> None:
    commands = commands_of(noxfile.twin, *words)
    said = [" ".join(word for word in command[3:] if word not in noxfile.SIDE_BY_SIDE) for command in commands]
    assert said == modules
    assert {command[:3] for command in commands} == {("CONFORMANCE_BUILD=.build/twin", "python", "-m")}


@pytest.mark.parametrize(
    ("whole", "words"),
    [([], ()), (["verdict"], ("--run", "mine")), (["image", "live"], ("--run", "mine"))],
    ids=["alone", "in a pipeline", "after parts"],
)
def test_verdict_is_on_this_run_where_others_of_it_are_known(
    monkeypatch: pytest.MonkeyPatch, whole: list[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(noxfile, "whole", whole)
    monkeypatch.setenv("CONFORMANCE_RUN_ID", "mine")
    assert commands_of(noxfile.verdict, "--table") == [("python", "-m", "fixtures", "verdict", *words, "--table")]


def test_parts_of_a_call_are_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noxfile, "whole", [])
    for session in (noxfile.build, noxfile.image, noxfile.rebuild, noxfile.live):
        commands_of(session)
    assert noxfile.whole == ["image", "rebuild", "live"]


@pytest.mark.parametrize(("given", "told"), [({}, []), ({"CONFORMANCE_RUN_ID": "mine"}, ["verdict"])])
def test_id_of_a_pipeline_is_told_from_one_that_nox_makes(given: dict[str, str], told: list[str]) -> None:
    others = {name: text for name, text in os.environ.items() if name != "CONFORMANCE_RUN_ID"}
    code = "import noxfile; print(noxfile.whole)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=others | given
    )
    assert done.stdout == f"{told}\n"
