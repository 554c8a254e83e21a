"""Provided settings that turn a protection off are told; what is only a comment is no setting."""

from __future__ import annotations

import pytest

from fixtures.deployment.provided_settings import turned_off, unsafe_variables

SETTING = '"http.proxyStrictSSL": false'


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(f"{{{SETTING}}}", id="alone"),
        pytest.param(f'{{"a": "https://h.example/*", {SETTING}, "b": "*/"}}', id="after a string with slashes"),
        pytest.param(f'{{"a": "\\"//", {SETTING}}}', id="after a quote in a string"),
        pytest.param('{"http.proxyStrictSSL": // not yet\n /* for now */ false}', id="around comments"),
        pytest.param(f"// it's \"open\n{{{SETTING}}}", id="after a comment with one quote"),
    ],
)
def test_setting_that_turns_a_protection_off_is_told(settings: str) -> None:
    assert turned_off(settings) == ["http.proxyStrictSSL"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(f"{{\n  // {SETTING}\n}}", id="line"),
        pytest.param(f'{{"a": "x" // {SETTING}\n}}', id="end of a line"),
        pytest.param(f"{{/* {SETTING},\n{SETTING} */}}", id="block"),
        pytest.param('{"http.proxyStrictSSL": true, "a": false}', id="protects"),
    ],
)
def test_comment_is_no_setting(settings: str) -> None:
    assert turned_off(settings) == []


def test_claude_code_that_may_do_anything_is_told() -> None:
    assert turned_off('{"permissions": {"defaultMode": "bypassPermissions", "allow": ["Read(a)", "Bash(*)"]}}') == [
        "defaultMode",
        "allow",
    ]


@pytest.mark.parametrize(
    "given",
    [
        "SSLKEYLOGFILE=/tmp/keys", "NODE_TLS_REJECT_UNAUTHORIZED=0", "GIT_SSL_NO_VERIFY=1", "PGSSLMODE=require",
        "NODE_OPTIONS=--max-old-space-size=900 --inspect=0.0.0.0:9229", "ARGO_INSECURE_SKIP_VERIFY=true",
        "GIT_SSH_COMMAND=ssh -o StrictHostKeyChecking=no", "ARGOCD_OPTS=--grpc-web --insecure", "GIT_TRACE_CURL=1",
        "GIT_SSL_NO_VERIFY=", "GIT_SSL_NO_VERIFY=0", "GIT_SSL_NO_VERIFY=false", "GIT_TRACE_CURL=/tmp/trace",
        "GIT_CURL_VERBOSE=1", "GIT_CURL_VERBOSE=0", "GIT_TRACE_REDACT=0", "GIT_TRACE_REDACT=false", "GIT_TRACE_REDACT=",
        "GIT_SSH_COMMAND=ssh -o StrictHostKeyChecking=off", "GIT_SSH_COMMAND=ssh -o 'StrictHostKeyChecking no'",
        "VAULT_SKIP_VERIFY=t", "VAULT_SKIP_VERIFY=1", "PGSSLMODE=prefer", "SCRIPT=first\nargocd --insecure",
        "ARGOCD_OPTS=--insecure=true", "KUBECTL_OPTS=--insecure-skip-tls-verify",
        "ARGOCD_OPTS=--insecure=false --insecure-skip-server-verification",
    ],
)  # fmt: skip
def test_variable_that_turns_a_protection_off_is_named(given: str) -> None:
    assert unsafe_variables(["HOME=/home/coder", given]) == [given.partition("=")[0]]


@pytest.mark.parametrize(
    "given",
    [
        "SSLKEYLOGFILE=", "NODE_TLS_REJECT_UNAUTHORIZED=1", "PGSSLMODE=verify-full", "ARGO_INSECURE=false",
        "NODE_OPTIONS=--max-old-space-size=900", "GIT_TERMINAL_PROMPT=0", "MY_INSPECTOR=--inspector",
        "GIT_TRACE_REDACT=1", "GIT_TRACE_REDACT=true", "GIT_TRACE_CURL=false",
        "GIT_TRACE_CURL=0", "GIT_TRACE_CURL=", "ARGOCD_OPTS=--insecure=false", "ARGOCD_OPTS=--grpc-web --insecure=0",
        "KUBECTL_OPTS=--insecure-skip-tls-verify=false", "UPGRADE_INSECURE_REQUESTS=1", "VAULT_SKIP_VERIFY=f",
        "HINT=never commit with --no-verify", "GIT_SSH_COMMAND=ssh -o StrictHostKeyChecking=accept-new",
    ],
)  # fmt: skip
def test_other_variables_are_not(given: str) -> None:
    assert unsafe_variables(["HOME=/home/coder", given]) == []


@pytest.mark.parametrize(
    ("mode", "root", "unsafe"),
    [
        ("require", "/etc/ca.crt", False), ("require", "", True), ("require", None, True),
        ("prefer", "/etc/ca.crt", True), ("disable", "/etc/ca.crt", True), ("verify-ca", None, False),
    ],
)  # fmt: skip
def test_required_tls_is_safe_beside_an_authority_alone(mode: str, root: str | None, *, unsafe: bool) -> None:
    variables = [f"PGSSLMODE={mode}", *([] if root is None else [f"PGSSLROOTCERT={root}"])]
    assert unsafe_variables(variables) == ["PGSSLMODE"] * unsafe
