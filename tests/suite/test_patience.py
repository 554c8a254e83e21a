"""Limits that end what hangs: that all of them are patient, and how they become impatient for a while."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.paths import ROOT
from fixtures.patience import USUAL, impatient, patient

WAITING = ("fixtures/browser", "fixtures/login", "fixtures/services", "fixtures/deployment", "tests/platform")
"""Where what may hang is the product, or what it works with."""
NO_END = frozenset({"ANSWER_SECONDS", "END_SECONDS"})
"""Limits of one try of several, and of what is cut off then without harm."""
PATIENT_METHODS = frozenset({"wait_for", "wait_for_exit", "must_exit"})
"""Methods of a `screen`, which pass their limit through `patient` themselves."""
LONG_SECONDS = 120.0
"""A limit of its own kind: several times what anything takes on any machine."""


def waits(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """Yield the line and the value of each time limit that a call is given by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not is_of_a_screen(node.func):
            for one in node.keywords:
                if one.arg is not None and one.arg.endswith("timeout"):
                    yield one.value.lineno, one.value


def is_of_a_screen(called: ast.expr) -> bool:
    """Tell whether a call is one of `screen.wait_for` and the like."""
    owner = called.value if isinstance(called, ast.Attribute) and called.attr in PATIENT_METHODS else None
    return isinstance(owner, ast.Name) and owner.id == "screen"


def is_patient(value: ast.expr) -> bool:
    """Tell whether a time limit passes through `patient`, or is handed on, or long."""
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, int | float) or value.value >= LONG_SECONDS
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(value)}
    return "patient" in names or not any(name.isupper() for name in names - NO_END)


def test_what_hangs_gets_more_time_than_on_a_quiet_machine() -> None:
    assert patient(10.0) == 10.0 * USUAL
    with impatient():
        assert patient(10.0) == 10.0
    assert patient(10.0) == 10.0 * USUAL


def test_patience_is_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), impatient():
        raise ValueError("x")
    assert patient(1.0) == USUAL


def test_each_limit_of_a_check_is_patient() -> None:
    files = [path for folder in WAITING for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [
        f"{path.relative_to(ROOT)}:{line}: pass the limit through `patient`"
        for path in files
        for line, value in waits(ast.parse(path.read_text(encoding="utf-8")))
        if not is_patient(value)
    ]
    assert len(files) > 100
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("limit", "good"),
    [("5", False), ("ANSWER_SECONDS * 1000", True), ("SECONDS", False), ("2 * model.SECONDS", False), ("300", True),
     ("None", True), ("seconds", True),
     ("patient(5)", True), ("patient(SECONDS) * 1000", True)],
)  # fmt: skip
def test_limit_that_is_not_patient_is_seen(limit: str, good: bool) -> None:  # noqa: FBT001
    ((_, value),) = waits(ast.parse(f"call(timeout={limit})"))
    assert is_patient(value) is good


def test_paths_of_the_guard_are_there() -> None:
    assert all(Path(ROOT, folder).is_dir() for folder in WAITING)
