"""The text of a part's status: the verdict's line with what is at fault, or the log's telling line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.gate import parts
from fixtures.redaction import MASK, keep
from tests.suite.report import sample_runs

LINE = "verdict: failed · 716 checks, 90 requirements verified, 1 failed\n"


def left(build: Path, name: str, log: str = "", document: dict[str, Any] | None = None) -> Path:
    """Leave what a part leaves; return the folder of the build."""
    (build / "gate").mkdir(parents=True)
    parts.log_of(name, build / "gate").write_text(log, encoding="utf-8")
    if document is not None:
        (build / f"verdict-{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return build


def test_status_of_a_product_that_is_wrong_names_the_requirement(tmp_path: Path) -> None:
    document = sample_runs.document("image", ["BLD-3"])
    found = parts.ended("image", 1, left(tmp_path, "image", f"image: 120 of 716\n{LINE}", document))
    assert found.state == "failure"
    assert found.text == "failed: BLD-3 · 716 checks, 90 requirements verified, 1 failed"


def test_status_of_many_that_are_wrong_names_the_first(tmp_path: Path) -> None:
    rows = [{"id": f"IMG-{number}", "verdict": "failed"} for number in range(5)]
    document = sample_runs.document("image", ["BLD-3"]) | {"requirements": rows}
    found = parts.ended("image", 1, left(tmp_path, "image", "", document))
    assert found.text == "failed: IMG-0, IMG-1, IMG-2 and 2 more"


def test_status_of_a_run_that_is_incomplete_says_what_is_missing(tmp_path: Path) -> None:
    document = sample_runs.document("image") | {"verdict": "partial", "exit_code": 3}
    log = "INCOMPLETE: 1 requirement not run whole: IMG-3\nverdict: partial · 700 checks\n"
    found = parts.ended("image", 3, left(tmp_path, "image", log, document))
    assert (found.state, found.text) == (
        "failure",
        "partial: 1 requirement not run whole: IMG-3 · 700 checks",
    )


def test_verdict_that_was_not_given_with_that_exit_code_is_not_told(tmp_path: Path) -> None:
    document = sample_runs.document("image")
    found = parts.ended("image", 2, left(tmp_path, "image", "error: disk full: free some space\n", document))
    assert (found.state, found.text) == ("error", "error: disk full: free some space")


def test_verdict_of_another_run_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = sample_runs.document("image", ["BLD-3"])
    build = left(tmp_path, "image", "error: image: no such profile\n", document)
    texts = []
    for run in (document["run"], "another"):
        monkeypatch.setenv("CONFORMANCE_RUN_ID", run)
        texts.append(parts.ended("image", document["exit_code"], build).text)
    assert [("BLD-3" in text, "no such profile" in text) for text in texts] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("name", "code", "log", "text"),
    [
        ("lint", 0, "nox > Session lint was successful.\n", "passed"),
        ("lint", 1, "a.py:3:1: F401 unused\nFound 1 error.\n", "failed: a.py:3:1: F401 unused"),
        ("lint", 1, "Success\nfixtures/a.py:9: error: No [misc]\n", "failed: fixtures/a.py:9: error: No [misc]"),
        ("selftest", 0, "\x1b[32m===== 900 passed in 600.00s =====\x1b[0m\n", "passed: 900 passed in 600.00s"),
        (
            "selftest", 1, "FAILED tests/a.py::test_b - E\n==== 1 failed, 3 passed in 2s ====\n",
            "failed: FAILED tests/a.py::test_b - E · 1 failed, 3 passed in 2s",
        ),
        ("build", 4, "error: helm: no lock: add it\nnox > Session build failed.\n", "error: helm: no lock: add it"),
        ("build", 1, "nox > Session build failed.\n", "failed: see its log"),
    ],
)  # fmt: skip
def test_part_without_a_verdict_is_told_by_its_log(tmp_path: Path, name: str, code: int, log: str, text: str) -> None:
    assert parts.ended(name, code, left(tmp_path, name, log)).text == text


@pytest.mark.parametrize("secret", ["s3cret-of-the-registry", "three  blanks  between"])
@pytest.mark.parametrize("place", ["log", "selection", "verdict"])
def test_status_which_everybody_reads_has_no_secret(tmp_path: Path, place: str, secret: str) -> None:
    keep(secret)
    wrong = {"verdict": "incomplete", "exit_code": 4, "broken": [f"refused {secret}"]}
    document = sample_runs.document("image") | wrong if place == "verdict" else None
    log = f"error: registry: refused robot, {secret}: see it\n" if place == "log" else ""
    build = left(tmp_path, "image", log, document)
    text = parts.ended("image", 4, build, f"-k {secret}" if place == "selection" else "").text
    assert MASK in text
    assert " ".join(secret.split()) not in text


def test_selection_is_said_first(tmp_path: Path) -> None:
    found = parts.ended("selftest", 0, left(tmp_path, "selftest", "== 3 passed in 1s ==\n"), "-k gate")
    assert found.text == "a selection alone (-k gate): passed: 3 passed in 1s"


def test_part_that_began_and_never_ended_is_an_error(tmp_path: Path) -> None:
    parts.begun(["lint", "image"], tmp_path)
    parts.Ended("lint", 0, "passed").write(tmp_path)
    (only,) = parts.not_ended(tmp_path)
    assert (only.name, only.state, only.text) == ("image", "error", "did not run: see the parts before it")


def test_end_of_an_earlier_job_is_not_this_job_s(tmp_path: Path) -> None:
    parts.begun(["image"], tmp_path)
    parts.Ended("image", 0, "passed").write(tmp_path)
    parts.log_of("image", tmp_path).write_text("verdict: passed\n", encoding="utf-8")
    parts.begun(["lint", "image"], tmp_path)
    assert [one.name for one in parts.not_ended(tmp_path)] == ["lint", "image"]
    assert [path.name for path in tmp_path.iterdir()] == [parts.BEGUN]


@pytest.mark.parametrize("name", ["", "../x", "Image", "a b"])
def test_name_that_no_part_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"is no part of a job: give the name of a session"):
        parts.known(name)
