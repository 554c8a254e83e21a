"""Each tool that ships, and each requirement of the image, has mutants that somebody thought of."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter

from fixtures.builder.handed_in import may_be_handed_in
from fixtures.inventory import load
from fixtures.paths import ROOT
from fixtures.report import kills
from fixtures.sabotage import operators, platform_mutants
from fixtures.sabotage.mutants import written
from fixtures.services.catalogue.oauth2_proxy import SERVICE as PROXY
from fixtures.services.catalogue.table import TABLE
from fixtures.verdict import parts, requirements
from fixtures.verdict.kills import read

ADD = "and see it killed: `nox -s sabotage -- --only ID`"
HOW = """
Break a part that its own checks do not use (a subcommand, a plugin, a data file), see `Add a tool` in CONTRIBUTING.md:

[[mutants]]
id = "{tool}-without-SOMETHING"
rows = ["TOOL-{tool}-runs"]
breaks = "what no longer works, in one line"
layer = "RUN rm /path/of/that/part"
says = "{tool}: .*SOMETHING"
"""
PROTECTED = ("DEP-1", "DEP-4", "DEP-5", "DEP-6", "DEP-10")
PLATFORM = ROOT / "tests" / "platform"
KINDS = 3
"""So many mutants of different kinds a tool has: gone, its version alone, and what its own checks do not use."""


def test_each_tool_has_a_written_mutant() -> None:
    rows = [row for mutant in written() for row in mutant.rows]
    lacking = [one.name for one in load().tools if not any(row.startswith(f"TOOL-{one.name}-") for row in rows)]
    assert not lacking, (
        f"{lacking[0]}: no mutant in tests/sabotage/image.toml: add one as below, {ADD}\n{HOW.format(tool=lacking[0])}"
    )


def test_each_tool_has_mutants_of_three_kinds() -> None:
    inventory = load()
    mutants = [*written(), *(one for tool in inventory.tools for one in operators.of_tool(tool))]
    count = Counter(tool.name for tool in inventory.tools for one in mutants if one.is_about(f"TOOL-{tool.name}-runs"))
    lacking = [tool.name for tool in inventory.tools if count[tool.name] < KINDS]
    assert not lacking, f"{lacking[0]}: has {count[lacking[0]]} mutants, not {KINDS}: add one to image.toml, {ADD}"


def test_what_breaks_a_tool_that_may_be_left_out_is_of_its_rows_alone() -> None:
    optional = [tool.name for tool in load().tools if may_be_handed_in(tool)]
    used = [(one, name) for one in written() for name in optional if re.search(rf"\b{name}\b", one.layer)]
    wrong = [one.id for one, name in used if not any(row.startswith(f"TOOL-{name}-") for row in one.rows)]
    assert optional, "no tool may be left out: take this test away"
    assert not wrong, f"{wrong[0]}: breaks nothing in an image without that tool: break one that is always there"


def test_each_requirement_that_the_image_s_checks_verify_has_a_written_mutant() -> None:
    mutants = written()
    checked = {row for nodeid, rows in parts.read(ROOT).items() if nodeid.startswith("tests/image/") for row in rows}
    known = [one for one in requirements.load().values() if one.section in {"IMG", "ENV"} and not one.na_reason]
    ids = [one.id for one in known if one.id in checked]
    lacking = [one for one in ids if not any(mutant.is_about(one) for mutant in mutants)]
    assert not lacking, f"{lacking[0]}: no mutant in tests/sabotage/image.toml: add one that breaks just that, {ADD}"


def test_each_service_has_a_mutant_of_the_platform() -> None:
    mutants = platform_mutants.written()
    lacking = platform_mutants.services_without(mutants, [(one.name, one.namespace) for one in (*TABLE, PROXY)])
    assert not lacking, (
        f"{lacking[0]}: no mutant in tests/sabotage/platform.toml: add one that lets somebody in who must not be, or "
        "opens what is another user's, and see it killed: `nox -s sabotage -- --platform --only ID`"
    )


def test_each_requirement_of_the_account_and_the_log_in_has_a_mutant_of_the_platform() -> None:
    mutants = platform_mutants.written()
    lacking = [row for row in PROTECTED if not any(mutant.is_about(row) for mutant in mutants)]
    assert not lacking, f"{lacking[0]}: no mutant in tests/sabotage/platform.toml: add one that breaks just that"


def test_checks_that_a_mutant_of_the_platform_names_are_there() -> None:
    every = [nodeid.removeprefix("tests/platform/") for nodeid in parts.read(ROOT)]
    named = {(one.id, glob) for one in platform_mutants.written() for glob in one.checks}
    unknown = [f"{name}: {glob}" for name, glob in sorted(named) if not fnmatch.filter(every, glob)]
    # A tool that is left out takes its checks along, which are in their files still.
    places = [re.split(r"[*\[]", one.partition(": ")[2])[0].partition("::") for one in unknown]
    texts = {path: path.read_text(encoding="utf-8") for path in PLATFORM.rglob("test_*.py")}
    there = [f"def {name}" in texts.get(PLATFORM / file, "") for file, _, name in places]
    unknown = [one for one, found in zip(unknown, there, strict=True) if not (found and load().left_out)]
    assert not unknown, f"platform.toml: {unknown[0]} fits no check: correct it, see tests/checks.txt"


def test_kill_table_of_readme_is_the_recorded_one() -> None:
    readme = kills.README.read_text(encoding="utf-8")
    assert kills.BEGIN in readme
    assert kills.END in readme
    if read(kills.COMMITTED):
        assert kills.with_table(readme) == readme, "README.md: run nox -s sabotage -- --record, and commit it"
    else:
        between = readme.partition(kills.BEGIN)[2].partition(kills.END)[0]
        assert "|" not in between, "README.md: has a kill table, and no scores are recorded: take it out"
