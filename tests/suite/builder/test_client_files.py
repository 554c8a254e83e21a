"""What builds get from this machine: in files, named by what they say without passwords."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.builder import client_files
from fixtures.builder.client_files import ClientFile
from fixtures.host.process import PodmanError

PASSWORD = "s3cret-word"  # noqa: S105
INDEX = {"PIP_INDEX_URL": "https://me:{}@pypi.example/simple/"}
PROXY = {"GOPROXY": "https://me:{}@go.example,https://other.example|direct"}
NPM = {"npm_config_registry": "https://me:{}@npm.example/all"}
MIRRORS = INDEX | PROXY | NPM


def files(environment: dict[str, str], password: str = PASSWORD) -> dict[str, ClientFile]:
    """Return the files by variable, with a password in each address."""
    given = {name: value.replace("{}", password) for name, value in environment.items()}
    return {one.variable: one for one in client_files.client_files(given)}


def test_each_client_finds_its_mirror_with_the_password() -> None:
    found = {name: one.content for name, one in files(MIRRORS).items()}
    assert found["PIP_CONFIG_FILE"] == f"[global]\nindex-url = https://me:{PASSWORD}@pypi.example/simple/\n"
    assert found["GOENV"] == f"GOPROXY=https://me:{PASSWORD}@go.example,https://other.example|direct\n"
    pair = b64encode(f"me:{PASSWORD}".encode()).decode()
    assert found["NPM_CONFIG_USERCONFIG"] == (f"registry=https://npm.example/all/\n//npm.example/all/:_auth={pair}\n")


@pytest.mark.parametrize("client", ["PIP_CONFIG_FILE", "GOENV", "NPM_CONFIG_USERCONFIG"])
def test_name_of_a_file_is_of_the_address_and_not_of_the_password(client: str) -> None:
    elsewhere = {name: value.replace(".example", ".test") for name, value in MIRRORS.items()}
    name = files(MIRRORS)[client].name
    assert name == files(MIRRORS, "another")[client].name
    assert name != files(elsewhere)[client].name


def test_nothing_is_given_where_nothing_is_named() -> None:
    assert client_files.client_files({"PIP_INDEX_URL": "", "HOME": "/root"}) == []


@pytest.fixture(params=[0o022, 0o077], ids=["usual", "closed"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whom this process lets read its new files: everybody, or this user alone."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_files_are_there_during_a_build_and_seen_by_this_user_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_files, "ca_bundle", lambda: b"authority")
    monkeypatch.setattr(client_files, "_podman_version", lambda: "4.3.1")
    pins = client_files.client_files({"GOPROXY": f"https://me:{PASSWORD}@go.example"}, "Package: bat\n")
    with client_files.mounted(pins, "--build-arg") as arguments:
        assert PASSWORD not in " ".join(arguments)
        folder = Path(arguments[1].split(":")[0])
        assert folder.parent.stat().st_mode & 0o077 == 0
        assert folder.stat().st_mode & 0o005 == 0o005, "another user of a build cannot read what is in it"
        assert all(path.stat().st_mode & 0o004 for path in folder.iterdir())
        given = dict(word.split("=") for word in arguments[3::2])
        assert (folder / "host-ca.pem").read_bytes() == b"authority"
        assert PASSWORD in (folder / Path(given["GOENV"]).name).read_text(encoding="utf-8")
        settings = (folder / Path(given["APT_CONFIG"]).name).read_text(encoding="utf-8")
        assert (folder / Path(settings.split('"')[1]).name).read_text(encoding="utf-8") == "Package: bat\n"
    assert not folder.exists()


def test_machine_without_a_ca_bundle_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"authority")
    monkeypatch.setattr(client_files, "host_ca_bundle", lambda: tmp_path / "ca.pem")
    assert client_files.ca_bundle() == b"authority"
    monkeypatch.setattr(client_files, "host_ca_bundle", lambda: None)
    with pytest.raises(PodmanError, match=r"^this host has no CA bundle: install ca-certificates, or set SSL_CERT_FI"):
        client_files.ca_bundle()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What this machine is like, to be changed."""
    facts: dict[str, object] = {"ca": b"authority", "podman": "4.3.1"}
    monkeypatch.setattr(client_files, "ca_bundle", lambda: facts["ca"])
    monkeypatch.setattr(client_files, "_podman_version", lambda: facts["podman"])
    for name in ("PIP_INDEX_URL", "GOPROXY", "NPM_CONFIG_REGISTRY", "npm_config_registry"):
        monkeypatch.delenv(name, raising=False)
    return facts


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("ca", b"another"),
        ("podman", "5.4.2"),
        ("PIP_INDEX_URL", "https://pypi.example/simple"),
        ("GOPROXY", "https://go.example"),
        ("NPM_CONFIG_REGISTRY", "https://npm.example"),
    ],
)
def test_each_input_of_this_machine_changes_the_digest(
    what: str, value: object, machine: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client_files.host_inputs()
    assert before == client_files.host_inputs()
    machine[what] = value
    if isinstance(value, str) and what.isupper():
        monkeypatch.setenv(what, value)
    assert client_files.host_inputs() != before
