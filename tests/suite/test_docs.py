"""What the documents tell somebody to type is there, and the published sample page is one that may be published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.paths import ROOT
from fixtures.report import tools_page
from fixtures.report.page import TEMPLATE
from tests.suite.small_inventory import SMALL

SAMPLE = ROOT / "docs" / "sample-report.html"
PYTEST = {"-k", "-v", "-x", "--tb", "--cov-report", "--help"}
"""Options of pytest, or of all programs, that the documents name."""
SECRETS = re.compile(
    r"-----BEGIN|\beyJ[\w-]{20,}\.|\b(gh[pousr]_|glpat-|AKIA)\w{16,}|[Bb]earer [\w-]{20,}|://[^/\s:<]+:[^/\s@<]+@"
)
"""Keys, tokens, and addresses with a password."""
OWN_PLACES = re.compile(r"(?<![\w.])/(tmp|root|work|home/(?!coder|thinkube))\b[^\s<]*")
"""Folders of the machine that made the page."""


def commands() -> list[tuple[str, str]]:
    """Each command of a document that gives a session options: the session, and what stands after `--`."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    return re.findall(r"nox -s (\w+) -- ([^`\n]+)", text)


def code() -> str:
    """Where options are declared."""
    files = [ROOT / "noxfile.py", *(ROOT / "fixtures").rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_options_that_the_documents_name_are_there() -> None:
    declared = set(re.findall(r"""["'](--?[a-z][a-z-]*)""", code())) | PYTEST
    named = {word.partition("=")[0] for _, rest in commands() for word in re.findall(r"(?<!\S)--?[a-z][\w=-]*", rest)}
    assert len(named) > 10, "the documents name hardly any option: has their form changed?"
    assert named <= declared, f"the documents name {sorted(named - declared)}, which nothing declares"


def test_sample_page_is_small_whole_and_of_a_failed_run() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert len(text.encode()) < 500_000
    assert "<script" not in text
    assert "What to do next" in text
    assert '<div class="verdict failed">' in text


def test_sample_page_is_as_the_template_has_it() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    page = (TEMPLATE / "page.html.j2").read_text(encoding="utf-8")
    fixed = [
        one.strip() for one in re.split(r"\{[{%].*?[%}]\}", page[page.index('<h2 id="read">') : page.index("<footer>")])
    ]
    fixed = [(TEMPLATE / "page.css").read_text(encoding="utf-8").strip(), *(one for one in fixed if len(one) > 40)]
    stale = [one[:60] for one in fixed if one not in text]
    assert len(fixed) > 2
    assert not stale, f"docs/sample-report.html: lacks {stale}: publish the page of a new run that failed"


def test_sample_page_has_no_secret_and_no_place_of_a_machine() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    found = [match[0][:60] for pattern in (SECRETS, OWN_PLACES) for match in pattern.finditer(text)]
    assert not found, f"docs/sample-report.html: has {found[:3]}: publish the page of another run"


@pytest.mark.parametrize(
    "secret", ["-----BEGIN EC PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9abc.x", "https://me:word@host/", "/tmp/x/y"]
)
def test_secrets_would_be_seen(secret: str) -> None:
    assert SECRETS.search(secret) or OWN_PLACES.search(secret)


def test_tools_page_has_each_tool_and_what_is_not_shipped(tmp_path: Path) -> None:
    inventory = inventories.load()
    tools_page.write(inventory, tmp_path / "docs" / "tools.md")
    text = (tmp_path / "docs" / "tools.md").read_text(encoding="utf-8")
    assert SMALL.is_file()
    for tool in inventory.tools:
        assert text.count(f"| {tool.name} |") >= 2
        assert tool.version in text
    for name in inventory.left_out:
        assert f"- **{name}** is not shipped: " in text
