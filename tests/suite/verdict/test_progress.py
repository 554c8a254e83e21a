"""What a part shows while it runs and at its end: plain lines in a log, one changing line on a terminal, one screen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import create_terminal_writer

from fixtures.verdict import progress
from fixtures.verdict.outcomes import Check, Outcome
from fixtures.verdict.progress import CLEAR, Display, Progress
from fixtures.verdict.summary import brief
from fixtures.verdict.verdict import Verdict
from tests.suite.verdict.parts_of_a_run import check, required
from tests.suite.verdict.small_suite import BLOCKED, FAILING, PASSING, WORKER, Run, text

NODEID = "tests/image/t.py::test_z"


def test_line_has_what_runs_counts_and_times() -> None:
    moments = iter([0.0, 75.0, 75.0, 400.0])
    found = Progress("image", {4: 200.0}.get, now=lambda: next(moments))
    found.total = 4
    found.running = {NODEID: None, "tests/image/t.py::test_y": None}
    found.end("tests/image/t.py::test_y")
    found.seen[Outcome.FAILED] += 2
    assert found.line() == "image: 1 of 4 checks, 2 failed · 1:15, about 2:05 left · test_z"
    found.total = 0
    assert found.line().startswith("image: setting up")
    found.total = 4
    assert "left" not in found.line(), "it takes longer than the runs before"


def test_log_has_plain_lines_and_first_lines(run: Run, pytester: pytest.Pytester) -> None:
    result = run(PASSING + FAILING + BLOCKED, "--brief", *("-p", "no:xdist"))
    said = text(result)
    assert result.ret == 1
    line = "FAILED tests/image/test_image.py::test_yq: yq: expected 4.40.5, seen 4.40.4: set its pin"
    assert said.index("image: 1 of 3 checks · 0:0") < said.index(line) < said.index("image: 3 of 3 checks, 1 failed")
    assert "assert [1, 2]" not in said
    assert "requirement → verdict" not in said
    details = pytester.path / ".build" / "failures-image.txt"
    assert f"the whole text of each failure: {details.relative_to(pytester.path)}" in said
    assert "assert [1, 2] == [1, 3]" in details.read_text(encoding="utf-8")
    assert "test_image.py .F" not in said


@pytest.mark.parametrize(
    "check", ["assert found == 1", "open('/no/such/file'); assert found == 2"], ids=["failed", "error"]
)
def test_load_of_the_machine_is_told_beside_what_went_wrong(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    monkeypatch.setattr("fixtures.host.load.since", lambda _: "it was busy")
    said = run(f'@pytest.mark.requirement("IMG-5")\ndef test_a(): found = 2; {check}\n', "--brief").stdout.str()
    assert "this machine: it was busy" in said
    details = (pytester.path / ".build" / "failures-image.txt").read_text(encoding="utf-8")
    assert "---- this machine\nit was busy" in details


def test_load_of_the_machine_is_no_matter_where_all_is_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.host.load.since", lambda _: "it was busy")
    assert (
        "it was busy"
        not in run('@pytest.mark.requirement("IMG-5")\ndef test_a(): assert 1 + len("") == 1\n').stdout.str()
    )


@pytest.mark.parametrize("option", ["--waivers=none.toml", "--collect-only-nothing"])
def test_text_of_earlier_failures_stays_where_no_check_ran(run: Run, pytester: pytest.Pytester, option: str) -> None:
    details = pytester.path / ".build" / "failures-image.txt"
    details.parent.mkdir(exist_ok=True)
    details.write_text("of before", encoding="utf-8")
    said = text(run(PASSING, "--brief", *("-p", "no:xdist"), option))
    assert "the whole text of each failure" not in said
    assert details.read_text(encoding="utf-8") == "of before"


def test_workers_are_told_of_too(run: Run) -> None:
    said = text(run(PASSING + FAILING, "--brief", *WORKER))
    assert "image: 2 of 2 checks, 1 failed" in said
    assert "FAILED tests/image/test_image.py::test_yq: yq: expected" in said


class Terminal(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        """Tell that it is one."""
        return True


def test_terminal_has_one_line_that_changes(
    tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    writer = create_terminal_writer(pytestconfig, terminal)
    writer.hasmarkup = True
    config: Any = type("C", (), {"rootpath": tmp_path, "get_terminal_writer": lambda _self: writer})()
    monkeypatch.setattr(progress, "TICK_SECONDS", 3600.0)
    display = Display(config, "image")
    display.pytest_xdist_node_collection_finished([NODEID, "b"])
    display.pytest_runtest_logstart(NODEID)
    display.pytest_runtest_logfinish("b")
    assert terminal.getvalue() == f"{CLEAR}image: 1 of 2 checks · 0:00 · test_z"
    writer.write("cluster: 30 s\n")
    assert terminal.getvalue().endswith(f"{CLEAR}cluster: 30 s\n")
    display.close()
    display.pytest_runtest_logfinish(NODEID)
    assert terminal.getvalue().endswith("cluster: 30 s\n")


def test_end_of_a_run_that_went_wrong_everywhere_fits_on_a_screen() -> None:
    outcomes = [Outcome.FAILED, Outcome.ERROR, Outcome.BLOCKED, Outcome.FLAKY, Outcome.WAIVED]
    checks: list[Check] = []
    for number, one in enumerate(required() * 2):
        outcome, said = outcomes[number % 5], f"thing {number} is wrong {'x' * 300}: mend it"
        checks.append(check("image", one, outcome=outcome, line=said, name=f"test_{number}"))
    lines = [line for line, _ in brief(Verdict(checks, [f"leak {number}" for number in range(50)]))]
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 240
    assert lines[-1].startswith("verdict: failed")
    assert any("more, all on the page" in line for line in lines)
