"""Fixtures of the suite's plugins: one that two of them define would silently be that of the later one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from fixtures.paths import ROOT


def names_in(path: Path) -> list[str]:
    """Return the names of the fixtures that a module defines."""
    found = [one for one in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(one, ast.FunctionDef)]
    return [one.name for one in found if any("pytest.fixture" in ast.unparse(each) for each in one.decorator_list)]


def test_no_fixture_is_defined_twice() -> None:
    tree = ast.parse((ROOT / "conftest.py").read_text(encoding="utf-8"))
    plugins = next(ast.literal_eval(one.value) for one in tree.body if isinstance(one, ast.Assign))
    counted = Counter(name for one in plugins if "." in one for name in names_in(ROOT / f"{one.replace('.', '/')}.py"))
    assert counted["services"] == 1
    twice = [name for name, count in counted.items() if count > 1]
    assert not twice, f"{', '.join(twice)}: two plugins define it, and the later one counts: rename one of them"
