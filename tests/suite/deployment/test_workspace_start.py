"""The start of home: what `20-workspace` makes of an empty home, and what it leaves of a developer's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fixtures.deployment.overlay import BASE

Start = Callable[..., Path]
AUTHORITY = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"


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
    """Runs 20-workspace over a home, and returns the home; its exit status must be `status`."""
    files = {
        "keys/id_ed25519": "key\n",
        "account/token": "token",
        "account/namespace": "space",
        "authorities/own.crt": AUTHORITY.format("own"),
        "public.crt": "public\n",
    }
    for name in ("gitconfig", "tasks.json", "claude-settings.json", "editor-settings.json"):
        files[f"provided/{name}"] = (BASE / "home" / name).read_text(encoding="utf-8")
    for folder in ("home", "run", "keys", "account", "authorities", "provided"):
        (tmp_path / folder).mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    home = tmp_path / "home"

    def run(status: int = 0, **variables: str) -> Path:
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"} | variables
        done = subprocess.run(["sh", "-c", script], check=False, env=environment, timeout=30)
        assert done.returncode == status
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
    (tmp_path / "authorities/second.crt").write_text(AUTHORITY.format("second"), encoding="utf-8")
    start()
    seen = (tmp_path / "run/authorities.crt").read_text(encoding="utf-8")
    assert seen == f"public\n{AUTHORITY.format('own')}\n{AUTHORITY.format('second')}\n"


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


def test_start_closes_keys_that_a_volume_opened_to_the_group(start: Start) -> None:
    key = start() / ".ssh/developers_key"
    key.touch(mode=0o660)
    start()
    assert key.stat().st_mode & 0o777 == 0o600


def test_start_follows_a_new_key_of_the_secret(start: Start, tmp_path: Path) -> None:
    start()
    (tmp_path / "keys/id_ed25519").write_text("newer\n", encoding="utf-8")
    assert (start() / ".ssh/id_ed25519").read_text(encoding="utf-8") == "newer\n"


def test_authority_that_is_none_is_told(start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "authorities/own.crt").write_bytes(b"\x30\x82")
    start()
    assert "own.crt: no certificate in PEM form, so nothing is trusted by it" in capfd.readouterr().err


def test_authorities_that_cannot_be_read_are_told(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "public.crt").unlink()
    start(status=1)
    assert "public.crt: cannot be read\n20-workspace: bundle: failed with status 1" in capfd.readouterr().err
    seen = (tmp_path / "run/authorities.crt").read_text(encoding="utf-8")
    assert seen == f"{AUTHORITY.format('own')}\n"


@pytest.mark.parametrize(
    ("place", "step"),
    [
        pytest.param(".ssh", "ssh_keys", id="keys"),
        pytest.param(".kube", "account_kubeconfig", id="kubeconfig"),
        pytest.param(".claude", "claude_settings", id="settings"),
        pytest.param(".local/share", "tasks", id="tasks"),
    ],
)
def test_step_that_fails_is_told_and_ends_no_other(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str], place: str, step: str
) -> None:
    blocked = tmp_path / "home" / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where a folder belongs", encoding="utf-8")
    home = start(status=1)
    assert f"20-workspace: {step}: failed with status 1" in capfd.readouterr().err
    editor = ".local/share/code-server"
    made = {".ssh/id_ed25519", ".kube/config", ".claude/settings.json"}
    made |= {f"{editor}/User/tasks.json", f"{editor}/Machine/settings.json"}
    assert {name for name in made if (home / name).is_file()} == {name for name in made if not name.startswith(place)}
    assert (tmp_path / "run/authorities.crt").is_file()


@pytest.mark.parametrize("kept", [0, 30, 300])
def test_kubeconfig_that_was_cut_off_is_made_whole(start: Start, kept: int) -> None:
    config = start() / ".kube/config"
    whole = config.read_text(encoding="utf-8")
    config.write_text(whole[:kept], encoding="utf-8")
    start()
    assert config.read_text(encoding="utf-8") == whole


def test_kubeconfig_follows_the_pod_into_another_namespace(start: Start, tmp_path: Path) -> None:
    start()
    (tmp_path / "account/namespace").write_text("other", encoding="utf-8")
    assert "namespace: other}" in (start() / ".kube/config").read_text(encoding="utf-8")


def test_kubeconfig_leads_to_the_namespace_apart(start: Start) -> None:
    start()
    assert "namespace: apart}" in (start(WORKSPACE_NAMESPACE="apart") / ".kube/config").read_text(encoding="utf-8")


def test_kubeconfig_of_the_developer_stays(start: Start) -> None:
    config = start() / ".kube/config"
    config.write_text(config.read_text(encoding="utf-8") + "preferences: {colors: true}\n", encoding="utf-8")
    start()
    assert config.read_text(encoding="utf-8").endswith("preferences: {colors: true}\n")


def test_key_that_left_the_secret_leaves_home(start: Start, tmp_path: Path) -> None:
    (tmp_path / "keys/old").write_text("revoked\n", encoding="utf-8")
    key = start() / ".ssh/old"
    assert key.is_file()
    (tmp_path / "keys/old").unlink()
    start()
    assert not key.exists()


def test_key_of_the_developer_outlives_one_of_its_name(start: Start, tmp_path: Path) -> None:
    key = start() / ".ssh/id_ed25519"
    key.write_text("mine\n", encoding="utf-8")
    start()
    assert key.read_text(encoding="utf-8") == "key\n"
    assert (key.parent / "id_ed25519.before").read_text(encoding="utf-8") == "mine\n"
    (tmp_path / "keys/id_ed25519").unlink()
    key.write_text("mine\n", encoding="utf-8")
    start()
    assert key.read_text(encoding="utf-8") == "mine\n"


def test_link_stays_a_link_and_a_private_file_private(start: Start, tmp_path: Path) -> None:
    settings, elsewhere = start() / ".claude/settings.json", tmp_path / "dotfiles.json"
    settings.rename(elsewhere)
    elsewhere.chmod(0o600)
    settings.symlink_to(elsewhere)
    (tmp_path / "provided/claude-settings.json").write_text("newer", encoding="utf-8")
    start()
    assert settings.is_symlink()
    assert (elsewhere.read_text(encoding="utf-8"), elsewhere.stat().st_mode & 0o777) == ("newer", 0o600)


def test_no_start_touches_the_developers_git_settings(start: Start, tmp_path: Path) -> None:
    mine = tmp_path / "home/.gitconfig"
    mine.write_text("[init]\n\tdefaultBranch = trunk\n", encoding="utf-8")
    before = mine.stat()
    start()
    assert mine.stat() == before


@pytest.mark.parametrize("name", [".pgpass", ".netrc", ".config/argocd/config", ".config/gh/hosts.yml", ".kube/other"])
def test_files_that_tools_want_private_are_closed(start: Start, tmp_path: Path, name: str) -> None:
    path = tmp_path / "home" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o660)
    start()
    assert path.stat().st_mode & 0o777 == 0o600
