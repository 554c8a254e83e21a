"""Mutants of the verdict's package: which modules, their score, and what is told of those that survive."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from fixtures import mutation
from fixtures.errors import ExitCode, SuiteError, UsageError
from fixtures.mutation import PACKAGE, Score
from fixtures.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"]
CODE = "def is_adult(age):\n    return age >= 18\n"
WEAK = "from code import is_adult\n\ndef test_it():\n    assert is_adult(30)\n    assert not is_adult(3)\n"


def scored(folder: Path, tests: str) -> Score:
    """The score of a module of one line by its tests."""
    (folder / "copy").mkdir()
    (folder / "copy" / "ages.py").write_text(CODE, encoding="utf-8")
    (folder / "copy" / "test_ages.py").write_text(tests.replace("code", "ages"), encoding="utf-8")
    settings = SETTINGS | {
        "options": ["-xq", "-p", "no:cacheprovider"],
        "file": "test_{}.py",
        "tests": {"ages": ["ages"]},
    }
    return mutation.score(folder / "copy", "ages.py", settings, None, 0)


def test_survivor_is_told_by_its_difference(tmp_path: Path) -> None:
    found = scored(tmp_path, WEAK)
    assert found.mutants > found.killed > 0
    assert "ages.py:2\n-    return age >= 18\n+    return age > 18" in found.survivors
    assert (tmp_path / "copy" / "ages.py").read_text(encoding="utf-8") == CODE


def test_tests_that_fail_without_a_mutant_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"^ages.py: its tests fail without any mutant: run in .*"):
        scored(tmp_path, WEAK.replace("30", "3"))


@pytest.mark.parametrize(("survivors", "enough"), [(0, True), (1, True), (2, False)])
def test_score_needs_its_floor_over_all_modules(survivors: int, *, enough: bool) -> None:
    lines, passed = mutation.report([Score("a.py", 4, ()), Score("b.py", 6, ("b.py:1\n-a\n+b",) * survivors)], 90)
    assert passed is enough
    assert f"all          10      {10 - survivors:2}  {100 - 10 * survivors:5.1f}" in lines
    assert lines.count("+b") == survivors
    assert lines[-1].startswith("error: fewer than 90 % of the mutants are killed") is not enough


def test_score_of_no_mutant_is_none() -> None:
    assert mutation.report([], 90)[1] is False


def test_modules_are_those_of_the_package_or_some_of_them() -> None:
    module = str(PACKAGE / "merge.py")
    assert module in mutation.named([])
    assert str(PACKAGE / "__init__.py") not in mutation.named([])
    assert mutation.named([module]) == [module]
    with pytest.raises(UsageError, match=r"^x.py: is no module of fixtures/verdict: name some of "):
        mutation.named(["x.py"])


def test_unknown_module_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.main(["x.py"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error: x.py: is no module")


def test_copy_has_new_files_and_no_ignored_ones(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    for name, text in {".gitignore": "ignored\n", "new": "x", "ignored": "x", "../copy/older": "x"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert sorted(path.name for path in mutation.copied(root, tmp_path / "copy").iterdir()) == [".gitignore", "new"]


def test_tests_of_each_module_are_there() -> None:
    modules = {Path(module).stem for module in mutation.named([])}
    assert set(SETTINGS["tests"]) - {"others"} <= modules
    files = {SETTINGS["file"].format(name) for names in SETTINGS["tests"].values() for name in names}
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []
