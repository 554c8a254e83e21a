"""What becomes of a mutant, by the verdict of its checks."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.sabotage.__main__ import main
from fixtures.sabotage.mutants import Mutant
from fixtures.sabotage.scoring import judged

MUTANT = Mutant(id="jq-gone", rows=("TOOL-jq-*",), breaks="jq is gone", layer="RUN rm jq", says="^jq: ")


def check(outcome: str, row: str = "TOOL-jq-runs", line: str = "jq: is missing") -> dict[str, Any]:
    """Return a check of a verdict's document."""
    return {"ids": [row], "outcome": outcome, "first_line": line}


@pytest.mark.parametrize(
    ("checks", "fate"),
    [
        ([check("passed")], "survived"),
        ([], "error"),
        ([check("blocked")], "error"),
        ([check("passed", row="IMG-1")], "error"),
        ([check("failed")], "killed"),
        ([check("failed", line="rg: is missing"), check("failed")], "killed"),
        ([check("failed", line="rg: is missing")], "wrong words"),
        ([check("failed", row="IMG-1")], "wrong row"),
        ([check("error")], "error"),
        ([check("error"), check("failed")], "killed"),
    ],
)
def test_fate(checks: list[dict[str, Any]], fate: str) -> None:
    assert judged(checks, MUTANT)[0] == fate


@pytest.mark.parametrize(("rows", "alone"), [(("IMG-5", "BLD-10"), True), (("IMG-8", "ENV-2"), False)])
def test_mutant_of_content_alone_says_nothing_of_behaviour(rows: tuple[str, ...], *, alone: bool) -> None:
    assert MUTANT.model_copy(update={"rows": rows}).of_content_alone is alone


def test_block_that_hides_a_mutant_is_told() -> None:
    assert judged([check("blocked", line="no registry: set one")], MUTANT)[1] == (
        "no check of TOOL-jq-* ran: it was blocked, no registry: set one"
    )


def test_an_image_that_is_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.sabotage.__main__.ensure", lambda *_: None)
    monkeypatch.setattr("fixtures.image.image.image_exists", lambda _: False)
    assert main(["--image", "localhost/absent", "--list"]) == 2
    assert "no image localhost/absent in the local storage: build it" in capsys.readouterr().err
