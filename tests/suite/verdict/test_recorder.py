"""The recorder by itself: what it takes for a run over checks, and how a run ends, whatever broke."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from fixtures import redaction
from fixtures.errors import ExitCode, ProductError, SuiteError, UsageError
from fixtures.verdict import binding
from fixtures.verdict.evidence import BROKEN, VERDICT_CONTEXT
from fixtures.verdict.outcomes import Outcome, Problem
from fixtures.verdict.recorder import Recorder
from tests.suite.verdict.small_suite import document

NODEID = "tests/image/t.py::test_it"
FULL = SuiteError("no disk", "free some")
Make = Callable[..., Recorder]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes the recorder of a run with options; `ended` is the outcome of its one check, if it has one."""
    (tmp_path / "tests" / "image").mkdir(parents=True)
    (tmp_path / "tests" / "checks.txt").write_text(f"{NODEID}\tIMG-1\n", encoding="utf-8")

    def recorder(ended: str = "", *, args: tuple[str, ...] = (), **options: Any) -> Recorder:
        given = {"part": "", "requirement": [], **options}
        reporter = Mock(spec=pytest.TerminalReporter)
        config: Any = SimpleNamespace(
            rootpath=tmp_path, args=list(args), stash=pytest.Stash(),
            invocation_params=SimpleNamespace(dir=tmp_path, args=args),
            getoption=lambda name, default=None: given.get(name.strip("-").replace("-", "_"), default),
            pluginmanager=SimpleNamespace(
                list_plugin_distinfo=list, get_plugins=set, get_plugin=lambda _name: reporter
            ),
        )  # fmt: skip
        config.stash[VERDICT_CONTEXT], config.stash[BROKEN] = {}, []
        found = Recorder(config)
        if ended:
            found.gathering.note_checks([(NODEID, ["IMG-1"], True)])
            found.gathering.checks[NODEID].worsen(Problem(Outcome(ended), "x" * (ended != "passed")))
            found.session_began = True
        return found

    return recorder


def said(recorder: Recorder) -> list[str]:
    """The lines that it has written."""
    reporter: Any = recorder.config.pluginmanager.get_plugin("terminalreporter")
    return [call.args[0] for call in reporter.write_line.call_args_list]


def caught(error: BaseException) -> Any:
    """An error, as pytest hands it on."""
    return SimpleNamespace(value=error)


