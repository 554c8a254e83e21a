"""The inventory that the self-tests stand on: `tests/suite/inventory/tools.toml`."""

from __future__ import annotations

from fixtures.paths import ROOT

SMALL = ROOT / "tests" / "suite" / "inventory" / "tools.toml"
