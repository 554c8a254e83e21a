"""A job is read from the variables that both forges set."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.gate.job import Job
from fixtures.redaction import redact
from tests.suite.gate.conftest import Variables
from tests.suite.gate.small_forge import COMMIT, PACKAGES_TOKEN, TOKEN


def test_pull_request_is_about_the_last_commit_of_its_branch(job: Job) -> None:
    assert (job.commit, job.branch, job.request) == (COMMIT, "main", 7)


def test_push_is_about_the_commit_that_was_pushed(variables: Variables) -> None:
    job = Job.from_environment(variables | {"GITHUB_EVENT_NAME": "push", "GITHUB_REF_NAME": "main"})
    assert (job.commit, job.branch, job.request) == ("d" * 40, "main", None)


def test_page_of_a_run_has_gitea_s_number_or_github_s_id(variables: Variables) -> None:
    assert Job.from_environment(variables).page.endswith("/dev/suite/actions/runs/12")
    assert Job.from_environment(variables | {"GITEA_ACTIONS": ""}).page.endswith("/dev/suite/actions/runs/345")


@pytest.mark.parametrize("name", ["GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_SHA", "GATE_TOKEN"])
def test_variable_that_is_missing_is_named(variables: Variables, name: str) -> None:
    with pytest.raises(UsageError, match=rf"^{name} is not set.*: (run it in|give the job's token)"):
        Job.from_environment(variables | {name: ""})


def test_event_that_is_no_document_is_refused(variables: Variables, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"other\.json: is no event's document: leave it"):
        Job.from_environment(variables | {"GITHUB_EVENT_PATH": str(tmp_path / "other.json")})


def test_tokens_are_in_no_text_of_a_job(job: Job) -> None:
    assert "token-of" not in repr(job)
    assert redact(f"{TOKEN}, {PACKAGES_TOKEN}") == "***, ***"
