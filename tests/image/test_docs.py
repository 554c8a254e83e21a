"""The tools' page is the inventory's, and README says how to develop (OPT-docs)."""

from __future__ import annotations

import pytest

from fixtures import inventory as inventories
from fixtures.image.image import Image
from fixtures.inventory import Inventory
from fixtures.paths import ROOT
from fixtures.report import tools_page
from fixtures.verdict.evidence import blocked


@pytest.mark.requirement("OPT-docs")
def test_tools_page_is_that_of_the_inventory(inventory: Inventory) -> None:
    if not inventories.is_product_s():
        blocked("docs/tools.md is of the product's inventory", "a run without --inventory looks at it")
    page = tools_page.PAGE.read_text(encoding="utf-8") if tools_page.PAGE.is_file() else ""
    assert page == tools_page.render(inventory), (
        "docs/tools.md: is not what tools.toml says: run nox -s inventory -- --write, and commit it"
    )


@pytest.mark.requirement("OPT-docs")
def test_readme_leads_to_the_tools_and_to_development(image: Image) -> None:
    del image  # a verdict is of an image
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [place for place in ("docs/tools.md", "CONTRIBUTING.md", "nox -s selftest") if place not in text]
    assert not missing, f"README.md: does not lead to {', '.join(missing)}: name each where a developer looks"
