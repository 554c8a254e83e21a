"""The hooks of the verdict's plugin by themselves: their place among others, and what each does with one thing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from fixtures import redaction
from fixtures.errors import ExitCode, SuiteError, UsageError
from fixtures.verdict import plugin
from fixtures.verdict.classify import NO_SKIP
from fixtures.verdict.collection import COLLECTED, DECLARED, Declared
from fixtures.verdict.evidence import BROKEN, VERDICT_CONTEXT
from fixtures.verdict.recorder import RECORDER, Recorder
from tests.suite.verdict.fake_run import NODEID, asserts, config, ended, item
from tests.suite.verdict.small_suite import entry


def requirement(*ids: str) -> pytest.MarkDecorator:
    """The marker of a check."""
    return pytest.mark.requirement(*ids)


# ---- the place of hooks


@pytest.mark.parametrize(
    ("owner", "wrappers", "first", "last"),
    [
        pytest.param(
            plugin,
            {"cmdline_main", "make_collect_report", "pyfunc_call", "runtest_makereport", "sessionfinish"},
            {
                "cmdline_main", "configure", "collection_modifyitems", "make_collect_report", "runtest_makereport",
                "runtest_setup", "report_teststatus",
            },
            {"pyfunc_call"},
            id="plugin",
        ),
        pytest.param(
            Recorder,
            {"sessionstart", "sessionfinish"},
            {"sessionstart", "sessionfinish", "runtest_logreport", "internalerror"},
            set(),
            id="recorder",
        ),
    ],
)  # fmt: skip
def test_hook_has_its_place_among_others(owner: Any, wrappers: set[str], first: set[str], last: set[str]) -> None:
    places = {
        name[7:]: getattr(one, "pytest_impl", {}) for name, one in vars(owner).items() if name.startswith("pytest_")
    }
    found = [{name for name, one in places.items() if one.get(key)} for key in ("wrapper", "tryfirst", "trylast")]
    assert found == [wrappers, first, last]
    assert {name for name, one in places.items() if one.get("optionalhook")} == {
        name for name in places if name.startswith("testnode")
    }


# ---- the start and the end of a run


def test_run_has_a_recorder_and_a_worker_has_none(tmp_path: Path) -> None:
    run, worker = config(tmp_path), config(tmp_path, workerinput={})
    for one in (run, worker):
        plugin.pytest_configure(one)
        assert [call.args[1].partition("(")[0] for call in one.addinivalue_line.call_args_list] == [
            "requirement",
            "uses",
            "feature",
            "not_applicable",
        ]
        assert (one.stash[VERDICT_CONTEXT], one.stash[BROKEN]) == ({}, [])
    (call,) = run.pluginmanager.register.call_args_list
    assert (type(call.args[0]), call.args[1]) == (Recorder, RECORDER)
    worker.pluginmanager.register.assert_not_called()


@pytest.mark.parametrize("worker", [False, True])
def test_refused_option_leaves_no_verdict_of_an_earlier_run(tmp_path: Path, *, worker: bool) -> None:
    path = tmp_path / "v.json"
    path.touch()
    options = {"write_checks": Path("x"), "verdict_json": path}
    run = config(tmp_path, options=options, **({"workerinput": {}} if worker else {}))
    with pytest.raises(pytest.UsageError, match="give --collect-only too"):
        plugin.pytest_configure(run)
    assert path.exists() is worker


def recorded(**more: Any) -> Any:
    """A run with a recorder, which ends with 3, whatever came before."""
    run, recorder = config(**more), Mock(spec=Recorder)
    recorder.leave.return_value = 3
    recorder.file = Mock()
    run.pluginmanager.get_plugin = lambda _name: recorder
    return run


@pytest.mark.parametrize(
    ("status", "code"), [(0, 2), (pytest.ExitCode.TESTS_FAILED, 1), (None, 2), pytest.param("0", 2, id="text")]
)
def test_process_ends_with_no_pass_where_there_is_no_recorder(status: object, code: int) -> None:
    assert ended(plugin.pytest_cmdline_main(config()), status) == code


@pytest.mark.parametrize("error", [None, OSError("full"), SystemExit(0), KeyboardInterrupt()])
def test_process_ends_with_what_the_recorder_says(error: BaseException | None) -> None:
    run = recorded()
    assert ended(plugin.pytest_cmdline_main(run), 0, error) == 3
    run.pluginmanager.get_plugin("").leave.assert_called_once_with(0 if error is None else 2, error)


def test_error_of_the_recorder_is_an_error_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded()
    run.pluginmanager.get_plugin("").leave.side_effect = OSError("full")
    assert ended(plugin.pytest_cmdline_main(run), 0) == ExitCode.SUITE_ERROR
    assert "OSError: full" in capsys.readouterr().err


def test_wrong_input_goes_on_and_leaves_no_verdict() -> None:
    run = recorded()
    with pytest.raises(pytest.UsageError):
        ended(plugin.pytest_cmdline_main(run), None, pytest.UsageError("no such option"))
    run.pluginmanager.get_plugin("").file.discard.assert_called_once_with()
    with pytest.raises(pytest.UsageError):
        ended(plugin.pytest_cmdline_main(config()), None, pytest.UsageError("no such option"))


@pytest.mark.parametrize(("worker", "left"), [({"workeroutput": {}}, [2]), ({}, [])], ids=["worker", "controller"])
def test_worker_that_breaks_at_its_end_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, worker: dict[str, Any], left: list[int]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    ended(plugin.pytest_cmdline_main(recorded(**worker)), None, OSError("full"))
    assert codes == left


@pytest.mark.parametrize(
    ("context", "error", "broken"),
    [
        pytest.param({"image": {"id": "a"}}, None, [], id="well"),
        pytest.param({}, OSError("full"), ["at the end of a worker: OSError: full"], id="error"),
        pytest.param({"image": object()}, None, ["what a worker recorded is no JSON: *"], id="no JSON"),
    ],
)
def test_worker_sends_everything_home(context: dict[str, Any], error: Exception | None, broken: list[str]) -> None:
    redaction.keep("s3cret")
    run = config(workeroutput={})
    run.stash[BROKEN], run.stash[VERDICT_CONTEXT] = [], context
    session: Any = SimpleNamespace(config=run)
    try:
        assert ended(plugin.pytest_sessionfinish(session), "result", error) == "result"
    except OSError:
        assert error is not None
    told = run.workeroutput
    assert [line.split("JSON: ")[0] for line in told["verdict_broken"]] == [line.split("JSON: ")[0] for line in broken]
    assert told["verdict_secrets"] == ["s3cret"]
    assert json.loads(told["verdict_context"]) == ({} if broken else context)


@pytest.mark.parametrize("error", [None, OSError("full")])
def test_controller_has_nobody_to_send_anything(error: Exception | None) -> None:
    run = config()
    run.stash[BROKEN] = []
    session: Any = SimpleNamespace(config=run)
    try:
        ended(plugin.pytest_sessionfinish(session), None, error)
    except OSError:
        assert error is not None
    assert run.stash[BROKEN] == []


# ---- collection


def collected(tmp_path: Path, *items: Any, run: Any = None) -> Any:
    """A run that has collected items."""
    run = run or config(tmp_path)
    plugin.pytest_collection_modifyitems(run, list(items))
    return run


def test_checks_are_those_of_the_folders_and_those_that_carry_a_requirement(tmp_path: Path) -> None:
    run = config(tmp_path)
    mine = item(requirement("IMG-1", "IMG-2"), run=run)
    marked = item(requirement("IMG-1"), run=run, nodeid="tests/suite/t.py::t")
    other = item(run=run, nodeid="tests/suite/t.py::other")
    assert collected(tmp_path, mine, marked, other, run=run).stash[COLLECTED] == [mine, marked]
    assert mine.stash[DECLARED] == Declared(("IMG-1", "IMG-2"), (), None, asserts)
    assert DECLARED not in other.stash
    assert COLLECTED not in collected(tmp_path, other).stash


@pytest.mark.parametrize(
    ("ids", "marks", "reason"),
    [
        pytest.param(["TOOL-jq-connects"], [], True, id="ledger"),
        pytest.param(["TOOL-jq-connects", "IMG-1"], [], False, id="one of two"),
        pytest.param(
            ["TOOL-jq-connects"],
            [pytest.mark.not_applicable("why"), pytest.mark.not_applicable("of its class")],
            "why",
            id="marker",
        ),
    ],
)
def test_check_has_the_reason_why_it_cannot_apply(
    tmp_path: Path, ids: list[str], marks: list[pytest.MarkDecorator], reason: object
) -> None:
    run = config(tmp_path)
    found = item(requirement(*ids), *marks, run=run)
    collected(tmp_path, found, run=run)
    said = found.stash[DECLARED].na_reason
    assert said == reason if isinstance(reason, str) else bool(said) is reason


def test_check_has_the_waivers_that_cover_it(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    text = entry('requirement = "IMG-1"') + entry('requirement = "IMG-2"')
    (tmp_path / "tests" / "waivers.toml").write_text(text, encoding="utf-8")
    run = config(tmp_path)
    found = item(requirement("IMG-2"), run=run)
    collected(tmp_path, found, run=run)
    assert [one.subject for one in found.stash[DECLARED].waivers] == ["IMG-2"]


@pytest.mark.parametrize("wrong", ["check", "waivers"])
def test_run_with_a_problem_collects_nothing(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "tests").mkdir()
    if wrong == "waivers":
        (tmp_path / "tests" / "waivers.toml").write_text("[[waiver", encoding="utf-8")
    run = config(tmp_path, workeroutput={})
    items = [item(requirement("IMG-1" if wrong == "waivers" else "IMG-99"), run=run)]
    plugin.pytest_collection_modifyitems(run, items)
    assert (items, COLLECTED in run.stash) == ([], False)
    (problem,) = run.workeroutput["verdict_usage"]
    assert ("waivers.toml: not TOML" if wrong == "waivers" else "unknown requirement 'IMG-99'") in problem


@pytest.mark.parametrize("worker", [True, False])
def test_checks_are_told_with_whether_they_are_selected(tmp_path: Path, *, worker: bool) -> None:
    run = config(tmp_path, options={"write_checks": tmp_path / "list"}, **({"workeroutput": {}} if worker else {}))
    recorder = Mock(spec=Recorder)
    recorder.gathering = Mock()
    run.pluginmanager.get_plugin = lambda _name: recorder
    mine, out = (item(requirement("IMG-1"), run=run, nodeid=f"{NODEID}{n}") for n in "ab")
    collected(tmp_path, mine, out, run=run)
    session: Any = SimpleNamespace(config=run, items=[mine], testsfailed=0)
    plugin.pytest_collection_finish(session)
    told = [(f"{NODEID}a", ["IMG-1"], True), (f"{NODEID}b", ["IMG-1"], False)]
    assert (tmp_path / "list").read_text(encoding="utf-8").count("IMG-1") == 2
    if worker:
        assert run.workeroutput["verdict_checks"] == told
    else:
        recorder.gathering.note_checks.assert_called_once_with(told)


def test_list_is_not_written_where_a_file_was_not_collected(tmp_path: Path) -> None:
    run = config(tmp_path, options={"write_checks": tmp_path / "list"}, workeroutput={})
    plugin.pytest_collection_finish(SimpleNamespace(config=run, items=[], testsfailed=1))  # type: ignore[arg-type]
    assert not (tmp_path / "list").exists()


def collect_report(outcome: Any, error: BaseException | None, *, run: Any, nodeid: str = "tests/image/t.py") -> Any:
    """What becomes of the report of a file."""
    collector: Any = SimpleNamespace(nodeid=nodeid, path=run.rootpath / nodeid, config=run)
    report: Any = pytest.CollectReport(nodeid, outcome, "as it was", [])
    report.call = SimpleNamespace(excinfo=error and SimpleNamespace(value=error))
    return ended(plugin.pytest_make_collect_report(collector), report)


def test_skipped_file_of_checks_is_a_failed_one(tmp_path: Path) -> None:
    report = collect_report("skipped", pytest.skip.Exception("later"), run=config(tmp_path))
    assert (report.outcome, report.longrepr) == ("failed", f"tests/image/t.py: {NO_SKIP} (it said: later)")
    other = collect_report("skipped", pytest.skip.Exception("later"), run=config(tmp_path), nodeid="tests/suite/t.py")
    assert (other.outcome, other.longrepr) == ("skipped", "as it was")


@pytest.mark.parametrize(
    ("error", "shown", "usage"),
    [
        pytest.param(SuiteError("hung", "restart"), "hung: restart", {}, id="suite"),
        pytest.param(UsageError("no jq", "add"), "no jq: add", {"verdict_usage": ["no jq: add"]}, id="usage"),
        pytest.param(OSError("full"), "as it was", {}, id="other"),
        pytest.param(None, "as it was", {}, id="none"),
    ],
)
def test_suites_own_error_while_collecting_is_one_line(
    tmp_path: Path, error: Exception | None, shown: str, usage: dict[str, Any]
) -> None:
    run = config(tmp_path, workeroutput={})
    assert collect_report("failed", error, run=run).longrepr == shown
    assert run.workeroutput == usage
