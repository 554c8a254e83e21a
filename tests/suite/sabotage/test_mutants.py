"""Mutants of the image as data: read, chosen, and made into a Dockerfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.inventory import load
from fixtures.sabotage import operators
from fixtures.sabotage.mutants import Mutant, chosen, written

ONE = """
[[mutants]]
id = "jq-gone"
rows = ["TOOL-jq-runs"]
breaks = "the command jq is gone"
layer = '''
RUN rm \\
    /usr/bin/jq
ENV A=b
'''
says = "jq"
"""


def read(tmp_path: Path, text: str) -> tuple[Mutant, ...]:
    """Return the mutants of a file."""
    path = tmp_path / "image.toml"
    path.write_text(text, encoding="utf-8")
    return written(path)


def test_a_layer_runs_as_root_and_leaves_the_user(tmp_path: Path) -> None:
    (mutant,) = read(tmp_path, ONE)
    lines = mutant.dockerfile("localhost/image", "1000").splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "FROM localhost/image", "USER 0", "RUN rm /usr/bin/jq", "USER 1000", "ENV A=b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("TOOL-jq-runs", "TOOL-jqq-runs", "mutant jq-gone: no requirement is named TOOL-jqq-runs"),
        ('says = "jq"', 'says = "("', "says is no pattern"),
        ('says = "jq"', 'says = "jq"\nsourc = "x"', "sourc"),
        ("jq-gone", "Jq gone", "id"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, ONE.replace(old, new))


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mutant jq-gone: stands there twice"):
        read(tmp_path, ONE + ONE)


def test_mutants_are_chosen_by_id_or_glob(tmp_path: Path) -> None:
    both = read(tmp_path, ONE + ONE.replace("jq-gone", "yq-gone"))
    assert [one.id for one in chosen(both, ["yq-*"])] == ["yq-gone"]
    assert len(chosen(both, [])) == 2
    with pytest.raises(UsageError, match="--only rg-gone: no such mutant"):
        chosen(both, ["rg-gone"])


def test_each_tool_and_command_brings_mutants() -> None:
    inventory = load()
    ids = {one.id for one in operators.all_of(inventory, ["k9s"], ["PATH=/bin"])}
    there = [tool for tool in inventory.tools if tool.name != "k9s"]
    assert {f"op-gone-{tool.name}" for tool in there} <= ids
    others = [f"{tool.name}-{other}" for tool in there for other in tool.commands[1:]]
    assert {f"op-stub-{name.replace('_', '-')}" for name in others} <= ids
    assert not [name for name in ids if "k9s" in name]
    assert "op-env-path" in ids
