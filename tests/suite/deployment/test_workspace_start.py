"""The start of home: what `20-workspace` makes of an empty home, and what it leaves of a developer's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fixtures.deployment.overlay import BASE

Start = Callable[[], Path]


@pytest.fixture
def script(tmp_path: Path) -> str:
    """`20-workspace`, which finds in a folder what the deployment provides in the pod."""
    places = {
        "/etc/workspace/home": "provided",
        "/etc/workspace/ssh": "keys",
        "/etc/workspace/authorities": "authorities",
        "/etc/ssl/certs/ca-certificates.crt": "public.crt",
        "/run/workspace": "run",
        "/var/run/secrets/kubernetes.io/serviceaccount": "account",
    }
    text = (BASE / "20-workspace").read_text(encoding="utf-8")
    for place, name in places.items():
        text = text.replace(place, str(tmp_path / name))
    return text


@pytest.fixture
def start(tmp_path: Path, script: str) -> Start:
    """Runs 20-workspace over a home, and returns the home."""
    files = {
        "keys/id_ed25519": "key\n",
        "account/token": "token",
        "account/namespace": "space",
        "authorities/own.crt": "own\n",
        "public.crt": "public\n",
    }
    for name in ("gitconfig", "tasks.json", "claude-settings.json"):
        files[f"provided/{name}"] = (BASE / "home" / name).read_text(encoding="utf-8")
    for folder in ("home", "run", "keys", "account", "authorities", "provided"):
        (tmp_path / folder).mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    home = tmp_path / "home"

    def run() -> Path:
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        subprocess.run(["sh", "-c", script], check=True, env=environment, timeout=30)
        return home

    return run


def test_empty_home_is_set_up(start: Start) -> None:
    home = start()
    assert (home / ".ssh/id_ed25519").stat().st_mode & 0o777 == 0o600
    assert (home / ".ssh").stat().st_mode & 0o777 == 0o700
    assert (home / ".kube/config").stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load((home / ".kube/config").read_text(encoding="utf-8"))
    assert config["contexts"][0]["context"]["namespace"] == "space"
    assert (home / ".claude/settings.json").is_file()


def test_authorities_are_the_public_ones_and_the_provided(start: Start, tmp_path: Path) -> None:
    start()
    assert (tmp_path / "run/authorities.crt").read_text(encoding="utf-8") == "public\nown\n"


def test_second_start_changes_nothing(start: Start) -> None:
    def state(home: Path) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}

    assert state(start()) == state(start())


def test_start_keeps_what_the_developer_changed_and_renews_what_he_did_not(start: Start, tmp_path: Path) -> None:
    home = start()
    tasks, settings = home / ".local/share/code-server/User/tasks.json", home / ".claude/settings.json"
    tasks.write_text("mine", encoding="utf-8")
    for name in ("tasks.json", "claude-settings.json"):
        (tmp_path / "provided" / name).write_text("newer", encoding="utf-8")
    start()
    assert (tasks.read_text(encoding="utf-8"), settings.read_text(encoding="utf-8")) == ("mine", "newer")


def test_start_puts_its_include_before_the_developers_git_settings(start: Start, tmp_path: Path) -> None:
    (tmp_path / "home/.gitconfig").write_text("[init]\n\tdefaultBranch = trunk\n", encoding="utf-8")
    home = start()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    for name, expected in {"init.defaultBranch": "trunk", "pull.ff": "only"}.items():
        done = subprocess.run(
            ["git", "config", name], check=True, env=environment, cwd=home, capture_output=True, text=True
        )
        assert done.stdout.strip() == expected


def test_start_closes_keys_that_a_volume_opened_to_the_group(start: Start) -> None:
    key = start() / ".ssh/developers_key"
    key.touch(mode=0o660)
    start()
    assert key.stat().st_mode & 0o777 == 0o600


def test_start_follows_a_new_key_of_the_secret(start: Start, tmp_path: Path) -> None:
    start()
    (tmp_path / "keys/id_ed25519").write_text("newer\n", encoding="utf-8")
    assert (start() / ".ssh/id_ed25519").read_text(encoding="utf-8") == "newer\n"
