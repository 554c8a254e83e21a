"""What a service gives a check, a token or a user's password, is masked from that moment on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import pytest

from fixtures.redaction import MASK, redact
from fixtures.services.catalogue import argocd, gitea, github
from fixtures.services.catalogue.keycloak import USER_ROLE, Realm
from fixtures.services.model import Account, Endpoint
from fixtures.services.raw_http import RawClient
from tests.suite.services.test_service_keycloak import Server

ENDPOINT = Endpoint("x", "x.x.svc", 443, lambda *_: nullcontext(("127.0.0.1", 1)), Account("me", "word", ""))


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """A token that the API of each service gives."""
    made = secrets.token_hex(20)

    class Api:
        def must(self, *_: Any) -> dict[str, str]:
            return {"sha1": made, "token": made}

    @contextmanager
    def opened(*_: Any) -> Iterator[Api]:
        yield Api()

    monkeypatch.setattr(gitea, "connected", opened)
    monkeypatch.setattr(argocd, "opened", opened)
    return made


def test_token_for_tea_is_masked(token: str) -> None:
    with gitea.token_of(ENDPOINT, ENDPOINT.account, "check") as found:
        assert (found, redact(found)) == (token, MASK)


def test_token_of_argocd_s_session_is_masked(token: str) -> None:
    with argocd.connected(ENDPOINT) as found:
        assert (found.token, redact(token)) == (token, MASK)


def test_token_of_github_is_masked(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", token)
    given: Any = github.github
    assert (given.__wrapped__().token, redact(token)) == (token, MASK)


def test_password_of_a_made_user_and_signatures_of_tokens_are_masked() -> None:
    realm = Realm(ENDPOINT, cast("RawClient", Server()), "secret")
    with realm.user(USER_ROLE) as account:
        assert redact(account.password) == MASK
    assert redact(realm.token()).endswith(MASK)
