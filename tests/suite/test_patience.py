"""Limits that end what hangs: that all of them are patient, and how they become impatient for a while."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from fixtures import patience
from fixtures.paths import ROOT
from fixtures.patience import impatient, patient
from fixtures.verdict import plugin

USUAL = 4.0
WAITING = (
    *(f"fixtures/{name}" for name in ("browser", "cluster", "deployment", "login", "registry", "services")),
    "tests/platform",
)
"""Where what may hang is the product, or what it works with."""
NO_END = frozenset({"ASK_SECONDS", "END_SECONDS", "GRACE_SECONDS"})
"""Limits of what is cut off then without harm, and what is added to a limit that is handed on."""
BY_PLACE = {"create_connection": 1, "settimeout": 0, "wait_until": 1}
"""Where in their arguments functions have a time limit."""
PATIENT_METHODS = frozenset({"wait_for", "wait_for_exit", "must_exit"})
"""Methods of a `screen`, which pass their limit through `patient` themselves."""
LONG_SECONDS = 120.0
"""A limit of its own kind: several times what anything takes on any machine."""


def waits(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """Yield the line and the value of each time limit that a call is given, by name or where the function has it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not is_of_a_screen(node.func):
            place = BY_PLACE.get(getattr(node.func, "id", getattr(node.func, "attr", "")), len(node.args))
            yield from ((one.lineno, one) for one in node.args[place : place + 1])
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
        return not isinstance(value.value, int | float) or value.value == 0 or value.value >= LONG_SECONDS
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(value)}
    return "patient" in names or not any(name.isupper() and not is_long(name) for name in names - NO_END)


@cache
def is_long(name: str) -> bool:
    """Tell whether a constant has a long limit, in whatever module it is."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "fixtures").rglob("*.py")]
    found = [float(one) for text in texts for one in re.findall(rf"^{name} = ([\d.]+)$", text, re.MULTILINE)]
    return bool(found) and min(found) >= LONG_SECONDS


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a run: where sabotage breaks the suite, its self-tests are impatient."""
    monkeypatch.setattr(patience, "USUAL", USUAL)
    monkeypatch.setattr(patience, "_times", USUAL)


def test_what_hangs_gets_more_time_than_on_a_quiet_machine() -> None:
    assert patient(10.0) == 10.0 * USUAL
    with impatient():
        assert patient(10.0) == 10.0
    assert patient(10.0) == 10.0 * USUAL


def test_patience_is_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), impatient():
        raise ValueError("x")
    assert patient(1.0) == USUAL


def test_interrupted_run_is_in_a_hurry_and_the_next_is_not() -> None:
    plugin.pytest_keyboard_interrupt()
    assert patient(1.0) == 1.0
    plugin.pytest_unconfigure()
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
    [("5", False), ("END_SECONDS * 1000", True), ("SECONDS", False), ("2 * model.SECONDS", False), ("300", True),
     ("0", True), ("None", True), ("seconds", True),
     ("patient(5)", True), ("patient(SECONDS) * 1000", True)],
)  # fmt: skip
def test_limit_that_is_not_patient_is_seen(limit: str, good: bool) -> None:  # noqa: FBT001
    ((_, named), (_, placed)) = waits(ast.parse(f"call(timeout={limit}); wait_until('x', {limit}, listed)"))
    assert is_patient(named) is is_patient(placed) is good


def test_paths_of_the_guard_are_there() -> None:
    assert all(Path(ROOT, folder).is_dir() for folder in WAITING)
