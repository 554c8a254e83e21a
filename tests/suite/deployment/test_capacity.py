"""The CPU request that fits the nodes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fixtures.deployment import capacity


@pytest.mark.parametrize(
    ("free", "request_"),
    [
        pytest.param({"a": "8", "b": "1"}, "2", id="a node has the plan's"),
        pytest.param({"a": "1.05"}, "0.5", id="half of a small node"),
        pytest.param({"a": "-1"}, "0.1", id="full node"),
        pytest.param({}, "0.1", id="no node"),
    ],
)
def test_cpu_request_fits_the_nodes(free: dict[str, str], request_: str) -> None:
    assert capacity.fitting_cpu({name: Decimal(cpu) for name, cpu in free.items()}) == Decimal(request_)
