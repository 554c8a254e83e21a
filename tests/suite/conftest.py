"""Fixtures for all tests of the suite itself."""

from __future__ import annotations

import builtins
import io
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  # its plugin asks for it in each run of pytest: without, a run inside a test reads it anew
import pytest

from fixtures import inventory as inventories
from fixtures import paths, redaction
from fixtures.verdict.evidence import Blocked, NotApplicable
from tests.suite.small_inventory import SMALL

Relocate = Callable[[str, Path], None]


@pytest.fixture(autouse=True)
def small_inventory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lets a test use the small inventory, and fails it where it opens the product's, as tests/suite/shipped may."""
    inventories.use(SMALL)
    guarded = str(inventories.DEFAULT_INVENTORY)
    opened = io.open

    # No audit hook: each call of one may let another thread run, and a thread that begins just then cannot be traced.
    def opens(file: Any, *rest: Any, **more: Any) -> Any:
        assert str(file) != guarded, (
            "a self-test reads the product's tools.toml: let it use the small one, or move it to shipped/"
        )
        return opened(file, *rest, **more)

    monkeypatch.setattr(io, "open", opens)
    monkeypatch.setattr(builtins, "open", opens)
    yield SMALL
    inventories.use(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a self-test in which a check's block, or "not applicable", gets out: to pytest both are a skip."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, (Blocked, NotApplicable)):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {call.excinfo.value}: expect it by `with pytest.raises`"
    return report


@pytest.fixture(autouse=True)
def no_secret_of_another_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forgets the secrets that a test keeps: a small suite runs in this process, and its words would be masked."""
    monkeypatch.setattr(redaction, "_known", {})
    redaction._all_forms.cache_clear()
    yield
    redaction._all_forms.cache_clear()


@pytest.fixture
def relocate(monkeypatch: pytest.MonkeyPatch) -> Relocate:
    """Moves a folder of `fixtures.paths`, given by its name there, for one test.

    What was moved is the folder and all that lies below it, in every module that has imported it or made a path of it.
    """

    def move(name: str, place: Path) -> None:
        folder: Path = getattr(paths, name)
        modules = [module for path, module in sys.modules.items() if path.partition(".")[0] == "fixtures"]
        for module in modules:
            for attribute, value in list(vars(module).items()):
                if isinstance(value, Path) and value.is_relative_to(folder):
                    monkeypatch.setattr(module, attribute, place / value.relative_to(folder))

    return move
