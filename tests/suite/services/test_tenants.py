"""The two users of a service: a stranger, who wants what is the owner's."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from fixtures.services.model import Account, Endpoint
from fixtures.services.tenants import TENANT_PAIRS, stranger_and_owner
from fixtures.verdict.evidence import Blocked

WORKSPACE, NEIGHBOUR = Account("workspace", "", "a"), Account("neighbour", "", "b")
ENDPOINT = Endpoint("gitea", "gitea.gitea.svc", 443, lambda host, port: nullcontext((host, port)), WORKSPACE)


def test_each_user_is_the_stranger_once() -> None:
    endpoint = replace(ENDPOINT, others=(NEIGHBOUR,))
    pairs = [stranger_and_owner(stranger, endpoint) for stranger in TENANT_PAIRS]
    assert pairs == [(WORKSPACE, NEIGHBOUR), (NEIGHBOUR, WORKSPACE)]


@pytest.mark.parametrize("stranger", TENANT_PAIRS)
def test_service_without_a_second_user_blocks_the_check(stranger: str) -> None:
    with pytest.raises(Blocked, match="gitea has no second user"):
        stranger_and_owner(stranger, ENDPOINT)
