"""NATS: nats in the pod against the server, seen from outside by an independent client."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import nats.js.errors
import pytest
from nats.js.api import StorageType

from fixtures.advice import REBUILD
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.tools import json_of, refused, says, succeeded
from fixtures.patience import patient
from fixtures.services.catalogue.nats import SECONDS, NatsCli, NatsClient, connected, monitored
from fixtures.services.logs import must_not_log
from fixtures.services.model import Account, Endpoint, ServiceError
from fixtures.services.route import own_pods
from fixtures.services.tenants import TenantPair

GREETING = "nats pub check.greeting hello"
"""Fails where the server is not reached or lets nobody in, which `nats rtt` does not."""
ACCOUNTS = "give each user an account of its own in nats.conf, and set no `no_auth_user`"
TLS = "set `tls` in nats.conf"
SYSTEM = "$SYS."
"""How the subjects of the system's events begin."""
VIOLATION = "(?i)authorization violation"
LARGE = {StorageType.FILE: 64 << 20, StorageType.MEMORY: 8 << 20}
"""Bytes of the streams that an application may want, by where they are kept."""
MEGABYTE = 1_000_000
"""Less than NATS takes where nobody says otherwise, see https://docs.nats.io/running-a-nats-service/configuration."""


@pytest.fixture
def outside(nats: Endpoint) -> Iterator[NatsClient]:
    """A client on this machine, logged in as the workspace's user."""
    with connected(nats) as client:
        yield client


@pytest.fixture
def subject(run_id: str) -> str:
    """A subject that no other check uses."""
    return f"check.{run_id}.{secrets.token_hex(4)}"


@pytest.fixture
def stream(outside: NatsClient, run_id: str) -> Iterator[str]:
    """A name for a stream, which is removed at the end."""
    name = f"CHECK_{run_id}_{secrets.token_hex(4)}"
    yield name
    with contextlib.suppress(nats.js.errors.NotFoundError):
        outside.do(outside.stream.delete_stream(name))


def account_of(nats: Endpoint, user: Account) -> str:
    """Return the name of the account that a user is of, as the server tells him (NATS 2.10 and later)."""
    with connected(nats, user) as client:
        told = client.do(client.client.request("$SYS.REQ.USER.INFO", b"", timeout=patient(SECONDS)))
    return str(json.loads(told.data)["data"]["account"])


def first_of(outside: NatsClient, stream: str) -> str:
    """Return the first message of a stream; `no message` where it has none, or is not there."""
    try:
        return (outside.do(outside.stream.get_msg(stream, seq=1)).data or b"").decode()
    except nats.js.errors.NotFoundError:
        return "no message"


# ---- connects


@pytest.mark.requirement("TOOL-nats-connects", "ENV-2")
def test_nats_checks_the_server_that_the_environment_names(nats_cli: NatsCli, outside: NatsClient) -> None:
    warn, critical = f"warn={patient(SECONDS):.0f}s", f"critical={2 * patient(SECONDS):.0f}s"
    limits = " ".join(f"--{what}-{warn} --{what}-{critical}" for what in ("connect", "rtt", "req"))
    # By itself it warns of an answer after half a second, which is a matter of what else its machine does.
    done = nats_cli(f"nats server check connection {limits} --format=json")
    said, fix = (done.stdout or done.stderr).strip(), "set NATS_URL to the server, and start it where it is down"
    answer = succeeded(done, "nats", "no connection from the pod", said=said, repair=fix)
    told = json_of(answer, "nats", "tells of its connection")
    status = told.get("status")
    assert status == "OK", f"nats: the server's status is {status!r}, not 'OK' ({said}): read its log"
    version = outside.client.connected_server_version.major
    assert version == 2, f"nats: the server is of version {version}, not 2: deploy nats-server 2"


@pytest.mark.requirement("TOOL-nats-connects")
def test_nats_refuses_a_server_of_another_authority(nats_cli: NatsCli, foreign_certificate: bytes) -> None:
    foreign = foreign_certificate.decode()
    done = nats_cli(f"cat >foreign.crt <<'END'\n{foreign}END\nSSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=/ {GREETING}")
    refused(done, "nats", "unknown authority", what="a server of another authority", repair=TLS)


@pytest.mark.requirement("SVC-nats-tls")
def test_server_takes_no_plain_connection(nats: Endpoint) -> None:
    with (
        nats.route() as route,
        socket.create_connection(route, timeout=patient(SECONDS)) as plain,
        plain.makefile("rb") as lines,
    ):
        said = json.loads(lines.readline().removeprefix(b"INFO "))
        assert said.get("tls_required"), f"nats: takes a connection that is not encrypted: {TLS}"
        plain.sendall(b'CONNECT {"verbose":true}\r\nPING\r\n')
        answer = lines.readline()
    assert b"PONG" not in answer, f"nats: answers {answer!r} to a plain connection: {TLS}"
    assert b"+OK" not in answer, f"nats: answers {answer!r} to a plain connection: {TLS}"


