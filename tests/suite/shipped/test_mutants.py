"""Each tool that ships has a mutant that somebody thought of."""

from __future__ import annotations

from fixtures.inventory import load
from fixtures.sabotage.mutants import written


def test_each_tool_has_a_written_mutant() -> None:
    rows = [row for mutant in written() for row in mutant.rows]
    lacking = [one.name for one in load().tools if not any(row.startswith(f"TOOL-{one.name}-") for row in rows)]
    assert not lacking, (
        f"{lacking[0]}: no mutant in tests/sabotage/image.toml: add one that breaks a part which its own checks do not "
        "use, and see it killed: `nox -s sabotage -- --only ID`"
    )
