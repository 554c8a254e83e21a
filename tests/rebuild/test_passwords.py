"""The passwords of mirrors and proxies reach the clients in a build, and nothing else (IMG-5)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import redaction
from fixtures.builder.base import prepare_debian
from fixtures.builder.podman_build import exclusive, podman_build
from fixtures.host.command_lines import sampled
from fixtures.host.podman import environment, podman
from fixtures.marks import OWN_IMAGES
from fixtures.paths import BUILD_DIRECTORY

IMAGE = f"{OWN_IMAGES}/passwords"
DOCKERFILE = """ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE} AS passwords
ARG PIP_CONFIG_FILE
ARG GOENV
ARG NPM_CONFIG_USERCONFIG
ARG PIP_INDEX_URL
ARG GOPROXY
RUN cat "$PIP_CONFIG_FILE" "$GOENV" "$NPM_CONFIG_USERCONFIG" && env \\
    && cat "$PIP_CONFIG_FILE" "$GOENV" "$NPM_CONFIG_USERCONFIG" | sha256sum >/read && sleep 1
"""
SEARCH = (
    *("run", "--rm", "--interactive", "--pull=never", "--network=none", "--http-proxy=false", IMAGE),
    # grep ends with 1 where it finds nothing, and with 2 where it could not look.
    *("sh", "-c", "grep -rF --file=- /etc /home /opt /read /root /srv /tmp /usr /var || [ $? = 1 ]"),
)
"""Prints the lines of the image's files that have the password, which it reads."""
VARIABLES = {
    "PIP_INDEX_URL": "https://me:{}@mirror.invalid/simple",
    "GOPROXY": "https://me:{}@mirror.invalid,https://{}@mirror.invalid",
    "NPM_CONFIG_REGISTRY": "https://me:{}@mirror.invalid/npm",
    "HTTP_PROXY": "http://me:{}@mirror.invalid:3128",
    "https_proxy": "http://me:{}@mirror.invalid:3128",
}


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A password that the addresses of all mirrors and proxies have."""
    word = secrets.token_hex(16)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value.replace("{}", word))
    environment.cache_clear()
    yield word
    environment.cache_clear()


@pytest.fixture
def built(password: str, tmp_path: Path) -> Iterator[str]:
    """All command lines that were seen while an image was built whose steps read and print the passwords."""
    assert password
    (tmp_path / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    arguments = ["--no-cache", "--build-arg", f"DEBIAN_IMAGE={prepare_debian()}", "--tag", IMAGE]
    with exclusive("passwords"), sampled() as seen:
        podman_build("passwords", tmp_path, arguments)
    yield "\n".join(sorted(seen))
    podman("image", "rm", IMAGE)


@pytest.mark.requirement("IMG-5")
def test_passwords_of_mirrors_are_in_no_list_of_processes_log_history_or_layer(password: str, built: str) -> None:
    began = time.time() - 60
    log = (BUILD_DIRECTORY / "logs" / "passwords.log").read_text(encoding="utf-8")
    places = {
        "a command line, as ps shows it": built,
        "the log": log,
        "the image's history": podman("history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE),
        "the image's configuration": podman("image", "inspect", IMAGE),
        "the image's files": podman(*SEARCH, stdin=password.encode()),
        ".build/": password if redaction.scan(BUILD_DIRECTORY, since=began) else "",
    }
    assert "podman build" in built, "ps: the build was not seen in the list of processes: look again"
    shown = [place for place, text in places.items() if password in text]
    assert not shown, f"build: a mirror's password is in {', '.join(shown)}: give it in a file, see client_files.py"
    assert redaction.MASK in log, "build: its step has printed no password: the clients' files do not reach a build"
