"""A check of what the inventory does not ship is left out, seen by everybody, and never without review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.errors import ExitCode, UsageError
from fixtures.host.process import Ended
from fixtures.verdict import __main__ as command_line
from fixtures.verdict import parts, requirements, shipping
from fixtures.verdict.outcomes import Check, Outcome, judge
from fixtures.verdict.verdict import Verdict
from tests.suite.builder.test_origin import git
from tests.suite.small_inventory import SMALL
from tests.suite.verdict.parts_of_a_run import check as check_of
from tests.suite.verdict.parts_of_a_run import part as part_of
from tests.suite.verdict.parts_of_a_run import required
from tests.suite.verdict.small_suite import (
    ALONE,
    FAILING,
    MODES,
    PASSING,
    WORKERS,
    Run,
    check,
    document,
    expected,
    text,
)
from tests.suite.verdict.test_merge import together

TEA = check("TOOL-tea-connects", "raise OSError('ran')", "test_tea")
BOTH = """
@requirement("FLOW-gitea", "TOOL-jq-runs")
@pytest.mark.uses("tea")
def test_both():
    assert not "ran"
"""
BY_FIXTURE = """
from fixtures.verdict.tools_used import uses_tools

@pytest.fixture
@uses_tools("{tool}")
def login():
    return "ran"

@pytest.fixture
def forge(login):
    return login

@requirement("TOOL-jq-runs")
def test_forge(forge):
    assert not forge
