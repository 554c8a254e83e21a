"""Text of errors, as a report and a log can take it."""

from __future__ import annotations

import pytest

from fixtures import redaction
from fixtures.verdict.lines import encodable, first_line, over_profiles, printable


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(OSError("no disk"), "no disk", id="one line"),
        pytest.param(OSError("\n  first\nsecond"), "first", id="several lines"),
        pytest.param(OSError(), "", id="no message"),
        pytest.param(None, "", id="no error"),
        pytest.param(ExceptionGroup("", [ExceptionGroup("", [OSError("a"), OSError("b")])]), "a", id="groups"),
        pytest.param(OSError("a\x1b[31mb"), "a\\x1b[31mb", id="control characters"),
    ],
)
def test_error_has_a_first_line(error: BaseException | None, line: str) -> None:
    assert first_line(error) == line


def test_secret_and_what_cannot_be_printed_are_taken_out() -> None:
    redaction.keep("s3cret-word")
    assert printable("a s3cret-word\tü\udc80") == "a ***\\tü\\udc80"


def test_text_that_cannot_be_encoded_is_escaped() -> None:
    assert encodable("ü\udc80\n") == "ü\\udc80\n"


def test_what_differs_by_its_profile_alone_is_one_line() -> None:
    lines = ["jq (default) reads: 1", "vim: exit 1", "jq (read-only) reads: 1", "jq (default) reads: 2"]
    together = "jq (default, read-only) reads: 1"
    assert [over_profiles(lines)[line] for line in lines] == [together, "vim: exit 1", together, lines[3]]
