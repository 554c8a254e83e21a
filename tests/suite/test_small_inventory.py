"""Self-tests use the small inventory: the product's may change without them."""

from __future__ import annotations

import pytest

from fixtures.inventory import DEFAULT_INVENTORY


def test_product_s_inventory_is_closed_to_self_tests() -> None:
    with pytest.raises(AssertionError, match=r"reads the product's tools\.toml"):
        DEFAULT_INVENTORY.read_text(encoding="utf-8")
    with pytest.raises(AssertionError, match=r"reads the product's tools\.toml"), open(DEFAULT_INVENTORY, "rb"):  # noqa: PTH123
        pass
