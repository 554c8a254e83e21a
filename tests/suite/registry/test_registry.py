"""Registries without one: settings, certificates, what a client's refusal means, what nodes are told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from fixtures.certificates import Authority
from fixtures.cluster.stored import Cluster
from fixtures.errors import ExitCode, UsageError
from fixtures.registry import __main__
from fixtures.registry import server as registry_server
from fixtures.registry.client import Pushed, Registry, opened, refusal
from fixtures.registry.settings import RegistryError, RegistrySettings

HARBOR = RegistrySettings("harbor.example.com", "robot", "s3cret")


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    (tmp_path / "ca.crt").touch()
    variables = {
        "CONFORMANCE_REGISTRY": "harbor.example.com:8443",
        "CONFORMANCE_REGISTRY_USERNAME": "robot",
        "CONFORMANCE_REGISTRY_PASSWORD_FILE": str(tmp_path / "password"),
        "CONFORMANCE_REGISTRY_CA_FILE": str(tmp_path / "ca.crt"),
    }
    expected = RegistrySettings("harbor.example.com:8443", "robot", "s3cret", tmp_path / "ca.crt")
    assert RegistrySettings.from_environment(variables) == expected
    assert RegistrySettings.from_environment({}) is None


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"": "https://harbor.example.com/"}, "not a host name: give host or host:port"),
        ({"_USERNAME": "robot"}, "_PASSWORD is not set: set user name and password, or neither"),
        ({"_PASSWORD": "x"}, "_USERNAME is not set"),
        ({"_USERNAME": "robot", "_PASSWORD": "x", "_PASSWORD_FILE": "y"}, "are both set: set one of them"),
        ({"_USERNAME": "robot", "_PASSWORD_FILE": "/nowhere"}, "/nowhere: No such file or directory: name a file"),
        ({"_CA_FILE": "/nowhere"}, "/nowhere: no such file: name the certificate of its authority"),
    ],
)
def test_wrong_settings_are_answered_with_the_repair(variables: dict[str, str], problem: str) -> None:
    given = {"": "harbor.example.com"} | variables
    with pytest.raises(UsageError, match=problem) as refusal:
        RegistrySettings.from_environment({f"CONFORMANCE_REGISTRY{name}": value for name, value in given.items()})
    assert "\n" not in str(refusal.value)


def test_password_is_not_shown() -> None:
    assert "s3cret" not in repr(HARBOR)


def test_pull_secret_names_the_host_that_nodes_use() -> None:
    (entry,) = json.loads(HARBOR.docker_config())["auths"].items()
    assert entry == ("harbor.example.com", {"auth": base64.b64encode(b"robot:s3cret").decode()})
    assert json.loads(RegistrySettings("harbor.example.com").docker_config()) == {"auths": {}}


def test_pushed_image_is_named_by_digest() -> None:
    assert Pushed("h", "library/x", "sha256:1").reference == "h/library/x@sha256:1"


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Error: logging into h: invalid username/password", "refuses user robot"),
        ("unauthorized: authentication required", "refuses user robot"),
        ("x509: certificate signed by unknown authority", "has a certificate that is not trusted here"),
        ("dial tcp 127.0.0.1:443: connect: connection refused", "does not answer"),
        ("dial tcp: lookup nowhere.invalid: no such host", "does not answer"),
        ("denied: requested access to the resource is denied", "does not let user robot"),
        ("write /x: no space left on device", "full disk"),
        ("manifest unknown", "has no such image"),
    ],
)
def test_refusals_are_told_apart(said: str, meaning: str) -> None:
    problem, repair = refusal("h", "robot", "push x", said)
    assert problem.startswith("registry h ")
    assert meaning in problem
    assert repair


def test_unknown_refusal_is_passed_on() -> None:
    assert refusal("h", "", "push x", "\nError: what is this\n") == (
        "registry h: cannot push x",
        "Error: what is this",
    )


def test_password_goes_by_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text('#!/bin/sh\necho "$*" >"$0.args"\ncat >"$0.stdin"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("fixtures.registry.client.environment", lambda: None)
    with opened(HARBOR) as client:
        client.login()
    assert "s3cret" not in (tmp_path / "podman.args").read_text(encoding="utf-8")
    assert (tmp_path / "podman.stdin").read_text(encoding="utf-8") == "s3cret"


def test_credentials_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("fixtures.registry.client.BUILD_DIRECTORY", tmp_path)
    with opened(HARBOR):
        (folder,) = tmp_path.iterdir()
        assert (folder / "auth.json").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.iterdir())


def test_hanging_client_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.registry.client.environment", lambda: None)
    client = Registry(HARBOR, tmp_path)
    with pytest.raises(RegistryError, match=r"^`sleep 60` has not ended in 0 s"):
        client._run(["sleep", "60"], "wait", seconds=0.1)


@pytest.mark.parametrize(("ca_file", "files"), [(True, ["ca.crt", "hosts.toml"]), (False, ["hosts.toml"])])
def test_nodes_are_told_where_and_whom_to_trust(
    ca_file: bool,  # noqa: FBT001
    files: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: dict[str, bytes] = {}
    monkeypatch.setattr(Cluster, "write", lambda _self, node, path, content: written.update({node + path: content}))
    path = Authority("test").write(tmp_path / "ca.crt") if ca_file else None
    registry_server.trust(
        Cluster("c", "podman", "i", ("n1", "n2"), tmp_path), RegistrySettings("h", ca_file=path), "https://elsewhere"
    )
    folder = "/etc/containerd/certs.d/h"
    assert sorted(written) == [f"{node}{folder}/{name}" for node in ("n1", "n2") for name in files]
    text = written[f"n1{folder}/hosts.toml"].decode()
    assert 'server = "https://elsewhere"' in text
    assert (f'ca = "{folder}/ca.crt"' in text) == ca_file


def test_authority_issues_what_it_vouches_for() -> None:
    authority = Authority("test")
    issued = x509.load_pem_x509_certificate(authority.issue(["registry.registry.svc", "127.0.0.1"]).certificate)
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    names: Any = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["registry.registry.svc"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_command_line_wants_a_registry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CONFORMANCE_REGISTRY", raising=False)
    assert __main__.main([]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: CONFORMANCE_REGISTRY is not set: name your registry's host in it\n"
