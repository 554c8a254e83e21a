"""Tables of plain text: cells stay as they are, columns are aligned as asked for."""

from __future__ import annotations

from fixtures import tables


def test_columns_are_two_spaces_apart_and_end_without_blanks() -> None:
    assert tables.render(("tool", "version"), [("jq", "1.7"), ("gettext-base", "")]) == [
        "tool          version",
        "jq            1.7",
        "gettext-base",
    ]


def test_columns_on_the_right_end_at_the_same_place() -> None:
    assert tables.render(("tool", "MB"), [("jq", "0.5"), ("helm", "61.6")], right=(1,)) == [
        "tool    MB",
        "jq     0.5",
        "helm  61.6",
    ]


def test_version_stays_text() -> None:
    cells = ["1.10", "1e3", "007", "  indented"]
    assert tables.render(("17",), [(cell,) for cell in cells]) == ["17", *cells]
    assert tables.render(("17",), [("1.10",)]) == ["17", "1.10"]


def test_table_without_rows_is_its_header() -> None:
    assert tables.render(("tool", "MB"), []) == ["tool  MB"]