# ---- operates


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_message_from_the_pod_arrives_outside(nats_cli: NatsCli, outside: NatsClient, subject: str) -> None:
    word = secrets.token_hex(8)
    subscription = outside.do(outside.client.subscribe(subject))
    outside.do(outside.client.flush())
    fix = "let the user publish, by `permissions` in nats.conf"
    succeeded(nats_cli(f"nats pub {subject} {word}"), "nats", "cannot publish", repair=fix)
    message = outside.next_message(subscription)
    assert message == word.encode(), f"nats: {message!r} arrived, {word!r} was sent: set NATS_URL"


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_message_from_outside_arrives_in_the_pod(nats_cli: NatsCli, outside: NatsClient, subject: str) -> None:
    word = secrets.token_hex(8)
    with ThreadPoolExecutor(1) as thread:
        # The pod answers with what it got; until it has subscribed there is nobody who could.
        serving = thread.submit(nats_cli, f"nats reply {subject} --echo --count=1", seconds=2 * SECONDS)
        while True:
            try:
                answer = outside.do(outside.client.request(subject, word.encode(), timeout=patient(SECONDS)))
                break
            except nats.errors.NoRespondersError:
                assert not serving.done(), (
                    f"nats: `nats reply` ended before a message came ({serving.result().stderr.strip()}): {ACCOUNTS}"
                )
    got = answer.data.decode()
    assert got == word, f"nats: the pod got {got!r}, {word!r} was sent: set NATS_URL"


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_stream_keeps_a_message_until_it_is_consumed(
    nats_cli: NatsCli, outside: NatsClient, subject: str, stream: str
) -> None:
    word = secrets.token_hex(8)
    made = nats_cli(
        f"nats stream add {stream} --subjects={subject} --storage=file --max-bytes=1MB --defaults >/dev/null"
        f" && nats pub --jetstream {subject} {word}"
    )
    succeeded(made, "nats", "cannot make a stream", repair="turn `jetstream` on for the account in nats.conf")
    kept = first_of(outside, stream)
    assert kept == word, f"nats: the stream has {kept!r}, {word!r} was sent: set NATS_URL"
    read = nats_cli(
        f"nats consumer add {stream} reader --pull --ack=explicit --defaults >/dev/null"
        f" && nats consumer next {stream} reader --raw && nats stream rm --force {stream}"
    )
    consumed = read.stdout.strip()
    assert consumed == word, f"nats: consumed {consumed!r}, not {word!r} ({read.stderr.strip()}): {REBUILD}"
    with pytest.raises(nats.js.errors.NotFoundError):
        outside.do(outside.stream.stream_info(stream))


@pytest.mark.requirement("FLOW-nats")
@pytest.mark.parametrize("storage", LARGE, ids=lambda storage: storage.value)
def test_stream_may_be_large(outside: NatsClient, stream: str, subject: str, storage: StorageType) -> None:
    size = LARGE[storage]
    try:
        outside.do(outside.stream.add_stream(name=stream, subjects=[subject], storage=storage, max_bytes=size))
    except nats.js.errors.APIError as error:
        pytest.fail(
            f"nats: makes no stream of {size >> 20} MB in its {storage.value} ({error.description}): raise "
            f"max_{storage.value}_store below jetstream in nats.conf, or the account's own limit"
        )


@pytest.mark.requirement("FLOW-nats")
def test_message_of_a_megabyte_arrives(nats: Endpoint, outside: NatsClient, subject: str) -> None:
    sent = secrets.token_bytes(MEGABYTE)
    subscription = outside.do(outside.client.subscribe(subject))
    with connected(nats) as second:
        assert second.client.max_payload >= MEGABYTE, (
            f"nats: takes messages of {second.client.max_payload:,} bytes at most, not {MEGABYTE:,}: take max_payload "
            "out of nats.conf"
        )
        second.do(second.client.publish(subject, sent))
        second.do(second.client.flush())
    got = outside.next_message(subscription)
    assert got == sent, f"nats: of a message of {MEGABYTE:,} bytes {len(got or b''):,} arrived, or others: read its log"


# ---- refuses


@pytest.mark.requirement("SVC-nats-tenancy")
def test_no_message_is_in_the_log(nats: Endpoint, deployment: Deployment, outside: NatsClient, subject: str) -> None:
    word = secrets.token_hex(16)
    outside.do(outside.client.publish(subject, word.encode()))
    outside.do(outside.client.flush())
    must_not_log(deployment.api, nats, "nats", word, "take trace, and debug, out of nats.conf")


