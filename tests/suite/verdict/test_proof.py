"""Proof that the function of a check was called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import SuiteError
from fixtures.verdict import proof


def function() -> None:
    """The function of a check."""


def item(*, trace: bool = False) -> Any:
    """A collected check."""
    options = {"trace": trace}
    hook = SimpleNamespace(pytest_pyfunc_call=SimpleNamespace(get_hookimpls=list))
    run = SimpleNamespace(getoption=options.get, hook=hook)
    return SimpleNamespace(nodeid="t.py::t", function=function, stash=pytest.Stash(), config=run)


def look_on(found: Any, error: BaseException | None = None, collected: Any = function) -> None:
    """Call a check, which ends with an error or without one."""
    calling = proof.called(found, collected)
    next(calling)
    if error is not None:
        calling.throw(error)
    with pytest.raises(StopIteration) as end:
        calling.send("result")
    assert end.value.value == "result"


def test_check_that_was_called_is_not_doubted() -> None:
    found = item()
    look_on(found)
    assert proof.doubt(found) == ""


def test_check_that_was_not_called_is_doubted() -> None:
    assert proof.doubt(item()).startswith("its function was not called: ")


def test_error_that_did_not_get_to_the_report_is_doubted() -> None:
    found = item()
    with pytest.raises(KeyboardInterrupt):
        look_on(found, KeyboardInterrupt())
    assert proof.doubt(found).startswith("its KeyboardInterrupt was kept from the report: ")
    look_on(found)
    assert "repeats checks" in proof.doubt(found), "a second call that ends well proves nothing"


def test_replaced_function_is_refused_unless_pytest_traces_it() -> None:
    with pytest.raises(SuiteError, match=r"^t.py::t: its function was replaced: leave out "):
        look_on(item(), collected=print)
    look_on(item(trace=True), collected=print)


@pytest.mark.parametrize(("module", "told"), [("_pytest.python", 0), ("fixtures.verdict.plugin", 0), ("conftest", 1)])
def test_plugin_that_calls_tests_is_told(module: str, told: int) -> None:
    implementation = SimpleNamespace(function=SimpleNamespace(__module__=module), plugin_name="mine")
    hook = SimpleNamespace(pytest_pyfunc_call=SimpleNamespace(get_hookimpls=lambda: [implementation]))
    config: Any = SimpleNamespace(hook=hook)
    line = "mine: calls tests instead of pytest: leave out this plugin"
    assert list(proof.strangers(config)) == [line] * told
