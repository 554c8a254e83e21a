"""Assertions that no failure gets out of: a check with no other one is refused."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import PASSING, Run, text

MUST = "def must():\n    assert 0\n"


def source(body: str) -> str:
    """A check with some lines as its body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"import contextlib\n{MUST}@requirement('IMG-1')\ndef test_it():\n{lines}"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("try:\n    assert 0\nexcept AssertionError:\n    pass", id="caught"),
        pytest.param("try:\n    assert 0\nexcept (OSError, Exception) as error:\n    print(error)", id="caught too"),
        pytest.param("try:\n    assert 0\nexcept:\n    return", id="caught with all"),
        pytest.param("try:\n    must()\nexcept BaseException:\n    pass", id="helper"),
        pytest.param("with contextlib.suppress(AssertionError):\n    assert 0", id="suppressed"),
        pytest.param("try:\n    assert 0\nfinally:\n    return", id="left at last"),
        pytest.param("def inner():\n    assert 0", id="in a function that is not called"),
        pytest.param("return\nassert 0", id="after a return"),
        pytest.param("if print():\n    return\n    must()", id="after a return in a branch"),
    ],
)
def test_assertion_whose_failure_stays_inside_is_none(run: Run, body: str) -> None:
    result = run(PASSING + source(body), "-k", "jq")
    assert result.ret == ExitCode.USAGE
    assert "::test_it: has no assertion, so it cannot fail: assert what the product must do" in text(result)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("try:\n    assert 1\nexcept AssertionError:\n    raise", id="raised again"),
        pytest.param("try:\n    print()\nexcept OSError:\n    pass\nassert 1", id="after it"),
        pytest.param("try:\n    assert 1\nexcept ValueError:\n    pass", id="another error"),
        pytest.param("try:\n    print()\nexcept Exception as error:\n    assert error is None", id="in the handler"),
        pytest.param("try:\n    print()\nfinally:\n    assert 1", id="at last"),
        pytest.param("def inner():\n    assert 1\ninner()", id="in a function that is called"),
        pytest.param("with contextlib.suppress(OSError):\n    assert 1", id="another one suppressed"),
    ],
)
def test_assertion_whose_failure_gets_out_counts(run: Run, body: str) -> None:
    assert run(PASSING + source(body)).ret == ExitCode.VERIFIED


def test_assertion_of_a_tuple_is_an_error(run: Run) -> None:
    result = run(PASSING + source("assert (0, 'jq is missing')"))
    assert result.ret == ExitCode.SUITE_ERROR
    assert "assertion is always true" in text(result)
