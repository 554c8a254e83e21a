"""Which collected tests are checks, what is wrong with one, and options that are refused."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from _pytest.compat import NOTSET

from fixtures.errors import UsageError
from fixtures.paths import ROOT
from fixtures.verdict import collection, waivers
from tests.suite.verdict.small_suite import entry

MARK = pytest.mark.requirement("IMG-1")


def asserts() -> None:
    """A check that can fail."""
    assert ROOT.name


def prints() -> None:
    """A check that cannot fail."""


def config(root: Path, **options: Any) -> Any:
    """A run below a root, with options."""
    plugins = SimpleNamespace(is_blocked=lambda name: name == "blocked", has_plugin=lambda _name: True)
    hook = SimpleNamespace(pytest_pyfunc_call=SimpleNamespace(get_hookimpls=list))
    return SimpleNamespace(
        rootpath=root, inipath=root / "pytest.ini", invocation_params=SimpleNamespace(dir=root), pluginmanager=plugins,
        hook=hook, getoption=lambda name, default=None: options.get(name.strip("-").replace("-", "_"), default),
        option=SimpleNamespace(collectonly=options.get("collectonly", False)), getini=lambda _name: ["error"],
    )  # fmt: skip


def item(*marks: pytest.MarkDecorator, kind: Any = pytest.Function, **more: Any) -> Any:
    """A collected check; `more` are attributes of it."""
    found = Mock(spec=kind)
    found.iter_markers = lambda name: iter([one.mark for one in marks if one.name == name])
    found.configure_mock(**{"nodeid": "tests/image/t.py::t", "function": asserts, "path": Path("t.py"), **more})
    return found


def problems(*items: Any, root: Path = ROOT) -> list[str]:
    """What is wrong with collected checks."""
    return list(collection.problems_of(config(root), items))


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("tests/image/t.py", True), ("tests/new/deep/t.py", True), ("tests", True), ("tests/suite/t.py", False),
        ("tests/suites/t.py", True), ("other/t.py", False), ("tests.py", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("moved", [False, True], ids=["root", "checkout"])
def test_check_stands_below_tests_but_not_below_those_of_the_suite(
    tmp_path: Path, name: str, *, moved: bool, check: bool
) -> None:
    root = ROOT if moved else tmp_path
    assert collection.in_folders(config(tmp_path), root / name) is check


@pytest.mark.parametrize(
    ("name", "found"),
    [("", True), ("..", True), ("tests", True), ("tests/image", True), ("tests/suite", False), ("other", False)],
)
def test_checks_are_at_or_below_a_path(tmp_path: Path, name: str, *, found: bool) -> None:
    (tmp_path / "root" / "tests").mkdir(parents=True)
    path = (tmp_path / "root" / name).resolve()
    assert collection.has_checks(config(tmp_path / "root"), path) is found


def test_folder_without_tests_has_no_checks(tmp_path: Path) -> None:
    assert not collection.has_checks(config(tmp_path), tmp_path)


def test_requirements_of_a_check_are_told_once() -> None:
    found = item(pytest.mark.requirement("IMG-2", "IMG-1"), pytest.mark.requirement("IMG-1", "IMG-3"))
    assert collection.ids_of(found) == ("IMG-2", "IMG-1", "IMG-3")


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        pytest.param([MARK], [], id="one"),
        pytest.param([], ["carries no requirement"], id="none"),
        pytest.param([pytest.mark.requirement()], ["carries no requirement"], id="no id"),
        pytest.param([pytest.mark.requirement(), MARK], [], id="one of two"),
        pytest.param([pytest.mark.requirement("IMG-98", "IMG-99")], ["'IMG-98'", "'IMG-99'"], id="unknown"),
        pytest.param([pytest.mark.requirement("IMG-1", why="x")], ["takes ids only, not {'why': 'x'}"], id="keyword"),
        pytest.param([MARK, pytest.mark.not_applicable("why")], ["has IMG-1 as applicable"], id="n/a"),
    ],
)
def test_marks_of_a_check_must_fit_the_ledger(marks: list[pytest.MarkDecorator], said: list[str]) -> None:
    found = problems(item(*marks))
    assert len(found) == len(said)
    assert all(word in line for word, line in zip(said, found, strict=True)), found


@pytest.mark.parametrize(
    ("mark", "wrong"),
    [
        pytest.param(pytest.mark.not_applicable("no zsh"), 0, id="reason"),
        pytest.param(pytest.mark.not_applicable(), 1, id="none"),
        pytest.param(pytest.mark.not_applicable(" "), 1, id="blank"),
        pytest.param(pytest.mark.not_applicable(1), 1, id="no text"),
        pytest.param(pytest.mark.not_applicable("a", "b"), 1, id="two"),
    ],
)
def test_check_that_is_not_applicable_has_one_reason(mark: pytest.MarkDecorator, wrong: int) -> None:
    found = problems(item(pytest.mark.requirement("TOOL-jq-connects"), mark))
    assert ["not_applicable needs its reason" in line for line in found] == [True] * wrong


def test_check_that_cannot_fail_is_told() -> None:
    assert problems(item(MARK)) == []
    assert ["has no assertion" in line for line in problems(item(MARK, function=prints))] == [True]


def test_check_that_is_no_function_is_told() -> None:
    assert problems(item(MARK, kind=pytest.Item)) == ["tests/image/t.py::t: is no test function: write it as one"]


@pytest.mark.parametrize(
    ("parameters", "wrong"), [(None, 0), ({"n": 1}, 0), ({"n": NOTSET}, 1), ({"m": 1, "n": NOTSET}, 1)]
)
def test_parameters_that_are_an_empty_set_are_told(parameters: dict[str, object] | None, wrong: int) -> None:
    found = problems(item(MARK, callspec=parameters and SimpleNamespace(params=parameters)))
    assert ["are an empty set" in line for line in found] == [True] * wrong


def test_check_that_is_collected_twice_is_told() -> None:
    assert problems(item(MARK), item(MARK, nodeid="tests/image/t.py::other")) == []
    assert ["is collected twice" in line for line in problems(item(MARK), item(MARK))] == [True]


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        pytest.param("def test_a(): 1\ndef test_b(): 1\n", [], id="two names"),
        pytest.param("def test_a(): 1\nasync def test_a(): 1\n", ["test_a"], id="functions"),
        pytest.param("class TestA: 1\nclass TestA: 1\nclass TestA: 1\n", ["TestA"], id="classes"),
        pytest.param("class TestA:\n    def test_a(self): 1\n    def test_a(self): 1\n", ["test_a"], id="methods"),
        pytest.param("class TestA:\n    def test_a(self): 1\nclass TestB:\n    def test_a(self): 1\n", [], id="apart"),
        pytest.param("def helper(): 1\ndef helper(): 1\n", [], id="no tests"),
        pytest.param("def broken(:\n", [], id="no Python"),
    ],
)
def test_name_that_hides_another_is_told(tmp_path: Path, source: str, hidden: list[str]) -> None:
    path = tmp_path / "t.py"
    path.write_text(source, encoding="utf-8")
    said = [
        f"tests/image/t.py: two tests are called {name}, of which Python keeps one: rename the other" for name in hidden
    ]
    assert problems(item(MARK, path=path)) == said


@pytest.mark.parametrize(("here", "below", "wrong"), [(True, True, 0), (False, True, 1), (False, False, 0)])
def test_checks_of_the_checkout_need_its_root(tmp_path: Path, wrong: int, *, here: bool, below: bool) -> None:
    path = (ROOT if below else tmp_path) / "tests" / "t.py"
    found = problems(item(MARK, path=path), root=ROOT if here else tmp_path)
    assert ["is not the root of the checks" in line for line in found] == [True] * wrong


# ---- waivers


def test_run_has_the_waivers_of_its_root_or_those_that_are_given(tmp_path: Path) -> None:
    assert collection.granted_waivers(config(tmp_path)) == ()
    for name, subject in ((waivers.FILE, "IMG-1"), ("mine.toml", "IMG-2")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(entry(f'requirement = "{subject}"'), encoding="utf-8")
    assert [one.subject for one in collection.granted_waivers(config(tmp_path))] == ["IMG-1"]
    assert [one.subject for one in collection.granted_waivers(config(tmp_path, waivers=Path("mine.toml")))] == ["IMG-2"]


def test_waivers_that_are_given_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^none.toml: cannot be read"):
        collection.granted_waivers(config(tmp_path, waivers=Path("none.toml")))


def test_waiver_of_yesterday_is_refused_today(tmp_path: Path) -> None:
    yesterday = str(datetime.now(UTC).date() - timedelta(days=1))
    (tmp_path / "tests").mkdir()
    (tmp_path / waivers.FILE).write_text(entry('requirement = "IMG-1"', until=yesterday), encoding="utf-8")
    with pytest.raises(UsageError, match="expired"):
        collection.granted_waivers(config(tmp_path))


# ---- options that are refused


@pytest.mark.parametrize(
    ("inipath", "rootdir", "refused"),
    [
        pytest.param("pytest.ini", None, False, id="no option"),
        pytest.param("pytest.ini", ".", False, id="the same root"),
        pytest.param("other/pytest.ini", ".", True, id="another root"),
        pytest.param("other/pytest.ini", None, False, id="another root without the option"),
        pytest.param(None, ".", False, id="no file of options"),
    ],
)
def test_moved_root_is_refused(tmp_path: Path, inipath: str | None, rootdir: str | None, *, refused: bool) -> None:
    found = config(tmp_path, rootdir=rootdir)
    found.inipath = inipath and tmp_path / inipath
    if not refused:
        collection.refuse_moved_root(found)
        return
    with pytest.raises(UsageError, match="the checks stand elsewhere"):
        collection.refuse_moved_root(found)


@pytest.mark.parametrize(
    ("options", "refused"),
    [({}, False), ({"write_checks": "x"}, True), ({"write_checks": "x", "collectonly": True}, False)],
    ids=["no list", "a run", "collected"],
)
def test_list_of_checks_is_written_where_a_run_only_collects(options: dict[str, Any], *, refused: bool) -> None:
    found = config(ROOT, **options)
    if not refused:
        collection.refuse_unwritten_list(found)
        return
    with pytest.raises(UsageError, match="give --collect-only too"):
        collection.refuse_unwritten_list(found)


def test_plugin_that_gives_the_verdict_cannot_be_left_out() -> None:
    collection.refuse_blocked(config(ROOT), "there")
    with pytest.raises(UsageError, match=r"^-p no:blocked: nothing would give the verdict: leave it out$"):
        collection.refuse_blocked(config(ROOT), "blocked")


def test_python_without_assertions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    collection.refuse_no_assertions()
    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=1))
    with pytest.raises(UsageError, match="Python leaves out assertions"):
        collection.refuse_no_assertions()


def test_worker_leaves_a_refusal_to_the_controller() -> None:
    worker: Any = SimpleNamespace(workeroutput={})
    for problem in ("a", "b"):
        collection.refuse_collection(worker, [problem])
    assert worker.workeroutput == {"verdict_usage": ["a", "b"]}
    with pytest.raises(pytest.UsageError, match="a\nb"):
        collection.refuse_collection(config(ROOT), ["a", "b"])
