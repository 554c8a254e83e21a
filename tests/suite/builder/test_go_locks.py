"""A Go program has the modules of its lock, by their checksums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builder import go_locks
from fixtures.inventory import load
from fixtures.sbom.go_programs import GoProgram, Module

OWN, TEXT = Module("helm.sh/helm/v3", "v3.22.0", "h1:own="), Module("golang.org/x/text", "v0.14.0", "h1:text=")
SUM = """golang.org/x/text v0.14.0 h1:text=
golang.org/x/text v0.14.0/go.mod h1:mod=
helm.sh/helm/v3 v3.22.0 h1:own=
"""


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, relocate: Callable[[str, Path], None]) -> None:
    """The lock of helm."""
    relocate("IMAGE_DIRECTORY", tmp_path)
    (tmp_path / "go" / "helm").mkdir(parents=True)
    (tmp_path / "go" / "helm" / "go.sum").write_text(SUM, encoding="utf-8")


def unlocked(*modules: Module, main: Module | None = OWN) -> list[str]:
    return list(go_locks.unlocked(GoProgram("/usr/local/bin/helm", "go1.26", "x", main, modules), load().tool("helm")))


def test_program_of_its_lock_has_no_other_module() -> None:
    assert unlocked(TEXT) == []
    assert unlocked(TEXT, main=None) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        pytest.param(
            Module("golang.org/x/text", "v0.15.0", "h1:text="),
            "helm has golang.org/x/text v0.15.0, which is not in it",
            id="version",
        ),
        pytest.param(
            Module("golang.org/x/text", "v0.14.0", "h1:other="),
            "helm has golang.org/x/text v0.14.0 with the checksum h1:other=",
            id="checksum",
        ),
        pytest.param(
            Module("golang.org/x/text", "v0.14.0"),
            "helm has golang.org/x/text v0.14.0 with the checksum none",
            id="no-checksum",
        ),
        pytest.param(
            Module("example.com/x", "v1.0.0", "h1:x="), "helm has example.com/x v1.0.0, which is not in it", id="new"
        ),
    ],
)
def test_module_that_is_not_locked_is_told(module: Module, line: str) -> None:
    assert unlocked(module) == [line]
    assert unlocked(TEXT, main=module) == [line]


def test_program_without_modules_is_told() -> None:
    assert unlocked(main=None) == ["helm names no module"]
