"""Provided settings that turn a protection off are told; what is only a comment is no setting."""

from __future__ import annotations

import pytest

from fixtures.deployment.provided_settings import turned_off

SETTING = '"http.proxyStrictSSL": false'


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(f"{{{SETTING}}}", id="alone"),
        pytest.param(f'{{"a": "https://h.example/*", {SETTING}, "b": "*/"}}', id="after a string with slashes"),
        pytest.param(f'{{"a": "\\"//", {SETTING}}}', id="after a quote in a string"),
        pytest.param('{"http.proxyStrictSSL": // not yet\n /* for now */ false}', id="around comments"),
        pytest.param(f"// it's \"open\n{{{SETTING}}}", id="after a comment with one quote"),
    ],
)
def test_setting_that_turns_a_protection_off_is_told(settings: str) -> None:
    assert turned_off(settings) == ["http.proxyStrictSSL"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(f"{{\n  // {SETTING}\n}}", id="line"),
        pytest.param(f'{{"a": "x" // {SETTING}\n}}', id="end of a line"),
        pytest.param(f"{{/* {SETTING},\n{SETTING} */}}", id="block"),
        pytest.param('{"http.proxyStrictSSL": true, "a": false}', id="protects"),
    ],
)
def test_comment_is_no_setting(settings: str) -> None:
    assert turned_off(settings) == []


def test_claude_code_that_may_do_anything_is_told() -> None:
    assert turned_off('{"permissions": {"defaultMode": "bypassPermissions", "allow": ["Read(a)", "Bash(*)"]}}') == [
        "defaultMode",
        "allow",
    ]
