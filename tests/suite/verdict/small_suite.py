"""Checks for small suites of their own, and what their runs print."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., pytest.RunResult]

HEAD = """
import os, pytest
from fixtures.errors import ProductError, SuiteError, UsageError
from fixtures.verdict.evidence import VERDICT_CONTEXT, blocked
requirement = pytest.mark.requirement
"""
PASSING = """
@requirement("TOOL-jq-runs")
def test_jq():
    assert "jq"
"""
FAILING = """
@requirement("TOOL-yq-runs")
def test_yq():
    assert [1, 2] == [1, 3], "yq: expected 4.40.5, seen 4.40.4: set its pin"
"""
BLOCKED = """
@requirement("TOOL-k9s-runs")
def test_k9s():
    assert blocked("k9s was omitted", "its source does not answer")
"""
CHECKS = "tests/image/test_image.py"
"""Where the checks of a small suite stand, below its root."""
LISTING = ("--collect-only", "-q", "--write-checks=tests/checks.txt")
TODAY = datetime.now(UTC).date()
LATER, PAST = str(TODAY + timedelta(days=60)), "2001-01-01"
ALONE, WORKER, WORKERS = ("-p", "no:xdist"), ("-n", "1"), ("-n", "2")
MODES = [pytest.param(ALONE, id="alone"), pytest.param(WORKER, id="worker")]
NO_SKIP = "a skip is no verdict: use blocked() or declare n/a in the inventory"


def text(result: pytest.RunResult) -> str:
    """Everything that a session printed."""
    return result.stdout.str() + result.stderr.str()


def check(requirement: str, body: str, name: str = "test_it") -> str:
    """Source of a check with some body, which may run past its end."""
    return f"\n@requirement({requirement!r})\ndef {name}(request):\n    {body}\n    assert True\n"


def document(path: Path) -> dict[str, Any]:
    """The verdict that a run has written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def waiver(subject: str, failure: str = ".*4\\.40\\.4.*", until: str = LATER) -> dict[str, str]:
    """A file of one waiver; `subject` is `requirement = "…"` or `check = "…"`."""
    return {"tests/waivers.toml": entry(subject, failure, until)}


def entry(subject: str, failure: str = ".*4\\.40\\.4.*", until: str = LATER) -> str:
    """Return one entry of a waivers file."""
    said = 'owner = "the maintainer"\nreason = "fixed upstream, not yet released"'
    return f"[[waiver]]\n{subject}\nfailure = '{failure}'\n{said}\nuntil = {until}\n"


def expected(*requirements: str, block: str = "k9s was omitted") -> dict[str, str]:
    """A file with one block that is expected."""
    ids = json.dumps(requirements)
    lines = f"requirements = {ids}\nblock = '{block}'\nreason = 'no registry serves its binary'\n"
    return {"tests/expected_blocked.toml": f"[[expected]]\n{lines}"}
