"""A word is looked for in what a service logged, and a log that never held anything is no proof."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.cluster.api import ClusterError
from fixtures.patience import patient
from fixtures.redaction import keep
from fixtures.services import logs
from fixtures.verdict.evidence import Blocked

TOKEN = f"{7:040x}"
"""As Gitea's are; not one."""
POD = SimpleNamespace(
    metadata=SimpleNamespace(name="nats-0", namespace="nats"),
    spec=SimpleNamespace(containers=[SimpleNamespace(name="nats"), SimpleNamespace(name="reloader")],
                         init_containers=[SimpleNamespace(name="set-up")]),
)  # fmt: skip


def look(monkeypatch: pytest.MonkeyPatch, lately: dict[str, str], earlier: str = "") -> None:
    """Look for `secret` in a pod whose containers logged that lately, and this before."""

    def read(
        _core: Any, _name: str, _namespace: str, *, container: str, tail_lines: int = 0, since_seconds: int = 0
    ) -> str:
        assert bool(tail_lines) != bool(since_seconds)
        return lately.get(container, "") or (earlier if tail_lines else "")

    monkeypatch.setattr(logs, "own_pods", lambda *_: [POD])
    monkeypatch.setattr(logs, "pause", lambda _: None)
    monkeypatch.setattr(client.CoreV1Api, "read_namespaced_pod_log", read)
    endpoint: Any = SimpleNamespace(host="nats")
    logs.must_not_log(client.ApiClient(), endpoint, "nats", "secret", "turn trace off")


def test_word_in_the_log_of_any_container_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"^nats: its log has what a user gave it, .*: turn trace off"):
        look(monkeypatch, {"nats": "begun", "reloader": "PUB secret"})


def test_log_without_the_word_passes_though_nothing_was_said_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    look(monkeypatch, {}, earlier="begun")


def test_log_that_never_held_anything_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Blocked, match="nats has logged nothing since it began"):
        look(monkeypatch, {})


def look_for_credentials(monkeypatch: pytest.MonkeyPatch, said: dict[str, str | int]) -> None:
    """Look for credentials in a pod whose containers have logged that, or of which the API server answers a status."""

    def read(_core: Any, _name: str, _namespace: str, *, container: str) -> str:
        match said.get(container, ""):
            case int(status):
                raise ApiException(status=status, reason="no log")
            case text:
                return text

    monkeypatch.setattr(logs, "own_pods", lambda *_: [POD])
    monkeypatch.setattr(client.CoreV1Api, "read_namespaced_pod_log", read)
    endpoint: Any = SimpleNamespace(host="nats")
    logs.must_log_no_credential(client.ApiClient(), endpoint, "nats")


@pytest.mark.parametrize(
    "line",
    [
        "it is a password of this run", f"+ token={TOKEN}", f'{{"password": "{TOKEN}"}}',
        f"Authorization: token {TOKEN}", "authorization: Bearer abc.def-ghi_jkl.mno",
        "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.abc", f"access_token={TOKEN}", f"token = '{TOKEN}'",
        '{"authorization":["Bearer abc.def-ghi_jkl.mno"]}', "map[authorization:[Bearer abc.def-ghi_jkl.mno]]",
        "authorization=Bearer abc.def-ghi_jkl.mno", "{'Authorization': \"Bearer abc.def-ghi_jkl.mno\"}",
        r'{\"authorization\":[\"Bearer abc.def-ghi_jkl.mno\"]}', "(b'authorization', b'Bearer abc.def-ghi_jkl.mno')",
        "it is a%20password%20of%20this%20run", "it is a+password+of+this+run",
        base64.b64encode(b"admin:a password of this run").decode(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("container", ["nats", "reloader", "set-up"])
def test_credential_in_any_log_is_found(monkeypatch: pytest.MonkeyPatch, container: str, line: str) -> None:
    keep("a password of this run")
    with pytest.raises(
        AssertionError, match=rf"^nats: the log of {container} of pod nats-0 has a credential, "
    ) as told:
        look_for_credentials(monkeypatch, {"nats": "begun", container: f"begun\n{line}\n"})
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    "said",
    [
        "token=", "no password given", "secret=argo-server-of-the-workspace-in-the-cluster", f"sha256:{TOKEN}",
        "bearer token", f"GET /list?page_token={TOKEN}", f"next_page_token={TOKEN}", f"nextPageToken: {TOKEN}",
        f"continue token: {TOKEN}", f"csrf_token={TOKEN}", f"invalid password:\n{TOKEN}", f"token\n={TOKEN}",
        "authorization:\nbearer abcdefghijklmnopqrst", "authorization: Bearer ***", "the short one",
    ],
)  # fmt: skip
def test_words_of_a_credential_alone_are_none(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    keep("short one")
    look_for_credentials(monkeypatch, {"nats": said})


@pytest.mark.parametrize("status", [400, 404], ids=["not started", "gone"])
def test_container_without_a_log_is_passed_over(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    look_for_credentials(monkeypatch, {"nats": "begun", "reloader": status})
    with pytest.raises(AssertionError, match="the log of nats of pod nats-0 has a credential"):
        look_for_credentials(monkeypatch, {"nats": f"token={TOKEN}", "set-up": status})
    with pytest.raises(Blocked, match="nats has logged nothing since it began"):
        look_for_credentials(monkeypatch, dict.fromkeys(("nats", "reloader", "set-up"), status))


@pytest.mark.parametrize("status", [403, 500])
def test_log_that_is_refused_is_explained(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with pytest.raises(ClusterError, match=r"reading the log of reloader of pod nats/nats-0 failed at .*no log"):
        look_for_credentials(monkeypatch, {"nats": "begun", "reloader": status})


def test_logs_that_never_held_anything_block(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Blocked, match="nats has logged nothing since it began"):
        look_for_credentials(monkeypatch, {})


@pytest.mark.parametrize(("written", "there"), [(3, True), (100, False)], ids=["late", "too late"])
def test_line_is_waited_for_with_a_limit(monkeypatch: pytest.MonkeyPatch, written: float, *, there: bool) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr(logs, "pause", lambda seconds: clock.append(clock.pop() + seconds))

    def log() -> str:
        return "AuthSuccess by ann\nAuthFailure by bob\n" + ("AuthSuccess by bob\n" if clock[0] >= written else "")

    assert logs.is_logged(log, "AuthSuccess", "bob") is there
    assert clock[0] == (written if there else patient(logs.LOGGED_SECONDS))
