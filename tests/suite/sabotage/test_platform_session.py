"""Checks run again and again in one session while mutants come and go: over a small suite, without a cluster."""

from __future__ import annotations

import json
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.cluster.api import ClusterError
from fixtures.paths import ROOT
from fixtures.sabotage import platform_session
from fixtures.verdict.outcomes import Outcome
from tests.suite.small_inventory import SMALL

CHECKS = """
import pytest
from fixtures.errors import SuiteError

@pytest.fixture(scope="session")
def target():
    return pytest.importorskip("types").SimpleNamespace(api=None)

@pytest.fixture(scope="session")
def run_id(target):
    return "1"

@pytest.mark.requirement("DEP-1")
def test_service(run_id, platform):
    assert "service" not in platform, "Service: leads nowhere: set its selector"

@pytest.mark.requirement("DEP-5")
def test_limits(run_id, platform):
    if "limits" in platform:
        raise SuiteError("the pod is down", "see its events")
    assert run_id

@pytest.mark.requirement("DEP-8")
def test_restart(run_id, platform):
    assert "always" in platform, "the pod: does not come back"

@pytest.mark.requirement("SVC-valkey-auth")
@pytest.mark.needs("valkey")
def test_valkey(started):
    assert "valkey" in started
"""
CONFTEST = """
import contextlib, json, pathlib, pytest
from fixtures.cluster.api import ClusterError
from fixtures.sabotage import platform_session
from fixtures.sabotage.platform_mutants import PlatformMutant, Step

STATE, RESULTS = set(), []

class Living:
    def __init__(self, api, names):
        assert names == {"run": "1", "workspace": "code-server-1"}

    @contextlib.contextmanager
    def changed(self, mutant):
        if mutant.id == "unmade":
            raise ClusterError("the patch is refused", "correct it")
        if "valkey" in mutant.namespaces - STATE:
            raise ClusterError("valkey is not up", "start it")
        STATE.add(mutant.id)
        try:
            yield
        finally:
            if mutant.id != "service-stays":
                STATE.discard(mutant.id)

platform_session.Living = Living

def mutant(name, row="DEP-1", namespace="a", **more):
    steps = (Step(object=f"ConfigMap {namespace}/b", delete=True),)
    return PlatformMutant(id=name, rows=(row,), breaks="something is broken", steps=steps, says="leads|down", **more)

MUTANTS = [
    mutant("service"), mutant("service-survives-not"), mutant("nothing"), mutant("unmade"),
    mutant("limits", "DEP-5", ends="error"), mutant("limits-again", "DEP-5", ends="error"),
    mutant("restart", "DEP-8"), mutant("no-check", "DEP-2"), mutant("service-of", namespace="valkey"),
]

@pytest.fixture
def platform():
    return {word for one in STATE for word in one.split("-")}

@pytest.fixture
def started():
    STATE.add("valkey")
    return STATE

def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*names): what a check needs")
    told = lambda one: RESULTS.append((one.mutant.id, one.fate, one.first_line, one.ids))
    config.pluginmanager.register(platform_session.Session(MUTANTS, told))

def pytest_unconfigure(config):
    pathlib.Path("results.json").write_text(json.dumps(RESULTS))
"""


@pytest.fixture
def scored(pytester: pytest.Pytester) -> dict[str, list[Any]]:
    """What becomes of each mutant of the small suite: its fate, the first line and the requirements."""
    pytester.makeini(f"[pytest]\npythonpath = {ROOT}\nfilterwarnings = error")
    pytester.makeconftest(CONFTEST)
    pytester.mkpydir("tests")
    folder = pytester.mkdir("tests/platform")
    (folder / "test_one.py").write_text(CHECKS, encoding="utf-8")
    pytester.runpytest_subprocess("-p", "fixtures.verdict.plugin", f"--inventory={SMALL}", "tests/platform")
    found = json.loads((pytester.path / "results.json").read_text(encoding="utf-8"))
    return {one: rest for one, *rest in found}


def test_fates(scored: dict[str, list[Any]]) -> None:
    assert {one: fate for one, (fate, *_) in scored.items()} == {
        "service": "killed", "service-survives-not": "killed", "nothing": "survived", "unmade": "error",
        "limits": "killed", "limits-again": "killed", "restart": "error", "no-check": "error",
        "service-of": "killed",
    }  # fmt: skip
    assert scored["service"][1:] == ["Service: leads nowhere: set its selector", ["DEP-1"]]
    assert "the patch is refused" in scored["unmade"][1]
    assert scored["restart"][1].startswith(
        "false alarm, the unbroken platform: tests/platform/test_one.py::test_restart"
    )


def test_cluster_that_cannot_be_had_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session = platform_session.Session([], print)
    ended: Any = SimpleNamespace(outcome=Outcome.ERROR, line="no cluster: start one")
    monkeypatch.setattr(session, "_run", lambda *_: ended)
    nothing: Any = SimpleNamespace(nodeid="t.py::t")
    with pytest.raises(ClusterError, match=r"^no cluster: start one$"):
        session._unbroken(nothing, nothing)
    session.made["target"] = "a cluster"
    assert "false alarm" in session._unbroken(nothing, nothing)


def test_time_stands_still_while_something_is_set_up_once() -> None:
    with platform_session.limited(60) as over, platform_session.stopped():
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        with platform_session.stopped():
            pass
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert over == []
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_time_goes_on_after_it() -> None:
    with platform_session.limited(60):
        with platform_session.stopped():
            pass
        left, again = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 60
        assert again == platform_session.AGAIN_SECONDS
