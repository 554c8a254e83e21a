"""Which checks can fail by themselves: those that assert something, or call what does."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.verdict import assertions

HEAD = "import functools, pytest\nfrom fixtures.errors import ProductError, SuiteError\n"


@pytest.fixture
def can_fail(tmp_path: Path) -> Callable[[str], bool]:
    """Tells whether the function `test_it` of some source can fail."""

    def tell(source: str) -> bool:
        path = tmp_path / "checks.py"
        path.write_text(HEAD + source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("checks", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return assertions.can_fail(module.test_it)

    return tell


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("assert 1", id="assertion"),
        pytest.param("assert 1, 'why'", id="assertion with a message"),
        pytest.param("for n in (): assert n", id="assertion in a block"),
        pytest.param("with pytest.raises(OSError): open('x')", id="raises"),
        pytest.param("pytest.fail('no')", id="fail"),
        pytest.param("raise ProductError('no', '')", id="ProductError"),
        pytest.param("raise AssertionError('no')", id="AssertionError"),
        pytest.param("TABLE['x']()", id="call out of a table"),
        pytest.param("proxy.must_refuse('reply', 'subject')", id="method of fixtures that asserts"),
    ],
)
def test_check_that_asserts_can_fail(can_fail: Callable[[str], bool], body: str) -> None:
    assert can_fail(f"def test_it(proxy=None):\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("pass", id="nothing"),
        pytest.param("print('ok')", id="prints"),
        pytest.param("raise SuiteError('no disk', '')", id="another error"),
        pytest.param("raise OSError('no disk')", id="error of Python's"),
        pytest.param("raise", id="raises nothing"),
        pytest.param("pytest.skip('later')", id="skips"),
        pytest.param("proxy.run('jq')", id="runs only"),
        pytest.param("proxy.no_such_function()", id="calls what is unknown"),
        pytest.param("return TABLE['assert']", id="a table without a call"),
        pytest.param("assert (proxy, 'no proxy')", id="asserts a tuple"),
        pytest.param("for n in (1, 2): assert (n == 3, 'why'), 'no'", id="asserts a tuple in a block"),
    ],
)
@pytest.mark.filterwarnings("ignore:assertion is always true:SyntaxWarning")
def test_check_that_asserts_nothing_cannot_fail(can_fail: Callable[[str], bool], body: str) -> None:
    assert not can_fail(f"def test_it(proxy=None):\n    {body}\n")


@pytest.mark.parametrize(
    ("helper", "fails"),
    [
        pytest.param("def helper(): assert 1", True, id="asserts"),
        pytest.param("async def helper(): assert 1", True, id="asserts in a coroutine"),
        pytest.param("def helper(): deeper()\ndef deeper(): assert 1", True, id="calls what asserts"),
        pytest.param("def helper(): pass\ndef other(): assert 1", False, id="another one asserts"),
        pytest.param("def helper(): pass", False, id="asserts nothing"),
        pytest.param(
            "class A:\n    def helper(self): pass\nclass B:\n    def helper(self): assert 1", True, id="one of two"
        ),
    ],
)
def test_helper_of_the_module_is_followed(can_fail: Callable[[str], bool], helper: str, *, fails: bool) -> None:
    assert can_fail(f"{helper}\ndef test_it(A=None):\n    helper()\n") is fails


def test_function_behind_a_decorator_is_looked_at(can_fail: Callable[[str], bool]) -> None:
    wrapper = "def plain(f):\n    @functools.wraps(f)\n    def call(): f()\n    return call\n"
    assert can_fail(f"{wrapper}@plain\ndef test_it():\n    assert 1\n")
    assert not can_fail(f"{wrapper}@plain\ndef test_it():\n    print()\n")


def test_method_of_a_class_is_looked_at(can_fail: Callable[[str], bool]) -> None:
    assert can_fail("class TestIt:\n    def test_it(self):\n        assert 1\ntest_it = TestIt.test_it\n")


@pytest.mark.parametrize("function", [print, eval("lambda: None")], ids=["built in", "without source"])  # noqa: S307
def test_function_without_source_cannot_fail(function: Callable[..., Any]) -> None:
    assert not assertions.can_fail(function)


@pytest.mark.parametrize(
    ("source", "asserts", "private", "found"),
    [
        pytest.param("def must(): assert x, 'why'", (), True, {"must"}, id="with a message"),
        pytest.param("def must(): assert x", (), True, set(), id="the type checker's"),
        pytest.param("def must(): _deep()\ndef _deep(): assert x, 'y'", (), True, {"must", "_deep"}, id="private"),
        pytest.param("def a(): deep()\ndef deep(): assert x, 'y'", (), True, {"deep"}, id="public is not followed"),
        pytest.param("def a(): deep()\ndef deep(): assert x, 'y'", (), False, {"a", "deep"}, id="public is followed"),
        pytest.param("def a(): known()", ("known",), False, {"a", "known"}, id="known"),
        pytest.param("def a(): raise self.error('x')", (), True, {"a"}, id="made by a function"),
        pytest.param("def a(): raise errors.MyError('x')", (), True, {"a"}, id="derived"),
    ],
)
def test_functions_of_the_package_assert_with_a_message(
    source: str, asserts: tuple[str, ...], found: set[str], *, private: bool
) -> None:
    functions = assertions._functions(ast.parse(source), {"MyError", "error"}, bare=False)
    assert assertions._asserting(functions, asserts, private=private) == found


def test_names_that_only_run_something_do_not_count() -> None:
    assert not assertions._known() & assertions.PLAIN
    assert "must_refuse" in assertions._known()
