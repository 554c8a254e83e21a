"""The shape that people use, whole: the log-in, home on its volume, keys and the plan's limits in one pod (DEP-9)."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.deployment import startup
from fixtures.deployment.capacity import resources
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.overlay import NAME, Workspace
from fixtures.deployment.tools import must_run, word
from fixtures.login.proxy import LoginProxy
from fixtures.registry.client import Pushed

pytestmark = [pytest.mark.requirement("DEP-9"), pytest.mark.xdist_group("proxy")]

STARTS = 3
LIMITS = {"limits cpu": 2, "limits memory": 4 << 30}
HOME = {"code-server-home": ("Bound", "20Gi")}
PROVIDED = {
    ".gitconfig or its place": "git config user.email",
    "the SSH key, closed": "[ $(stat -c %a ~/.ssh/id_ed25519) = 600 ] && ssh-keygen -y -f ~/.ssh/id_ed25519",
    "VS Code's tasks": "grep -q 'Claude Code' ~/.local/share/code-server/User/tasks.json",
    "Claude Code's settings": "grep -q permissions ~/.claude/settings.json",
    "the authorities": "grep -q CERTIFICATE $SSL_CERT_FILE",
}


@pytest.fixture
def own(ready_proxy: LoginProxy) -> Deployment:
    """The deployment behind the log-in."""
    return ready_proxy.require_embedded("the production shape").deployment


def kept(own: Deployment, said: str, when: str) -> None:
    """Assert that a word that was written to home is there still."""
    seen = own.run("cat ~/kept-behind-the-login").stdout.strip()
    assert seen == said, f"home: has {seen!r} instead of {said!r} after {when}: mount the same volume over home"


def test_pod_runs_the_pushed_image_and_keeps_to_the_plans_limits(own: Deployment, pushed: Pushed) -> None:
    images = {one.name: one.image for one in own.pod().spec.containers}
    assert images[NAME] == pushed.reference, f"pod: runs {images[NAME]}, not {pushed.reference}: name it by its digest"
    given = {what: size for what, size in resources(own.document(), own.container).items() if what in LIMITS}
    assert given == LIMITS, f"pod: its limits are {given}, not {LIMITS}: leave those of deployment.yaml"


def test_home_is_the_plans_volume(own: Deployment) -> None:
    claims: list[Any] = own.core.list_namespaced_persistent_volume_claim(own.namespace).items
    seen = {one.metadata.name: (one.status.phase, (one.status.capacity or {}).get("storage")) for one in claims}
    assert seen == HOME, f"home: the claims are {seen}, not {HOME}: see home.yaml, and the node and folder it names"
    volumes = {one.name: one.persistent_volume_claim for one in own.pod().spec.volumes}
    assert volumes["home"] is not None, "home: is no claim but lost with the pod: leave the volume of deployment.yaml"


@pytest.mark.parametrize("what", PROVIDED)
def test_home_has_what_the_deployment_provides(what: str, own: Deployment, workspace: Workspace) -> None:
    said = must_run(own.inside(), f"home: {what}", PROVIDED[what])
    expected = {".gitconfig or its place": workspace.git_email}.get(what, "")
    if workspace.ssh_keys is not None and "SSH" in what:
        expected = workspace.ssh_keys["id_ed25519.pub"].decode().rsplit(" ", 1)[0]
    assert expected in said, f"home: {what}: {said.strip()!r}, not {expected!r}: let 20-workspace put it there"


def test_pod_starts_in_time_and_keeps_home(own: Deployment) -> None:
    said = word()
    own.run(f"echo {said} >~/kept-behind-the-login")
    table = startup.measure_starts(own, STARTS)
    assert table.passed, (
        f"start-up behind the log-in: {table.total.highest:.1f} s of {STARTS} starts, {table.limit:.0f} s at most: "
        f"{'; '.join(table.notes) or 'see the pod, and whether Keycloak and Valkey answer'}"
    )
    kept(own, said, "a new pod")


def test_roll_back_behind_the_login_keeps_home(own: Deployment, next_image: Pushed, pushed: Pushed) -> None:
    said = word()
    own.run(f"echo {said} >~/kept-behind-the-login")
    for reference in (next_image.reference, pushed.reference):
        own.rollout.set_image(reference)
        running = {one.name: one.image for one in own.pod().spec.containers}[NAME]
        assert running == reference, f"roll back: {running} runs instead of {reference}: set strategy to Recreate"
        kept(own, said, f"the change to {reference[-12:]}")
