"""A check of a part that the image goes without, or of what does not apply to it, is left out like one of a tool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.errors import ExitCode, UsageError
from fixtures.host.process import Ended
from fixtures.verdict import requirements, shipping
from fixtures.verdict.outcomes import Check, Outcome
from tests.suite.small_inventory import SMALL
from tests.suite.verdict.small_suite import ALONE, PASSING, Run, check, document, text

WITHOUT = '[[image.without]]\nfeatures = ["node", "sudo"]\nreason = "scripts alone run in it"\n\n'
OUTSIDE = '[[not_applicable]]\nrequirements = ["IMG-2"]\nreason = "nobody edits in it"\n'
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an inventory: the small one with something before its tools, and something at its end."""

    def one(before: str, after: str = "") -> Path:
        path = tmp_path / "own.toml"
        content = SMALL.read_text(encoding="utf-8").replace("[[tools]]", before + "[[tools]]", 1)
        path.write_text(content + after, encoding="utf-8")
        return path

    return one


def needing(feature: str, requirement: str = "IMG-7") -> str:
    return f"\n@pytest.mark.feature({feature!r})" + check(requirement, "raise OSError('ran')", "test_part")


@pytest.mark.parametrize("feature", ["node", "npm", "aliases"], ids=["named", "needs a named one", "not asked for"])
def test_check_of_a_part_that_is_not_there_is_left_out(run: Run, write: Write, feature: str) -> None:
    result = run(PASSING + needing(feature), *ALONE, f"--inventory={write(WITHOUT)}")
    said = next(line for line in result.stdout.lines if "NOT SHIPPED" in line)
    assert "node, sudo (scripts alone run in it)" in said
    assert said.endswith(": 1 check left out")
    assert ("aliases (no alias is in" in said) is (feature == "aliases")


def test_row_of_such_checks_alone_is_not_shipped(run: Run, write: Write, tmp_path: Path) -> None:
    run(PASSING + needing("node"), *ALONE, f"--inventory={write(WITHOUT)}", f"--verdict-json={tmp_path / 'v.json'}")
    rows = {row["id"]: (row["verdict"], row["evidence"]) for row in document(tmp_path / "v.json")["requirements"]}
    assert rows["IMG-7"] == ("not shipped", "node not shipped")


def test_part_that_is_there_is_checked(run: Run, write: Write) -> None:
    result = run(PASSING + needing("git"), *ALONE, f"--inventory={write(WITHOUT)}")
    assert result.ret == ExitCode.SUITE_ERROR
    assert "ran" in text(result)


def test_unknown_part_is_refused(run: Run) -> None:
    result = run(PASSING + needing("nod"), *ALONE)
    assert result.ret == ExitCode.USAGE
    assert "test_part: unknown feature 'nod': did you mean node?" in text(result)


def test_row_that_does_not_apply_is_not_checked(run: Run, write: Write, tmp_path: Path) -> None:
    path = write("", OUTSIDE)
    checks = PASSING + check("IMG-2", "raise OSError('ran')", "test_page")
    result = run(checks, *ALONE, f"--inventory={path}", f"--verdict-json={tmp_path / 'v.json'}")
    rows = {row["id"]: (row["verdict"], row["evidence"]) for row in document(tmp_path / "v.json")["requirements"]}
    assert rows["IMG-2"] == ("n/a", "nobody edits in it")
    assert "IMG-2 (nobody edits in it)" in text(result)


@pytest.mark.parametrize("ids", ["'IMG-2', 'IMG-7'", "'IMG-7', 'IMG-2'"])
def test_check_of_one_row_that_applies_is_run(run: Run, write: Write, ids: str) -> None:
    both = f"\n@requirement({ids})\ndef test_page():\n    assert False, 'ran'\n"
    result = run(PASSING + both, *ALONE, f"--inventory={write('', OUTSIDE)}")
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-2 +n/a", r"IMG-7 +FAILED +1 check: ran"])


def test_row_that_nobody_knows_cannot_be_left_out(write: Write) -> None:
    inventories.use(write("", OUTSIDE.replace("IMG-2", "IMG-20")))
    with pytest.raises(UsageError, match=r"^own\.toml: not_applicable names IMG-20: did you mean IMG-2\?$"):
        requirements.load()


def test_no_commit_has_left_them_out(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(WITHOUT, OUTSIDE)
    monkeypatch.setattr(inventories, "DEFAULT_INVENTORY", path)
    monkeypatch.setattr(shipping, "ROOT", tmp_path)
    inventories.use(None)
    committed = SMALL.read_text(encoding="utf-8")
    monkeypatch.setattr(shipping, "run", lambda *_arguments, **_more: Ended(0, committed, ""))
    assert shipping.unreviewed() == ["node", "sudo", "IMG-2"]
    committed = path.read_text(encoding="utf-8")
    assert shipping.unreviewed() == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("node not shipped", False),
        ("git not shipped", True),
        ("IMG-2 not applicable", False),
        ("IMG-3 not applicable", True),
    ],
)
def test_part_of_a_run_cannot_leave_out_more(write: Write, line: str, *, refused: bool) -> None:
    inventories.use(write(WITHOUT, OUTSIDE))
    out = Check("tests/image/t.py::out", ("IMG-7",), selected=False, outcome=Outcome.NOT_SHIPPED, line=line)
    assert bool(shipping.contradiction(out, {})) is refused


def test_text_of_a_row_has_the_settings_of_the_image(write: Write) -> None:
    inventories.use(write('[image.environment]\nscript = "/etc/own.sh"\n\n'))
    rows = requirements.load()
    assert rows["IMG-1"].text == "Runs as coder, UID 1000, GID 1000, home /home/coder, with passwordless sudo."
    assert "2,000,000,000 bytes" in rows["BLD-3"].text
