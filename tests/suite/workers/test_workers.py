"""Workers of one run: what they make together, their turns, what is seen of them, and how they are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from fixtures.cluster.kubectl import KubectlError
from fixtures.deployment.diagnosis import BrokenDeploymentError
from fixtures.errors import ProductError, SuiteError, UsageError
from fixtures.paths import ROOT
from fixtures.workers.shared import Workers
from tests.suite.small_inventory import SMALL

HEAD = """
import os
import time
from contextlib import contextmanager
from pathlib import Path
import pytest
from fixtures.errors import SuiteError
from fixtures.redaction import keep
from fixtures.verdict.evidence import tell
from fixtures.workers.terminal import shown
requirement = pytest.mark.requirement("TOOL-jq-runs")

def note(word):
    with Path("log").open("a") as log:
        print(word, file=log)

def wait_for(word, times):
    deadline = time.monotonic() + 60
    while Path("log").read_text().count(word) < times:
        assert time.monotonic() < deadline, f"nobody notes {word!r}"
        time.sleep(0.01)
"""
LONG = """
@requirement
@pytest.mark.parametrize("number", [1, 2])
def test_long(number):
    note("working")
    time.sleep(60)
    assert True
"""
TWO_USERS = """
makers = []

@pytest.fixture(scope="session")
def thing(workers):
    @contextmanager
    def make():
        note("made")
        makers.append(1)
        yield "thing"
        note("unmade")
    with workers.once("thing", make) as made:
        yield made

@requirement
@pytest.mark.parametrize("number", [1, 2])
def test_use(thing, number):
    note(f"has {thing}")
    wait_for("has", int(os.environ["USERS"]))
    time.sleep(0 if makers else 1)
    note("lets go")
"""
BROKEN = """
@pytest.fixture(scope="session")
def thing(workers):
    @contextmanager
    def make():
        note("tried")
        raise SuiteError("the disk is full", "make room")
        yield
    with workers.once("thing", make) as made:
        yield made

@requirement
@pytest.mark.parametrize("number", [1, 2])
def test_use(thing, number):
    assert True
"""
TURNS = """
@pytest.fixture
def deployment():
    pass

@requirement
@pytest.mark.parametrize("number", [1, 2, 3])
def test_use(deployment, number):
    note("use begins")
    time.sleep(0.2)
    note("use ends")
    assert number

@requirement
@pytest.mark.alone
@pytest.mark.parametrize("number", [1, 2])
def test_replace(number):
    note("replacing begins")
    time.sleep(0.2)
    note("replacing ends")
    assert number
"""
TALKING = """
@requirement
@pytest.mark.parametrize("number", [1, 2])
def test_talk(request, pytestconfig, number):
    with shown(pytestconfig):
        print(keep("s3cret-" + "w0rd"))
        print(f"step {number} ...")
    tell(pytestconfig, f"section {number}", [f"figure {number}"])
    assert number
"""
SLOW_TO_CLEAN = """
@pytest.fixture(scope="session", autouse=True)
def cluster():
    yield
    time.sleep(float(os.environ["CLEANING"]))
    note("cleaned")
"""
ONE_STILL_WORKS = """
makers = []

@pytest.fixture(scope="session")
def cluster():
    yield
    note("without a cluster")

@pytest.fixture(scope="session")
def thing(cluster, workers):
    @contextmanager
    def make():
        makers.append(1)
        yield
        note("unmade")
    with workers.once("thing", make):
        yield
        if not makers:
            note("let go")

@requirement
@pytest.mark.parametrize("number", [1, 2])
def test_use(thing, number):
    note("has")
    wait_for("has", 2)
    if not makers:
        time.sleep(1)
        note("working")
        time.sleep(60)
"""
FAILS_TO_CLEAN = """
@pytest.fixture(scope="session", autouse=True)
def cluster():
    yield
    raise SuiteError("the cluster cannot be removed", "remove it by hand")
"""
GROUPED = """
@requirement
@pytest.mark.parametrize("number", range(6))
def test_one_by_one(number, worker_id):
    note(worker_id)
    assert worker_id

@requirement
@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(6))
def test_together(number, worker_id):
    note(f"together {worker_id}")
    time.sleep(0.1)
    assert worker_id
"""
ALONE, WORKERS = ("-p", "no:xdist"), ("-n", "2", "--dist=loadgroup")

Session = Callable[..., pytest.RunResult]


@pytest.fixture
def checks(pytester: pytest.Pytester) -> Callable[[str], Path]:
    """Writes checks, and settings as the project's."""
    plugins = f"-p fixtures.verdict.plugin -p fixtures.workers.plugin --inventory={SMALL}"
    pytester.makeini(f"[pytest]\nstrict = true\nfilterwarnings = error\naddopts = {plugins}")
    return lambda code: pytester.makepyfile(HEAD + code)


@pytest.fixture
def run(pytester: pytest.Pytester, checks: Callable[[str], Path]) -> Session:
    """Runs checks in a session of their own, by default with two workers."""

    def session(code: str, *arguments: str) -> pytest.RunResult:
        checks(code)
        return pytester.runpytest_inprocess(*(arguments or WORKERS))

    return session


def log(pytester: pytest.Pytester) -> list[str]:
    """What checks noted, in the order of time."""
    return (pytester.path / "log").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("mode", "users"), [(ALONE, "1"), (WORKERS, "2")], ids=["alone", "workers"])
