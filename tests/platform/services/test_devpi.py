"""devpi from the pod by devpi and pip, seen from outside through the server's API, and what it must refuse.

Everybody may read an index, by design of devpi; what one user must not do is write into another's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fixtures.advice import last_line, repair
from fixtures.certificates import Authority
from fixtures.deployment.tools import word
from fixtures.services.catalogue.devpi import LOGIN, DevpiCli, Index, Wheel, connected, index_of
from fixtures.services.model import Account, Endpoint

TENANT_PAIRS = ("the workspace", "its neighbour")


@pytest.fixture
def name(run_id: str) -> str:
    """A name of the check's own."""
    return f"check-{run_id}-{secrets.token_hex(4)}"


@pytest.fixture
def index(devpi: Endpoint, name: str) -> Iterator[Index]:
    """An index of the workspace's that is not there yet, and is gone in the end."""
    with index_of(devpi, name) as found:
        yield found


@pytest.fixture
def wheel() -> Wheel:
    """A package that nobody has seen before."""
    return Wheel(f"probe{secrets.token_hex(4)}", word())


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, devpi: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return devpi.account, devpi.neighbour
    return devpi.neighbour, devpi.account


# ---- connects


@pytest.mark.requirement("TOOL-devpi-client-connects", "ENV-2")
def test_devpi_logs_in_and_uses_an_index_of_the_server(devpi_cli: DevpiCli, devpi: Endpoint, index: Index) -> None:
    index.create()
    done = devpi_cli(f'devpi use "$DEVPI_URL/{index.path}"')
    said = last_line(done.stderr or done.stdout)
    assert done.rc == 0, f"devpi: no index from the pod: {said}: {repair(said)}"
    # It goes on without a check where the certificate is not good, and only says so.
    assert "validation failed" not in done.stdout, "devpi: does not trust the server: name its authority to the pod"
    line = next((one for one in done.stdout.splitlines() if "index:" in one), "no index")
    wanted = f"/{index.path} (logged in as {devpi.account.user})"
    assert devpi.host in line, f"devpi: {line!r} is not at {devpi.host}: set DEVPI_URL"
    assert line.endswith(wanted), f"devpi: {line!r} is not {wanted}: see the log-in"


@pytest.mark.requirement("TOOL-devpi-client-connects")
def test_devpi_gives_no_password_to_a_server_of_another_authority(devpi_cli: DevpiCli) -> None:
    foreign = Authority("somebody else").certificate
    done = devpi_cli(
        f"cat >foreign.crt; export REQUESTS_CA_BUNDLE=$PWD/foreign.crt\n{LOGIN}", login=False, stdin=foreign
    )
    said = done.stdout + done.stderr
    assert done.rc != 0, f"devpi: logs in at anybody's ({last_line(said)}): see the server's certificate"
    assert "SSL verification failed" in said, f"devpi: {last_line(said)}: it is the certificate that it has to refuse"