def finish(recorder: Recorder, status: int = 0, error: BaseException | None = None) -> int:
    """End the session with an exit status, or with what another plugin raises; return the status after it."""
    session: Any = SimpleNamespace(exitstatus=status)
    ending: Generator[None] = recorder.pytest_sessionfinish(session)
    next(ending)
    with pytest.raises(StopIteration):
        ending.throw(error) if error is not None else next(ending)
    return int(session.exitstatus)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the run writes its verdict."""
    return tmp_path / "v.json"


# ---- the start


def test_run_begins_without_a_verdict(make: Make, path: Path) -> None:
    recorder = make(verdict_json=path, part="image", args=("-x",))
    assert (recorder.interrupted, recorder.session_began, recorder.exit_code) == (False, False, None)
    assert (document(path)["verdict"], document(path)["arguments"]) == ("not ended", ["-x"])


@pytest.mark.parametrize("option", ["collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow"])
def test_session_that_shows_something_gives_no_verdict(make: Make, path: Path, option: str) -> None:
    assert make("passed", **{option: True})._in_scope is False
    for asked in ({"part": "image"}, {"verdict_json": path}):
        with pytest.raises(UsageError, match=f"^--{option} gives no verdict: leave it out"):
            make(**asked, **{option: True})
    assert not path.exists()


def test_file_that_cannot_be_written_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give a file's path"):
        make(verdict_json=tmp_path)


@pytest.mark.parametrize(
    ("args", "options", "scope"),
    [
        pytest.param((), {"part": "image"}, True, id="part"),
        pytest.param((), {}, False, id="nothing"),
        pytest.param(("tests/image",), {}, True, id="folder of checks"),
        pytest.param(("tests/image/t.py::test_it",), {}, True, id="node id"),
        pytest.param(("tests/suite",), {}, False, id="folder of the suite"),
        pytest.param(("tests/suite", "tests/suite/../image"), {}, True, id="one of two"),
    ],
)
def test_run_is_over_checks_where_it_was_asked_for_some(
    make: Make, args: tuple[str, ...], options: dict[str, Any], *, scope: bool
) -> None:
    assert make(args=args, **options)._in_scope is scope


def test_run_is_over_checks_where_it_found_or_lost_some(make: Make, path: Path) -> None:
    assert make("passed")._in_scope is make(verdict_json=path)._in_scope is True
    (lost := make()).gathering.lost_files = True
    assert lost._in_scope is True


@pytest.mark.parametrize(
    ("error", "code", "kept"),
    [(FULL, 2, True), (UsageError("no jq", "add it"), 4, False), (ProductError("no jq", "add it"), 1, True)],
    ids=["suite", "usage", "product"],
)
def test_suites_own_error_at_the_start_is_an_exit(
    make: Make, path: Path, error: SuiteError, code: int, *, kept: bool
) -> None:
    recorder = make(verdict_json=path)
    starting = recorder.pytest_sessionstart()
    next(starting)
    assert recorder.session_began
    with pytest.raises(pytest.exit.Exception, match=str(error)) as raised:
        starting.throw(error)
    assert (raised.value.returncode, path.exists()) == (code, kept)


# ---- what breaks meanwhile


@pytest.mark.parametrize(
    ("error", "interrupted"),
    [
        pytest.param(KeyboardInterrupt(), True, id="Ctrl-C"),
        pytest.param(pytest.exit.Exception("enough"), True, id="exit"),
        pytest.param(type("Interrupted", (KeyboardInterrupt,), {})("stopping after 1 failures"), False, id="maxfail"),
        pytest.param(type("Interrupted", (KeyboardInterrupt,), {})("keyboard-interrupt"), True, id="of a worker"),
    ],
)
def test_interrupt_is_told_from_what_pytest_stops(make: Make, error: BaseException, *, interrupted: bool) -> None:
    recorder = make()
    recorder.pytest_keyboard_interrupt(caught(error))
    assert recorder.interrupted is interrupted


@pytest.mark.parametrize(
    ("error", "shown", "code", "broken"),
    [
        (FULL, True, 2, ["SuiteError outside of any test: no disk: free some"]),
        (ProductError("no jq", "add it"), True, 1, ["ProductError outside of any test: no jq: add it"]),
        (ZeroDivisionError("x"), None, 2, ["ZeroDivisionError outside of any test: x"]),
    ],
    ids=["suite", "product", "other"],
)
def test_error_out_of_a_hook_is_kept(
    make: Make, capsys: pytest.CaptureFixture[str], error: Exception, shown: object, code: int, broken: list[str]
) -> None:
    recorder = make()
    assert recorder.pytest_internalerror(caught(error)) is shown
    assert (recorder.exit_code, recorder.gathering.broken) == (code, broken)
    assert capsys.readouterr().err == (f"ERROR: {error}\n" if shown else "")


def test_sections_are_shown_without_secrets(make: Make) -> None:
    recorder, reporter = make(), Mock(spec=pytest.TerminalReporter)
    redaction.keep("s3cret")
    recorder.config.stash[VERDICT_CONTEXT]["sections"] = {"log-in": ["password s3cret"]}
    recorder.pytest_terminal_summary(reporter)
    make().pytest_terminal_summary(reporter)
    reporter.section.assert_called_once_with("log-in")
    reporter.write_line.assert_called_once_with("password ***")


# ---- the end


@pytest.mark.parametrize(
    ("ended", "status", "code"),
    [
        pytest.param("passed", 0, 0, id="passed"),
        pytest.param("failed", 1, 1, id="failed"),
        pytest.param("error", 1, 2, id="error"),
        pytest.param("passed", 6, 2, id="pytest's own"),
        pytest.param("passed", 1, 2, id="failed elsewhere"),
    ],
)
def test_run_over_checks_ends_with_their_code(make: Make, path: Path, ended: str, status: int, code: int) -> None:
    recorder = make(ended, part="image", verdict_json=path)
    assert finish(recorder, status) == code
    assert document(path)["verdict"] == "not ended", "the process has not come to its end"
    assert recorder.leave(code, None) == code
    assert document(path)["exit_code"] == code
    assert said(recorder)[-1].startswith("verdict: ")


def test_run_without_checks_keeps_its_status(make: Make) -> None:
    recorder = make()
    assert (finish(recorder, 5), recorder.leave(5, None), said(recorder)) == (5, 5, [])


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt(), SystemExit(0)])
def test_what_another_plugin_raises_at_the_end_takes_no_verdict_along(make: Make, error: BaseException) -> None:
    recorder = make("passed", part="image")
    assert finish(recorder, 0, error) == ExitCode.SUITE_ERROR
    assert recorder.interrupted is isinstance(error, KeyboardInterrupt)


@pytest.mark.parametrize(("interrupted", "code"), [(False, 4), (True, 2)])
def test_wrong_input_leaves_no_verdict(make: Make, path: Path, code: int, *, interrupted: bool) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    recorder.interrupted = interrupted
    assert finish(recorder, pytest.ExitCode.USAGE_ERROR) == code
    assert path.exists() is interrupted


def test_wrong_input_that_workers_told_is_told(make: Make, path: Path) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    recorder.workers.usage = ["no mark", "no id"]
    assert finish(recorder, 1) == ExitCode.USAGE
    assert (said(recorder), path.exists()) == (["ERROR: no mark", "ERROR: no id"], False)


def test_everything_that_broke_is_in_the_verdict(make: Make, path: Path) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    recorder.gathering.broken, recorder.config.stash[BROKEN] = ["a"], ["b"]
    recorder.workers.started("gw0")
    assert finish(recorder) == ExitCode.SUITE_ERROR
    recorder.leave(2, None)
    silent = "worker gw0 ended without its report (it was ended): what it was doing is not known"
    assert document(path)["broken"] == ["a", "b", silent]


def test_file_of_the_run_that_holds_a_secret_is_an_error(make: Make, tmp_path: Path) -> None:
    recorder = make("passed", part="image")
    redaction.keep("s3cret-word")
    for name in ("logs/x.log", "clusters/x.log"):
        (tmp_path / ".build" / name).parent.mkdir(parents=True)
        (tmp_path / ".build" / name).write_text("s3cret-word", encoding="utf-8")
    assert finish(recorder) == ExitCode.SUITE_ERROR
    assert [line for line in said(recorder) if "holds a secret" in line] == [
        "ERROR .build/logs/x.log holds a secret of this run: remove it, and report what wrote it"
    ]


@pytest.mark.parametrize("changed", [{"commit": "d" * 40}, {"dirty": True, "tree": "e" * 40}, {"tree": "e" * 40}])
def test_checkout_that_changed_meanwhile_is_an_error(
    make: Make, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    recorder = make("passed", part="image")
    monkeypatch.setattr(binding, "suite", lambda _root: recorder.about["suite"] | changed)
    assert finish(recorder) == ExitCode.SUITE_ERROR
    assert "ERROR the checkout changed during the run, so it is of no commit: run again" in said(recorder)


def test_waivers_that_became_wrong_are_an_error(make: Make, tmp_path: Path) -> None:
    recorder = make("passed", part="image")
    (tmp_path / "tests" / "waivers.toml").write_text("[[waiver", encoding="utf-8")
    assert finish(recorder) == ExitCode.SUITE_ERROR
    assert any("waivers.toml: not TOML" in line for line in said(recorder))


def test_context_that_is_no_json_is_an_error_of_a_verdict(make: Make, path: Path) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    recorder.config.stash[VERDICT_CONTEXT]["image"] = object()
    assert finish(recorder) == ExitCode.SUITE_ERROR
    recorder.leave(2, None)
    found = document(path)
    assert (found["exit_code"], found["context"]) == (2, {})
    assert f"--verdict-json={path}: not written" in found["broken"][0]


def test_strict_verdict_is_what_the_option_says(make: Make, path: Path) -> None:
    for strict in (True, False):
        recorder = make("passed", part="image", verdict_json=path, strict_verdict=strict)
        finish(recorder)
        recorder.leave(0, None)
        assert document(path)["strict"] is strict


# ---- the end of the process


def test_what_breaks_after_the_verdict_takes_it_back(make: Make, path: Path) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    finish(recorder)
    assert recorder.leave(0, SystemExit(0)) == ExitCode.SUITE_ERROR
    assert document(path)["broken"] == ["SystemExit outside of any test: 0"]


@pytest.mark.parametrize(("error", "shown"), [(FULL, False), (OSError("full"), True)], ids=["suite's", "other"])
def test_only_an_error_that_is_not_the_suites_own_has_a_traceback(
    make: Make, capsys: pytest.CaptureFixture[str], error: Exception, *, shown: bool
) -> None:
    make().leave(0, error)
    assert ("OSError: full" in capsys.readouterr().err) is shown


@pytest.mark.parametrize(
    ("asked", "code", "kept"),
    [pytest.param({}, 0, True, id="not asked"), pytest.param({"part": "image"}, 4, False, id="asked")],
)
def test_run_that_only_showed_something_has_no_verdict(
    make: Make, path: Path, asked: dict[str, Any], code: int, *, kept: bool
) -> None:
    recorder = make(args=("tests/image",), verdict_json=path if asked else None, **asked)
    path.touch()
    assert recorder.leave(0, None) == code
    assert path.exists() is kept


@pytest.mark.parametrize("state", ["session_began", "interrupted"])
def test_run_that_ended_before_its_verdict_is_an_error(make: Make, path: Path, state: str) -> None:
    recorder = make(verdict_json=path)
    setattr(recorder, state, True)
    assert recorder.leave(0, None) == ExitCode.SUITE_ERROR
    assert "the run ended before its verdict" in document(path)["broken"][0]


@pytest.mark.parametrize(
    ("status", "exit_code", "code"),
    [(3, None, 2), (3, ExitCode.PRODUCT_FAILURE, 1), (4, None, 4), (5, ExitCode.PRODUCT_FAILURE, 5)],
)
def test_run_without_a_verdict_ends_with_its_status_or_its_error(
    make: Make, status: int, exit_code: ExitCode | None, code: int
) -> None:
    recorder = make()
    recorder.exit_code = exit_code
    assert recorder.leave(status, None) == code


@pytest.mark.parametrize(
    "error", [OSError("x"), TypeError("x"), ValueError("x")], ids=lambda error: type(error).__name__
)
def test_verdict_that_cannot_be_written_last_is_an_error(make: Make, path: Path, error: Exception) -> None:
    recorder = make("passed", part="image", verdict_json=path)
    finish(recorder)
    recorder.file.write = Mock(side_effect=error)  # type: ignore[method-assign]
    assert recorder.leave(0, None) == ExitCode.SUITE_ERROR
    assert said(recorder)[-1] == f"ERROR --verdict-json={path}: not written: x"
