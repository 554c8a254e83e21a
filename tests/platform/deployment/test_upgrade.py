"""An upgrade over a home that was used, and back: nothing in it is lost, and the editor is up (DEP-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.browser.extension import identifier, vsix
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.tools import must_run, word
from fixtures.inventory import Inventory
from fixtures.registry.client import Pushed

pytestmark = [pytest.mark.requirement("DEP-11"), pytest.mark.alone]

NAME = "upgrade"
USE = """\
set -e; cd; cat >/tmp/one.vsix; mkdir -p .local/bin .config/git
code-server --install-extension /tmp/one.vsix
echo '{{"editor.fontSize": 17, "conformance": "{word}"}}' >.local/share/code-server/User/settings.json
echo 'echo {word}' >>.bash_history
git config --file .config/git/day credential.helper store
echo 'https://dev:{word}@git.example.com' >.git-credentials; chmod 600 .git-credentials
mkdir -p .local/share/code-server/User/workspaceStorage/{word}
echo {word} >.local/share/code-server/User/workspaceStorage/{word}/state.vscdb
printf '#!/bin/sh\\necho {word}\\n' >.local/bin/mine; chmod 755 .local/bin/mine"""
KEPT = {
    "the extension": (f"code-server --list-extensions | grep -x {identifier(NAME)}", identifier(NAME)),
    "the settings": ("cat ~/.local/share/code-server/User/settings.json", "{word}"),
    "the shell's history": ("tail -n 1 ~/.bash_history", "echo {word}"),
    "git's credentials": ("stat -c %a ~/.git-credentials; cat ~/.git-credentials", "600\nhttps://dev:{word}@"),
    "the state of a window": ("cat ~/.local/share/code-server/User/workspaceStorage/{word}/state.vscdb", "{word}"),
    "a command of the user's": ("bash -lc mine", "{word}"),
    "the editor": ("curl --fail --silent http://127.0.0.1:{port}{ready}", "status"),
}
TIDY = """\
cd; code-server --uninstall-extension {extension}
rm -rf .git-credentials .config/git/day .local/bin/mine .local/share/code-server/User/settings.json
rm -rf .local/share/code-server/User/workspaceStorage/{word}; sed -i '/{word}/d' .bash_history"""


def test_used_home_goes_through_another_image_and_back(
    run_deployment: Deployment, next_image: Pushed, pushed: Pushed, inventory: Inventory
) -> None:
    said, settings = word(), inventory.image
    places = {"word": said, "port": settings.port, "ready": settings.ready_path}
    must_run(run_deployment.inside(), "home", USE.format(word=said), stdin=vsix(NAME, said), seconds=120)
    try:
        for image in (next_image, pushed):
            run_deployment.rollout.set_image(image.reference)
            lost = ", ".join(what for what in KEPT if not _kept(run_deployment, what, places))
            assert not lost, f"upgrade to {image.digest[:19]}: {lost}: is lost: mount the same volume over home"
    finally:
        run_deployment.run(TIDY.format(word=said, extension=identifier(NAME)), seconds=120)


def _kept(deployment: Deployment, what: str, places: Mapping[str, Any]) -> bool:
    script, expected = KEPT[what]
    return expected.format(**places) in str(deployment.run(script.format(**places), seconds=60).stdout)
