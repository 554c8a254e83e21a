"""A self-test in which a check's block gets out fails: pytest by itself takes it for a skip, which is no proof."""

from __future__ import annotations

import pytest

from fixtures.paths import ROOT

BLOCKS = """
from fixtures.verdict.evidence import NotApplicable, blocked

def test_blocks():
    blocked("nothing answers", "start it")

def test_does_not_apply():
    raise NotApplicable("there is none")
"""


def test_block_fails_a_self_test(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {ROOT}")
    pytester.makeconftest("from tests.suite.conftest import pytest_runtest_makereport")
    pytester.makepyfile(BLOCKS)
    result = pytester.runpytest()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*test_blocks: nothing answers: expect it by `with pytest.raises`"])
