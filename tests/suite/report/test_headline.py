"""The first screen of a page: the verdict in one line, and what to do next."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fixtures.report import run_files
from fixtures.report.page import render
from fixtures.verdict import parts
from fixtures.verdict.outcomes import Check, Outcome
from tests.suite.report.sample_runs import TROUBLE, document, needed, said, whole_run, write


@pytest.mark.parametrize(
    ("trouble", "word", "meaning", "exit_code"),
    [
        pytest.param(
            (), "passed", "The image does what the plan asks for: {verified} requirements verified.", 0, id="passed"
        ),
        pytest.param(
            ("TOOL-psql-connects",), "passed",
            "The image does what the plan asks for: {verified} requirements verified, "
            "1 requirement cannot be verified on this machine.", 0, id="as far as it can",
        ),
        pytest.param(
            ("FLOW-nats",), "incomplete", "Nothing failed, but 1 requirement of the plan was not verified.", 3,
            id="blocked",
        ),
        pytest.param(
            ("ENV-2", "FLOW-mlflow"), "error", "1 thing beside the product broke, so there is no verdict on the "
            "product. No failure of the product was seen, {verified} requirements verified.", 2, id="error",
        ),
        pytest.param(
            TROUBLE, "failed", "The product is wrong: 2 requirements failed (BLD-3, TOOL-helm-runs).", 1, id="failed"
        ),
    ],
)  # fmt: skip
def test_verdict_is_one_line(tmp_path: Path, trouble: tuple[str, ...], word: str, meaning: str, exit_code: int) -> None:
    head, _, _ = said(whole_run(tmp_path, *trouble))
    meaning = meaning.format(verified=len(needed()) - len(trouble))
    assert (head.word, head.meaning, head.exit_code) == (word, meaning, exit_code)


def test_what_to_do_has_the_products_failures_first(tmp_path: Path) -> None:
    _, steps, _ = said(whole_run(tmp_path, *TROUBLE))
    assert [step.outcome.value for step in steps] == ["failed", "failed", "error", "blocked", "blocked"]
    helm = steps[1]
    assert helm.problem == "helm: /usr/local/bin/helm: cannot be read and run by everybody"
    assert helm.repair == "Install it in tools.toml with mode 0755"
    assert helm.command.startswith("pipx run nox -s live -- -k 'test_")


def test_repair_comes_before_what_has_not_run(tmp_path: Path) -> None:
    _, steps, _ = said(write(tmp_path, document("live", ["FLOW-nats"])))
    assert [step.problem for step in steps] == ["nats is not in settings.toml", "Not run yet: image and rebuild"]


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    _, steps, _ = said(whole_run(tmp_path))
    assert [(step.outcome, step.problem) for step in steps] == [(Outcome.PASSED, "Everything is verified")]


@pytest.mark.parametrize(
    ("ended", "word", "problem"),
    [
        pytest.param(["image"], "passed so far", "Not run yet: rebuild and live", id="one"),
        pytest.param(["image", "rebuild"], "passed so far", "Not run yet: live", id="two"),
        pytest.param(
            ["image", "rebuild", "live"], "passed, not put together yet", "The parts are not put together", id="all"
        ),
    ],
)
def test_parts_alone_are_no_verdict_on_the_image(tmp_path: Path, ended: list[str], word: str, problem: str) -> None:
    head, steps, _ = said(write(tmp_path, *(document(part) for part in ended)))
    assert (head.word, steps[0].problem) == (word, problem)


def test_interrupted_run_says_nothing_of_the_product(tmp_path: Path) -> None:
    wrong = {"interrupted": True, "exit_code": 2, "verdict": "interrupted"}
    head, steps, _ = said(write(tmp_path, document("image") | wrong))
    assert (head.word, head.meaning) == ("interrupted", "The run was ended early: it says nothing yet.")
    assert [step.repair for step in steps] == ["Run it again"]


def test_run_of_no_check_says_what_to_run(tmp_path: Path) -> None:
    none = document("image")
    none["checks"] = [{**check, "selected": False, "outcome": "not run"} for check in none["checks"]]
    head, steps, _ = said(write(tmp_path, none | {"exit_code": 2, "verdict": "nothing was verified"}))
    assert (head.outcome, head.word) == (Outcome.NOT_RUN, "nothing was verified")
    assert [step.problem for step in steps] == ["Some checks were left out", "Not run yet: rebuild and live"]


def test_what_broke_beside_the_checks_is_to_be_repaired(tmp_path: Path) -> None:
    broken = {"broken": ["network x is left behind: remove that by hand"], "exit_code": 2}
    head, steps, _ = said(write(tmp_path, document("image") | broken))
    assert (head.word, steps[0].problem, steps[0].repair) == (
        "error", "network x is left behind", "Remove that by hand",
    )  # fmt: skip


FAILED, BROKE = TROUBLE["BLD-3"], TROUBLE["ENV-2"]


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        pytest.param({"DEP-4": FAILED, "BLD-3": BROKE}, "failed", id="failed live, broke before"),
        pytest.param({"BLD-3": FAILED, "DEP-4": BROKE}, "failed", id="failed first, broke live"),
        pytest.param({"BLD-3": BROKE, "FLOW-nats": TROUBLE["FLOW-nats"]}, "error", id="broke, blocked live"),
        pytest.param({"BLD-3": TROUBLE["FLOW-nats"], "DEP-4": BROKE}, "error", id="blocked, broke live"),
        pytest.param({"FLOW-nats": TROUBLE["FLOW-nats"]}, "incomplete", id="passed, blocked live"),
    ],
)
def test_worst_part_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: dict[str, Check], word: str) -> None:
    for one, check in ended.items():
        monkeypatch.setitem(TROUBLE, one, check)
    head, _, _ = said(write(tmp_path, document("image", ended), document("live", ended)))
    assert head.word == word


def test_flaky_run_is_no_plain_pass(tmp_path: Path) -> None:
    head, steps, found = said(whole_run(tmp_path, "ENV-1"))
    assert (head.word, head.exit_code, len(found.flaky)) == ("passed, but flaky", 0, 1)
    assert "1 requirement only when checks ran again" in head.meaning
    assert steps[0].command == "pipx run nox"
    assert "promote" not in "".join(step.command for step in steps)


TOOLS = {"arguments": ["--image", "h/mine:1", "--inventory=own.toml", "-n", "2"], "part": "tools"}
"""What binds a run of the tools of an image alone."""


def test_run_of_tools_alone_wants_no_other_part(tmp_path: Path) -> None:
    head, steps, _ = said(write(tmp_path, document("image") | TOOLS))
    assert head.meaning.startswith("The tools of the image work as its inventory says: ")
    assert [(step.outcome, step.command) for step in steps] == [(Outcome.PASSED, "")]


@pytest.mark.parametrize("part", parts.ALONE)
def test_run_that_stands_alone_wants_no_other_part(tmp_path: Path, part: str) -> None:
    ended = document(part) | {"exit_code": 0, "verdict": "passed"}
    ended["requirements"] = [{**row, "verdict": "passed"} for row in ended["requirements"]]
    folder = write(tmp_path, ended)
    head, steps, _ = said(folder)
    assert (head.word, head.meaning[:30]) == ("passed", f"This is the run of {part} alone:"[:30])
    assert [(step.outcome, step.repair, step.command) for step in steps] == [
        (Outcome.PASSED, "Nothing has to be repaired", "")
    ]
    assert 'id="tools"' not in render(run_files.load(folder)), "it looks at no tool"


@pytest.mark.parametrize(("part", "option"), [("smoke", "--kubeconfig"), ("proof", "--prove")])
def test_interrupted_run_that_stands_alone_is_run_again_alone(tmp_path: Path, part: str, option: str) -> None:
    wrong = {"interrupted": True, "exit_code": 2, "verdict": "interrupted"}
    _, (step,), _ = said(write(tmp_path, document(part) | wrong))
    assert step.repair == "Run it again"
    assert step.command.startswith(f"pipx run nox -s smoke -- {option}")


def test_command_of_a_failure_looks_at_the_same_image(tmp_path: Path) -> None:
    _, (step, *_), _ = said(write(tmp_path, document("image", ["BLD-3"]) | TOOLS))
    assert step.command.startswith("pipx run nox -s image -- --only-tools --image h/mine:1 --inventory own.toml -k '")


def test_command_of_a_failure_works_where_a_path_has_blanks(tmp_path: Path) -> None:
    given = {"arguments": ["--inventory=two words/own.toml"], "part": "tools"}
    _, (step, *_), _ = said(write(tmp_path, document("image", ["BLD-3"]) | given))
    assert shlex.split(step.command)[6:9] == ["--only-tools", "--inventory", "two words/own.toml"]


def test_page_names_the_image_and_the_inventory(tmp_path: Path) -> None:
    mine = {"context": {"image": {"name": "h:5000/team/mine:1"}}, "inventory": "/own/tools.toml"}
    page = render(run_files.load(write(tmp_path, document("image") | TOOLS | mine)))
    assert "<h1>Verdict on the image mine ·" in page
    assert "/own/tools.toml" in page
