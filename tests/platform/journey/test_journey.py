"""A developer's day in the browser: from the log-in at Keycloak to what each service has of it at the end."""

from __future__ import annotations

import pytest

from fixtures.journey import STEPS, TOUCHED, Day
from fixtures.login.plugin import Browse

pytestmark = pytest.mark.xdist_group("proxy")


@pytest.mark.requirement("FLOW-journey")
@pytest.mark.uses("podman", "yq", "argocd", "argo", "mlflow", "nats")
@pytest.mark.usefixtures(*TOUCHED)
def test_day_at_the_browsers_terminal_is_seen_by_every_service(day: Day, browse: Browse) -> None:
    with browse() as code_server:
        code_server.enter()
        terminal = code_server.open_terminal()
        for step in STEPS:
            day.do(terminal, step)
    expected, seen = day.expected(), day.seen()
    wrong = [f"{what} is {seen[what]}, not {expected[what]}" for what in expected if seen[what] != expected[what]]
    assert not wrong, f"journey: every command succeeded, and {'; '.join(wrong)}: read the log of that service"
