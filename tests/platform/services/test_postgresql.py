"""PostgreSQL from the pod by psql, seen from outside by a client of its own, and what it must refuse."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from fixtures.certificates import Authority
from fixtures.services.catalogue.postgresql import Psql, connected
from fixtures.services.model import Account, Endpoint, ServiceError

TENANT_PAIRS = ("the workspace", "its neighbour")
ADMINISTRATION = {
    "CREATE ROLE intruder LOGIN": "permission denied to create role",
    "ALTER ROLE CURRENT_USER CREATEDB": "permission denied to alter role",
    "COPY (SELECT 1) TO PROGRAM 'true'": "permission denied to COPY to or from an external program",
    "SELECT rolpassword FROM pg_authid": "permission denied for table pg_authid",
}
"""What takes an administrator, and the words of the refusal."""


@pytest.fixture
def schema(postgresql: Endpoint, run_id: str) -> Iterator[str]:
    """A schema of the check's own, gone in the end with all that is in it."""
    name = f"check_{run_id}_{secrets.token_hex(4)}"
    with connected(postgresql) as outside:
        outside.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    yield name
    with connected(postgresql) as outside:
        outside.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, postgresql: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return postgresql.account, postgresql.neighbour
    return postgresql.neighbour, postgresql.account


def value(outside: psycopg.Connection, query: LiteralString) -> Any:
    row = outside.execute(query).fetchone()
    return row[0] if row is not None else None


# ---- connects


@pytest.mark.requirement("TOOL-psql-connects", "ENV-2")
def test_psql_reaches_the_server_that_the_environment_names(psql: Psql, postgresql: Endpoint) -> None:
    done = psql("SELECT 40 + 2, current_setting('server_version_num'), current_user")
    assert done.rc == 0, f"psql: no connection from the pod: {done.stderr.strip()}: see PGHOST and PGPORT"
    with connected(postgresql) as outside:
        version = value(outside, "SHOW server_version_num")
    expected = f"42|{version}|{postgresql.account.user}"
    assert done.stdout.strip() == expected, f"psql: {done.stdout.strip()!r}, outside it is {expected!r}: see PGHOST"


@pytest.mark.requirement("TOOL-psql-connects")
def test_psql_encrypts_and_checks_the_certificate(psql: Psql) -> None:
    done = psql(
        "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid(); \\echo :HOST\n\\! env | grep PGSSLMODE"
    )
    assert done.rc == 0, f"psql: no connection from the pod: {done.stderr.strip()}: see PGSSLROOTCERT"
    assert done.stdout.startswith("t|TLSv1."), f"psql: not encrypted ({done.stdout.strip()!r}): turn ssl on"
    assert "PGSSLMODE=verify-full" in done.stdout, "psql: checks no certificate: set PGSSLMODE=verify-full in the pod"


@pytest.mark.requirement("TOOL-psql-connects")
def test_psql_refuses_a_server_of_another_authority(psql: Psql) -> None:
    foreign = Authority("somebody else").certificate.decode()
    before = f"cat >foreign.crt <<'END'\n{foreign}END\nexport PGSSLROOTCERT=$PWD/foreign.crt"
    done = psql("SELECT 1", before=before)
    assert done.rc == 2, f"psql: trusts anybody ({done.stdout.strip()!r}): set PGSSLMODE=verify-full in the pod"
    assert "certificate verify failed" in done.stderr, f"psql: {done.stderr.strip()}: the server's certificate is awry"


# ---- operates


@pytest.mark.requirement("TOOL-psql-operates", "FLOW-postgresql")
def test_psql_makes_fills_and_drops_a_table(psql: Psql, postgresql: Endpoint, schema: str) -> None:
    here = f"-c search_path={schema}"
    inside = {"PGOPTIONS": here}
    made = psql("CREATE TABLE notes (word text); INSERT INTO notes VALUES (gen_random_uuid()) RETURNING word",
                changes=inside)  # fmt: skip
    assert made.rc == 0, f"psql: cannot fill a table: {made.stderr.strip()}: give the user a database of its own"
    word = made.stdout.strip()
    with connected(postgresql, options=here) as outside:
        seen = value(outside, "SELECT word FROM notes")
        assert seen == word, f"psql: wrote {word!r}, outside it is {seen!r}: see PGHOST"
        outside.execute("UPDATE notes SET word = reverse(word)")
    read = psql("SELECT word FROM notes; DROP TABLE notes", changes=inside)
    assert read.stdout.strip() == word[::-1], f"psql: reads {read.stdout!r}, {word[::-1]} stands there: see PGHOST"
    with connected(postgresql, options=here) as outside:
        assert value(outside, "SELECT to_regclass('notes')") is None, "psql: a dropped table is still there: see PGHOST"


