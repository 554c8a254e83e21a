"""What a command did is compared with what its check expects, word for word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from testinfra.backend.base import BaseBackend, CommandResult

from fixtures.image.cases import last_words, mismatches, slug
from fixtures.inventory import Check


def differences(status: int, out: str = "", err: str = "", **expected: Any) -> list[str]:
    """What is told of a command that a check ran."""
    check = Check.model_construct(**{"title": "works", "level": "runs", "run": "x", **expected})
    backend = cast("BaseBackend", SimpleNamespace(decode=bytes.decode))
    return mismatches(check, CommandResult(backend, status, b"x", out.encode(), err.encode()))


@pytest.mark.parametrize(("status", "expected"), [(1, 0), (0, 2), (1, 2), (-9, 1)])
def test_another_exit_status_than_the_expected_one_is_told(status: int, expected: int) -> None:
    said = f"exit {status} instead of {expected}: the cause"
    assert differences(status, "more\n", "a\nthe cause\n", exit=expected) == [said]
    assert differences(status, "the cause\n", exit=expected) == [said]


@pytest.mark.parametrize("status", [0, 2])
def test_command_that_does_as_expected_differs_in_nothing(status: int) -> None:
    assert differences(status, "one\ntwo\n", "warning\n", exit=status, stdout="^two$", stderr="^warn") == []


def test_each_output_has_its_own_pattern() -> None:
    assert differences(0, "warning\n", "two\n", stdout="^two$", stderr="^warning$") == [
        "stdout 'warning' lacks '^two$'",
        "stderr 'two' lacks '^warning$'",
    ]


def test_last_words_are_one_short_line() -> None:
    assert last_words("one\ntwo\n \n") == "two"
    assert last_words("x" * 300) == "x" * 200
    assert last_words("\n") == "nothing"


def test_title_becomes_the_end_of_an_id() -> None:
    assert slug("Runs: a recipe (of two)") == "runs-a-recipe-of-two"