# ---- operates


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_uploads_a_package_that_pip_installs(devpi_cli: DevpiCli, index: Index, wheel: Wheel) -> None:
    index.create()
    done = devpi_cli(
        f"""cat >{wheel.name}; devpi use {index.path} >/dev/null
        devpi upload {wheel.name} >uploaded || {{ cat uploaded; exit 1; }}
        pip install --quiet --no-cache-dir --target=lib --index-url="$DEVPI_URL/{index.path}/+simple/" {wheel.project}
        PYTHONPATH=lib python3 -c 'import {wheel.project}; print({wheel.project}.SAID)'""",
        stdin=wheel.content,
    )
    said = last_line(done.stderr or done.stdout)
    assert done.rc == 0, f"devpi: no package went up and down: {said}: {repair(said)}"
    assert done.stdout.strip() == wheel.said, (
        f"pip: installed what says {done.stdout.strip()!r}, not {wheel.said}: see it"
    )
    (link,) = index.files(wheel.project)[wheel.version]
    seen, wanted = link["hashes"]["sha256"], hashlib.sha256(wheel.content).hexdigest()
    assert seen == wanted, f"devpi: the server has a file with the hash {seen}, {wanted} went up: see DEVPI_URL"


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_removes_a_package(devpi_cli: DevpiCli, index: Index, wheel: Wheel) -> None:
    index.create()
    use = f"devpi use {index.path} >/dev/null"
    done = devpi_cli(f"cat >{wheel.name}; {use}; devpi upload {wheel.name}", stdin=wheel.content)
    before = list(index.files(wheel.project))
    assert before == [wheel.version], (
        f"devpi: no package went up: {last_line(done.stdout + done.stderr)}: see the index"
    )
    done = devpi_cli(f"{use}; devpi remove -y {wheel.project}=={wheel.version}")
    left = list(index.files(wheel.project))
    assert not left, f"devpi: {left} is there after its removal: {last_line(done.stdout + done.stderr)}: see the index"


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_makes_and_deletes_an_index(devpi_cli: DevpiCli, index: Index) -> None:
    name = index.path.rpartition("/")[2]
    done = devpi_cli(f"devpi index --create {name} bases=")
    said = last_line(done.stdout + done.stderr)
    assert index.settings().status == 200, f"devpi: the server has no {index.path}: {said}: see DEVPI_URL"
    done = devpi_cli(f"devpi index -y --delete {name}")
    said = last_line(done.stdout + done.stderr)
    assert index.settings().status == 404, f"devpi: {index.path} is there after its removal: {said}: see the index"


# ---- refuses


@pytest.mark.requirement("TOOL-devpi-client-connects")
def test_wrong_password_is_refused(devpi_cli: DevpiCli, devpi: Endpoint, name: str) -> None:
    wrong = replace(devpi.account, password="wrong")  # noqa: S106
    done = devpi_cli("devpi index -l", wrong)
    assert done.rc != 0, f"devpi: lets {wrong.user} in with a wrong password: see the users that it has"
    assert "401" in done.stderr, f"devpi: {last_line(done.stderr)}: a wrong password is answered with 401"
    with connected(devpi, wrong) as outside:
        seen = outside.ask("PUT", f"/{wrong.user}/{name}", {"bases": []}).status
    assert seen in {401, 403}, f"devpi: answers {seen} where a wrong password makes an index: see the users that it has"


@pytest.mark.requirement("TOOL-devpi-client-connects")
def test_unknown_index_is_named(devpi_cli: DevpiCli, index: Index) -> None:
    done = devpi_cli(f"devpi use {index.path}")
    said = done.stdout + done.stderr
    assert done.rc != 0, f"devpi: uses an index {index.path} that nobody made: see the server"
    assert "404" in said or "not found" in said.lower(), (
        f"devpi: {last_line(said)} for an unknown index: see the server"
    )


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_users_do_not_write_into_each_others_indexes(
    devpi_cli: DevpiCli, devpi: Endpoint, pair: tuple[Account, Account], name: str, wheel: Wheel
) -> None:
    stranger, owner = pair
    with index_of(devpi, name, owner) as index:
        index.create()
        script = f"cat >{wheel.name}; devpi use {index.path} >/dev/null; devpi upload {wheel.name}"
        done = devpi_cli(script, stranger, stdin=wheel.content)
        said = done.stdout + done.stderr
        assert "403" in said, f"devpi: {stranger.user} uploads to {index.path} ({last_line(said)}): see its acl_upload"
        assert not index.files(wheel.project), (
            f"devpi: {index.path} has a file of {stranger.user}'s: see its acl_upload"
        )
        with connected(devpi, stranger) as outside:
            seen = outside.ask("DELETE", f"/{index.path}").status
        assert seen == 403, f"devpi: answers {seen} where {stranger.user} deletes {index.path}: see --restrict-modify"
        assert index.settings().status == 200, f"devpi: {index.path} is gone, {stranger.user} deleted it: see its log"
