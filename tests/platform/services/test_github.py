"""GitHub: gh in the pod against a real GitHub, seen from outside by its API; blocked without a token for one.

`tests/image/test_gh.py` proves that these checks pass with a working gh, and fail where the API lies.
"""

from __future__ import annotations

import secrets

import pytest

from fixtures.services.catalogue.github import (
    Gh,
    GitHub,
    must_be_refused,
    must_know_its_user,
    must_miss,
    must_read,
    must_view_issue,
)


@pytest.mark.requirement("TOOL-gh-connects", "FLOW-github")
def test_gh_knows_whose_token_it_has(gh: Gh, github: GitHub) -> None:
    must_know_its_user(gh, github.ask("/user")["login"])


@pytest.mark.requirement("TOOL-gh-connects")
def test_gh_is_refused_with_a_wrong_token(gh: Gh) -> None:
    must_be_refused(gh)


@pytest.mark.requirement("TOOL-gh-operates", "FLOW-github")
def test_gh_reads_a_repository(gh: Gh, github: GitHub) -> None:
    found = github.ask(f"/repos/{github.repository}")
    must_read(gh, found["full_name"], found["node_id"])


@pytest.mark.requirement("TOOL-gh-operates")
def test_gh_views_an_issue(gh: Gh, github: GitHub) -> None:
    found = github.ask(f"/search/issues?q=repo:{github.repository}+is:issue&per_page=1")["items"]
    assert found, f"github: {github.repository} has no issue to view: set GH_REPO to a repository with one"
    must_view_issue(gh, github.repository, found[0]["number"], found[0]["title"])


@pytest.mark.requirement("TOOL-gh-operates")
def test_gh_names_an_unknown_repository(gh: Gh, github: GitHub) -> None:
    owner = github.repository.partition("/")[0]
    must_miss(gh, f"{owner}/check-{secrets.token_hex(8)}")
