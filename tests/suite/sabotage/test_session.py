"""One collected session, of which a forked process serves each mutant: over a small suite, without images."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.paths import ROOT
from tests.suite.small_inventory import SMALL

CHECKS = """
import pytest

@pytest.mark.requirement("TOOL-jq-runs")
def test_jq(pytestconfig):
    assert not pytestconfig.getoption("--image").endswith("gone"), "jq: is missing: install it"

@pytest.mark.requirement("IMG-7")
def test_clock(pytestconfig):
    assert not pytestconfig.getoption("--image").endswith("both-gone"), "clock: is missing: set it"
"""
CONFTEST = """
import contextlib, json, pathlib
from fixtures.host.process import PodmanError
from fixtures.sabotage import session
from fixtures.sabotage.mutants import Mutant

@contextlib.contextmanager
def broken(name, dockerfile, history):
    if "fails" in dockerfile:
        raise PodmanError("podman build failed", "rm: cannot remove")
    yield name

session.broken, session._look_into_layers = broken, lambda image: None
session.BUILD_DIRECTORY = pathlib.Path.cwd()
RESULTS = []

def mutant(name, layer="RUN true", says="^jq", rows=("TOOL-jq-runs",)):
    return Mutant(id=name, rows=rows, breaks="something is broken", layer=layer, says=says)

MUTANTS = [
    mutant("none"), mutant("jq-gone"), mutant("jq-whole"), mutant("jq-layer", "RUN fails"),
    mutant("clock-gone", rows=("IMG-7",), says="clock"), mutant("both-gone", rows=("*",), says="clock"),
    mutant("other-gone", says="^yq"),
]

def pytest_addoption(parser):
    parser.addoption("--image", default="image")

def pytest_configure(config):
    told = lambda one: RESULTS.append((one.mutant.id, one.fate, one.first_line, one.ids))
    config.pluginmanager.register(session.Session("image", "1000", MUTANTS, 2, told))

def pytest_unconfigure(config):
    pathlib.Path("results.json").write_text(json.dumps(RESULTS))
"""


@pytest.fixture
def results(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What became of each mutant of the small suite: fate, first line, requirements."""
    options = f"-p fixtures.verdict.plugin --inventory={SMALL} --import-mode=importlib"
    pytester.makeini(f"[pytest]\nfilterwarnings = error\naddopts = {options}")
    pytester.makeconftest(CONFTEST)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (pytester.path / "tests" / "image").mkdir(parents=True)
    (pytester.path / "tests" / "image" / "test_image.py").write_text(CHECKS, encoding="utf-8")
    pytester.runpytest_subprocess("--capture=no", "-p", "no:xdist", "tests")
    found = json.loads((pytester.path / "results.json").read_text(encoding="utf-8"))
    return {name: rest for name, *rest in found}


def test_each_mutant_has_a_process_of_its_own(results: dict[str, Any]) -> None:
    assert {name: rest[0] for name, rest in results.items()} == {
        "none": "survived",
        "jq-gone": "killed",
        "jq-whole": "survived",
        "jq-layer": "error",
        "clock-gone": "survived",
        "both-gone": "killed",
        "other-gone": "wrong words",
    }
    assert results["jq-gone"] == ["killed", "jq: is missing: install it", ["TOOL-jq-runs"]]
    assert "rm: cannot remove" in results["jq-layer"][1]
    assert results["both-gone"][2] == ["IMG-7"]
