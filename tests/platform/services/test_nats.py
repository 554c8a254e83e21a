"""NATS from the pod by nats, seen from outside by a client of its own, and what it must refuse."""

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

from fixtures.certificates import Authority
from fixtures.services.catalogue.nats import SECONDS, NatsCli, NatsClient, connected
from fixtures.services.model import Account, Endpoint, ServiceError

TENANT_PAIRS = ("the workspace", "its neighbour")
GREETING = "nats pub check.greeting hello"
"""Fails where the server is not reached or lets nobody in, which `nats rtt` does not."""


@pytest.fixture
def outside(nats: Endpoint) -> Iterator[NatsClient]:
    """The workspace's user on this machine."""
    with connected(nats) as client:
        yield client


@pytest.fixture
def subject(run_id: str) -> str:
    """A subject of the check's own."""
    return f"check.{run_id}.{secrets.token_hex(4)}"


@pytest.fixture
def stream(outside: NatsClient, run_id: str) -> Iterator[str]:
    """A name for a stream, which is gone in the end."""
    name = f"CHECK_{run_id}_{secrets.token_hex(4)}"
    yield name
    with contextlib.suppress(nats.js.errors.NotFoundError):
        outside.do(outside.stream.delete_stream(name))


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, nats: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return nats.account, nats.neighbour
    return nats.neighbour, nats.account


# ---- connects


@pytest.mark.requirement("TOOL-nats-connects", "ENV-2")
def test_nats_checks_the_server_that_the_environment_names(nats_cli: NatsCli, outside: NatsClient) -> None:
    done = nats_cli("nats server check connection --format=json")
    assert done.rc == 0, f"nats: no connection from the pod: {(done.stdout or done.stderr).strip()}: see NATS_URL"
    assert json.loads(done.stdout)["status"] == "OK", f"nats: {done.stdout.strip()}: see the server's health"
    assert outside.client.connected_server_version.major == 2


@pytest.mark.requirement("TOOL-nats-connects")
def test_nats_refuses_a_server_of_another_authority(nats_cli: NatsCli) -> None:
    foreign = Authority("somebody else").certificate.decode()
    done = nats_cli(f"cat >foreign.crt <<'END'\n{foreign}END\nSSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=/ {GREETING}")
    assert done.rc != 0, f"nats: trusts anybody ({done.stdout!r}): have the server use TLS with a certificate"
    assert "unknown authority" in done.stderr, f"nats: {done.stderr.strip()}: see the server's certificate"


@pytest.mark.requirement("TOOL-nats-connects")
def test_server_takes_no_plain_connection(nats: Endpoint) -> None:
    with (
        nats.route() as route,
        socket.create_connection(route, timeout=SECONDS) as plain,
        plain.makefile("rb") as lines,
    ):
        said = json.loads(lines.readline().removeprefix(b"INFO "))
        assert said.get("tls_required"), "nats: takes a connection that is not encrypted: give it `tls`"
        plain.sendall(b'CONNECT {"verbose":true}\r\nPING\r\n')
        answer = lines.readline()
    assert b"PONG" not in answer, f"nats: answers {answer!r} to a plain connection: give it `tls`"
    assert b"+OK" not in answer, f"nats: answers {answer!r} to a plain connection: give it `tls`"


# ---- operates


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_message_from_the_pod_arrives_outside(nats_cli: NatsCli, outside: NatsClient, subject: str) -> None:
    word = secrets.token_hex(8)
    subscription = outside.do(outside.client.subscribe(subject))
    outside.do(outside.client.flush())
    done = nats_cli(f"nats pub {subject} {word}")
    assert done.rc == 0, f"nats: cannot publish: {done.stderr.strip()}: give the user the right to publish"
    message = outside.do(subscription.next_msg(timeout=SECONDS))
    assert message.data.decode() == word, f"nats: {message.data!r} arrived, {word} was sent: see NATS_URL"


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_message_from_outside_arrives_in_the_pod(nats_cli: NatsCli, outside: NatsClient, subject: str) -> None:
    word = secrets.token_hex(8)
    with ThreadPoolExecutor(1) as thread:
        # The pod answers with what it got; until it has subscribed there is nobody who could.
        serving = thread.submit(nats_cli, f"nats reply {subject} --echo --count=1", seconds=2 * SECONDS)
        while True:
            try:
                answer = outside.do(outside.client.request(subject, word.encode(), timeout=SECONDS))
                break
            except nats.errors.NoRespondersError:
                assert not serving.done(), f"nats: ended before it got a message: {serving.result().stderr}: see it"
    assert answer.data.decode() == word, f"nats: the pod got {answer.data!r}, {word} was sent: see NATS_URL"


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_stream_keeps_a_message_until_it_is_consumed(
    nats_cli: NatsCli, outside: NatsClient, subject: str, stream: str
) -> None:
    word = secrets.token_hex(8)
    made = nats_cli(
        f"nats stream add {stream} --subjects={subject} --storage=file --max-bytes=1MB --defaults >/dev/null"
        f" && nats pub --jetstream {subject} {word}"
    )
    assert made.rc == 0, f"nats: cannot make a stream: {made.stderr.strip()}: turn JetStream on for the account"
    kept = outside.do(outside.stream.get_msg(stream, seq=1))
    assert (kept.data or b"").decode() == word, f"nats: the stream has {kept.data!r}, {word} was sent: see JetStream"
    read = nats_cli(
        f"nats consumer add {stream} reader --pull --ack=explicit --defaults >/dev/null"
        f" && nats consumer next {stream} reader --raw && nats stream rm --force {stream}"
    )
    assert read.stdout.strip() == word, f"nats: consumed {read.stdout!r} ({read.stderr.strip()}): {word} is it"
    with pytest.raises(nats.js.errors.NotFoundError):
        outside.do(outside.stream.stream_info(stream))


