"""Fixtures for the tests of what this repository ships: its inventory, its locks, its lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.inventory import DEFAULT_INVENTORY


@pytest.fixture(autouse=True)
def small_inventory() -> Path:
    """Leaves the product's inventory in use, and lets a test open it."""
    return DEFAULT_INVENTORY
