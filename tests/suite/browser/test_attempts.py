"""Attempts to press a key: each waits longer than the one before, all together as long as they may."""

from __future__ import annotations

import pytest

from fixtures.browser.editor import attempts


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(1, [1]), (5, [5]), (20, [5, 15]), (80, [5, 10, 20, 45]), (240, [5, 10, 20, 40, 80, 85])],
)
def test_attempts_wait_longer_each_time(seconds: float, waits: list[float]) -> None:
    found = list(attempts(seconds))
    assert [one.milliseconds / 1000 for one in found] == waits
    assert [one.is_last for one in found] == [False] * (len(waits) - 1) + [True]
