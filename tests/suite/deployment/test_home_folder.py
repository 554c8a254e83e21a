"""The folder of a node that is a workspace's home: made before it, removed after it, and only where it is one."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.deployment.home import home_folder
from fixtures.deployment.overlay import Workspace
from fixtures.registry.settings import RegistrySettings


class FakeTarget:
    """A target whose cluster only notes the commands on its nodes."""

    def __init__(self) -> None:
        self.embedded: Any = self
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str) -> None:
        """Note a command."""
        self.commands.append(command)


def workspace(*, dedicated: bool = False) -> Workspace:
    registry = RegistrySettings("registry.example", "user", "password", None)
    return Workspace("s", "r", "i@sha256:0", registry, home_node="n", home_folder="/h", dedicated_volume=dedicated)


def used(target: Any) -> None:
    """Use the folder, and fail."""
    with home_folder(target, workspace()):
        assert target.commands == [("n", "mkdir", "-p", "/h")]
        raise ValueError("broken")


def test_folder_is_removed_also_after_a_failure() -> None:
    target: Any = FakeTarget()
    with pytest.raises(ValueError, match="broken"):
        used(target)
    assert target.commands[1:] == [("n", "rm", "-rf", "/h")]


def test_volume_of_the_cluster_needs_no_folder() -> None:
    target: Any = FakeTarget()
    with home_folder(target, workspace(dedicated=True)):
        pass
    assert not target.commands
