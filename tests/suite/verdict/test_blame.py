"""A check that fails because of something that it merely used is blocked by that."""

from __future__ import annotations

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import PASSING, Run

USING = """
from fixtures.errors import Diagnosis
from fixtures.verdict.evidence import BLAMES, SCRIPTS, Script

def blame(ids, scripts):
    if any("jq" in one.text for one in scripts) and "TOOL-jq-runs" not in ids:
        return Diagnosis("jq, which this check uses, is broken", "it says nothing: rebuild")
    return None

@pytest.fixture
def container(request):
    request.config.stash.setdefault(BLAMES, []).append(blame)
    return lambda text: SCRIPTS.append(Script(text, None))

@requirement("TOOL-ansible-galaxy-runs")
def test_galaxy(container):
    container("ansible-galaxy collection list | jq .")
    assert False, "ansible-galaxy: lists nothing"

@requirement("TOOL-yq-runs")
def test_yq(container):
    container("yq .")
    assert False, "yq: says nothing"
"""


def test_failure_by_a_broken_helper_is_a_block(run: Run) -> None:
    result = run(PASSING + USING)
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED TOOL-yq-runs: yq: says nothing" in result.stdout.lines
    wanted = "blocked (1) TOOL-ansible-galaxy-runs: jq, which this check uses, is broken: it says nothing: rebuild"
    assert wanted in result.stdout.lines
