"""The users of Keycloak's realm as the checks' client manages them: the right one is changed, and none stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from fixtures.services.catalogue.keycloak import SERVICE, USER_ROLE, Realm
from fixtures.services.model import Account, Endpoint, Route, ServiceError
from fixtures.services.raw_http import RawClient, Reply

MINE = Account("check-ab", "s3cret", "")


class Server:
    """Answers as Keycloak's admin API does: it finds users by a part of their name, unless the exact one is asked."""

    def __init__(self, *names: str) -> None:
        self.users = {f"id-{name}": name for name in names}
        self.changed: list[str] = []
        self.refuses = "nothing"
        """End of a path to which a request is refused."""

    def ask(self, url: str, *, method: str = "GET", document: Any = None, **_: Any) -> Reply:
        """Answer a request."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.partition("/realms/thinkube")[2]
        if path.endswith(self.refuses):
            return Reply(403, (), '{"error": "no"}')
        return Reply(200, (), json.dumps(self._answer(method, path.strip("/").split("/"), query, document)))

    def _answer(self, method: str, words: list[str], query: dict[str, str], document: Any) -> Any:
        match words:
            case ["protocol", *_]:
                return {"access_token": "a.b.c-signature"}
            case ["clients"]:
                return [{"id": "client"}]
            case ["users"] if method == "POST":
                self.users[f"id-{document['username']}"] = document["username"]
            case ["users"]:
                exact, wanted = query.get("exact") == "true", query["username"]
                found = {
                    one: name for one, name in self.users.items() if name == wanted or (not exact and wanted in name)
                }
                return [{"id": one, "username": name} for one, name in found.items()]
            case ["users", user, *_]:
                self.changed.append(self.users[user])
                if method == "DELETE" and len(words) == 2:
                    del self.users[user]
        return {"name": words[-1]}


@contextmanager
def nowhere(host: str, port: int) -> Iterator[Route]:
    yield host, port


def realm(server: Server) -> Realm:
    """The realm of a server."""
    endpoint = Endpoint(SERVICE.name, SERVICE.host, SERVICE.port, nowhere, MINE)
    return Realm(endpoint, cast(RawClient, server), "s3cret")


def test_user_whose_name_has_the_wanted_one_in_it_is_left_alone() -> None:
    server = Server("a-check-ab", "check-ab-2", MINE.user)
    changed = realm(server)
    changed.disable(MINE)
    changed.end_sessions(MINE)
    changed.take(MINE)
    changed.remove(MINE)
    assert server.changed == [MINE.user] * 4
    assert list(server.users.values()) == ["a-check-ab", "check-ab-2"]
    changed.remove(MINE)
    assert len(server.users) == 2, "one that is gone takes another along"


def test_user_of_a_check_is_gone_afterwards() -> None:
    server = Server("somebody")
    with realm(server).user(USER_ROLE) as account:
        assert account.user in server.users.values()
    assert list(server.users.values()) == ["somebody"]


def test_user_who_gets_no_role_does_not_stay() -> None:
    server = Server()
    server.refuses = "/role-mappings/clients/client"
    with (
        pytest.raises(ServiceError, match=r"^keycloak answers 403 to POST /users/id-check-"),
        realm(server).user(USER_ROLE),
    ):
        pytest.fail("it has the role")
    assert not server.users
