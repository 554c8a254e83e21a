"""Mirrors and proxies of the user's environment: refused where they are none, and their passwords kept secret."""

from __future__ import annotations

import pytest

from fixtures import redaction
from fixtures.errors import UsageError
from fixtures.host import mirrors

SOUND = {
    "PIP_INDEX_URL": "https://me:p%40ss@pypi.example:8443/simple/",
    "GOPROXY": "https://go.example,file:///srv/go|direct",
    "npm_config_registry": "http://[::1]:4873/",
    "HTTPS_PROXY": "http://me:secret@proxy:3128",
    "http_proxy": "http://10.0.0.1:3128/",
    "ALL_PROXY": "socks5h://proxy.example:1080",
}
NONSENSE = {
    "a word": ("HTTPS_PROXY", "nonsense", "'nonsense'"),
    "no scheme": ("http_proxy", "proxy.example:3128", "'proxy.example:3128'"),
    "a port that is none": ("HTTPS_PROXY", "http://proxy:many", "'http://proxy:many'"),
    "port 0": ("HTTPS_PROXY", "http://proxy:0", "'http://proxy:0'"),
    "another scheme": ("ALL_PROXY", "ftp://proxy", "'ftp://proxy'"),
    "no host": ("PIP_INDEX_URL", "https:///simple", "'https:///simple'"),
    "two words": ("PIP_INDEX_URL", "https://a.example/simple https://b.example/", "'https://a.example/simple https"),
    "one of several": ("GOPROXY", "https://go.example,drect", "'drect'"),
    "a password": ("HTTPS_PROXY", "http://me:secret@pro xy", "'http://pro xy'"),
    "a password without a scheme": ("HTTPS_PROXY", "me:secret@proxy", "'proxy'"),
}


def test_addresses_are_sound() -> None:
    mirrors.require_sound(SOUND | {"HTTP_PROXY": "", "no_proxy": "what,ever"})


@pytest.mark.parametrize("name", NONSENSE)
def test_variable_that_holds_no_address_is_refused_without_its_password(name: str) -> None:
    variable, value, shown = NONSENSE[name]
    with pytest.raises(UsageError, match=rf"^{variable}: .* is no address: write it as http.*, or unset") as told:
        mirrors.require_sound({variable: value})
    assert shown in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ("https://me:p%40ss@h/simple", {"p%40ss", "p@ss"}),
        ("https://me:pa@ss@h/simple", {"pa@ss"}),
        ("https://t0ken@h/simple", {"t0ken"}),
        (f"https://{'t' * 30}:x-oauth@h", {"t" * 30, "x-oauth"}),
        ("https://a:one@h,https://b:two@h|direct", {"one", "two"}),
        ("https://h/simple", set()),
    ],
)
def test_passwords_and_tokens_of_an_address_are_known(value: str, secrets: set[str]) -> None:
    assert set(mirrors.credentials(value)) == secrets


def test_hosts_of_addresses_with_credentials_are_found() -> None:
    history = "|1 PIP_INDEX_URL=https://me:secret@pypi.example/simple /bin/sh -c pip https://h/a@b me@mail.example"
    assert mirrors.addresses_with_credentials(history) == ["pypi.example"]
    assert mirrors.addresses_with_credentials('["http://t0ken@proxy:3128"]') == ["proxy:3128"]


def test_passwords_are_kept_out_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", {})
    redaction._all_forms.cache_clear()
    mirrors.keep_credentials({"HTTPS_PROXY": "http://me:s3cret-word@proxy"})
    assert redaction.redact("no way to http://me:s3cret-word@proxy") == "no way to http://me:***@proxy"
    redaction._all_forms.cache_clear()