@pytest.mark.requirement("SVC-nats-auth")
def test_wrong_password_is_refused(nats_cli: NatsCli, nats: Endpoint) -> None:
    wrong = replace(nats.account, password="wrong")  # noqa: S106
    refused(nats_cli(GREETING, wrong), "nats", VIOLATION, what="a wrong password", repair=ACCOUNTS)
    with pytest.raises(ServiceError, match=VIOLATION), connected(nats, wrong):
        pass


@pytest.mark.requirement("SVC-nats-auth")
def test_anonymous_is_refused(nats_cli: NatsCli) -> None:
    done = nats_cli(f"unset NATS_USER NATS_PASSWORD; {GREETING}")
    refused(done, "nats", VIOLATION, what="a client without a user", repair=ACCOUNTS)


@pytest.mark.requirement("TOOL-nats-operates")
def test_request_that_nobody_answers_is_told_at_once(nats_cli: NatsCli, subject: str) -> None:
    done = nats_cli(f"nats request {subject} anybody --timeout=60s", seconds=3 * SECONDS)
    what, fix = "a request that nobody answers", "deploy nats-server 2.2 or later, which says at once that nobody does"
    says(done, "nats", "(?i)no responders", what=what, repair=fix, output="both")


@pytest.mark.requirement("TOOL-nats-operates")
def test_unknown_stream_is_named(nats_cli: NatsCli, stream: str) -> None:
    done = nats_cli(f"nats stream rm --force {stream}")
    refused(done, "nats", "stream not found", what=f"a stream {stream} that nobody made", repair=ACCOUNTS)


@pytest.mark.requirement("SVC-nats-tenancy")
def test_accounts_share_no_subject(nats: Endpoint, deployment: Deployment) -> None:
    """What one imports of the other its own messages and streams do not show; nor the system's events."""
    users = {account_of(nats, nats.account), account_of(nats, nats.neighbour)}
    imports = monitored(deployment.api, own_pods(deployment.api, nats.host, "nats")[0])
    shared = [
        f"{account} has {one['subject']} of {one['account']}"
        for account in sorted(users) for one in imports[account]
        if one["account"] in users or (one["subject"].startswith(SYSTEM) and account not in one["subject"].split("."))
    ]  # fmt: skip
    assert not shared, f"nats: {'; '.join(shared)}: take exports and imports out of the accounts"


@pytest.mark.requirement("SVC-nats-tenancy")
@pytest.mark.uses("nats")
def test_user_is_no_administrator(nats_cli: NatsCli) -> None:
    done = nats_cli("nats server report connections --timeout=15s")
    fix = "leave the user out of `system_account` in nats.conf"
    refused(done, "nats", "system privileges", what="a report of all connections", repair=fix)


@pytest.mark.requirement("SVC-nats-tenancy")
@pytest.mark.uses("nats")
def test_accounts_do_not_see_each_others_messages(
    nats_cli: NatsCli, nats: Endpoint, pair: TenantPair, subject: str
) -> None:
    stranger, owner = pair(nats)
    with connected(nats, owner) as listening, connected(nats, owner) as second:
        subscription = listening.do(listening.client.subscribe(subject))
        listening.do(listening.client.flush())
        sent = nats_cli(f"nats pub {subject} from-the-stranger", stranger)
        succeeded(sent, "nats", f"{stranger.user} cannot publish")
        with connected(nats, stranger) as other:
            other.publish(subject, "from-the-stranger-outside")
        second.publish(subject, "from-the-owner")
        first = listening.next_message(subscription)
    assert first is not None, f"nats: no message of {owner.user} arrives at {owner.user}'s own: read its log"
    assert first == b"from-the-owner", f"nats: {owner.user} gets {first!r}, which {stranger.user} sent: {ACCOUNTS}"


@pytest.mark.requirement("SVC-nats-tenancy")
@pytest.mark.uses("nats")
def test_accounts_do_not_see_each_others_streams(
    nats_cli: NatsCli, nats: Endpoint, pair: TenantPair, subject: str, run_id: str
) -> None:
    stranger, owner = pair(nats)
    name = f"SECRET_{run_id}_{secrets.token_hex(4)}"
    with connected(nats, owner) as client:
        client.do(client.stream.add_stream(name=name, subjects=[subject], max_bytes=1 << 20))
        try:
            listed = succeeded(
                nats_cli("nats stream ls --names", stranger), "nats", f"{stranger.user} cannot list streams"
            )
            assert name not in listed, f"nats: {stranger.user} sees {owner.user}'s stream {name}: {ACCOUNTS}"
            done = nats_cli(f"nats stream rm --force {name}", stranger)
            what = f"{stranger.user}'s removal of {owner.user}'s stream"
            says(done, "nats", "stream not found", what=what, repair=ACCOUNTS)
        finally:
            client.do(client.stream.delete_stream(name))
