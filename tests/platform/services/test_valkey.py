"""Valkey: valkey-cli in the pod against the server, seen from outside by an independent client."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis

from fixtures.advice import REBUILD
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.tools import refused, says, succeeded
from fixtures.services.catalogue.oauth2_proxy import COOKIE
from fixtures.services.catalogue.valkey import SERVICE, ValkeyCli, connected
from fixtures.services.model import Account, Endpoint, ServiceError
from fixtures.services.route import own_pods
from fixtures.services.tenants import TenantPair

FORBIDDEN = (
    "CONFIG GET maxmemory", "CONFIG SET nonsense 1", "ACL LIST", "ACL DELUSER nobody-is-called-so", "CLIENT LIST",
    "CLIENT KILL ID 999999999", "SLOWLOG GET 1", "LATENCY LATEST", "ROLE", "REPLICAOF x y", "SHUTDOWN NONSENSE",
    "BGSAVE NONSENSE", "FAILOVER ABORT",
)  # fmt: skip
"""What takes an administrator, and does no harm where it is let through."""
OF_EVERYBODY = (
    "KEYS x", "SCAN 0 COUNT 1", "RANDOMKEY", "INFO server", "FLUSHALL NONSENSE", "FLUSHDB NONSENSE", "SWAPDB 0 0",
    "FUNCTION FLUSH NONSENSE", "SCRIPT FLUSH NONSENSE", "PUBSUB CHANNELS",
)  # fmt: skip
"""What no pattern of keys limits: it shows, or removes, what is everybody's. With NONSENSE it is refused anyway."""
OTHER_SERVER = "set VALKEY_HOST and VALKEY_PORT to the server that was deployed"


@pytest.fixture
def key(valkey: Endpoint, run_id: str) -> Iterator[str]:
    """A key of the workspace's user, removed at the end."""
    name = f"{valkey.account.space}:check-{run_id}-{secrets.token_hex(4)}"
    yield name
    with connected(valkey) as outside:
        outside.delete(name)


# ---- connects


@pytest.mark.requirement("TOOL-redis-tools-connects", "ENV-2")
def test_valkey_cli_reaches_the_server_that_the_environment_names(valkey_cli: ValkeyCli, valkey: Endpoint) -> None:
    seen = succeeded(valkey_cli("PING", "ACL WHOAMI"), "valkey-cli", "no connection from the pod").split()
    with connected(valkey) as outside:
        expected = ["PONG", outside.acl_whoami()]
    assert seen == expected, f"valkey-cli: reads {seen}, outside it is {expected}: {OTHER_SERVER}"


@pytest.mark.requirement("TOOL-redis-tools-connects")
def test_valkey_cli_refuses_a_server_of_another_authority(valkey_cli: ValkeyCli, foreign_certificate: bytes) -> None:
    before = f"cat >foreign.crt <<'END'\n{foreign_certificate.decode()}END"
    done = valkey_cli("PING", options="--tls --cacert foreign.crt", before=before)
    what, fix = "a server of another authority", "set `tls-port`, and `port 0`, in valkey.conf"
    refused(done, "valkey-cli", "certificate verify failed", what=what, repair=fix)


@pytest.mark.requirement("SVC-valkey-tls")
def test_plain_connection_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("PING", options="-t 10")
    seen = done.rc != 0, "PONG" in done.stdout
    assert seen == (True, False), (
        f"valkey: a plain connection is let through ({done.stdout.strip()!r}): set `port 0` in valkey.conf"
    )


# ---- operates


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_valkey_cli_sets_expires_and_deletes_a_key(valkey_cli: ValkeyCli, valkey: Endpoint, key: str) -> None:
    word = secrets.token_hex(8)
    done = valkey_cli(f"SET {key} {word}", f"GET {key}", f"EXPIRE {key} 1000", f"TTL {key}")
    seen, expected = succeeded(done, "valkey-cli", "cannot set a key").split(), ["OK", word, "1", "1000"]
    assert seen == expected, (
        f"valkey-cli: SET, GET, EXPIRE, TTL are answered with {seen}, not {expected}: {OTHER_SERVER}"
    )
    with connected(valkey) as outside:
        value, seconds = outside.get(key), outside.ttl(key)
        assert value == word, f"valkey: {key} is {value!r} outside, {word!r} was set: {OTHER_SERVER}"
        assert 900 < seconds <= 1000, f"valkey: {key} lives {seconds} s outside, 1000 were set: {OTHER_SERVER}"
        outside.set(key, word[::-1])
        seen = valkey_cli(f"GET {key}", f"TTL {key}", f"DEL {key}").stdout.split()
        expected = [word[::-1], "-1", "1"]
        assert seen == expected, f"valkey-cli: reads {seen}, not {expected}, after a SET outside: {OTHER_SERVER}"
        assert outside.exists(key) == 0, f"valkey: {key} is there outside after DEL: {OTHER_SERVER}"


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_key_is_gone_when_its_time_is_over(valkey_cli: ValkeyCli, valkey: Endpoint, key: str) -> None:
    with connected(valkey) as outside:
        outside.set(key, "here")
        # What stands in a queue that nobody fills is waited for until the key's time is over.
        seen = valkey_cli(f"PEXPIRE {key} 500", f"BLPOP {key}-queue 1", f"EXISTS {key}").stdout.split()
        left = outside.get(key)
    assert seen, f"valkey-cli: says nothing of PEXPIRE, BLPOP and EXISTS: {REBUILD}"
    assert left is None, f"valkey: {key} is {left!r} after its 0.5 s: set the clock of the server's node"
    assert seen[-1:] == ["0"], f"valkey-cli: reads {seen} of a key that has expired, not 0 at last: {OTHER_SERVER}"


