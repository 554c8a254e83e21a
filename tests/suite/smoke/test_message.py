"""The termination message of a smoke run, and the refusals of its options."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.paths import ROOT
from fixtures.smoke.__main__ import message


def check(outcome: str, line: str = "", because: str = "") -> dict[str, Any]:
    """A check of a verdict's document."""
    return {"outcome": outcome, "first_line": line, "because": because, "ids": ["USE-2-pod"], "more": []}


def test_message_names_each_failure_once() -> None:
    checks = [
        check("passed"),
        check("failed", "pod: is down: start it"),
        check("blocked", "pod", "is down (told above)"),
    ]
    said = message({"verdict": "failed", "checks": checks, "broken": []})
    assert said == "smoke run: failed: 1 of 3 checks passed\nFAILED USE-2-pod: pod: is down: start it"


def test_run_without_a_verdict_says_so() -> None:
    assert message(None) == "smoke run: error: it left no verdict: read its log"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "a smoke run outside of a cluster takes a kubeconfig: give --kubeconfig FILE"),
        (("--kubeconfig=/none",), "--kubeconfig /none: No such file or directory: give the path of a kubeconfig"),
        (("--settings=/none.toml",), "none.toml: cannot be read"),
        (("--deployment=a/b/c",), "--deployment names none: give --deployment NAMESPACE/NAME"),
    ],
)
def test_wrong_options_are_one_line_and_code_4(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    variables = {name: text for name, text in os.environ.items() if not name.startswith(("KUBE", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "fixtures.verdict.plugin", "--noconftest", "-p", "fixtures.smoke.plugin",
         "-p", "no:cacheprovider", "tests/smoke", "--part=smoke", f"--verdict-json={tmp_path / 'v.json'}", *options],
        cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert words in done.stdout
