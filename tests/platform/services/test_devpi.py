"""devpi: devpi and pip in the pod against the package index, seen from outside by the server's API.

Everybody may read an index, by design of devpi; what one user must not do is write into another's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fixtures.advice import REBUILD, last_line
from fixtures.deployment.tools import refused, says, status_code, succeeded, word
from fixtures.services.catalogue.devpi import LOGIN, DevpiCli, Index, Wheel, connected, index_of
from fixtures.services.http import opened
from fixtures.services.model import Account, Endpoint
from fixtures.services.tenants import TenantPair

INDEX_LOG = "read devpi-server's log for the index"


@pytest.fixture
def index(devpi: Endpoint, name: str) -> Iterator[Index]:
    """An index of the workspace's user that is not there yet, and is removed at the end."""
    with index_of(devpi, name) as found:
        yield found


@pytest.fixture
def wheel() -> Wheel:
    """A package that no index has."""
    return Wheel(f"probe{secrets.token_hex(4)}", word())


# ---- connects


@pytest.mark.requirement("TOOL-devpi-client-connects", "ENV-2")
def test_devpi_logs_in_and_uses_an_index_of_the_server(devpi_cli: DevpiCli, devpi: Endpoint, index: Index) -> None:
    index.create()
    told = succeeded(devpi_cli(f'devpi use "$DEVPI_URL/{index.path}"'), "devpi", "no index from the pod")
    # It goes on without a check where the certificate is not good, and only says so.
    assert "validation failed" not in told, "devpi: does not trust the server: mount its authority in the workspace"
    line = next((one for one in told.splitlines() if "index:" in one), "no index")
    expected = f"/{index.path} (logged in as {devpi.account.user})"
    assert devpi.host in line, f"devpi: uses {line!r}, which is not at {devpi.host}: set DEVPI_URL"
    assert line.endswith(expected), f"devpi: uses {line!r}, not {expected!r}: {REBUILD}"


@pytest.mark.requirement("TOOL-devpi-client-connects")
def test_devpi_gives_no_password_to_a_server_of_another_authority(
    devpi_cli: DevpiCli, foreign_certificate: bytes
) -> None:
    script = f"cat >foreign.crt; export REQUESTS_CA_BUNDLE=$PWD/foreign.crt\n{LOGIN}"
    done = devpi_cli(script, login=False, stdin=foreign_certificate)
    words, what = "SSL verification failed", "a log-in at a server of another authority"
    refused(done, "devpi", words, what=what, repair=REBUILD, output="both")


# ---- operates


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_uploads_a_package_that_pip_installs(devpi_cli: DevpiCli, index: Index, wheel: Wheel) -> None:
    index.create()
    wheel = replace(wheel, ballast=10 << 20)
    script = f"""cat >{wheel.name}; devpi use {index.path} >/dev/null
        devpi upload {wheel.name} >uploaded || {{ cat uploaded; exit 1; }}
        pip install --quiet --no-cache-dir --target=lib --index-url="$DEVPI_URL/{index.path}/+simple/" {wheel.project}
        PYTHONPATH=lib python3 -c 'import {wheel.project}; print({wheel.project}.SAID)'"""
    said = succeeded(devpi_cli(script, stdin=wheel.content), "devpi", "no package is uploaded and installed").strip()
    assert said == wheel.said, f"pip: installed a package that says {said!r}, not {wheel.said!r}: {REBUILD}"
    (link,) = index.files(wheel.project)[wheel.version]
    seen, expected = link["hashes"]["sha256"], hashlib.sha256(wheel.content).hexdigest()
    assert seen == expected, f"devpi: the server's file has the hash {seen}, the uploaded one {expected}: set DEVPI_URL"


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_removes_a_package(devpi_cli: DevpiCli, index: Index, wheel: Wheel) -> None:
    index.create()
    use = f"devpi use {index.path} >/dev/null"
    done = devpi_cli(f"cat >{wheel.name}; {use}; devpi upload {wheel.name}", stdin=wheel.content)
    before, said = list(index.files(wheel.project)), last_line(done.stdout + done.stderr)
    assert before == [wheel.version], f"devpi: the index has {before} after the upload ({said}): {INDEX_LOG}"
    done = devpi_cli(f"{use}; devpi remove -y {wheel.project}=={wheel.version}")
    left, said = list(index.files(wheel.project)), last_line(done.stdout + done.stderr)
    assert not left, f"devpi: the index has {left} after the removal ({said}): {INDEX_LOG}"


