"""Stand-ins for a run of pytest, its checks and its hooks, for tests of the plugin's own hooks."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from fixtures.verdict.waivers import Waiver
from tests.suite.verdict.small_suite import TODAY

NODEID = "tests/image/t.py::t"
WAIVER = Waiver(requirement="IMG-1", failure="uid [0-9]+", owner="me", reason="fixed upstream", until=TODAY)


def asserts() -> None:
    """A check that can fail."""
    assert NODEID


def config(root: Path = Path("/nowhere"), **more: Any) -> Any:
    """A run below a root; `workeroutput` makes it one in a worker."""
    options = {"part": "", "tool": [], "requirement": [], **more.pop("options", {})}
    hook = SimpleNamespace(pytest_pyfunc_call=SimpleNamespace(get_hookimpls=list))
    return SimpleNamespace(
        rootpath=root, inipath=None, invocation_params=SimpleNamespace(dir=root, args=()), args=[], hook=hook,
        stash=pytest.Stash(), addinivalue_line=Mock(), option=SimpleNamespace(collectonly=False),
        getoption=lambda name, default=None: options.get(name.strip("-").replace("-", "_"), default),
        getini=lambda _name: ["error"],
        pluginmanager=Mock(
            is_blocked=lambda _name: False, list_plugin_distinfo=list, get_plugins=set, get_plugin=lambda _name: None
        ),
        **more,
    )  # fmt: skip


def item(*marks: pytest.MarkDecorator, run: Any = None, nodeid: str = NODEID, **more: Any) -> Any:
    """A collected check of a run."""
    found = Mock(spec=pytest.Function)
    found.iter_markers = lambda name: iter([one.mark for one in marks if one.name == name])
    found.get_closest_marker = lambda name: next(found.iter_markers(name), None)
    place = (run or config()).rootpath / nodeid.split("::", maxsplit=1)[0]
    found.configure_mock(
        nodeid=nodeid, function=asserts, path=place, config=run or config(), stash=pytest.Stash(), **more
    )
    return found


def ended(generator: Generator[None, Any, Any], given: object = None, error: BaseException | None = None) -> Any:
    """What a wrapper makes of what the hooks inside it return or raise."""
    next(generator)
    try:
        generator.throw(error) if error is not None else generator.send(given)
    except StopIteration as end:
        return end.value
    raise AssertionError("it went on")
