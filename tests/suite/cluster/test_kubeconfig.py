"""A kubeconfig is copied, and what is wrong with it is said before anything is sent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.cluster.api import ClusterError
from fixtures.cluster.kubeconfig import copy_kubeconfig
from fixtures.errors import UsageError
from tests.suite.cluster.fakes.api_server import kubeconfig
from tests.suite.cluster.fakes.certificates import certificate


def copied_user(folder: Path, user: dict[str, Any]) -> dict[str, Any]:
    """Return a user of a kubeconfig in a folder as the copy has it."""
    copy, _ = copy_kubeconfig(kubeconfig(folder, "https://127.0.0.1:1", user), None)
    found: dict[str, Any] = yaml.safe_load(copy.read_text(encoding="utf-8"))["users"][0]["user"]
    return found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", r"config, line 1: not YAML: give a valid kubeconfig$", id="no YAML"),
        pytest.param("[]", r"config: not a kubeconfig, it lists no clusters: give a valid kubeconfig$", id="a list"),
        pytest.param(
            "{clusters: [], contexts: []}",
            r"config has no current context: it has none: give --context NAME$",
            id="no context",
        ),
        pytest.param(
            "{clusters: [], contexts: [{name: a}, {name: b}], current-context: c}",
            r"^context 'c' not in .*config: it has a, b: give --context NAME$",
            id="unknown context",
        ),
        pytest.param(
            "{clusters: [], contexts: [{name: a, context: {}}], current-context: a}",
            r"^context 'a' in .* names a cluster that is not there: fix the kubeconfig$",
            id="context without its cluster",
        ),
    ],
)
def test_bad_kubeconfig_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        copy_kubeconfig(path, None)


def test_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file or directory: give the path of a kubeconfig$"):
        copy_kubeconfig(tmp_path / "none", None)


def test_copy_keeps_files_reachable_and_the_original_as_it_was(tmp_path: Path) -> None:
    original = kubeconfig(tmp_path, "https://127.0.0.1:1", authority="ca.pem")
    before = (original.read_bytes(), original.stat().st_mtime_ns)
    copy, context = copy_kubeconfig(original, None)
    copied = yaml.safe_load(copy.read_text(encoding="utf-8"))
    assert copied["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.pem")
    assert context == "mine"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (original.read_bytes(), original.stat().st_mtime_ns) == before


def test_user_s_files_are_reachable_from_the_copy(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "user.pem").write_bytes(certificate(days=1)[0])
    user = {"client-certificate": "keys/user.pem", "client-key": "../user.key", "tokenFile": "/run/token"}
    copied = copied_user(tmp_path, user)
    assert {name: Path(path).resolve() for name, path in copied.items()} == {
        "client-certificate": tmp_path / "keys" / "user.pem",
        "client-key": tmp_path.parent / "user.key",
        "tokenFile": Path("/run/token"),
    }
    assert all(Path(path).is_absolute() for path in copied.values())


@pytest.mark.parametrize(
    ("program", "found"),
    [
        pytest.param("./get-token", "{folder}/get-token", id="beside it"),
        pytest.param("bin/get-token", "{folder}/bin/get-token", id="below it"),
        pytest.param("/opt/get-token", "/opt/get-token", id="anywhere"),
        pytest.param("aws", "aws", id="on PATH"),
    ],
)
def test_program_that_gets_a_token_is_found_from_the_copy(tmp_path: Path, program: str, found: str) -> None:
    """As kubectl finds it: one with a slash beside the kubeconfig, others on PATH."""
    given = {"apiVersion": "client.authentication.k8s.io/v1", "command": program, "args": ["./as-it-is"]}
    copied = copied_user(tmp_path, {"exec": given})["exec"]
    assert copied == given | {"command": found.format(folder=tmp_path)}


def test_expired_certificate_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    public, secret = certificate(days=-1)
    user = {"client-certificate-data": base64.b64encode(public).decode(), "client-key-data": secret.decode()}
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", user)
    with pytest.raises(ClusterError, match=r"^the client certificate in .* expired on 20.* UTC: get a new kubeconfig$"):
        copy_kubeconfig(path, None)