# ---- refuses


@pytest.mark.requirement("SVC-valkey-auth")
def test_wrong_password_is_refused(valkey_cli: ValkeyCli, valkey: Endpoint) -> None:
    wrong = replace(valkey.account, password="wrong")  # noqa: S106
    done = valkey_cli("PING", account=wrong)
    fix = f"give {wrong.user} a password in the ACL file"
    assert "PONG" not in done.stdout, f"valkey: a wrong password is let through: {fix}"
    says(done, "valkey-cli", "WRONGPASS", what="a wrong password", repair=fix, output="both")
    with pytest.raises(ServiceError, match="invalid username-password"), connected(valkey, wrong):
        pass


@pytest.mark.requirement("SVC-valkey-auth")
def test_anonymous_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("PING", before="unset VALKEYCLI_AUTH REDISCLI_AUTH")
    fix = "turn the user `default` off in the ACL file"
    says(done, "valkey", "NOAUTH", what="a client without a user", repair=fix, output="both")


@pytest.mark.requirement("SVC-valkey-tenancy")
@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_user_is_no_administrator(valkey_cli: ValkeyCli, forbidden: str) -> None:
    fix = "take the category @admin away from the user in the ACL file"
    says(valkey_cli(forbidden), "valkey", "NOPERM", what=f"`{forbidden}`", repair=fix, output="both")


@pytest.mark.requirement("SVC-valkey-tenancy")
@pytest.mark.parametrize("forbidden", OF_EVERYBODY)
def test_user_touches_nothing_that_is_everybody_s(valkey_cli: ValkeyCli, forbidden: str) -> None:
    fix = "take @dangerous and the command away from the user in the ACL file"
    says(valkey_cli(forbidden), "valkey", "NOPERM", what=f"`{forbidden}`", repair=fix, output="both")


@pytest.mark.requirement("SVC-valkey-tenancy")
def test_user_does_not_watch_what_others_say(valkey: Endpoint) -> None:
    refusal = ""
    with connected(valkey) as outside:
        try:
            outside.execute_command("MONITOR")  # type: ignore[no-untyped-call]
        except redis.exceptions.NoPermissionError as error:
            refusal = str(error)
    assert refusal, (
        f"valkey: {valkey.account.user} may MONITOR, and sees everybody's sessions and values: take @dangerous away "
        "from the user in the ACL file"
    )


@pytest.mark.requirement("SVC-valkey-tenancy")
@pytest.mark.parametrize("who", ["account", "neighbour"])
@pytest.mark.parametrize("prefix", ["", f"{COOKIE}-"], ids=["anybody's", "the log-in's"])
def test_user_reads_and_writes_no_key_but_its_own(
    valkey_cli: ValkeyCli, valkey: Endpoint, who: str, prefix: str
) -> None:
    user: Account = getattr(valkey, who)
    name, fix = f"{prefix}{secrets.token_hex(8)}", f"limit {user.user} to ~{user.space}:* in the ACL file"
    for command in (f"GET {name}", f"TTL {name}", f"DEL {name}"):
        done = valkey_cli(command, account=user)
        says(done, "valkey", "NOPERM", what=f"{user.user}'s `{command}`", repair=fix, output="both")


@pytest.mark.requirement("SVC-valkey-tenancy")
def test_no_user_drives_out_another_s_keys(valkey: Endpoint, deployment: Deployment) -> None:
    """Where the memory is full, whoever writes more is refused: another policy would end everybody's sessions."""
    own_pods(deployment.api, valkey.host, "valkey")
    found: Any = deployment.core.read_namespaced_config_map("settings", SERVICE.namespace)
    policies = re.findall(r"^\s*maxmemory-policy\s+(\S+)", found.data["valkey.conf"], re.MULTILINE)
    assert policies[-1:] in ([], ["noeviction"]), (
        f"valkey: forgets keys of all users where one fills its memory ({policies[-1]}): set maxmemory-policy to "
        "noeviction in valkey.conf"
    )


@pytest.mark.requirement("TOOL-redis-tools-operates")
def test_unknown_command_is_refused(valkey_cli: ValkeyCli) -> None:
    done = valkey_cli("FETCH it")
    what = "a command that there is not"
    refused(done, "valkey-cli", "unknown command", what=what, repair=OTHER_SERVER, status=1, output="both")


@pytest.mark.requirement("SVC-valkey-tenancy")
def test_users_do_not_see_each_others_keys(
    valkey_cli: ValkeyCli, valkey: Endpoint, pair: TenantPair, run_id: str
) -> None:
    stranger, owner = pair(valkey)
    theirs, word = f"{owner.space}:check-{run_id}", secrets.token_hex(8)
    fix = f"limit {stranger.user} to keys and channels of its own in the ACL file"
    with connected(valkey, owner) as outside:
        try:
            outside.set(theirs, word)
            for command in (f"GET {theirs}", f"SET {theirs} mine", f"PUBLISH {theirs} mine", f"DEL {theirs}"):
                done = valkey_cli(command, account=stranger)
                says(done, "valkey", "NOPERM", what=f"{stranger.user}'s `{command}`", repair=fix, output="both")
            with connected(valkey, stranger) as other, pytest.raises(redis.exceptions.NoPermissionError):
                other.get(theirs)
            seen = outside.get(theirs)
            assert seen == word, f"valkey: {owner.user}'s key is {seen!r}, which {stranger.user} wrote: {fix}"
        finally:
            outside.delete(theirs)
