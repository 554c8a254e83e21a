"""The other half of the editor, with a password: search, Source Control, explorer, preview, extensions (IMG-9)."""

from __future__ import annotations

import pytest

from fixtures.browser.editor import CodeServer
from fixtures.browser.work import prepared, trouble
from fixtures.deployment.pod import Pod
from fixtures.inventory import Inventory


@pytest.mark.requirement("IMG-9")
def test_other_half_of_the_editor_works(code_server: CodeServer, pod: Pod, inventory: Inventory) -> None:
    home = inventory.image.home
    with prepared(pod, home) as word:
        found = trouble(code_server, pod, home, word)
    assert not found, "\n".join(found)
