"""What this machine lacks is named with the rows that wait for it."""

from __future__ import annotations

import pytest

from fixtures.host.finding import State
from fixtures.host.process import PodmanError
from fixtures.host.readiness import Finding as Lack
from fixtures.host.readiness import Need
from fixtures.preflight import machine
from fixtures.preflight.rows import LIVE


@pytest.fixture
def podman(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A podman that answers."""
    monkeypatch.setattr(machine, "podman", lambda *_: "5.0.0\n")
    monkeypatch.setattr(machine, "lacking", tuple)
    return monkeypatch


def test_machine_that_lacks_nothing_is_met(podman: pytest.MonkeyPatch) -> None:
    podman.setattr(machine, "DISK_BYTES", 0)
    podman.setattr(machine, "POD_BYTES", 0)
    assert {one.state for one in machine.findings()} == {State.MET}


@pytest.mark.parametrize(("need", "blocks"), machine.BLOCKS.items())
def test_what_is_lacking_blocks_what_needs_it(podman: pytest.MonkeyPatch, need: Need, blocks: tuple[str, ...]) -> None:
    podman.setattr(machine, "lacking", lambda: (Lack(need, "no sub-UIDs", "usermod"),))
    (found,) = [one for one in machine.findings() if one.subject == "this machine"]
    assert (found.state, found.seen, found.repair, found.blocks) == (State.UNMET, "no sub-UIDs", "usermod", blocks)


def test_podman_that_is_not_there_blocks_everything(podman: pytest.MonkeyPatch) -> None:
    def absent(*_arguments: str) -> str:
        raise PodmanError("podman is not there", "install it")

    podman.setattr(machine, "podman", absent)
    first = next(machine.findings())
    assert (first.state, first.repair) == (State.UNMET, "install it")
    assert set(LIVE) < set(first.blocks)


def test_disk_that_may_be_too_small_is_a_note() -> None:
    assert machine.disk(39_000_000_000).seen == "39 GB are free, a run without any cache needs 40"
    assert machine.disk(41_000_000_000).state is State.MET


@pytest.mark.parametrize(
    ("text", "state"),
    [("MemTotal: 4000000 kB\n", State.UNMET), ("MemTotal: 4194304 kB\n", State.MET), ("", State.UNKNOWN)],
)
def test_memory_has_to_hold_the_pod(text: str, state: State) -> None:
    assert machine.memory(text).state is state
