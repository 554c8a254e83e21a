"""Accounts of Keycloak that are made to look like somebody who may come in."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fixtures.login.attacks import MALLORY
from fixtures.login.proxy import LoginProxy
from fixtures.login.visitor import Visitors
from fixtures.services.catalogue.keycloak import Realm
from fixtures.services.model import ServiceError

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]


def test_ghsa_c5c4_8r6x_56w3_address_of_two_domains_lets_nobody_in(
    ready_proxy: LoginProxy, visitors: Visitors, realm: Realm
) -> None:
    with realm.user() as account:
        # Keycloak takes this one, so where it refuses the next it is for the address.
        ready_proxy.must_refuse(visitors().log_in(account), "a user without the role")
    address = f"{MALLORY}@evil.example@conformance.invalid"
    with ExitStack() as undo:
        try:
            account = undo.enter_context(realm.user(email=address))
        except ServiceError as refused:
            if "email" not in refused.problem.lower():
                raise
            return  # Keycloak does not take such an address: nobody can have it.
        ready_proxy.must_refuse(visitors().log_in(account), f"a user without the role whose address is {address}")
