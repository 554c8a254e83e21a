"""Which registry a run uses comes from the environment."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.redaction import redact
from fixtures.registry import __main__
from fixtures.registry.settings import RegistrySettings

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


WRONG = {
    "a URL": ({"": "https://harbor.example.com/"}, "not a host name: give host or host:port"),
    "no password": ({"_USERNAME": "robot"}, "_PASSWORD is not set: set user name and password, or neither"),
    "no user": ({"_PASSWORD": "x"}, "_USERNAME is not set"),
    "two passwords": (
        {"_USERNAME": "robot", "_PASSWORD": "x", "_PASSWORD_FILE": "y"},
        "are both set: set one of them",
    ),
    "no password file": (
        {"_USERNAME": "robot", "_PASSWORD_FILE": "/nowhere"},
        "/nowhere: No such file or directory: name a file",
    ),
    "no authority": ({"_CA_FILE": "/nowhere"}, "/nowhere: no such file: name the certificate of its authority"),
}


@pytest.mark.parametrize(("variables", "problem"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_answered_with_the_repair(variables: dict[str, str], problem: str) -> None:
    given = {"": "harbor.example.com"} | variables
    with pytest.raises(UsageError, match=problem) as refusal:
        RegistrySettings.from_environment({f"CONFORMANCE_REGISTRY{name}": value for name, value in given.items()})
    assert "\n" not in str(refusal.value)


def test_password_is_not_shown() -> None:
    assert "s3cret" not in repr(HARBOR)


@pytest.mark.parametrize("by_file", [False, True], ids=["variable", "file"])
def test_password_is_kept_out_of_all_that_is_written(tmp_path: Path, *, by_file: bool) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    password = {"_PASSWORD_FILE": str(tmp_path / "password")} if by_file else {"_PASSWORD": "s3cret"}
    given = {"": "harbor.example.com", "_USERNAME": "robot", **password}
    found = RegistrySettings.from_environment({f"CONFORMANCE_REGISTRY{name}": value for name, value in given.items()})
    assert found
    assert redact("podman login --password=s3cret") == "podman login --password=***"
    assert base64.b64encode(b"robot:s3cret").decode() not in redact(found.docker_config())


def test_pull_secret_names_the_host_that_nodes_use() -> None:
    (entry,) = json.loads(HARBOR.docker_config())["auths"].items()
    assert entry == ("harbor.example.com", {"auth": base64.b64encode(b"robot:s3cret").decode()})
    assert json.loads(RegistrySettings("harbor.example.com").docker_config()) == {"auths": {}}


def test_command_line_wants_a_registry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CONFORMANCE_REGISTRY", raising=False)
    assert __main__.main([]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: CONFORMANCE_REGISTRY is not set: name your registry's host in it\n"
