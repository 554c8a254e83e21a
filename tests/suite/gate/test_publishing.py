"""A job of a pull request, step by step: what its readers find on the commit, in the comment and among the packages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fixtures.gate import __main__ as gate
from fixtures.gate import report
from fixtures.gate.forge import ForgeError
from fixtures.gate.job import Job
from fixtures.gate.parts import Ended
from fixtures.verdict.parts import CHECKS
from tests.suite.gate.conftest import Publish
from tests.suite.gate.small_forge import COMMIT, SmallForge
from tests.suite.report import sample_runs

PACKAGES = "/api/packages/dev/generic/suite-verdicts"
IMAGE = "conformance/image"
PUSH = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF_NAME": "main", "GITHUB_SHA": COMMIT}


def test_part_is_pending_until_it_ends(publish: Publish, forge: SmallForge) -> None:
    assert publish("begin", "lint", "image") == 0
    assert [(one["context"], one["state"]) for one in forge.statuses] == [
        ("conformance/lint", "pending"),
        (IMAGE, "pending"),
    ]


def test_part_that_is_left_out_has_no_status(publish: Publish, forge: SmallForge) -> None:
    assert publish("begin", "image", "live", "verdict", GATE_WITHOUT="live verdict") == 0
    assert [one["context"] for one in forge.statuses] == [IMAGE]


def test_part_that_failed_is_red_on_the_commit(publish: Publish, forge: SmallForge, build: Path) -> None:
    sample_runs.write(build, sample_runs.document("image", ["BLD-3"]))
    assert publish("end", "image", "1") == 0
    assert (forge.last(IMAGE)["state"], forge.last(IMAGE)["description"]) == ("failure", "failed: BLD-3")


def test_part_whose_turn_never_came_ends_as_an_error(publish: Publish, forge: SmallForge) -> None:
    publish("begin", "build", "image")
    publish("end", "build", "1")
    assert publish("report") == 0
    assert (forge.last("conformance/build")["state"], forge.last(IMAGE)["state"]) == ("failure", "error")
    assert "did not run: see the parts before it" in forge.comments[0]["body"]


@pytest.mark.usefixtures("run_folder")
def test_comment_tells_the_repair_and_leads_to_the_page(publish: Publish, forge: SmallForge) -> None:
    publish("end", "image", "1")
    assert publish("report") == 0
    (comment,) = [one["body"] for one in forge.comments]
    assert "FAILED BLD-3: vim: 61,000,000 bytes, 11,000,000 over its budget of 50,000,000: Trim it" in comment
    page = f"{PACKAGES}/run-12-{COMMIT[:12]}/report.html"
    assert f"({forge.address}{page})" in comment
    assert forge.packages[page] == b"<p>page</p>"


def test_comment_has_the_difference_from_the_branch_that_is_merged_into(
    publish: Publish, forge: SmallForge, run_folder: Path
) -> None:
    forge.packages[f"{PACKAGES}/branch-main/verdict-image.json"] = json.dumps(sample_runs.document("image")).encode()
    older = sample_runs.manifest()
    older["tools"][0] |= {"version": "3.21.0", "bytes": 60_000_000}
    forge.packages[f"{PACKAGES}/branch-main/manifest.json"] = json.dumps(older).encode()
    assert publish("report") == 0
    assert run_folder.is_dir()
    comment = forge.comments[0]["body"]
    assert "worse  BLD-3" in comment
    assert "up      helm 3.21.0 → 3.22.0  +1.6 MB" in comment


@pytest.mark.usefixtures("run_folder")
def test_comment_says_that_nothing_is_kept_to_compare_with(publish: Publish, forge: SmallForge) -> None:
    publish("report")
    assert "not compared: no run of main is kept: let the workflow of main run once" in forge.comments[0]["body"]


@pytest.mark.usefixtures("run_folder")
def test_comment_says_what_to_do_where_nothing_can_be_kept(publish: Publish, forge: SmallForge) -> None:
    assert publish("report", GATE_PACKAGES_TOKEN="") == 0
    assert "GATE_PACKAGES_TOKEN is not set: give the repository that secret" in forge.comments[0]["body"]
    assert not forge.packages


@pytest.mark.usefixtures("run_folder")
def test_github_gets_comment_and_summary_and_no_package(publish: Publish, forge: SmallForge, tmp_path: Path) -> None:
    assert publish("report", GITEA_ACTIONS="") == 0
    assert "upload .build/runs/latest as an artifact" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert len(forge.comments) == 1
    assert not forge.packages


@pytest.mark.usefixtures("run_folder")
def test_run_of_a_branch_is_kept_under_its_name_with_the_history(
    publish: Publish, forge: SmallForge, build: Path
) -> None:
    (build / "history.jsonl").write_text("{}\n", encoding="utf-8")
    assert publish("report", **PUSH) == 0
    assert f"{PACKAGES}/branch-main/verdict-image.json" in forge.packages
    assert forge.packages[f"{PACKAGES}/history/history.jsonl"] == b"{}\n"
    assert not forge.comments


@pytest.mark.usefixtures("run_folder")
def test_run_of_a_pull_request_takes_no_branch_s_place(publish: Publish, forge: SmallForge, build: Path) -> None:
    (build / "history.jsonl").write_text("{}\n", encoding="utf-8")
    publish("report")
    assert {path.removeprefix(PACKAGES).split("/")[1] for path in forge.packages} == {f"run-12-{COMMIT[:12]}"}


def test_history_of_earlier_runs_is_there_from_the_beginning(publish: Publish, forge: SmallForge, build: Path) -> None:
    forge.packages[f"{PACKAGES}/history/history.jsonl"] = b"{}\n"
    publish("begin", "image")
    assert (build / "history.jsonl").read_bytes() == b"{}\n"


def test_forge_that_refuses_is_an_error_and_the_status_stays(
    publish: Publish, forge: SmallForge, capsys: pytest.CaptureFixture[str]
) -> None:
    publish("begin", "lint")
    forge.refuses = 403
    assert publish("end", "lint", "0") == 2
    assert "give the token the right" in capsys.readouterr().err
    assert forge.last("conformance/lint")["state"] == "pending"


def test_outside_a_job_nothing_is_said(publish: Publish, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish("begin", "lint", GITHUB_REPOSITORY="") == 4
    assert "GITHUB_REPOSITORY is not set: this is no job of Actions" in capsys.readouterr().err


def test_checks_that_are_gone_are_told() -> None:
    told = report.listed_checks("# head\na\tIMG-1\nb\tIMG-2\n", "# head\na\tIMG-1\nc\tIMG-2\n")
    assert told[0] == "checks: 1 gone or changed, 1 new or changed (tests/checks.txt)"
    assert told[1:] == ["  - b IMG-2", "  + c IMG-2"]
    assert not report.listed_checks("# head\na\tIMG-1\n", "# other\na\tIMG-1\n")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose branch `request` left main after the checks of its first commit; main has another one since."""
    folder = tmp_path / "clone"
    (folder / CHECKS).parent.mkdir(parents=True)
    monkeypatch.setattr(gate, "ROOT", folder)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    for number, text in enumerate(("", "a\n", "a\nnew on main\n")):
        if text:
            (folder / CHECKS).write_text(text, encoding="utf-8")
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--allow-empty", "--message", str(number))
    _git(folder, "checkout", "--quiet", "-b", "request", "main~1")
    return folder


