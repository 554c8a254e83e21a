"""The other half of the editor, behind the log-in: search, Source Control, explorer, preview, extensions (IMG-9)."""

from __future__ import annotations

import pytest

from fixtures.browser.work import prepared, trouble
from fixtures.inventory import Inventory
from fixtures.login.plugin import Browse
from fixtures.login.proxy import LoginProxy


@pytest.mark.requirement("IMG-9")
@pytest.mark.xdist_group("proxy")
def test_other_half_of_the_editor_works(browse: Browse, ready_proxy: LoginProxy, inventory: Inventory) -> None:
    home = inventory.image.home
    pod = ready_proxy.require_embedded("its pod").deployment.inside()
    with prepared(pod, home) as word, browse() as code_server:
        found = trouble(code_server, pod, home, word)
    assert not found, "\n".join(found)