def test_thing_is_made_once_and_unmade_when_nobody_uses_it(
    run: Session, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: tuple[str, ...], users: str
) -> None:
    monkeypatch.setenv("USERS", users)
    run(TWO_USERS, *mode).assert_outcomes(passed=2)
    seen = log(pytester)
    assert (seen[0], seen[-1], sorted(seen[1:-1])) == ("made", "unmade", ["has thing"] * 2 + ["lets go"] * 2)


def test_what_breaks_in_one_worker_is_one_error_and_blocks_the_other(run: Session, pytester: pytest.Pytester) -> None:
    result = run(BROKEN, *WORKERS, "--maxfail=2")
    assert log(pytester) == ["tried"], "the second worker tried again"
    shown = result.stdout.str()
    assert "1 error" in shown
    assert "1 blocked" in shown
    assert "the disk is full" in shown
    assert "stopping after" not in shown, "what is blocked counts as failed"


@pytest.mark.parametrize("kind", [ProductError, UsageError, BrokenDeploymentError, KubectlError])
def test_what_breaks_is_of_the_same_kind_in_each_worker(tmp_path: Path, kind: type[SuiteError]) -> None:
    tried = []

    def make() -> AbstractContextManager[None]:
        tried.append(1)
        raise kind("the image is too large", "make it smaller")

    for _ in range(2):
        with pytest.raises(kind, match=r"^the image is too large: make it smaller$"), Workers(tmp_path).once("a", make):
            pytest.fail("it has the thing")
    assert len(tried) == 1


def test_nobody_uses_the_pod_while_it_is_replaced(run: Session, pytester: pytest.Pytester) -> None:
    run(TURNS).assert_outcomes(passed=5)
    lines = log(pytester)
    ends = [lines[place + 1] for place, line in enumerate(lines) if line == "replacing begins"]
    assert ends == ["replacing ends"] * 2


def test_group_is_one_workers_and_the_others_checks_are_anybodys(run: Session, pytester: pytest.Pytester) -> None:
    run(GROUPED).assert_outcomes(passed=12)
    lines = log(pytester)
    assert len({line for line in lines if line.startswith("together")}) == 1
    assert len({line.split()[-1] for line in lines}) == 2, "one worker had nothing to do"


@pytest.mark.parametrize("mode", [ALONE, WORKERS], ids=["alone", "workers"])
def test_what_a_worker_says_is_seen(run: Session, mode: tuple[str, ...]) -> None:
    lines = run(TALKING, *mode).outlines
    for number in (1, 2):
        assert any(line.endswith(f"step {number} ...") for line in lines)
        assert lines.index(f"figure {number}") > next(
            n for n, line in enumerate(lines) if f" section {number} " in line
        )
    assert sum("***" in line for line in lines) == 2
    assert not [line for line in lines if "s3cret-w0rd" in line]


def ended(pytester: pytest.Pytester, end: Callable[[int], None], *, working: int = 2, cleaning: float = 0) -> str:
    """What a run of its own printed that was ended by END, given the id of its process, once checks are working."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "CLEANING": str(cleaning)}
    command = [sys.executable, "-m", "pytest", *WORKERS]
    with subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, env=environment, start_new_session=True, text=True
    ) as process:
        try:
            wait_for(pytester.path / "log", "working", working)
            end(process.pid)
            return process.communicate(timeout=cleaning + 60)[0]
        finally:
            with suppress(ProcessLookupError):  # as it should be: nothing of it is left
                os.killpg(process.pid, signal.SIGKILL)


def terminate(process: int) -> None:
    """End one process, as a pipeline does."""
    os.kill(process, signal.SIGTERM)


def press_ctrl_c(process: int) -> None:
    """Tell a process and all that it started, as a terminal does."""
    os.killpg(process, signal.SIGINT)


def test_workers_are_told_when_the_run_is_ended(checks: Callable[[str], Path], pytester: pytest.Pytester) -> None:
    checks(SLOW_TO_CLEAN + LONG)
    ended(pytester, terminate, cleaning=0.5)
    assert log(pytester).count("cleaned") == 2


def test_workers_have_time_to_clean_up_after_ctrl_c(checks: Callable[[str], Path], pytester: pytest.Pytester) -> None:
    checks(SLOW_TO_CLEAN + LONG)
    # pytest-xdist's own patience is 10 s.
    ended(pytester, press_ctrl_c, cleaning=12)
    assert log(pytester).count("cleaned") == 2


@pytest.mark.parametrize("end", [terminate, press_ctrl_c])
def test_worker_that_waits_for_another_still_cleans_up(
    checks: Callable[[str], Path], pytester: pytest.Pytester, end: Callable[[int], None]
) -> None:
    checks(ONE_STILL_WORKS)
    ended(pytester, end, working=1)
    lines = log(pytester)
    assert lines.index("unmade") > lines.index("let go")
    assert lines.count("without a cluster") == 2


@pytest.mark.parametrize("end", [terminate, press_ctrl_c])
def test_what_breaks_in_cleaning_up_is_told(
    checks: Callable[[str], Path], pytester: pytest.Pytester, end: Callable[[int], None]
) -> None:
    checks(FAILS_TO_CLEAN + LONG)
    assert ended(pytester, end).count("the cluster cannot be removed: remove it by hand") >= 2


def wait_for(path: Path, word: str, times: int) -> None:
    """Wait until a file has a word so many times."""
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_text(encoding="utf-8").count(word) < times:
        assert time.monotonic() < deadline, f"{path} lacks {word!r}"
        time.sleep(0.05)
