"""How the browser is started."""

from __future__ import annotations

import os
from types import SimpleNamespace as Of
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError

from fixtures.browser.chromium import BrowserError, _launch, reason_of


def started(**outcome: Any) -> tuple[Any, dict[str, Any]]:
    """Return a Playwright whose browser starts, or fails with an ERROR, and what it was started with."""
    words: dict[str, Any] = {}

    def launch(**given: Any) -> None:
        words.update(given)
        if "error" in outcome:
            raise outcome["error"]

    return Of(chromium=Of(launch=launch)), words


@pytest.mark.parametrize(("user", "sandbox"), [(0, False), (1000, True)], ids=["root", "a user"])
def test_browser_has_its_sandbox_where_it_may(monkeypatch: pytest.MonkeyPatch, user: int, *, sandbox: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    playwright, words = started()
    _launch(playwright, "chromium", "")
    assert words["chromium_sandbox"] is sandbox
    assert not any("sandbox" in one for one in words["args"])


@pytest.mark.parametrize("rules", ["", "MAP editor.test 127.0.0.1:8080"])
def test_browser_without_a_network_of_its_own_is_told_the_ways(rules: str) -> None:
    playwright, words = started()
    _launch(playwright, "chromium", rules)
    assert [one for one in words["args"] if "resolver" in one] == ([f"--host-resolver-rules={rules}"] if rules else [])


def test_browser_that_does_not_start_is_told_by_its_own_words() -> None:
    said = "BrowserType.launch: Target closed\n  Browser logs:\n  <launching> chromium\n  [1:1:ERROR:x.cc] no display"
    playwright, _ = started(error=PlaywrightError(said))
    with pytest.raises(BrowserError, match=r"^chromium does not start: \[1:1:ERROR:x\.cc\] no display: start it"):
        _launch(playwright, "chromium", "")
    assert reason_of(PlaywrightError("Timeout 30000ms exceeded.\nCall log:")) == "Timeout 30000ms exceeded."
