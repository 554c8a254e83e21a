"""What checks reported, put together in the process that gives the verdict."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.verdict.gathering import Gathering
from fixtures.verdict.outcomes import Outcome

NODEID = "tests/image/t.py::test_it"
LINE, CAUSE = "no cluster: start it", "no cluster"
OTHER = "no registry: start that too"


@pytest.fixture
def gathering(tmp_path: Path) -> Gathering:
    """What is known at the start of a run."""
    config: Any = SimpleNamespace(rootpath=tmp_path)
    return Gathering(config)


def report(
    *problems: tuple[str, str], nodeid: str = NODEID, when: str = "call", worker: str = "", **more: Any
) -> pytest.TestReport:
    """A report of a phase, as it comes from the process that ran it."""
    found: Any = pytest.TestReport(nodeid, ("t.py", 1, "test_it"), {}, "failed" if problems else "passed", "x", when)  # type: ignore[arg-type]
    found.verdict = {
        "ids": ["IMG-1"],
        "problems": [(outcome, line, "", {}) for outcome, line in problems],
        "causes": {LINE: CAUSE, OTHER: "no registry"},
    }
    found.duration, found.worker_id = 1.5, worker
    vars(found).update(more)
    return found  # type: ignore[no-any-return]


def outcomes(gathering: Gathering) -> list[str]:
    """How the checks have ended so far."""
    return [check.outcome.value for check in gathering.checks.values()]


def test_check_that_was_collected_did_not_run_yet(gathering: Gathering) -> None:
    gathering.note_checks([(NODEID, ["IMG-1"], True), ("t.py::other", ["IMG-2"], False)])
    assert [(one.ids, one.selected, one.ran) for one in gathering.checks.values()] == [
        (("IMG-1",), True, False),
        (("IMG-2",), False, False),
    ]


def test_phases_of_a_check_add_up(gathering: Gathering) -> None:
    for when in ("setup", "call", "teardown"):
        gathering.take_phase(report(when=when))
    (check,) = gathering.checks.values()
    assert (check.outcome, check.seconds, check.ids) == (Outcome.PASSED, 4.5, ("IMG-1",))


@pytest.mark.parametrize("when", ["setup", "teardown"])
def test_check_is_passed_by_its_call_alone(gathering: Gathering, when: str) -> None:
    gathering.take_phase(report(when=when))
    assert outcomes(gathering) == ["not run"]


def test_problem_of_any_phase_is_its_checks(gathering: Gathering) -> None:
    gathering.take_phase(report())
    gathering.take_phase(report(("error", "stuck"), when="teardown"))
    assert outcomes(gathering) == ["error"]


def test_subtest_neither_passes_its_check_nor_takes_its_time(gathering: Gathering) -> None:
    found = report()
    found.__class__ = pytest.SubtestReport
    gathering.take_phase(found)
    (check,) = gathering.checks.values()
    assert (check.outcome, check.seconds) == (Outcome.NOT_RUN, 0)


# ---- what comes from no check


def test_worker_that_died_is_an_error_of_its_check(gathering: Gathering) -> None:
    gathering.take_phase(report(verdict=None, outcome="failed", longrepr="worker 'gw0' crashed\nsee below"))
    (check,) = gathering.checks.values()
    assert (check.outcome, check.line) == (Outcome.ERROR, "worker 'gw0' crashed")


def test_worker_that_died_without_a_word_is_an_error_too(gathering: Gathering) -> None:
    gathering.take_phase(report(verdict=None, outcome="failed", longrepr=""))
    assert [check.line for check in gathering.checks.values()] == ["no message"]


@pytest.mark.parametrize(("outcome", "broken"), [
    ("failed", ["tests/suite/t.py::test_it: failed, and is no check of the product"]), ("passed", []), ("skipped", []),
])  # fmt: skip
def test_failed_test_of_the_suite_is_an_error_of_the_run(gathering: Gathering, outcome: str, broken: list[str]) -> None:
    gathering.take_phase(report(nodeid="tests/suite/t.py::test_it", verdict=None, outcome=outcome))
    assert (gathering.broken, gathering.checks) == (broken, {})


def test_check_outside_of_the_folders_is_known_by_its_collection(gathering: Gathering) -> None:
    gathering.note_checks([("tests/suite/t.py::test_it", ["IMG-1"], True)])
    gathering.take_phase(report(nodeid="tests/suite/t.py::test_it", verdict=None, outcome="failed"))
    assert (outcomes(gathering), gathering.broken) == (["error"], [])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        pytest.param("trace\nE   OSError: no disk\n", "OSError: no disk", id="last line"),
        pytest.param("", "no message", id="nothing"),
    ],
)
@pytest.mark.parametrize(("nodeid", "lost"), [("tests/image/t.py", True), ("tests/suite/t.py", False)])
def test_file_that_cannot_be_collected_is_told(
    gathering: Gathering, nodeid: str, said: str, line: str, *, lost: bool
) -> None:
    gathering.take_file(pytest.CollectReport(nodeid, "failed", said, []))
    assert (gathering.broken, gathering.lost_files) == ([f"{nodeid}: not collected: {line}"], lost)


def test_file_that_was_lost_stays_lost(gathering: Gathering) -> None:
    for nodeid in ("tests/image/t.py", "tests/suite/t.py"):
        gathering.take_file(pytest.CollectReport(nodeid, "failed", "x", []))
    assert gathering.lost_files


def test_file_that_was_collected_is_no_error(gathering: Gathering) -> None:
    gathering.take_file(pytest.CollectReport("tests/image/t.py", "passed", None, []))
    assert (gathering.broken, gathering.lost_files) == ([], False)


# ---- one broken thing, met in two workers


@pytest.mark.parametrize(
    ("outcome", "workers", "ended"),
    [
        pytest.param("error", ("gw0", "gw1"), ["error", "blocked"], id="error"),
        pytest.param("failed", ("gw0", "gw1"), ["failed", "blocked"], id="failure"),
        pytest.param("error", ("gw0", "gw0"), ["error", "error"], id="the same worker, which blocks by itself"),
        pytest.param("waived", ("gw0", "gw1"), ["waived", "waived"], id="waived"),
    ],
)
def test_error_that_another_worker_has_met_is_a_block(
    gathering: Gathering, outcome: str, workers: tuple[str, str], ended: list[str]
) -> None:
    for number, worker in enumerate(workers):
        gathering.take_phase(report((outcome, LINE), nodeid=f"tests/image/t.py::test_{number}", worker=worker))
    assert outcomes(gathering) == ended


def test_block_by_another_workers_error_is_reported_as_a_skip(gathering: Gathering) -> None:
    gathering.take_phase(report(("error", LINE), worker="gw0"))
    second = report(("error", LINE), nodeid="tests/image/t.py::test_b", worker="gw1")
    gathering.take_phase(second)
    assert (second.outcome, second.longrepr) == ("skipped", ("t.py", 2, f"Skipped: {CAUSE}"))
    check = gathering.checks["tests/image/t.py::test_b"]
    assert (check.line, check.because) == (CAUSE, "start it (told above)")


def test_skip_names_the_first_of_several_blocks(gathering: Gathering) -> None:
    both = (("error", OTHER), ("error", LINE))
    gathering.take_phase(report(*both, worker="gw0"))
    second = report(*both, nodeid="tests/image/t.py::test_b", worker="gw1")
    gathering.take_phase(second)
    assert second.longrepr == ("t.py", 2, "Skipped: no registry")


@pytest.mark.parametrize("other", [("failed", "uid 1001"), ("error", "OSError in teardown: stuck")])
def test_block_hides_no_other_problem_of_its_check(gathering: Gathering, other: tuple[str, str]) -> None:
    gathering.take_phase(report(("error", LINE), worker="gw0"))
    second = report(other, ("error", LINE), nodeid="tests/image/t.py::test_b", worker="gw1")
    gathering.take_phase(second)
    problems = gathering.checks["tests/image/t.py::test_b"].problems
    assert [(one.outcome.value, one.line) for one in problems] == [other, ("blocked", CAUSE)]
    assert second.outcome == "failed"


def test_block_of_its_own_stays_what_it_is(gathering: Gathering) -> None:
    gathering.take_phase(report(("error", LINE), worker="gw0"))
    own = report(("blocked", CAUSE), nodeid="tests/image/t.py::test_b", worker="gw1", outcome="skipped")
    gathering.take_phase(own)
    assert own.longrepr == "x"