# ---- refuses


@pytest.mark.requirement("TOOL-nats-operates", "FLOW-nats")
def test_wrong_password_is_refused(nats_cli: NatsCli, nats: Endpoint) -> None:
    wrong = replace(nats.account, password="wrong")  # noqa: S106
    done = nats_cli(GREETING, wrong)
    assert done.rc != 0, f"nats: lets {wrong.user} in with a wrong password: give the server accounts with users"
    assert "authorization violation" in done.stderr.lower(), f"nats: {done.stderr.strip()!r} for a wrong password"
    with pytest.raises(ServiceError, match=r"(?i)authorization violation"), connected(nats, wrong):
        pass


@pytest.mark.requirement("TOOL-nats-connects")
def test_anonymous_is_refused(nats_cli: NatsCli) -> None:
    done = nats_cli(f"unset NATS_USER NATS_PASSWORD; {GREETING}")
    assert done.rc != 0, "nats: lets anybody in: give the server accounts with users, and no_auth_user away"
    assert "authorization violation" in done.stderr.lower(), f"nats: {done.stderr.strip()!r} without a user"


@pytest.mark.requirement("TOOL-nats-operates")
def test_request_that_nobody_answers_is_told_at_once(nats_cli: NatsCli, subject: str) -> None:
    done = nats_cli(f"nats request {subject} anybody --timeout=60s", seconds=3 * SECONDS)
    said = done.stdout + done.stderr
    assert "no responders" in said.lower(), f"nats: {said.strip()!r} for a subject that nobody serves: see the server"


@pytest.mark.requirement("TOOL-nats-operates")
def test_unknown_stream_is_named(nats_cli: NatsCli, stream: str) -> None:
    done = nats_cli(f"nats stream rm --force {stream}")
    assert done.rc != 0, f"nats: knows a stream {stream} that nobody made: see the account"
    assert "stream not found" in done.stderr, f"nats: {done.stderr.strip()!r} for an unknown stream: see JetStream"


@pytest.mark.requirement("FLOW-nats")
def test_user_is_no_administrator(nats_cli: NatsCli) -> None:
    done = nats_cli("nats server report connections --timeout=15s")
    assert done.rc != 0, (
        f"nats: shows a user all connections: keep it out of the system account ({done.stdout[:200]!r})"
    )
    assert "system" in done.stderr, f"nats: {done.stderr.strip()!r}: the CLI says that it takes the system account"


@pytest.mark.requirement("FLOW-nats")
def test_accounts_do_not_see_each_others_messages(
    nats_cli: NatsCli, nats: Endpoint, pair: tuple[Account, Account], subject: str
) -> None:
    stranger, owner = pair
    with connected(nats, owner) as listening, connected(nats, owner) as second:
        subscription = listening.do(listening.client.subscribe(subject))
        listening.do(listening.client.flush())
        sent = nats_cli(f"nats pub {subject} from-the-stranger", stranger)
        assert sent.rc == 0, f"nats: {stranger.user} cannot publish: {sent.stderr.strip()}: see its rights"
        with connected(nats, stranger) as other:
            other.publish(subject, "from-the-stranger-outside")
        second.publish(subject, "from-the-owner")
        first = listening.do(subscription.next_msg(timeout=SECONDS)).data.decode()
    assert first == "from-the-owner", f"nats: {owner.user} hears {first}: give each user an account of its own"


@pytest.mark.requirement("FLOW-nats")
def test_accounts_do_not_see_each_others_streams(
    nats_cli: NatsCli, nats: Endpoint, pair: tuple[Account, Account], subject: str, run_id: str
) -> None:
    stranger, owner = pair
    name = f"SECRET_{run_id}_{secrets.token_hex(4)}"
    with connected(nats, owner) as client:
        client.do(client.stream.add_stream(name=name, subjects=[subject], max_bytes=1 << 20))
        try:
            listed = nats_cli("nats stream ls --names", stranger)
            assert listed.rc == 0, f"nats: {stranger.user} cannot list streams: {listed.stderr.strip()}: see its rights"
            assert name not in listed.stdout, f"nats: {stranger.user} sees {owner.user}'s stream: give each an account"
            refused = nats_cli(f"nats stream rm --force {name}", stranger)
            assert "stream not found" in refused.stderr, f"nats: {refused.stderr.strip()!r}: give each an account"
        finally:
            client.do(client.stream.delete_stream(name))
