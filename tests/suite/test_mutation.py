"""Mutants of the suite's own code: of which modules, their score, and what is told of those that survive."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from fixtures import mutation
from fixtures.errors import ExitCode, SuiteError
from fixtures.mutation import Score
from fixtures.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"]
CODE = "def is_adult(age):\n    return age >= 18\n"
MODULE = "fixtures/ages.py"
WEAK = "from fixtures.ages import is_adult\n\ndef test_it():\n    assert is_adult(30)\n    assert not is_adult(3)\n"


def scored(folder: Path, tests: str, code: str = CODE) -> Score:
    """The score of a module of one line by its tests."""
    module, file = folder / "copy" / MODULE, folder / "copy" / "tests" / "suite" / "test_ages.py"
    for path, text in ((module, code), (file, tests)):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    settings = SETTINGS | {"options": ["-xq", "-p", "no:cacheprovider"]}
    return mutation.score(folder / "copy", MODULE, settings, None, 0)


def test_survivor_is_told_by_its_difference(tmp_path: Path) -> None:
    found = scored(tmp_path, WEAK)
    assert found.mutants > found.killed > 0
    assert f"{MODULE}:2\n-    return age >= 18\n+    return age > 18" in found.survivors
    assert (tmp_path / "copy" / MODULE).read_text(encoding="utf-8") == CODE


def test_tests_that_fail_without_a_mutant_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=f"^{MODULE}: its tests fail without any mutant: run in .*"):
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


def test_modules_are_all_or_those_that_are_named() -> None:
    every, module = mutation.named([], SETTINGS["code"]), "fixtures/verdict/merge.py"
    assert {module, "fixtures/inventory.py"} < set(every)
    assert not [one for one in every if one.endswith("__init__.py")]
    assert mutation.named([module], SETTINGS["code"]) == [module]
    layers = [one for one in every if one.startswith("fixtures/layers/")]
    assert mutation.named(["fixtures/layers"], SETTINGS["code"]) == layers != []


def test_unknown_module_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.main(["x.py"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error: x.py: there are no mutants of it: name a module")


def test_copy_has_new_files_and_no_ignored_ones(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    for name, text in {".gitignore": "ignored\n", "new": "x", "ignored": "x", "../copy/older": "x"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert sorted(path.name for path in mutation.copied(root, tmp_path / "copy").iterdir()) == [".gitignore", "new"]


def test_tests_of_each_module_are_there() -> None:
    modules = mutation.named([], SETTINGS["code"])
    assert {f"fixtures/{name}.py" for name in SETTINGS["tests"]} <= {*modules}
    files = {module: mutation.files_of_tests(module, SETTINGS["tests"]) for module in modules}
    missing = [name for some in files.values() for name in some if not (ROOT / name).is_file()]
    assert not missing, f"{missing[0]} is missing: correct [tool.mutation.tests]"
    untested = [module for module, some in files.items() if not some]
    assert not untested, f"{untested[0]}: no self-test imports it: list some in [tool.mutation.tests]"


def test_own_tests_come_before_those_that_import_the_module(tmp_path: Path) -> None:
    for name, text in (("test_ages", ""), ("a/test_a", "from fixtures import ages, a\n"), ("test_b", "ages\n")):
        path = tmp_path / "tests" / "suite" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert mutation.files_of_tests(MODULE, {}, tmp_path) == ["tests/suite/test_ages.py", "tests/suite/a/test_a.py"]
    assert mutation.files_of_tests(MODULE, {"ages": ["b/c"]}, tmp_path) == ["tests/suite/b/test_c.py"]


def test_lines_of_which_nothing_depends_have_no_mutants(tmp_path: Path) -> None:
    assert scored(tmp_path, WEAK, f"WAIT_SECONDS = 5\n{CODE}").mutants == scored(tmp_path / "other", WEAK).mutants
