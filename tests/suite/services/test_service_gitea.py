"""When a repository in Gitea may be removed: not before each push to it has been processed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from fixtures.services.catalogue import gitea
from fixtures.services.http import Answer, HttpClient
from fixtures.services.model import ServiceError

SOME = 5
"""How often the list is told without the push; before that there is none at all."""


class Server:
    """Answers as Gitea does, whose list of activities and time of the repository come one question later each."""

    def __init__(
        self, *, updated: Sequence[str] = ("05",), heads: Sequence[str] = ("aaa", "bbb"), tells: int = 0
    ) -> None:
        self.updated, self.heads, self.tells = list(updated), heads, tells
        self.asked: list[str] = []

    def ask(self, method: str, path: str) -> Answer:
        rest = path.removeprefix(f"{gitea.API}/repos/me/one")
        self.asked.append(f"{method} {rest}")
        if method == "DELETE":
            return Answer(204, "")
        return Answer(200, json.dumps(self._document(rest)))

    def must(self, method: str, path: str) -> Any:
        return self.ask(method, path).document

    def _document(self, rest: str) -> Any:
        if rest == "/branches":
            return [{"commit": {"id": one}} for one in self.heads] or None
        if rest:
            self.tells -= 1
            entry = {"op_type": "commit_repo", "created": "04", "content": '{"HeadCommit": {"Sha1": "bbb"}}'}
            if self.tells > SOME:
                return None
            return [{"op_type": "create_repo", "created": "01", "content": ""}, *([entry] if self.tells < 0 else [])]
        return {"updated_at": self.updated.pop(0) if len(self.updated) > 1 else self.updated[0]}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, which take no time."""
    made: list[float] = []
    monkeypatch.setattr(gitea, "pause", made.append)
    monkeypatch.setattr(gitea, "PROCESSED_SECONDS", 0.2)
    return made


def _repository(server: Server) -> gitea.Repository:
    return gitea.Repository(cast(HttpClient, server), "me", "one", {"aaa"})


def test_push_is_waited_for(pauses: list[float]) -> None:
    server = Server(tells=2, updated=("01", "03", "05"))
    _repository(server).remove()
    assert server.asked.count("GET /activities/feeds?limit=50") == 3
    assert server.asked[-3:] == ["GET ", "GET ", "DELETE "]
    assert set(pauses) == {gitea.ASK_AGAIN_SECONDS}


def test_time_in_whole_seconds_is_not_relied_on(pauses: list[float]) -> None:
    _repository(Server(updated=("04",))).remove()
    assert pauses == [gitea.WHOLE_SECONDS]


@pytest.mark.parametrize(
    "server", [Server(tells=10**9), Server(updated=("03",))], ids=["not in the list", "repository as before"]
)
def test_push_that_is_never_processed_is_told_after_the_removal(server: Server, pauses: list[float]) -> None:
    with pytest.raises(ServiceError, match=r"has not processed a push to me/one.*restart Gitea"):
        _repository(server).remove()
    assert server.asked[-1] == "DELETE "
    assert pauses


def test_what_nobody_pushed_to_is_removed_at_once(pauses: list[float]) -> None:
    _repository(Server(tells=SOME, heads=("aaa",))).remove()
    assert not pauses


def test_what_was_never_pushed_to_is_removed_once_gitea_tells_of_it(pauses: list[float]) -> None:
    _repository(Server(tells=SOME + 2, heads=())).remove()
    assert pauses == [gitea.ASK_AGAIN_SECONDS]