"""
OUT = Check(
    "tests/image/t.py::out", ("FLOW-gitea",), selected=False, outcome=Outcome.NOT_SHIPPED, line="tea not shipped"
)


@pytest.mark.parametrize("mode", MODES)
def test_check_is_left_out_and_told_in_one_line(run: Run, mode: Sequence[str]) -> None:
    result = run(PASSING + TEA + BOTH, *mode)
    said = [line for line in result.stdout.lines if "NOT SHIPPED" in line]
    assert said == ["NOT SHIPPED: tea, gh (nobody here works with another forge): 2 checks left out"]
    assert result.ret == ExitCode.VERIFIED
    assert " 7 not shipped (tea, gh)" in result.stdout.lines[-1]


def test_check_is_left_out_whose_fixture_uses_a_tool(run: Run) -> None:
    result = run(PASSING + BY_FIXTURE.format(tool="tea"), *ALONE)
    assert result.ret == ExitCode.VERIFIED
    result.stdout.fnmatch_lines(["NOT SHIPPED: tea, gh (*): 1 check left out"])


def test_unknown_tool_of_a_fixture_is_refused(run: Run) -> None:
    result = run(PASSING + BY_FIXTURE.format(tool="kubetcx"), *ALONE)
    result.stderr.fnmatch_lines(["*test_forge: kubetcx is not in tools.toml: did you mean kubectx?*"])
    assert result.ret == ExitCode.USAGE


def test_ledger_says_which_rows_are_not_shipped(run: Run, pytester: pytest.Pytester) -> None:
    run(PASSING + TEA + BOTH, *ALONE, "--verdict-json=v.json")
    rows = {row["id"]: (row["verdict"], row["evidence"]) for row in document(pytester.path / "v.json")["requirements"]}
    assert rows["TOOL-tea-connects"] == ("not shipped", "nobody here works with another forge")
    assert rows["FLOW-gitea"] == ("not shipped", "tea not shipped")
    assert rows["TOOL-jq-runs"] == ("passed", "1 check (1 left out: tea not shipped)")


def test_list_of_checks_has_what_is_left_out_as_a_comment(run: Run, pytester: pytest.Pytester) -> None:
    run(PASSING + TEA, *ALONE)
    lines = (pytester.path / "tests/checks.txt").read_text(encoding="utf-8").splitlines()
    out = "# left out, tea not shipped: tests/image/test_image.py::test_tea\tTOOL-tea-connects"
    assert [line for line in lines if "test_tea" in line] == [out]
    assert list(parts.read(pytester.path)) == ["tests/image/test_image.py::test_jq"]


@pytest.mark.parametrize("mode", [ALONE, WORKERS], ids=["alone", "workers"])
def test_list_of_another_inventory_is_no_pass(run: Run, mode: Sequence[str]) -> None:
    listed = (
        "tests/image/test_image.py::test_jq\tTOOL-jq-runs\ntests/image/test_image.py::test_tea\tTOOL-tea-connects\n"
    )
    result = run(PASSING + TEA, *mode, files={"tests/checks.txt": listed})
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["INCOMPLETE: 1 check not as tests/checks.txt has them, *test_tea*nox -s checks"])


@pytest.mark.parametrize(
    ("marker", "line"),
    [
        ("uses('kubetcx')", "test_it: kubetcx is not in tools.toml: did you mean kubectx?"),
        ("uses('forgejo')", "test_it: forgejo is not in tools.toml: restore it, or remove this check"),
        ("uses()", "test_it: uses takes names of tools, one or more"),
        ("requirement('TOOL-forgejo-runs')", "forgejo is not in tools.toml: restore it, or remove this check"),
    ],
    ids=["typo", "gone", "empty", "requirement"],
)
def test_tool_that_nobody_knows_is_refused(run: Run, marker: str, line: str) -> None:
    result = run(PASSING + f"\n@pytest.mark.{marker}" + check("TOOL-jq-runs", "pass"), *ALONE)
    assert result.ret == ExitCode.USAGE
    assert line in text(result)


def test_nothing_but_left_out_checks_verifies_nothing(run: Run) -> None:
    result = run(TEA, *ALONE)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED" in text(result)


# ---- one tool


@pytest.mark.parametrize("mode", MODES)
def test_checks_of_one_tool_are_run_alone(run: Run, mode: Sequence[str]) -> None:
    result = run(PASSING + FAILING, *mode, "--tool=jq")
    assert result.ret == ExitCode.INCOMPLETE
    result.assert_outcomes(passed=1, deselected=1 if mode == ALONE else 0)
    assert "passed, of a selection alone" in result.stdout.lines[-1]


@pytest.mark.parametrize("before", [(), ("--tool=jq",)], ids=["alone", "behind another"])
def test_tool_that_there_is_not_is_refused(run: Run, before: Sequence[str]) -> None:
    result = run(PASSING, *ALONE, *before, "--tool=jqq")
    assert result.ret == ExitCode.USAGE
    assert "--tool=jqq: not in tools.toml: did you mean jq?" in text(result)


# ---- the tools alone


TOOLS = {
    "tests/image/test_tools.py": "import pytest\n@pytest.mark.requirement('TOOL-jq-runs')\n"
    "@pytest.mark.parametrize('n', [1, 2])\ndef test_tool(n):\n    assert n"
}


@pytest.mark.parametrize("mode", MODES)
def test_tools_of_another_inventory_need_no_list(run: Run, mode: Sequence[str]) -> None:
    listed = {"tests/checks.txt": "tests/image/test_tools.py::test_tool[k9s]\tTOOL-no-such-thing\n"}
    result = run(
        "", *mode, "--part=tools", "tests/image/test_tools.py", files={**TOOLS, **listed, **expected("TOOL-x")}
    )
    assert (result.ret, result.stdout.lines[-1][:27]) == (ExitCode.VERIFIED, "verdict: part tools passed ")
    assert any(line.startswith("INVENTORY: ") for line in result.stdout.lines)


def test_tools_of_another_inventory_are_partial_where_one_is_deselected(run: Run) -> None:
    result = run("", *ALONE, "--part=tools", "tests/image/test_tools.py", "-k", "1", files=TOOLS)
    assert result.ret == ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    ("given", "part", "rest"),
    [
        (["image", "--only-tools", "--image=x"], "tools", ["--image=x"]),
        (["image", "--image=x"], "image", ["--image=x"]),
        (["live", "--only-tools"], "live", ["--only-tools"]),
    ],
    ids=["tools", "image", "live"],
)
def test_only_tools_is_a_part_of_its_own(
    monkeypatch: pytest.MonkeyPatch, given: list[str], part: str, rest: list[str]
) -> None:
    asked: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(command_line, "run_part", lambda *arguments, **_: asked.append(arguments))
    command_line.main(given)
    assert asked == [(part, rest)]


# ---- a row and a verdict


def test_row_rests_on_the_checks_that_are_there() -> None:
    there = replace(OUT, nodeid="tests/image/t.py::in", outcome=Outcome.PASSED, line="")
    row = requirements.load()["FLOW-gitea"]
    assert judge(row, [OUT]).verdict is Outcome.NOT_SHIPPED
    assert judge(row, [OUT, there]).evidence == "1 check (1 left out: tea not shipped)"
    assert judge(row, [OUT, replace(there, outcome=Outcome.NOT_RUN)]).verdict is Outcome.NOT_RUN
    assert judge(row, [OUT, replace(there, outcome=Outcome.FAILED)]).verdict is Outcome.FAILED


def test_what_no_commit_leaves_out_is_no_pass() -> None:
    checks = [Check(f"t.py::{one}", (one,), outcome=Outcome.PASSED) for one in required()]
    listed = {found.nodeid: found.ids for found in checks}
    assert Verdict(checks, [], strict=True, listed=listed).exit_code is ExitCode.VERIFIED
    verdict = Verdict(checks, [], listed=listed, unreviewed=["tea"])
    assert verdict.exit_code is ExitCode.INCOMPLETE
    assert verdict.incomplete.startswith("not shipped, and no commit says so: tea: commit tools.toml")


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Makes the product's inventory of the small one and some more text."""

    def make(more: str) -> Path:
        path = tmp_path / "tools.toml"
        path.write_text(SMALL.read_text(encoding="utf-8") + more, encoding="utf-8")
        monkeypatch.setattr(inventories, "DEFAULT_INVENTORY", path)
        monkeypatch.setattr(shipping, "ROOT", tmp_path)
        inventories.use(None)
        return path

    return make


