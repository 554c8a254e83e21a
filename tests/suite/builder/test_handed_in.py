"""Programs that are handed in: only those that the inventory accepts, and only where a tool cannot be compiled."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fixtures.builder import podman_build
from fixtures.builder.base import BASE_DIRECTORY
from fixtures.builder.handed_in import choose, hand_in
from fixtures.errors import UsageError
from fixtures.inventory import Inventory, load

PROGRAM = b"#!/bin/sh\n"
REFUSED = {"k9s": "the Go module proxy refuses it"}


@pytest.fixture
def inventory() -> Inventory:
    """The shipped inventory, but for the program that it accepts for k9s."""
    document = load().model_dump()
    document["tools"][2]["source"]["fallback"]["sha256"] = ["0" * 64, hashlib.sha256(PROGRAM).hexdigest()]
    return Inventory.model_validate(document)


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty drop-in folder of this test, below the root that errors name it from."""
    monkeypatch.setattr("fixtures.builder.handed_in.ROOT", tmp_path)
    for module in ("handed_in", "podman_build"):
        monkeypatch.setattr(f"fixtures.builder.{module}.DROP_IN", tmp_path / "prebuilt")
    return tmp_path / "prebuilt"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that the inventory accepts."""
    (tmp_path / "program").write_bytes(PROGRAM)
    return tmp_path / "program"


@pytest.mark.usefixtures("drop_in")
def test_tool_that_is_refused_and_not_handed_in_is_refused_with_the_ways_out(inventory: Inventory) -> None:
    line = r"^k9s cannot be built: the Go .* refuses it: give --prebuilt k9s=PATH, .* prebuilt/, or --allow-omissions$"
    with pytest.raises(UsageError, match=line):
        choose(inventory, REFUSED, allowed=False)
    assert choose(inventory, REFUSED, allowed=True).omitted == REFUSED


@pytest.mark.usefixtures("drop_in")
def test_tool_that_the_proxy_serves_is_compiled(inventory: Inventory, program: Path) -> None:
    assert choose(inventory, {}, allowed=False).omitted == {}
    hand_in(inventory, "k9s", program)
    found = choose(inventory, {}, allowed=False)
    assert (found.handed_in, found.unused) == (frozenset(), ("k9s",))


@pytest.mark.usefixtures("drop_in")
def test_tool_that_was_handed_in_is_not_omitted(inventory: Inventory, program: Path) -> None:
    hand_in(inventory, "k9s", program)
    found = choose(inventory, REFUSED, allowed=False)
    assert (found.omitted, found.handed_in, found.unused) == ({}, frozenset({"k9s"}), ())
    with podman_build.context("FROM scratch AS image\n", BASE_DIRECTORY) as directory:
        assert (directory / "prebuilt" / "k9s").is_file()


@pytest.mark.parametrize("there", [False, True], ids=["into a new checkout", "in the place of an older one"])
def test_program_is_handed_in(
    inventory: Inventory, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    drop_in = tmp_path / ".build" / "prebuilt"
    monkeypatch.setattr("fixtures.builder.handed_in.DROP_IN", drop_in)
    if there:
        drop_in.mkdir(parents=True)
        (drop_in / "k9s").write_bytes(b"older")
    hand_in(inventory, "k9s", program)
    assert (drop_in / "k9s").read_bytes() == PROGRAM


def test_program_with_another_digest_is_refused_wherever_it_lies(
    inventory: Inventory, drop_in: Path, program: Path
) -> None:
    program.write_bytes(b"another")
    digest = hashlib.sha256(b"another").hexdigest()
    line = rf"k9s(=\S+)?: its SHA-256 is {digest}, tools\.toml has 0{{64}} and \w{{64}}: hand in that k9s, or add this "
    with pytest.raises(UsageError, match=rf"^--prebuilt {line}"):
        hand_in(inventory, "k9s", program)
    assert not drop_in.exists()
    drop_in.mkdir()
    (drop_in / "k9s").write_bytes(b"another")
    with pytest.raises(UsageError, match=rf"^prebuilt/{line}"):
        choose(inventory, REFUSED, allowed=True)


@pytest.mark.usefixtures("drop_in")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("k9z", r"unknown tool 'k9z', did you mean 'k9s'", id="unknown"),
        pytest.param("jq", r"--prebuilt jq: this tool is built from its source", id="built"),
        pytest.param("helm", r"--prebuilt helm: this tool is built from its source", id="no fallback"),
        pytest.param("k9s", r"--prebuilt k9s=.*missing: no such file: give the path of the program", id="no-file"),
    ],
)
def test_wrong_prebuilt_is_refused(inventory: Inventory, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hand_in(inventory, name, tmp_path / "missing")


def test_tool_that_no_registry_has_is_handed_in_or_left_out(inventory: Inventory, drop_in: Path, program: Path) -> None:
    document = inventory.model_dump()
    document["tools"][2]["source"] = {"kind": "prebuilt", "why": "no registry has it"}
    inventory = Inventory.model_validate(document)
    assert choose(inventory, {}, allowed=True).omitted == {"k9s": "no registry has it"}
    program.write_bytes(b"any program")
    hand_in(inventory, "k9s", program)
    assert choose(inventory, {}, allowed=False).handed_in == {"k9s"}
    assert (drop_in / "k9s").read_bytes() == b"any program"
