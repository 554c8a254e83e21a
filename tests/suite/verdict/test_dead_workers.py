"""Workers of pytest-xdist that die, and what they send."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import FAILING, PASSING, WORKER, WORKERS, Run, check, document, text

IN_WORKER = "if hasattr({config}, 'workerinput')"


def test_worker_that_dies_is_an_error_of_its_check(run: Run) -> None:
    result = run(PASSING + check("IMG-1", "os._exit(0)"), *WORKERS)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.re_match_lines([r"IMG-1 +ERROR", r"ERROR IMG-1: worker 'gw\d' crashed while running"])


@pytest.mark.parametrize(
    ("hook", "line"),
    [
        pytest.param("pytest_sessionfinish(session)", "*ended without its report (Not properly*", id="sessionfinish"),
        pytest.param("pytest_unconfigure(config)", "*broke after its last check (EOFError)*", id="unconfigure"),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_worker_that_dies_after_its_last_check_is_an_error(
    run: Run, tmp_path: Path, hook: str, line: str, code: int
) -> None:
    config = "session.config" if "session" in hook else "config"
    dies = f"def {hook}:\n    {IN_WORKER.format(config=config)}: os._exit({code})\n"
    result = run(PASSING, *WORKER, f"--verdict-json={tmp_path / 'v.json'}", conftest=dies)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR worker gw? {line}"])
    assert document(tmp_path / "v.json")["exit_code"] == ExitCode.SUITE_ERROR


@pytest.mark.parametrize("error", ["ValueError('late')", "SystemExit(0)", "KeyboardInterrupt"])
@pytest.mark.parametrize("hook", ["pytest_sessionfinish(session)", "pytest_unconfigure(config)"])
def test_worker_that_breaks_at_its_end_is_an_error(run: Run, hook: str, error: str) -> None:
    config = "session.config" if "session" in hook else "config"
    result = run(PASSING, *WORKER, conftest=f"def {hook}:\n    {IN_WORKER.format(config=config)}: raise {error}\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.re_match_lines([r"ERROR (worker gw\d broke after its last check|at the end of a worker)"])


def test_worker_that_dies_before_it_is_ready_is_an_error(run: Run) -> None:
    dies = "getattr(config, 'workerinput', {}).get('workerid') == 'gw0'"
    result = run(PASSING, *WORKERS, conftest=f"def pytest_configure(config):\n    if {dies}: os._exit(0)\n")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR worker gw0 ended without its report *"])


def test_worker_that_loses_what_it_recorded_is_an_error(run: Run) -> None:
    loses = "getattr(session.config, 'workeroutput', {}).pop('verdict_context', None)"
    hook = f"@pytest.hookimpl(wrapper=True)\ndef pytest_sessionfinish(session):\n    yield\n    {loses}\n"
    result = run(PASSING, *WORKER, conftest=hook)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ERROR worker gw0 did not send what it recorded: run again" in result.stdout.lines


def test_what_a_worker_recorded_must_be_json(run: Run) -> None:
    note = "request.config.stash[VERDICT_CONTEXT]['image'] = object()"
    result = run(PASSING + check("IMG-1", note), *WORKER)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR what a worker recorded is no JSON: Object of type object is not JSON *"])


@pytest.mark.parametrize(
    ("noted", "line"),
    [
        pytest.param(
            "['image'] = {'id': os.environ['PYTEST_XDIST_WORKER'] * 6}",
            "ERROR the workers looked at different images, gw?gw?gw?gw? and gw?gw?gw?gw?: build no image during a run",
            id="image",
        ),
        pytest.param(
            "['pushed'] = os.environ['PYTEST_XDIST_WORKER']",
            "ERROR the workers recorded different things as pushed: gw? and gw?: run again",
            id="pushed",
        ),
    ],
)
def test_workers_that_looked_at_different_things_are_an_error(run: Run, noted: str, line: str) -> None:
    note = f"import time; time.sleep(0.5); request.config.stash[VERDICT_CONTEXT]{noted}"
    result = run(check("IMG-1", note, "test_a") + check("IMG-2", note, "test_b"), *WORKERS)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([line])


def test_undecodable_output_gets_home_from_a_worker(run: Run) -> None:
    result = run(PASSING + check("IMG-1", "assert False, 'id printed \\udcff'"), *WORKER)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED IMG-1: id printed \\udcff" in result.stdout.lines


def test_maxfail_over_workers_keeps_the_product_failure(run: Run) -> None:
    assert run(FAILING + PASSING, *WORKERS, "--maxfail=1").ret == ExitCode.PRODUCT_FAILURE


def test_error_that_two_workers_meet_is_one_error(run: Run) -> None:
    lost = "import time; time.sleep(0.5); raise SuiteError('podman hung', 'restart it')"
    result = run(PASSING + check("IMG-1", lost, "test_a") + check("IMG-2", lost, "test_b"), *WORKERS)
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.re_match_lines_random(
        [r"ERROR IMG-[12]: podman hung: restart it$", r"blocked \(1\) IMG-[12]: podman hung: restart it \(told above\)"]
    )
    assert "Traceback" not in text(result)


def test_workers_send_their_context_home(run: Run, tmp_path: Path) -> None:
    note = "request.config.stash[VERDICT_CONTEXT].setdefault('image', {})"
    checks = "".join(check(f"IMG-{n}", f"{note}['{n}'] = {n}", f"test_{n}") for n in (1, 2, 3, 4))
    assert run(checks, *WORKERS, f"--verdict-json={tmp_path / 'v.json'}").ret == ExitCode.VERIFIED
    assert document(tmp_path / "v.json")["context"] == {"image": {"1": 1, "2": 2, "3": 3, "4": 4}}
