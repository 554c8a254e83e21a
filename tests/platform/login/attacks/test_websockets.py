"""Websockets: a page of another origin gets none, also in the browser of a user who has logged in."""

from __future__ import annotations

import pytest

from fixtures.browser.editor import WEBSOCKET, WEBSOCKET_TARGET
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitor

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]


def test_page_of_another_origin_gets_no_websocket(ready_proxy: LoginProxy, resident: Visitor) -> None:
    mine = resident.get(WEBSOCKET_TARGET, headers=[*WEBSOCKET, ("Origin", ready_proxy.url)])
    assert mine.status == 101, (
        f"code-server: its own page gets {mine.status} for a websocket, not 101: let the proxy pass Host on as it came"
    )
    other = resident.get(WEBSOCKET_TARGET, headers=[*WEBSOCKET, ("Origin", "https://evil.example")])
    assert other.status == 403, (
        f"code-server: a page of another origin gets {other.status} for a websocket, not 403: "
        "leave --trusted-origins empty"
    )
