"""Secrets in a pod's description: those that stand there, and what only looks like one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.services.pod_secrets import in_plain_view


def pod(args: Iterable[str], variables: Mapping[str, str | None], kind: str = "containers") -> Any:
    """A pod of one container with those variables and arguments; of another one that has none, too."""
    env = [SimpleNamespace(name=name, value=value) for name, value in variables.items()]
    one = SimpleNamespace(env=env, command=None, args=[*args])
    other = SimpleNamespace(env=None, command=["program"], args=None)
    parts: dict[str, Any] = {"containers": [other], "init_containers": None, "ephemeral_containers": None}
    parts[kind] = [*(parts[kind] or ()), one]
    return SimpleNamespace(spec=SimpleNamespace(**parts))


@pytest.mark.parametrize("kind", ["containers", "init_containers", "ephemeral_containers"])
@pytest.mark.parametrize(
    ("described", "where"),
    [
        (((), {"FLASK_SECRET_KEY": "change-me"}), "variable FLASK_SECRET_KEY"),
        (((), {"DB_PASSWORD": "word"}), "variable DB_PASSWORD"),
        (((), {"STORE": "postgresql://mlflow:word@postgresql/mlflow"}), "variable STORE"),
        ((("--admin-password=word",), {}), "option admin-password"),
        ((("--store=redis://:word@valkey",), {}), "option store"),
        (((), {"OIDC_CLIENT_SECRET": "change-me"}), "variable OIDC_CLIENT_SECRET"),
        (((), {"OIDC_CLIENT_SECRET": "argo-workflows"}), "variable OIDC_CLIENT_SECRET"),
        (((), {"TLS_SECRET": "6a204bd8-9f3c-41d2-a8e5-0c1f7b3e6d42"}), "variable TLS_SECRET"),
        (((), {"ADMIN_PASSWORD": "$2y$10$abcdefghijk"}), "variable ADMIN_PASSWORD"),
        (((), {"NATS_PASS": "word"}), "variable NATS_PASS"),
        ((("server", "--backend-store-uri", "postgresql://u:word@h/db"), {}), "option backend-store-uri"),
        ((("server", "postgresql://u:word@h/db"), {}), "a URL of its command"),
        ((("--requirepass", "hunter2"), {}), "option requirepass"),
        ((("--masterauth", "hunter2"), {}), "option masterauth"),
        ((("--user", "a", "--pass", "b"), {}), "option pass"),
        ((("--admin-token", "word", "run"), {}), "option admin-token"),
        ((("sh", "-c", "exec valkey-server \\\n  --requirepass \\\n  hunter2"), {}), "option requirepass"),
        ((("sh", "-euc", "set -x\nexec program --admin-password='a word'"), {}), "option admin-password"),
        ((("sh", "-c", "program postgresql://u:word@$HOST/db"), {}), "a URL of its command"),
        ((("sh", "-c", "cat <<END\nit's\nEND\nprogram --token word"), {}), "option token"),
        ((("sh", "-c", "echo it's; program --token=word"), {}), "option token"),
    ],
)
def test_secret_is_found(described: tuple[tuple[str, ...], dict[str, str]], where: str, kind: str) -> None:
    args, variables = described
    assert in_plain_view(pod(args, variables, kind)) == [where]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGPASSWORD", None), ("TLS_KEY", "/etc/tls/tls.key"), ("API_TOKEN", "$(FROM_SECRET)"), ("API_TOKEN", ""),
        ("USE_TOKEN", "true"), ("USE_TOKEN", "True"), ("USE_TOKEN", "on"), ("USE_TOKEN", "OFF"), ("USE_TOKEN", "yes"),
        ("USE_TOKEN", "none"), ("ROTATE_KEY", "30"), ("ALLOW_EMPTY_PASSWORD", "no"), ("ALLOW_TOKEN", "always"),
        ("JWT_PUBLIC_KEY", "AAAAC3Nza"), ("TLS_SECRET", "argo-tls"), ("PULL_SECRET", "registry-login2"),
        ("AUTH_TOKEN", "Bearer $(TOKEN)"), ("STORE", "postgresql://$(USER):$(PASSWORD)@postgresql/mlflow"),
        ("STORE", "postgresql://{user}:{password}@{host}/mlflow"), ("STORE", "postgresql://%s:%s@%s/mlflow"),
    ],
)  # fmt: skip
def test_variable_whose_value_is_no_secret_is_none(name: str, value: str | None) -> None:
    assert in_plain_view(pod((), {name: value})) == []


@pytest.mark.parametrize(
    "args",
    [
        ("--tls-key=/etc/tls/tls.key", "--keys=3", "--store=postgresql://mlflow@postgresql:5432/mlflow"),
        ("--tls-key", "/etc/tls/tls.key", "--token", "$(TOKEN)", "--random-password", "--verbose", "run"),
        ("--password", "-v", "run"), ("--token",), ("--requirepass", ""), ("--bypass", "word"),
        ("--tls-secret", "argo-tls"), ("--description", "use --token to log in"), ("--public-key", "AAAAC3Nza"),
    ],
)  # fmt: skip
def test_option_whose_value_is_no_secret_is_none(args: tuple[str, ...]) -> None:
    assert in_plain_view(pod(args, {})) == []


@pytest.mark.parametrize(
    "script",
    [
        'program --token "$TOKEN"', "program --token $TOKEN run", 'program --token="${TOKEN}"',
        "program --password $(cat /run/password)", 'program --password "$(cat /run/password)"',
        'program --password="$(cat "/run/password")"', "program --password `cat /run/password`",
        "program --password /run/password", "program --password | cat", "program --token >/dev/null",
        'echo "give --token or else"', "# give --token or else\ntrue", '[ "$1" = --token ]; shift',
        'case "$1" in --token) t="$2";; --token=*) t="${1#--token=}";; esac', 'psql "postgresql://u:$PW@h/db"',
        "sed 's|://[^:]*:[^@]*@|://|'", 'echo "it\'s $1\nprogram --password="$PW"',
    ],
)  # fmt: skip
def test_script_that_takes_its_secrets_from_elsewhere_has_none(script: str) -> None:
    assert in_plain_view(pod(("sh", "-c", script), {})) == []
