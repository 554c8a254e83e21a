"""Statuses, comments and packages go to the forge; what it refuses is one line with the repair."""

from __future__ import annotations

import dataclasses

import pytest

from fixtures.gate.forge import Forge, ForgeError
from fixtures.gate.job import Job
from tests.suite.gate.small_forge import SmallForge

MARK = "<!-- ours -->"


def test_status_is_on_the_commit_and_leads_to_the_run(job: Job, forge: SmallForge) -> None:
    Forge(job).status("conformance/image", "failure", "x" * 200)
    (status,) = forge.statuses
    assert (status["state"], status["target_url"]) == ("failure", job.page)
    assert status["description"] == "x" * 139 + "…"


def test_second_comment_takes_the_place_of_the_first(job: Job, forge: SmallForge) -> None:
    forge.comments.append({"id": 1, "body": "somebody's"})
    for word in ("one", "two"):
        Forge(job).comment(7, MARK, word)
    assert [one["body"] for one in forge.comments] == ["somebody's", f"two\n\n{MARK}\n"]


def test_files_are_kept_in_the_place_of_older_ones(job: Job, forge: SmallForge) -> None:
    there = Forge(job)
    there.keep("branch-main", {"a.json": b"1", "b.json": b"2"})
    there.keep("branch-main", {"a.json": b"3"})
    assert forge.packages == {"/api/packages/dev/generic/suite-verdicts/branch-main/a.json": b"3"}
    assert (there.kept("branch-main", "a.json"), there.kept("branch-main", "b.json")) == (b"3", None)


@pytest.mark.parametrize(
    ("status", "repair"),
    [(401, "give a token that is valid"), (403, "give the token the right"), (404, "see whether"), (500, "see the")],
)
def test_refusal_is_one_line_with_the_repair(job: Job, forge: SmallForge, status: int, repair: str) -> None:
    forge.refuses = status
    with pytest.raises(ForgeError, match=rf"^POST http\S+/statuses/c+ is answered by {status}: .*: {repair}"):
        Forge(job).status("conformance/lint", "pending", "")


@pytest.mark.parametrize("status", [401, 403, 500])
def test_package_that_may_not_be_seen_is_not_taken_for_missing(job: Job, forge: SmallForge, status: int) -> None:
    forge.refuses = status
    with pytest.raises(ForgeError, match=rf"^GET http\S+/a\.json is answered by {status}: "):
        Forge(job).kept("branch-main", "a.json")
    with pytest.raises(ForgeError, match=rf"^DELETE http\S+/branch-main is answered by {status}: "):
        Forge(job).keep("branch-main", {"a.json": b"1"})


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirected_request_is_not_done(job: Job, forge: SmallForge, status: int) -> None:
    forge.refuses = status
    with pytest.raises(ForgeError, match=rf"^POST http\S+ is answered by {status}: .*: see the forge's log$"):
        Forge(job).status("conformance/lint", "success", "")
    with pytest.raises(ForgeError, match=rf"^DELETE http\S+ is answered by {status}: "):
        Forge(job).keep("branch-main", {"a.json": b"1"})


def test_forge_that_does_not_answer_is_told(job: Job) -> None:
    gone = dataclasses.replace(job, api="http://127.0.0.1:1/api/v1")
    with pytest.raises(ForgeError, match=r"is not answered .*: see whether the forge is up$"):
        Forge(gone).status("conformance/lint", "pending", "")
