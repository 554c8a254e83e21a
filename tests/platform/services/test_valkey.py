"""Valkey from the pod by valkey-cli, seen from outside by a client of its own, and what it must refuse."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from fixtures.certificates import Authority
from fixtures.services.catalogue.valkey import ValkeyCli, connected
from fixtures.services.model import Account, Endpoint, ServiceError

TENANT_PAIRS = ("the workspace", "its neighbour")
FORBIDDEN = ("CONFIG GET maxmemory", "ACL LIST", "CLIENT LIST", "SLOWLOG GET 1")
"""What takes an administrator, and does no harm where it is let through."""


@pytest.fixture
def key(valkey: Endpoint, run_id: str) -> Iterator[str]:
    """A key of the user's, which is gone in the end."""
    name = f"{valkey.account.space}:check-{run_id}-{secrets.token_hex(4)}"
    yield name
    with connected(valkey) as outside:
        outside.delete(name)


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, valkey: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return valkey.account, valkey.neighbour
    return valkey.neighbour, valkey.account


# ---- connects


@pytest.mark.requirement("TOOL-redis-tools-connects", "ENV-2")
def test_valkey_cli_reaches_the_server_that_the_environment_names(valkey_cli: ValkeyCli, valkey: Endpoint) -> None:
    done = valkey_cli("PING", "ACL WHOAMI")
    assert done.rc == 0, f"valkey-cli: no connection from the pod: {done.stderr or done.stdout}: see VALKEY_HOST"
    with connected(valkey) as outside:
        seen = ["PONG", outside.acl_whoami()]
    assert done.stdout.split() == seen, f"valkey-cli: {done.stdout.split()}, outside it is {seen}: see VALKEY_HOST"


@pytest.mark.requirement("TOOL-redis-tools-connects")
def test_valkey_cli_refuses_a_server_of_another_authority(valkey_cli: ValkeyCli) -> None:
    foreign = Authority("somebody else").certificate.decode()
    before = f"cat >foreign.crt <<'END'\n{foreign}END"
    done = valkey_cli("PING", options="--tls --cacert foreign.crt", before=before)
    assert done.rc != 0, f"valkey-cli: trusts anybody ({done.stdout!r}): have the server use TLS with a certificate"
    assert "certificate verify failed" in done.stderr, (
        f"valkey-cli: {done.stderr.strip()}: see the server's certificate"
    )


@pytest.mark.requirement("TOOL-redis-tools-connects")
def test_plain_connection_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("PING", options="-t 10")
    assert done.rc != 0, f"valkey: takes a connection that is not encrypted ({done.stdout!r}): set `port 0`"
    assert "PONG" not in done.stdout


# ---- operates


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_valkey_cli_sets_expires_and_deletes_a_key(valkey_cli: ValkeyCli, valkey: Endpoint, key: str) -> None:
    word = secrets.token_hex(8)
    done = valkey_cli(f"SET {key} {word}", f"GET {key}", f"EXPIRE {key} 1000", f"TTL {key}")
    assert done.rc == 0, f"valkey-cli: cannot set a key: {done.stdout.strip()}: give the user keys of its own"
    assert done.stdout.split() == ["OK", word, "1", "1000"], f"valkey-cli: {done.stdout.split()}: see its server"
    with connected(valkey) as outside:
        value, seconds = outside.get(key), outside.ttl(key)
        assert value == word, f"valkey: {key} has {value!r} outside, {word} was set: see VALKEY_HOST"
        assert 900 < seconds <= 1000, f"valkey: {key} lives {seconds} s, 1000 were set: see EXPIRE"
        outside.set(key, word[::-1])
        read = valkey_cli(f"GET {key}", f"TTL {key}", f"DEL {key}").stdout.split()
        assert read == [word[::-1], "-1", "1"], f"valkey-cli: {read} after another client's SET: see its server"
        assert outside.exists(key) == 0, f"valkey: {key} is there after DEL: see VALKEY_HOST"


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_key_is_gone_when_its_time_is_over(valkey_cli: ValkeyCli, valkey: Endpoint, key: str) -> None:
    with connected(valkey) as outside:
        outside.set(key, "here")
        # What stands in a queue that nobody fills is waited for until the key's time is over.
        done = valkey_cli(f"PEXPIRE {key} 500", f"BLPOP {key}-queue 1", f"EXISTS {key}")
        assert outside.get(key) is None, f"valkey: {key} outlives its 0.5 s: see the server's clock"
    assert done.stdout.split()[-1:] == ["0"], (
        f"valkey-cli: {done.stdout.split()} for a key that has expired: see EXPIRE"
    )


# ---- refuses


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_wrong_password_is_refused(valkey_cli: ValkeyCli, valkey: Endpoint) -> None:
    wrong = replace(valkey.account, password="wrong")  # noqa: S106
    done = valkey_cli("PING", account=wrong)
    assert "PONG" not in done.stdout, f"valkey: lets {wrong.user} in with a wrong password: give the user one"
    assert "WRONGPASS" in done.stdout + done.stderr, f"valkey-cli: {done.stdout + done.stderr!r}: WRONGPASS is the word"
    with pytest.raises(ServiceError, match="invalid username-password"), connected(valkey, wrong):
        pass


@pytest.mark.requirement("TOOL-redis-tools-connects")
def test_anonymous_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("PING", before="unset VALKEYCLI_AUTH REDISCLI_AUTH")
    assert "NOAUTH" in done.stdout + done.stderr, (
        f"valkey: answers {done.stdout!r} to anybody: turn the user default off"
    )


@pytest.mark.requirement("TOOL-redis-tools-operates")
@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_user_is_no_administrator(valkey_cli: ValkeyCli, forbidden: str) -> None:
    done = valkey_cli(forbidden)
    assert "NOPERM" in done.stdout + done.stderr, f"valkey: lets a user do `{forbidden}`: take it away in its ACL"


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_unknown_command_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("FETCH it")
    assert (done.rc, "unknown command" in done.stdout + done.stderr) == (1, True), (
        f"valkey-cli: exit status {done.rc}, {done.stdout!r} for a command that is none: see its server"
    )


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_users_do_not_see_each_others_keys(
    valkey_cli: ValkeyCli, valkey: Endpoint, pair: tuple[Account, Account], run_id: str
) -> None:
    stranger, owner = pair
    theirs, word = f"{owner.space}:check-{run_id}", secrets.token_hex(8)
    with connected(valkey, owner) as outside:
        try:
            outside.set(theirs, word)
            for attempt in (f"GET {theirs}", f"SET {theirs} mine", f"PUBLISH {theirs} mine", f"DEL {theirs}"):
                done = valkey_cli(attempt, account=stranger)
                assert "NOPERM" in done.stdout + done.stderr, (
                    f"valkey: {stranger.user} may `{attempt}`, which is {owner.user}'s: limit its keys in the ACL"
                )
            with connected(valkey, stranger) as other, pytest.raises(redis.exceptions.NoPermissionError):
                other.get(theirs)
            assert outside.get(theirs) == word, f"valkey: {stranger.user} wrote {owner.user}'s key: limit its keys"
        finally:
            outside.delete(theirs)