@pytest.mark.requirement("FLOW-postgresql", "TOOL-psql-operates")
def test_a_dump_brings_back_what_was_lost(psql: Psql, postgresql: Endpoint, schema: str) -> None:
    here = f"-c search_path={schema}"
    numbers = [secrets.randbelow(1000) for _ in range(20)]
    rows = "\n".join(map(str, numbers))
    steps = [
        "CREATE TABLE amounts (number int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, amount int);",
        f"\\copy amounts (amount) FROM stdin\n{rows}\n\\.",
        "BEGIN; DELETE FROM amounts; ROLLBACK;",
        f"\\! pg_dump --schema={schema} >dump.sql",
        f"SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE;",
        "\\i dump.sql\n",
    ]
    done = psql("\n".join(steps), changes={"PGOPTIONS": here})
    assert done.rc == 0, f"psql: load, dump, restore: {done.stderr.strip()}: see whether pg_dump fits the server"
    with connected(postgresql, options=here) as outside:
        seen = value(outside, "SELECT array_agg(amount ORDER BY number) FROM amounts")
    assert seen == numbers, f"postgresql: {seen} after the restore instead of {numbers}: see pg_dump"


# ---- refuses


@pytest.mark.requirement("TOOL-psql-operates", "FLOW-postgresql")
def test_wrong_password_is_refused(psql: Psql, postgresql: Endpoint) -> None:
    user, refusal = postgresql.account.user, "password authentication failed"
    done = psql("SELECT 1", changes={"PGPASSWORD": "wrong"})
    assert done.rc == 2, f"postgresql: lets {user} in with a wrong password: ask for scram-sha-256 in pg_hba.conf"
    assert refusal in done.stderr, f"psql: {done.stderr.strip()!r} for a wrong password: see the server's log"
    with pytest.raises(ServiceError, match=refusal), connected(postgresql, password="wrong"):  # noqa: S106
        pass


@pytest.mark.requirement("FLOW-postgresql")
def test_no_password_is_refused(psql: Psql) -> None:
    done = psql("SELECT 1", before="unset PGPASSWORD")
    assert done.rc == 2, "postgresql: lets a user in without a password: ask for scram-sha-256 in pg_hba.conf"
    assert "no password supplied" in done.stderr, f"psql: {done.stderr.strip()!r} without a password: see pg_hba.conf"


@pytest.mark.requirement("TOOL-psql-operates")
def test_unknown_database_is_named(psql: Psql) -> None:
    name = f"nowhere-{secrets.token_hex(4)}"
    done = psql("SELECT 1", changes={"PGDATABASE": name})
    said = f'database "{name}" does not exist'
    assert (done.rc, said in done.stderr) == (2, True), f"psql: {done.stderr.strip()!r}, not {said!r}: see the server"


@pytest.mark.requirement("FLOW-postgresql")
def test_plain_connection_is_refused(psql: Psql, postgresql: Endpoint) -> None:
    done = psql("SELECT 1", changes={"PGSSLMODE": "disable"})
    assert done.rc == 2, "postgresql: takes a connection that is not encrypted: name `hostssl` alone in pg_hba.conf"
    assert "no encryption" in done.stderr, f"psql: {done.stderr.strip()!r} for a plain connection: see pg_hba.conf"
    with pytest.raises(ServiceError, match="no encryption"), connected(postgresql, sslmode="disable"):
        pass


@pytest.mark.requirement("FLOW-postgresql")
@pytest.mark.parametrize("forbidden", ADMINISTRATION)
def test_user_is_no_administrator(psql: Psql, forbidden: str) -> None:
    done = psql(f"BEGIN; {forbidden}; ROLLBACK")
    assert done.rc == 3, f"postgresql: lets a user do `{forbidden}`: take its role's superuser rights away"
    assert ADMINISTRATION[forbidden] in done.stderr, f"psql: {done.stderr.strip()!r} for `{forbidden}`: see its rights"


@pytest.mark.requirement("FLOW-postgresql")
def test_users_do_not_see_each_others_databases(
    psql: Psql, postgresql: Endpoint, pair: tuple[Account, Account]
) -> None:
    stranger, owner = pair
    refusal = f'permission denied for database "{owner.space}"'
    done = psql("SELECT 1", stranger, changes={"PGDATABASE": owner.space})
    assert done.rc == 2, f"postgresql: {stranger.user} gets into {owner.space}: revoke CONNECT on it from PUBLIC"
    assert refusal in done.stderr, f"psql: {done.stderr.strip()!r}, not {refusal!r}: see the server's log"
    with pytest.raises(ServiceError, match=refusal), connected(postgresql, stranger, dbname=owner.space):
        pass
    with connected(postgresql, owner) as outside:
        assert value(outside, "SELECT current_user") == owner.user, (
            f"postgresql: {owner.user} is not let in: see its role"
        )