@pytest.mark.parametrize(
    ("committed", "status", "unreviewed"),
    [
        ('[[not_shipped]]\ntools = ["tea", "gh"]\n', 0, []),
        ('[[not_shipped]]\ntools = ["gh"]\n', 0, ["tea"]),
        ("[image]\n", 0, ["tea", "gh"]),
        ("not TOML", 0, ["tea", "gh"]),
        ("", 128, ["tea", "gh"]),
    ],
    ids=["both", "one", "none", "broken", "no commit"],
)
def test_commit_has_to_leave_it_out_too(
    product: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, committed: str, status: int, unreviewed: list[str]
) -> None:
    product("")
    monkeypatch.setattr(shipping, "run", lambda *_arguments, **_more: Ended(status, committed, ""))
    assert shipping.unreviewed() == unreviewed


@pytest.mark.parametrize(("committed", "unreviewed"), [(False, ["tea"]), (True, [])], ids=["staged", "committed"])
def test_what_is_staged_is_not_yet_reviewed(
    product: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    committed: bool,
    unreviewed: list[str],
) -> None:
    commit = ["commit", "-qm", "x"]
    path = product("")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"tea", ', ""), encoding="utf-8")
    for command in (["init", "-q"], ["add", "."], commit):
        git(tmp_path, *command)
    path.write_text(text, encoding="utf-8")
    for command in (["add", "tools.toml"], *([commit] if committed else [])):
        git(tmp_path, *command)
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as a hook of another checkout has it
    assert shipping.unreviewed() == unreviewed


def test_tool_of_the_plan_without_an_entry_is_refused(product: Callable[[str], Path]) -> None:
    product("")
    fix = r"restore its entry, or say in \[\[not_shipped\]\] why this image goes without it$"
    with pytest.raises(UsageError, match=rf"^tools\.toml: stern is a tool of the plan and has no entry: {fix}"):
        requirements.load()


def test_product_that_says_what_it_lacks_is_taken(product: Callable[[str], Path]) -> None:
    names = [name for name in requirements.plan() if name not in requirements.tools()]
    product(f'[[not_shipped]]\ntools = {names}\nreason = "a small product"\n'.replace("'", '"'))
    assert requirements.load()["TOOL-stern-runs"].not_shipped == "a small product"


# ---- parts put together


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tea not shipped", ""),
        ("jq not shipped", "was left out (jq not shipped), and the inventory ships that"),
        ("tea, gh not shipped", ""),
        ("tea, jq not shipped", "was left out (tea, jq not shipped), and the inventory ships that"),
        ("nobody knows", "was left out (nobody knows), and the inventory ships that"),
    ],
)
def test_part_cannot_leave_out_what_is_shipped(tmp_path: Path, line: str, said: str) -> None:
    mine = [check_of("image", *required()), replace(OUT, line=line)]
    verdict = together(tmp_path, {"image": part_of("image", checks=mine)})
    assert [one for one in verdict.broken if "left out" in one] == [
        f"image: {OUT.nodeid}: {said}: run nox -s image again"
    ] * bool(said)


def test_part_of_another_inventory_is_refused(tmp_path: Path) -> None:
    document = part_of("image", *required())
    verdict = together(tmp_path, {"image": {**document, "inventory": "/other/tools.toml"}})
    assert any("was checked by /other/tools.toml, not by the product's inventory" in line for line in verdict.broken)
