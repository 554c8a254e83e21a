"""One run at a time on a cluster."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from kubernetes import client

from fixtures.cluster import lease as leases
from fixtures.cluster.api import REQUEST_SECONDS, ClusterError
from tests.suite.cluster.fakes.api_server import ApiServer

LEASE = f"{leases.COLLECTION}/{leases.NAME}"


def lease_of(holder: str, age: float, now: datetime) -> dict[str, Any]:
    """A lease as another run leaves it, last renewed so many seconds ago."""
    stamp = (now - timedelta(seconds=age)).strftime(leases.TIME_FORMAT)
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 60, "acquireTime": stamp, "renewTime": stamp}
    return {"metadata": {"name": leases.NAME, "uid": "0", "resourceVersion": "7"}, "spec": spec}


def test_lease_is_there_while_held_and_gone_after(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, holder="me") as lease:
        assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "me"
        lease.check()
    assert LEASE not in api_server.documents


def test_second_run_is_refused_with_holder_and_age(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.documents[LEASE] = lease_of("ann@desk:1", 20, api_server.clock)
    with (
        pytest.raises(ClusterError, match=r"^the cluster is held by ann@desk:1 since 20 s: .* taken over in 40 s$"),
        leases.held(api, "id", writable=True),
    ):
        pytest.fail("taken though held")


def test_stale_lease_is_taken_over(api_server: ApiServer, api: client.ApiClient) -> None:
    api_server.documents[LEASE] = lease_of("ann@desk:1", 61, api_server.clock)
    with leases.held(api, "id", writable=True, holder="me"):
        assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "me"
    assert f"PUT {LEASE}" in api_server.sent


@pytest.mark.parametrize("stale", [True, False], ids=["a stale one was there", "none was there"])
def test_lease_that_another_run_has_just_taken_is_its_own(
    api_server: ApiServer, api: client.ApiClient, monkeypatch: pytest.MonkeyPatch, *, stale: bool
) -> None:
    read = lease_of("ann@desk:1", 61, api_server.clock) if stale else None
    api_server.documents[LEASE] = lease_of("bob@desk:2", 0, api_server.clock)
    api_server.documents[LEASE]["metadata"]["resourceVersion"] = "8"
    monkeypatch.setattr(leases, "_read", lambda _api: (read, api_server.clock))
    with (
        pytest.raises(ClusterError, match=r"^another run has just taken the cluster: wait until that run is done$"),
        leases.held(api, "id", writable=True),
    ):
        pytest.fail("taken though another run has it")
    assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "bob@desk:2"


def test_lost_lease_is_noticed(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, seconds=1, holder="me") as lease:
        api_server.refusals["PUT", LEASE] = 409
        waiting = threading.Event()
        for _ in range(50):
            if lease.lost is None:
                waiting.wait(0.1)
        with pytest.raises(ClusterError, match=r"lease is lost, another run has taken it over"):
            lease.check()


def test_lease_that_cannot_be_renewed_is_lost_in_time(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, seconds=1, holder="me") as lease:
        api_server.refusals["PUT", LEASE] = 500
        waiting = threading.Event()
        for _ in range(100):
            if lease.lost is None:
                waiting.wait(0.1)
        with pytest.raises(ClusterError, match=r"lease is lost, not renewed for 1 s"):
            lease.check()


def test_lease_of_whoever_took_over_stays(api_server: ApiServer, api: client.ApiClient) -> None:
    with leases.held(api, "id", writable=True, holder="me"):
        api_server.documents[LEASE] = lease_of("ann@desk:1", 0, api_server.clock)
    assert api_server.documents[LEASE]["spec"]["holderIdentity"] == "ann@desk:1"


@pytest.mark.parametrize("there", [True, False], ids=["another run has it", "nobody has it any more"])
def test_lease_that_is_taken_over_while_it_is_given_back_is_left_alone(
    api_server: ApiServer, api: client.ApiClient, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    mine, theirs = (lease_of(name, 0, api_server.clock) for name in ("me", "ann@desk:1"))
    mine["metadata"]["resourceVersion"] = "6"
    monkeypatch.setattr(leases, "_read", lambda _api: (mine, api_server.clock))
    before = {LEASE: theirs} if there else {}
    api_server.documents.update(before)
    leases._release(api, leases.Lease("me", ""))
    assert {path: one for path, one in api_server.documents.items() if path == LEASE} == before


def test_lease_that_cannot_be_given_back_is_an_error(api_server: ApiServer, api: client.ApiClient) -> None:
    with pytest.raises(ClusterError, match="giving the cluster's lease back"), leases.held(api, "id", writable=True):
        api_server.refusals["DELETE", LEASE] = 403


@pytest.mark.parametrize("refused", [None, 403], ids=["read-only", "forbidden"])
def test_cluster_that_takes_no_lease_is_locked_on_this_machine(
    api_server: ApiServer, api: client.ApiClient, refused: int | None
) -> None:
    if refused:
        api_server.refusals["POST", leases.COLLECTION] = refused
    writable = refused is not None
    with leases.held(api, "id", writable=writable, holder="me") as lease:
        assert lease.note.startswith("locked on this machine alone")
        with (
            pytest.raises(ClusterError, match=r"^the cluster is held by me: wait"),
            leases.held(api, "id", writable=writable),
        ):
            pytest.fail("taken though held")
    assert LEASE not in api_server.documents


def test_two_requests_that_hang_do_not_lose_the_cluster() -> None:
    between = leases.DURATION_SECONDS / leases.RENEWALS
    assert 2 * (between + REQUEST_SECONDS[1]) < leases.DURATION_SECONDS
