"""Fixtures that the checks of several services share."""

from __future__ import annotations

import secrets
from functools import partial

import pytest

from fixtures.services.tenants import TENANT_PAIRS, TenantPair, stranger_and_owner


@pytest.fixture(params=TENANT_PAIRS, ids=lambda stranger: f"stranger is {stranger}")
def pair(request: pytest.FixtureRequest) -> TenantPair:
    """Returns two users of a service, the first of which wants what is the second's: `pair(gitea)`."""
    return partial(stranger_and_owner, request.param)


@pytest.fixture
def name(run_id: str) -> str:
    """A name for what one check makes in a service."""
    return f"check-{run_id}-{secrets.token_hex(4)}"
