"""What went wrong is told once, with the repair, and with all that it blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.report.findings import Finding, alone
from fixtures.verdict.outcomes import Check, Outcome
from tests.suite.report.sample_runs import DOWN, TROUBLE, document, said, whole_run, write


def test_block_by_an_error_is_told_with_it(tmp_path: Path) -> None:
    _, _, found = said(whole_run(tmp_path, "ENV-2", "FLOW-mlflow"))
    assert not found.blocked
    assert [(one.problem, one.ids) for one in found.errors] == [(DOWN, ["ENV-2", "FLOW-mlflow"])]


def test_last_words_of_what_is_down_are_shown_too(tmp_path: Path) -> None:
    _, _, found = said(whole_run(tmp_path, "ENV-2", "FLOW-mlflow"))
    assert [(one.heading, one.whole) for one in found.errors] == [(DOWN, f"{DOWN}: mlflow-0 said: <no space left>")]


@pytest.mark.parametrize(
    ("line", "heading", "whole"),
    [
        ("helm: too large: trim it", "helm: too large", ""),
        ("k9s omitted", "k9s omitted", ""),
        ("x" * 300, f"{'x' * 219}…", "x" * 300),
    ],
)
def test_line_stands_whole_where_the_heading_is_short(line: str, heading: str, whole: str) -> None:
    finding = Finding(Outcome.FAILED, line)
    assert (finding.heading, finding.whole) == (heading, whole)


def test_what_broke_after_a_check_had_failed_is_told_too(tmp_path: Path) -> None:
    told = document("image", ["BLD-3"])
    check = next(one for one in told["checks"] if "BLD-3" in one["ids"])
    check["more"] = [{"outcome": "error", "first_line": "volume x stays: remove it", "because": "", "waived": {}}]
    _, _, found = said(write(tmp_path, told))
    assert [one.ids for one in found.failed] == [["BLD-3"]]
    assert [(one.problem, one.repair, one.ids) for one in found.errors] == [("volume x stays", "remove it", ["BLD-3"])]


def test_block_that_is_expected_stands_apart(tmp_path: Path) -> None:
    _, _, found = said(whole_run(tmp_path, "TOOL-psql-connects", "FLOW-nats"))
    assert [one.ids for one in found.here] == [["TOOL-psql-connects"]]
    assert [one.ids for one in found.blocked] == [["FLOW-nats"]]


def test_block_is_expected_where_it_is_for_all_of_its_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TROUBLE, "FLOW-nats", TROUBLE["TOOL-psql-connects"])
    _, _, found = said(whole_run(tmp_path, "TOOL-psql-connects", "FLOW-nats"))
    assert not found.here
    assert [sorted(one.ids) for one in found.blocked] == [["FLOW-nats", "TOOL-psql-connects"]]


def test_block_without_a_diagnosis_is_by_nothing_that_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TROUBLE, "FLOW-nats", Check("", outcome=Outcome.BLOCKED, line="nats has no pod"))
    _, _, found = said(whole_run(tmp_path, "BLD-3", "ENV-2", "FLOW-nats"))
    assert [one.ids for one in found.blocked] == [["FLOW-nats"]]
    assert not any(one.waiting for one in (*found.failed, *found.errors))


def test_waiver_has_its_reason(tmp_path: Path) -> None:
    _, _, found = said(whole_run(tmp_path, *TROUBLE))
    assert [(one.ids, one.reason) for one in found.waived] == [(["DEP-8"], TROUBLE["DEP-8"].waived["DEP-8"])]


@pytest.mark.parametrize(
    ("line", "because", "problem", "repair"),
    [
        ("helm: too large: trim it", "", "helm: too large", "trim it"),
        ("helm: expected 3.22.0, saw 1: rebuild the image", "", "helm: expected 3.22.0, saw 1", "rebuild the image"),
        ("keycloak is down: dial tcp: connection refused", "", "keycloak is down: dial tcp: connection refused", ""),
        ("there is no token", "set GH_TOKEN", "there is no token", "set GH_TOKEN"),
        ("k9s omitted", "no registry serves it", "k9s omitted", ""),
        ("settings: not run", "", "settings: not run", ""),
    ],
)
def test_repair_is_the_end_of_a_line(line: str, because: str, problem: str, repair: str) -> None:
    finding = Finding(Outcome.FAILED, line, because)
    assert (finding.problem, finding.repair) == (problem, repair)


@pytest.mark.parametrize(
    ("nodeid", "shown"),
    [
        ("tests/image/test_x.py::test_y[jq-1.7]", "pipx run nox -s image -- -k 'test_y[jq-1.7]'"),
        ("tests/image/test_x.py::test_y[it is]", "pipx run nox -s image -- -k 'test_y'"),
        ("tests/platform/tools/test_x.py::test_y", "pipx run nox -s live -- -k 'test_y'"),
        ("elsewhere.py::test_y", ""),
    ],
)
def test_command_runs_a_check_alone(nodeid: str, shown: str) -> None:
    assert alone(nodeid) == shown


def test_screenshot_of_a_failure_is_found() -> None:
    line = "editor: no tab: see the page (screen: .build/screenshots/journey.3-failed.png)"
    assert Finding(Outcome.FAILED, line).screen == "journey.3-failed.png"


def test_rows_of_several_parts_are_judged_over_all_their_checks(tmp_path: Path) -> None:
    _, _, found = said(write(tmp_path, document("image"), document("live", ["FLOW-nats", "TOOL-psql-connects"])))
    assert [one.ids for one in found.here] == [["TOOL-psql-connects"]]
    assert [one.ids for one in found.blocked] == [["FLOW-nats"]]
