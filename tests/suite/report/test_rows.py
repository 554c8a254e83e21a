"""The ledger of a run: its sections, and what counts as missing."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from fixtures.report import page, rows, run_files
from fixtures.report.document import RowDocument
from fixtures.report.rows import Ledger
from fixtures.verdict import requirements
from fixtures.verdict.outcomes import Outcome
from tests.suite.report.sample_runs import document, write


def row(verdict: Outcome, *, optional: bool = False, expected: str = "") -> RowDocument:
    """The row of a requirement."""
    return RowDocument(
        id="X-1", section="X", text="x", verdict=verdict, evidence="", optional=optional, expected=expected, checks=()
    )


@pytest.mark.parametrize("verdict", Outcome)
def test_missing_is_what_is_not_verified_and_did_not_go_wrong(verdict: Outcome) -> None:
    unseen = verdict in {Outcome.NOT_RUN, Outcome.PARTIAL, Outcome.BLOCKED}
    ledger = Ledger((row(verdict), row(verdict, optional=True), row(verdict, expected="no token")))
    assert ledger.missing == [ledger.rows[0]] * unseen


def test_every_section_has_a_title_on_the_page(tmp_path: Path) -> None:
    sections = {one.section for one in requirements.load().values()}
    assert rows.TITLES.keys() == sections
    pages = [page.render(run_files.load(write(tmp_path / part, document(part)))) for part in ("image", "smoke")]
    assert all(f"<h3>{title}</h3>" in html.unescape("".join(pages)) for title in rows.TITLES.values())
