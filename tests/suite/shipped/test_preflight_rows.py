"""What a preflight says of rows holds for the checks that there are."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from fixtures.paths import ROOT
from fixtures.preflight import listing, machine, rows
from fixtures.services.catalogue.table import TABLE
from fixtures.verdict import parts

PATTERNS = sorted(
    {*rows.LIVE, *rows.DEPLOYED, *rows.IN_POD_CONTAINERS, *rows.KUBECTL, *rows.NETWORK_POLICY, *machine.IMAGE}
)
TAB = "\t"
NODE_IDS = [
    f"tests/{line.partition('tests/')[2].partition(TAB)[0]}"
    for line in (ROOT / parts.CHECKS).read_text(encoding="utf-8").splitlines()
    if TAB in line
]
"""The checks of the list, and those that it says are left out because this inventory does not ship a tool."""


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_fits_checks_that_there_are(pattern: str) -> None:
    assert any(fnmatchcase(nodeid, pattern) for nodeid in NODE_IDS), f"{pattern}: no check: correct it in rows.py"


def test_all_live_checks_but_those_of_the_bare_cluster_take_a_deployment() -> None:
    bare = {one for one in rows.listed() if one.startswith("tests/platform/") and "/cluster/" not in one}
    assert bare == {one for one in rows.listed() if any(fnmatchcase(one, each) for each in rows.DEPLOYED)}


def test_what_blocks_a_deployment_blocks_the_rows_of_it() -> None:
    found = rows.blocked_by(rows.DEPLOYED)
    assert {"DEP-1", "DEP-4", "DEP-5"} <= set(found)
    assert "IMG-1" not in found


def test_user_namespaces_carry_the_containers_of_the_pod() -> None:
    wanted = {"FLOW-image", "TOOL-podman-operates"} & {one for ids in rows.listed().values() for one in ids}
    assert wanted <= set(rows.blocked_by(rows.IN_POD_CONTAINERS))


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in listing.NEEDS])
def test_needs_are_those_of_checks_that_there_are(pattern: str) -> None:
    assert any(fnmatchcase(nodeid, pattern) for nodeid in NODE_IDS), f"{pattern}: no check: correct it"


def test_every_check_needs_something() -> None:
    assert not [nodeid for nodeid in rows.listed() if not listing.needs_of(nodeid)]


def test_every_service_is_in_the_list() -> None:
    assert {service.name for service in TABLE} - {"oauth2-proxy"} <= set(listing.SERVICES)
