"""The modules that are sent to the pod's Python, run by this machine's."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace as Of
from typing import Any

import pytest
from kubernetes import client

from fixtures.errors import SuiteError
from fixtures.smoke import facts
from fixtures.smoke.inside import account, place, services
from fixtures.smoke.settings import ENVIRONMENT
from fixtures.verdict.evidence import Blocked

WANTED = {
    "namespaces": ["mine"], "urls": [], "page": "", "addresses": [], "without": ["nats"], "script": ENVIRONMENT,
}  # fmt: skip


def look(home: Path, **variables: str) -> dict[str, Any]:
    """What is seen in an environment that has these variables alone."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", facts.LOADER, json.dumps(WANTED)],
        input=facts.sources(), capture_output=True, check=True, timeout=60,
        env={"HOME": str(home), "PATH": "/nowhere", **variables},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_modules_need_the_standard_library_alone(tmp_path: Path) -> None:
    found = look(tmp_path, PGHOST="127.0.0.1", PGPORT="1")
    assert found["services"]["postgresql"] == {
        "where": "127.0.0.1:1", "variable": "PGHOST", "login": "", "error": "the connection is refused",
    }  # fmt: skip
    assert found["services"]["mlflow"]["error"] == "MLFLOW_TRACKING_URI is not set"
    assert "nats" not in found["services"]
    assert found["home"] | {"path": str(tmp_path), "writable": True} == found["home"]


def test_part_that_broke_is_an_error_of_its_own(tmp_path: Path) -> None:
    seen = facts.Seen(look(tmp_path, PGPORT="none"))
    with pytest.raises(SuiteError, match=r"^services: cannot be looked at from the pod \(ValueError"):
        seen.part("services")
    assert seen.part("kubeconfigs") == []


def seen_by(status: int, printed: bytes, complained: bytes, monkeypatch: pytest.MonkeyPatch) -> facts.Seen:
    """What is seen where the pod's shell ends so."""
    ended = Of(status=status, stdout=printed, stderr=complained)
    monkeypatch.setattr(facts, "pod_shell", lambda *_: nullcontext(Of(run=lambda *_, **__: ended)))
    return facts.look(client.ApiClient(), "mine", "pod", "web", WANTED)


def test_pod_without_python_blocks_what_looks_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Blocked, match="container web has no python3"):
        seen_by(127, b"", b"sh: python3: not found\n", monkeypatch)
    assert seen_by(0, b'{"kubeconfigs": []}', b"a warning\n", monkeypatch).part("kubeconfigs") == []


