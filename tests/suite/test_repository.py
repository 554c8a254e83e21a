"""What somebody reads who takes this repository over is true: the module map, the changelog, the templates."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from fixtures.paths import ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", ".gitea/PULL_REQUEST_TEMPLATE.md", *PAGES)
TEMPLATES = sorted((ROOT / ".gitea" / "ISSUE_TEMPLATE").glob("*.yaml"))
SHIPPED = ROOT / "tests" / "suite" / "shipped"
"""Tests of what the repository ships, not of a package."""
BY_HAND = {"tests/waivers.toml"}
"""Files that somebody writes when there is something to write."""
FIELDS = {"markdown", "input", "textarea", "dropdown", "checkboxes"}
"""Types of fields that Gitea's issue forms have."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def map_entries() -> set[str]:
    """What the rows of the module map begin with."""
    section = text("CONTRIBUTING.md").split("\n## Module map\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \| \S", section, re.MULTILINE))


def modules() -> set[str]:
    """All packages of fixtures/, and the modules that are in none."""
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in (ROOT / "fixtures").rglob("*/__init__.py")}
    single = {str(path.relative_to(ROOT)) for path in (ROOT / "fixtures").glob("*.py")}
    return (packages | single) - {"fixtures/", "fixtures/__init__.py"}


def folders_of_tests() -> set[str]:
    """The folders of checks; tests/suite/ is one, since its folders have the names of the packages that they test."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    names = {f"{folder.relative_to(ROOT)}/" for folder in folders}
    return {"tests/suite/" if name.startswith("tests/suite/") else name for name in names}


def test_module_map_has_every_package_and_every_folder_of_tests() -> None:
    missing = sorted((modules() | folders_of_tests()) - map_entries())
    assert not missing, f"CONTRIBUTING.md: the module map lacks {missing}: give each a row that says what is in it"


def test_module_map_has_nothing_that_is_gone() -> None:
    gone = sorted(map_entries() - modules() - folders_of_tests())
    assert not gone, f"CONTRIBUTING.md: the module map has {gone}, which are not there: remove or rename their rows"


def test_folder_of_self_tests_has_the_name_of_the_package_that_it_tests() -> None:
    folders = {path.parent for path in (ROOT / "tests" / "suite").rglob("test_*.py")} - {ROOT / "tests" / "suite"}
    names = {f"fixtures/{folder.relative_to(ROOT / 'tests' / 'suite')}/" for folder in folders if folder != SHIPPED}
    assert names <= modules(), f"tests/suite: {sorted(names - modules())} are no packages: move what they test along"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_names_only_paths_that_are_there(document: str) -> None:
    named = set(re.findall(r"`((?:fixtures|tests|docker|\.gitea|\.ci)/[\w./-]*)`", text(document)))
    gone = sorted(path for path in named - BY_HAND if not (ROOT / path).exists())
    assert not gone, f"{document}: names {gone}, which are not there: correct them"


def versions() -> list[tuple[str, str]]:
    """Version and date of each section of the changelog, Unreleased left out."""
    return re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)


def test_version_has_its_section_in_the_changelog() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert version in dict(versions()), f"CHANGELOG.md: no '## {version} - DATE', which pyproject.toml has: add it"


def test_changelog_begins_with_what_is_unreleased_and_goes_back_in_time() -> None:
    headings = re.findall(r"^## (.+)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings == ["Unreleased", *(f"{version} - {day}" for version, day in versions())], (
        f"CHANGELOG.md: its headings are {headings}: write 'Unreleased' first, then 'X.Y.Z - YYYY-MM-DD'"
    )
    newest_first = sorted(versions(), key=lambda one: [int(part) for part in one[0].split(".")], reverse=True)
    days = [date.fromisoformat(day) for _, day in versions()]
    assert (versions(), days) == (newest_first, sorted(days, reverse=True)), (
        f"CHANGELOG.md: {versions()} does not go back in time: put the newest version on top"
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_issue_form_is_one_that_gitea_shows(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in asked]
    unnamed = [key for key in ("name", "about") if not form.get(key)]
    assert not unnamed, f"{path.name}: lacks {unnamed}, without which Gitea passes it over: write them"
    unknown = {field["type"] for field in form["body"]} - FIELDS
    assert not unknown, f"{path.name}: Gitea knows no fields of type {sorted(unknown)}: use {sorted(FIELDS)}"
    assert len(set(names)) == len(names), f"{path.name}: two fields have one id in {names}: rename one"
    unlabelled = [field["id"] for field in asked if not field["attributes"].get("label")]
    assert not unlabelled, f"{path.name}: fields {unlabelled} have no label: write one"


def test_issue_forms_lead_to_the_private_way() -> None:
    assert len(TEMPLATES) == 3
    for path in TEMPLATES:
        assert "SECURITY.md" in path.read_text(encoding="utf-8"), (
            f"{path.name}: does not say where an attack is reported"
        )


def test_ignored_check_of_repo_review_has_its_reason() -> None:
    section = text("pyproject.toml").split("[tool.repo-review]")[1].split("\n]")[0]
    entries = re.findall(r'^ +"(\w+)",(.*)$', section, re.MULTILINE)
    without = [name for name, reason in entries if not re.match(r" +# \w", reason)]
    assert entries
    assert not without, f"pyproject.toml: repo-review's {without} are ignored without a reason: write it beside them"
