"""The termination message of a smoke run, and the refusals of its options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.paths import ROOT
from fixtures.smoke import __main__ as program
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


def test_message_has_each_failure_of_a_check_and_what_broke_outside_of_them() -> None:
    more = check("failed", "pod: has no home: mount it")
    checks = [check("failed", "pod: is down: start it") | {"more": [more]}, check("error", "a defect")]
    said = message({"verdict": "error", "checks": checks, "broken": ["the log is gone: run again"]})
    assert said.splitlines()[1:] == [
        "FAILED USE-2-pod: pod: is down: start it",
        "FAILED USE-2-pod: pod: has no home: mount it",
        "ERROR USE-2-pod: a defect",
        "ERROR the log is gone: run again",
    ]


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Does a run that ends with a code and leaves a verdict; returns the file of its message."""

    def run(code: int, *lines: str) -> Path:
        document = {"verdict": "failed", "checks": [check("failed", line) for line in lines], "broken": []}
        (tmp_path / "verdict.json").write_text(json.dumps(document), encoding="utf-8")
        monkeypatch.setattr(program, "run_part", lambda *_: code)
        monkeypatch.setattr(program, "file_of", lambda _: tmp_path / "verdict.json")
        monkeypatch.setenv(program.MESSAGE_FILE, str(tmp_path / "message"))
        assert program.main([]) == code
        return tmp_path / "message"

    return run


def test_long_message_is_cut_where_a_character_ends(left: Callable[..., Path]) -> None:
    for start in ("", "a"):  # either of the two bytes of a character may be the last that fits
        found = left(1, start + "é" * program.MESSAGE_BYTES).read_bytes()
        assert program.MESSAGE_BYTES - 1 <= len(found) <= program.MESSAGE_BYTES
        assert found.decode().endswith("é")


def test_wrong_input_leaves_its_line_to_the_log(left: Callable[..., Path]) -> None:
    assert left(1, "pod: is down").read_text(encoding="utf-8").endswith("pod: is down")
    left(1).unlink()
    assert not left(4).exists()


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
