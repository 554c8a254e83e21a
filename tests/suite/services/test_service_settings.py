"""The settings file that names the user's services."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.redaction import redact
from fixtures.services.model import Account
from fixtures.services.settings import GivenSettings

KNOWN: dict[str, object] = {"postgresql": None, "nats": None}


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    (tmp_path / "other.password").write_text("second\n", encoding="utf-8")
    path.write_text(
        "[services.postgresql]\n"
        'host = "db.example"\n'
        'workspace = { user = "dev", space = "work", password_env = "DEV" }\n'
        'neighbour = { user = "other", password_file = "other.password" }\n',
        encoding="utf-8",
    )
    return path


def test_settings_name_the_users_services(settings_file: Path) -> None:
    settings = GivenSettings(settings_file, KNOWN, {"DEV": "first"})
    assert settings.accounts["postgresql"] == (Account("dev", "first", "work"), Account("other", "second", "other"))
    assert "first" not in repr(settings.accounts)
    assert redact("dev:first, other:second") == "dev:***, other:***"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param(
            "services.postgresql",
            "services.postgres",
            "services.postgres: no such service: known are postgresql, nats",
            id="unknown service",
        ),
        pytest.param(
            'password_env = "DEV"',
            'password = "clear"',
            "unknown key 'password', did you mean 'password_env'?",
            id="password in clear",
        ),
        pytest.param(
            'password_env = "DEV"',
            'password_env = "UNSET"',
            "services.postgresql.workspace: no password is found",
            id="variable not set",
        ),
        pytest.param(
            ', password_file = "other.password"',
            "",
            "neighbour: give either password_env or password_file",
            id="no password",
        ),
        pytest.param(
            "other.password", "nowhere", "neighbour.password_file: No such file or directory", id="no password file"
        ),
        pytest.param(
            'host = "db.example"',
            'host = "https://db.example/"',
            "postgresql.host: must match ^[A-Za-z0-9.-]*$",
            id="URL as host",
        ),
        pytest.param('host = "db.example"', "host = ", "not TOML", id="not TOML"),
        pytest.param(
            "[services.postgresql]",
            'ca_file = "nowhere.crt"\n[services.postgresql]',
            "ca_file: no file",
            id="no certificate",
        ),
    ],
)
def test_wrong_settings_are_one_line_with_the_fix(settings_file: Path, old: str, new: str, complaint: str) -> None:
    text = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        GivenSettings(settings_file, KNOWN, {"DEV": "first"})
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --settings an existing file"):
        GivenSettings(tmp_path / "none.toml", KNOWN)


def test_preset_says_what_a_deployment_is_held_to_and_a_file_counts_before_it(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(
        'preset = "thinkube"\n[deployment]\ncpu = 2\n[smoke]\ndays = 7\n', encoding="utf-8"
    )
    found = GivenSettings(tmp_path / "s.toml", KNOWN).deployment
    assert (found.home, found.limits) == ("/home/thinkube", {"cpu": 2, "memory": 8 << 30})
    preset = GivenSettings(Path("thinkube"), KNOWN)
    assert (preset.services, preset.file) == ({}, 'a settings file with preset = "thinkube"')


@pytest.mark.parametrize("entry", ["cpu = 0", "memory_gib = -1", "home_gib = 0", "home = 'thinkube'", "ram = 3"])
def test_mistake_in_what_a_deployment_is_held_to_names_the_entry(entry: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(f"[deployment]\n{entry}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=rf"s.toml: deployment.{entry.split(' ', maxsplit=1)[0]}"):
        GivenSettings(tmp_path / "s.toml", KNOWN)
