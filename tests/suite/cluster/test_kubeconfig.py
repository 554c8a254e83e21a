"""A kubeconfig is copied, and what is wrong with it is said before anything is sent."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from fixtures.cluster.api import ClusterError
from fixtures.cluster.kubeconfig import copy_kubeconfig
from fixtures.errors import UsageError
from tests.suite.cluster.fakes.api_server import kubeconfig
from tests.suite.cluster.fakes.certificates import certificate


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


def test_expired_certificate_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    public, secret = certificate(days=-1)
    user = {"client-certificate-data": base64.b64encode(public).decode(), "client-key-data": secret.decode()}
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", user)
    with pytest.raises(ClusterError, match=r"^the client certificate in .* expired on 20.* UTC: get a new kubeconfig$"):
        copy_kubeconfig(path, None)
