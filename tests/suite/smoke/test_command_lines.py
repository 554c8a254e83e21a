"""Secrets on command lines, and options that only sound like one."""

from __future__ import annotations

from types import SimpleNamespace as Of
from typing import Any

import pytest

from fixtures.smoke.command_lines import secrets


def pod(*words: str, command: list[str] | None = None) -> Any:
    """A pod with one container."""
    container = Of(name="proxy", command=command, args=list(words))
    return Of(spec=Of(init_containers=None, containers=[container]))


@pytest.mark.parametrize(
    ("words", "name"),
    [(("--client-secret=s3cret",), "client-secret"), (("--client-secret", "s3cret"), "client-secret"),
     (("-password=s3cret",), "password"), (("--redis-password=$(REDIS)",), "redis-password"),
     (("--cookie-secret=0123",), "cookie-secret"), (("--api-key=k",), "api-key"), (("--auth_token=t",), "auth_token"),
     (("--profile-password=p",), "profile-password"), (("--url-token=t",), "url-token"),
     (("--username-secret", "s"), "username-secret")],
)  # fmt: skip
def test_secret_is_told_once_without_its_value(words: tuple[str, ...], name: str) -> None:
    assert secrets([pod(*words), pod(*words)]) == [f"--{name} of container proxy"]


@pytest.mark.parametrize(
    "words",
    [("--client-secret-file=/etc/s",), ("--password-file", "/etc/s"), ("--token-ttl=5m",), ("--secret-name=tls",),
     ("--set-authorization-token=true",), ("--pass-access-token",), ("--token-url=https://k",), ("--secret", "--x")],
)  # fmt: skip
def test_option_about_a_secret_is_none(words: tuple[str, ...]) -> None:
    assert secrets([pod(*words)]) == []


def test_secret_in_the_command_of_an_init_container_counts() -> None:
    one = pod(command=["sh"])
    one.spec.init_containers = [Of(name="first", command=["tool", "--token=t"], args=None)]
    assert secrets([one]) == ["--token of container first"]