@pytest.mark.requirement("TOOL-devpi-client-operates")
def test_devpi_makes_and_deletes_an_index(devpi_cli: DevpiCli, index: Index) -> None:
    name = index.path.rpartition("/")[2]
    done = devpi_cli(f"devpi index --create {name} bases=")
    seen, said = index.settings().status, last_line(done.stdout + done.stderr)
    assert seen == 200, f"devpi: the server answers {seen} for {index.path} when made ({said}): set DEVPI_URL"
    done = devpi_cli(f"devpi index -y --delete {name}")
    seen, said = index.settings().status, last_line(done.stdout + done.stderr)
    assert seen == 404, f"devpi: the server answers {seen} for {index.path} when deleted ({said}): {INDEX_LOG}"


# ---- refuses


@pytest.mark.requirement("SVC-devpi-auth")
def test_wrong_password_is_refused(devpi_cli: DevpiCli, devpi: Endpoint, name: str) -> None:
    wrong = replace(devpi.account, password="wrong")  # noqa: S106
    fix = f"give devpi's user {wrong.user} a password"
    refused(devpi_cli("devpi index -l", wrong), "devpi", status_code(401), what="a wrong password", repair=fix)
    with connected(devpi, wrong) as outside:
        seen = outside.ask("PUT", f"/{wrong.user}/{name}", {"bases": []}).status
    assert seen in {401, 403}, f"devpi: answers {seen} where a wrong password makes an index, not 401 or 403: {fix}"


@pytest.mark.requirement("SVC-devpi-auth")
@pytest.mark.parametrize("password", ["", "root"], ids=["none", "its-name"])
def test_root_has_a_password(devpi: Endpoint, password: str) -> None:
    with opened(devpi, {"Accept": "application/json"}) as visitor:
        seen = visitor.ask("POST", "/+login", {"user": "root", "password": password}).status
    assert seen == 401, (
        f"devpi: answers {seen} to root with {'its name' if password else 'nothing'} as password, not 401: "
        "give root a password when devpi-init makes the database"
    )


@pytest.mark.requirement("SVC-devpi-auth")
@pytest.mark.parametrize("who", ["a visitor", "a user"])
def test_nobody_makes_a_user(devpi: Endpoint, name: str, who: str) -> None:
    made = Account(name, secrets.token_hex(16), "")
    with connected(devpi) if who == "a user" else opened(devpi, {"Accept": "application/json"}) as asking:
        seen = asking.ask("PUT", f"/{name}", {"password": made.password}).status
    if seen == 201:
        with connected(devpi, made) as outside:
            outside.must("DELETE", f"/{name}")
    assert seen in {401, 403}, (
        f"devpi: answers {seen} where {who} makes another user, not 401 or 403: deny user_create to everyone by a "
        "plugin with devpiserver_auth_denials, or run devpi-server with --restrict-modify"
    )


@pytest.mark.requirement("TOOL-devpi-client-connects")
def test_unknown_index_is_named(devpi_cli: DevpiCli, index: Index) -> None:
    done = devpi_cli(f"devpi use {index.path}")
    what, fix = f"an index {index.path} that nobody made", "set DEVPI_URL to the server that was deployed"
    refused(done, "devpi", "404|(?i:not found)", what=what, repair=fix, output="both")


@pytest.mark.requirement("SVC-devpi-tenancy")
def test_users_do_not_write_into_each_others_indexes(
    devpi_cli: DevpiCli, devpi: Endpoint, pair: TenantPair, name: str, wheel: Wheel
) -> None:
    stranger, owner = pair(devpi)
    with index_of(devpi, name, owner) as index:
        index.create()
        fix = f"leave {index.path}'s acl_upload to {owner.user}, and run devpi-server with --restrict-modify"
        script = f"cat >{wheel.name}; devpi use {index.path} >/dev/null; devpi upload {wheel.name}"
        done = devpi_cli(script, stranger, stdin=wheel.content)
        says(
            done, "devpi", status_code(403), what=f"{stranger.user}'s upload to {index.path}", repair=fix, output="both"
        )
        assert not index.files(wheel.project), f"devpi: {index.path} has a file of {stranger.user}'s: {fix}"
        with connected(devpi, stranger) as outside:
            seen = outside.ask("DELETE", f"/{index.path}").status
        assert seen == 403, f"devpi: answers {seen} where {stranger.user} deletes {index.path}, not 403: {fix}"
        assert index.settings().status == 200, f"devpi: {index.path} is gone, {stranger.user} deleted it: {fix}"