def _git(folder: Path, *words: str) -> None:
    user = ("-c", "user.name=Gate", "-c", "user.email=g@localhost")
    subprocess.run(["git", "-C", str(folder), *user, *words], check=True, capture_output=True)


def test_checks_that_came_to_the_other_branch_meanwhile_are_not_gone(clone: Path, job: Job) -> None:
    assert clone.is_dir()
    assert gate._before(job) == "a\n"


@pytest.mark.parametrize(
    ("refer", "seen"),
    [
        pytest.param(("update-ref", "refs/remotes/origin/main", "main~2"), "", id="the forge's branch, without a list"),
        pytest.param(("update-ref", "refs/remotes/origin/main", "main~1"), "a\n", id="the forge's branch"),
    ],
)
def test_forge_s_branch_counts_before_the_one_of_the_clone(
    clone: Path, job: Job, refer: tuple[str, ...], seen: str
) -> None:
    _git(clone, *refer)
    assert gate._before(job) == seen


def test_clone_without_the_other_branch_is_an_error(clone: Path, job: Job) -> None:
    _git(clone, "branch", "--quiet", "--delete", "--force", "main")
    with pytest.raises(ForgeError, match=r"^origin/main is not in this clone: let the job fetch all branches$"):
        gate._before(job)


@pytest.mark.parametrize(
    ("codes", "word"),
    [((), "no part has ended"), ((0, 0), "passed"), ((0, 2), "error"), ((2, 1), "failed"), ((0, 3), "failed")],
)
def test_comment_begins_with_the_worst_end(codes: tuple[int, ...], word: str) -> None:
    text = report.markdown([Ended("image", code, "x") for code in codes], None, [], {})
    assert text.startswith(f"### Conformance: {word}\n")


def test_words_of_a_tool_are_neither_markup_nor_a_mention() -> None:
    ended = Ended("image", 1, "a ``` <b>@team</b> | x")
    text = report.markdown([ended], None, ["````", "@team"], {})
    assert "| image | ✘ ```` a ``` <b>@team</b> ¦ x ```` |" in text
    assert "`````text\n````\n@team\n`````" in text