@pytest.mark.parametrize(
    ("complained", "said"),
    [(b"Traceback\nKeyError: 'urls'\n", "KeyError: 'urls'"), (b"", "it said nothing")],
    ids=["traceback", "silent"],
)
def test_program_that_breaks_in_the_pod_is_an_error(
    complained: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[BaseException] = []
    try:
        seen_by(1, b"", complained, monkeypatch)
    except (SuiteError, Blocked) as error:  # a block would leave out this test, not fail it
        told.append(error)
    line = f"container web: python3 tells nothing of it: exit status 1: {said}: run it there by hand"
    assert [(type(one), str(one)) for one in told] == [(SuiteError, line)]


def test_room_in_home_is_what_its_user_may_fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file system keeps a share for root: it is free (f_bfree, f_ffree), and the user cannot have it (statvfs(3)).
    full = Of(f_bsize=65536, f_frsize=4096, f_blocks=100, f_bfree=5, f_bavail=2, f_files=50, f_ffree=4, f_favail=1,
              f_flag=os.ST_RDONLY)  # fmt: skip
    monkeypatch.setattr(os, "statvfs", {str(tmp_path): full}.__getitem__)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = place.home()
    assert (found["bytes"], found["free"], found["files"], found["free_files"]) == (100 * 4096, 2 * 4096, 50, 1)
    assert found["read_only"]


SCRIPTS = {
    "sound": (": ${KUBECONFIG:=x} ${ARGO_SERVER:=y}", ""),
    "silent end": ("exit 3", "exit status 3"),
    "end with a word": ("echo one; echo two; exit 3", "two"),
    "without a variable": ("unset ARGO_SERVER; KUBECONFIG=x", ".*ARGO_SERVER.*"),
    "twice is too often": ("readonly ONCE=x; KUBECONFIG=x ARGO_SERVER=y", ".*ONCE.*"),
}


@pytest.mark.parametrize(("script", "said"), SCRIPTS.values(), ids=SCRIPTS)
def test_script_of_the_environment_that_ends_a_shell_is_told(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubectl").touch(mode=0o755)
    (tmp_path / "script").write_text(f"{script}\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    last = place.environment(str(tmp_path / "script"))["said"]["bash"]
    assert re.fullmatch(said, last), last


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MLFLOW_TRACKING_URI": "https://m.example"}, ("m.example", 443, True)),
        ({"MLFLOW_TRACKING_URI": "http://m.example"}, ("m.example", 80, False)),
        ({"MLFLOW_TRACKING_URI": "http://m.example:5000/x"}, ("m.example", 5000, False)),
    ],
)
def test_address_is_that_of_the_variable(
    variables: dict[str, str], expected: tuple[str, int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert services.address("mlflow")[:3] == expected


def test_password_goes_with_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_USER", "dev")
    assert services.credentials("valkey") == ("", "")
    monkeypatch.setenv("REDISCLI_AUTH", "word")
    assert services.credentials("valkey") == ("dev", "word")


def http(status: int, body: str = "{}") -> str:
    """The answer of a web server."""
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n{body}"


LOGINS = {
    "gitea": ("gitea", "GITEA_TOKEN", http(200), "accepted", "Authorization: token word\r\n"),
    "argo": ("argo", "ARGO_TOKEN", http(200), "accepted", "Authorization: Bearer word\r\n"),
    "wrong token": ("gitea", "GITEA_TOKEN", http(401), "HTTP 401", "GET /api/v1/user "),
    "token without the right": ("gitea", "GITEA_TOKEN", http(403), "HTTP 403", "GET /api/v1/user "),
    "broken server": ("gitea", "GITEA_TOKEN", http(503), "HTTP 503", "GET /api/v1/user "),
    "page that logs in": ("mlflow", "MLFLOW_TRACKING_TOKEN", http(302), "HTTP 302", "GET /api/2.0/mlflow/"),
    "argocd": ("argocd", "ARGOCD_AUTH_TOKEN", http(200, '{"loggedIn": true}'), "accepted", "GET /api/v1/session"),
    "nobody": ("argocd", "ARGOCD_AUTH_TOKEN", http(200, '{"loggedIn": false}'), "HTTP 200", "GET /api/v1/session"),
    "valkey": ("valkey", "VALKEY_PASSWORD", "+OK\r\n", "accepted", "*2\r\n$4\r\nAUTH\r\n$4\r\nword\r\n"),
    "wrong password": ("valkey", "VALKEY_PASSWORD", "-WRONGPASS no\r\n", "WRONGPASS no", "AUTH"),
    "nats": ("nats", "NATS_PASSWORD", "PONG\r\n", "accepted", '"pass": "word"'),
    "wrong password of nats": ("nats", "NATS_PASSWORD", "-ERR 'no'\r\n", "ERR 'no'", "CONNECT {"),
}


@pytest.mark.parametrize(("name", "secret", "answer", "said", "sent"), LOGINS.values(), ids=LOGINS)
def test_login_is_accepted_where_the_service_says_so(
    name: str, secret: str, answer: str, said: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(secret, "word")
    near, far = socket.socketpair()
    with near, far:
        far.sendall(answer.encode())
        assert services.log_in(name, near, "h") == said
        assert sent in far.recv(65536).decode()


KUBECTL = """#!/bin/sh
# Has the contexts that stand in the kubeconfig, of which `admin` may do everything.
case "$*" in
    "--kubeconfig $2 "*" config get-contexts -o name") cat "$2" ;;
    "--kubeconfig $2 "*" --context admin auth can-i * * --all-namespaces") echo yes ;;
    *) echo no; exit 1 ;;
esac
"""


def test_kubeconfig_with_an_administrator_among_its_contexts_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubectl").write_text(KUBECTL, encoding="utf-8")
    (tmp_path / "kubectl").chmod(0o755)
    files = {"first": "admin\n", "mine": "developer\nviewer\n", "last": "developer\nadmin\n", ".kube/config": "admin\n"}
    (tmp_path / ".kube").mkdir()
    for name, contexts in files.items():
        (tmp_path / name).write_text(contexts, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("KUBECONFIG", ":".join(str(tmp_path / name) for name in ("first", "mine", "last", "gone")))
    assert account.kubeconfigs() == [str(tmp_path / name) for name in ("first", "last", ".kube/config")]
