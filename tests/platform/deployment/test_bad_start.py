"""A start of the workspace that goes badly: each step that fails is told, and the others still happen (DEP-13)."""

from __future__ import annotations

import pytest

from fixtures.deployment.pod import Pod
from fixtures.deployment.workspace_start import must_have_script
from fixtures.inventory import Inventory

pytestmark = pytest.mark.requirement("DEP-13")

HOMES = {
    # The container's own small file system, filled up: files can be made, and nothing fits into them.
    "full": "h=$(mktemp -d /dev/shm/home.XXXXXX); head -c 1G /dev/zero >/dev/shm/filler.$$ 2>/dev/null",
    "read-only": "h=/sys",
}
TIDY = "trap 'rm -rf /dev/shm/home.* /dev/shm/filler.*' EXIT"
STEPS = ("ssh_keys", "tasks", "editor_settings", "claude_settings")


@pytest.mark.parametrize("home", HOMES)
def test_steps_that_fail_are_told_and_the_authorities_are_made(home: str, pod: Pod, inventory: Inventory) -> None:
    script = must_have_script(pod, inventory.image.start_scripts)
    done = pod.run(f"""\
        {TIDY}
        touch marker; {HOMES[home]}
        HOME=$h {script}; echo "status $?"
        find /run/workspace/authorities.crt -newer marker""")
    silent = [step for step in STEPS if f"20-workspace: {step}: failed with status" not in done.stderr]
    assert not silent, f"20-workspace: tells nothing of {', '.join(silent)} with a home that is {home}: see its `step`"
    assert "status 1" in done.stdout, f"20-workspace: ends well with a home that is {home}: exit with its `failed`"
    assert "authorities.crt" in done.stdout, (
        f"20-workspace: makes no bundle of authorities where home is {home}: let no step of it need home"
    )
