"""PostgreSQL: psql in the pod against the server, seen from outside by an independent client."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from fixtures.deployment.deployment import Deployment
from fixtures.deployment.tools import refused, succeeded, words_of
from fixtures.services.catalogue.postgresql import Psql, connected
from fixtures.services.logs import must_not_log
from fixtures.services.model import Account, Endpoint, ServiceError
from fixtures.services.tenants import TenantPair

ADMINISTRATION = {
    "CREATE ROLE intruder LOGIN": "permission denied to create role",
    "ALTER ROLE CURRENT_USER CREATEDB": "permission denied to alter role",
    "COPY (SELECT 1) TO PROGRAM 'true'": "permission denied to COPY to or from an external program",
    "SELECT rolpassword FROM pg_authid": "permission denied for table pg_authid",
}
"""What takes an administrator, and the words of the refusal."""
NO_CONNECTION, FAILED_SQL = 2, 3
"""Exit statuses of psql: it was not let in, and a statement of its script failed (see psql(1))."""
OTHER_SERVER = "set PGHOST and PGPORT to the server that was deployed"
VERIFY = "set PGSSLMODE=verify-full in the workspace"
LIMITS = {"statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"}
PATIENCE_SECONDS = 600
"""What a query of a developer's, or a pause in his session, may take."""
LEAST_TEMPORARY_KB = 1 << 20
"""What sorting, joining or indexing a developer's data may need on the disk: a gigabyte."""
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""Without one of these a node that fails takes what was committed along, or the whole database."""
OPEN_TO_ALL = ("postgres", "template1")
"""PostgreSQL's own databases, in which nobody has anything; it lets everybody into them by default."""
WITH_MORE_RIGHTS: tuple[LiteralString, ...] = (
    """SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE')
        AND has_schema_privilege(pronamespace, 'USAGE') AND prorettype <> 'event_trigger'::regtype
        AND proowner IN (SELECT oid FROM pg_roles WHERE rolsuper)
        AND NOT EXISTS (SELECT FROM pg_depend
            WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')""",
    """SELECT 'view ' || oid::regclass FROM pg_class WHERE relkind = 'v' AND has_table_privilege(oid, 'SELECT')
        AND has_schema_privilege(relnamespace, 'USAGE')
        AND relowner IN (SELECT oid FROM pg_roles WHERE rolsuper)
        AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
        AND NOT EXISTS (SELECT FROM pg_options_to_table(reloptions)
            WHERE option_name = 'security_invoker' AND option_value::boolean)
        AND NOT EXISTS (SELECT FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')""",
)
"""What a user may call or read through with the rights of a superuser, its owner; what extensions bring is theirs."""
SCRAM = "ask for scram-sha-256 alone in pg_hba.conf"


@pytest.fixture
def schema(postgresql: Endpoint, run_id: str) -> Iterator[str]:
    """A schema of one check, dropped at the end with all that is in it."""
    name = f"check_{run_id}_{secrets.token_hex(4)}"
    with connected(postgresql) as outside:
        outside.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    yield name
    with connected(postgresql) as outside:
        outside.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))


def value(outside: psycopg.Connection, query: LiteralString) -> Any:
    row = outside.execute(query).fetchone()
    return row[0] if row is not None else None


# ---- connects


@pytest.mark.requirement("TOOL-psql-connects", "ENV-2")
def test_psql_reaches_the_server_that_the_environment_names(psql: Psql, postgresql: Endpoint) -> None:
    done = psql("SELECT 40 + 2, current_setting('server_version_num'), current_user")
    seen = succeeded(done, "psql", "no connection from the pod").strip()
    with connected(postgresql) as outside:
        version = value(outside, "SHOW server_version_num")
    expected = f"42|{version}|{postgresql.account.user}"
    assert seen == expected, f"psql: reads {seen!r}, outside it is {expected!r}: {OTHER_SERVER}"


@pytest.mark.requirement("TOOL-psql-connects", "ENV-5")
def test_psql_encrypts_and_checks_the_certificate(psql: Psql) -> None:
    done = psql(
        "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid(); \\echo :HOST\n\\! env | grep PGSSLMODE"
    )
    told = succeeded(done, "psql", "no connection from the pod")
    assert told.startswith("t|TLSv1."), f"psql: the connection is not encrypted ({told!r}): set ssl = on in the server"
    assert "PGSSLMODE=verify-full" in told, f"psql: checks no certificate: {VERIFY}"


@pytest.mark.requirement("TOOL-psql-connects", "ENV-5")
def test_psql_refuses_a_server_of_another_authority(psql: Psql, foreign_certificate: bytes) -> None:
    before = f"cat >foreign.crt <<'END'\n{foreign_certificate.decode()}END\nexport PGSSLROOTCERT=$PWD/foreign.crt"
    done = psql("SELECT 1", before=before)
    what = "a server of another authority"
    refused(done, "psql", "certificate verify failed", what=what, repair=VERIFY, status=NO_CONNECTION)


# ---- operates


@pytest.mark.requirement("TOOL-psql-operates", "FLOW-postgresql")
def test_psql_makes_fills_and_drops_a_table(psql: Psql, postgresql: Endpoint, schema: str) -> None:
    here = f"-c search_path={schema}"
    inside = {"PGOPTIONS": here}
    made = psql("CREATE TABLE notes (word text); INSERT INTO notes VALUES (gen_random_uuid()) RETURNING word",
                changes=inside)  # fmt: skip
    told = succeeded(made, "psql", "cannot fill a table", repair="make the user the owner of a database")
    (word,) = words_of(told, 1, "psql", "tells the row that it wrote as")
    with connected(postgresql, options=here) as outside:
        seen = value(outside, "SELECT word FROM notes")
        assert seen == word, f"psql: wrote {word!r}, outside it is {seen!r}: {OTHER_SERVER}"
        outside.execute("UPDATE notes SET word = reverse(word)")
    read = psql("SELECT word FROM notes; DROP TABLE notes", changes=inside).stdout.strip()
    assert read == word[::-1], f"psql: reads {read!r}, outside {word[::-1]!r} was written: {OTHER_SERVER}"
    with connected(postgresql, options=here) as outside:
        left = value(outside, "SELECT to_regclass('notes')")
    assert left is None, f"psql: dropped the table {left}, outside it is still there: {OTHER_SERVER}"


@pytest.mark.requirement("FLOW-postgresql")
def test_query_may_take_its_time(postgresql: Endpoint) -> None:
    with connected(postgresql) as outside:
        query = "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s) AND unit = 'ms'"
        limits: dict[str, int] = dict(outside.execute(query, (sorted(LIMITS),)).fetchall())
    short = {name: limit for name, limit in limits.items() if 0 < limit < PATIENCE_SECONDS * 1000}
    # Some came with PostgreSQL 14 and 17; the oldest that is supported has this one.
    assert "statement_timeout" in limits, f"postgresql: knows none of {sorted(LIMITS)}: {OTHER_SERVER}"
    assert not short, (
        f"postgresql: ends what takes longer than {short} (in milliseconds), before {PATIENCE_SECONDS} s: raise it in "
        "postgresql.conf, and for the user"
    )


@pytest.mark.requirement("FLOW-postgresql")
def test_large_query_has_room_on_the_disk(postgresql: Endpoint) -> None:
    with connected(postgresql) as outside:
        room = value(outside, "SELECT setting::int FROM pg_settings WHERE name = 'temp_file_limit'")
    assert room == -1 or room >= LEAST_TEMPORARY_KB, (
        f"postgresql: ends a query that needs more than {room} kB on the disk: take temp_file_limit out of "
        "postgresql.conf, and of the user's role"
    )


@pytest.mark.requirement("FLOW-postgresql")
def test_what_is_committed_is_on_the_disk(postgresql: Endpoint) -> None:
    with connected(postgresql) as outside:
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
        seen: dict[str, str] = dict(outside.execute(query, ([*DURABLE],)).fetchall())
    off = [name for name in DURABLE if seen.get(name) in {None, "off"}]
    assert not off, (
        f"postgresql: loses what was committed where its node fails: take {', '.join(off)} = off out of postgresql.conf"
    )


@pytest.mark.requirement("SVC-postgresql-tenancy")
def test_no_query_is_in_the_log(postgresql: Endpoint, deployment: Deployment) -> None:
    word = secrets.token_hex(16)
    with connected(postgresql) as outside:
        seen = outside.execute(SQL("SELECT {}").format(word)).fetchone()
    assert seen == (word,), f"postgresql: answers {seen}, not {word!r}: {OTHER_SERVER}"
    must_not_log(deployment.api, postgresql, "postgresql", word, "set log_statement = none in postgresql.conf")


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
    fix = "ship a pg_dump that is not older than the server"
    succeeded(psql("\n".join(steps), changes={"PGOPTIONS": here}), "psql", "load, dump, restore failed", repair=fix)
    with connected(postgresql, options=here) as outside:
        there = value(outside, "SELECT to_regclass('amounts')") is not None
        seen = value(outside, "SELECT array_agg(amount ORDER BY number) FROM amounts") if there else "no table"
    assert seen == numbers, f"postgresql: has {seen} after the restore, not {numbers}: {fix}"


# ---- refuses


@pytest.mark.requirement("SVC-postgresql-auth")
def test_wrong_password_is_refused(psql: Psql, postgresql: Endpoint) -> None:
    refusal = "password authentication failed"
    done = psql("SELECT 1", changes={"PGPASSWORD": "wrong"})
    refused(done, "postgresql", refusal, what="a wrong password", repair=SCRAM, status=NO_CONNECTION)
    with pytest.raises(ServiceError, match=refusal), connected(postgresql, password="wrong"):  # noqa: S106
        pass


@pytest.mark.requirement("SVC-postgresql-auth")
@pytest.mark.uses("psql")
def test_no_password_is_refused(psql: Psql) -> None:
    done = psql("SELECT 1", before="unset PGPASSWORD")
    refused(done, "postgresql", "no password supplied", what="no password", repair=SCRAM, status=NO_CONNECTION)


@pytest.mark.requirement("SVC-postgresql-auth")
@pytest.mark.parametrize("password", ["", "postgres"], ids=["none", "its-name"])
def test_administrator_has_a_password(postgresql: Endpoint, password: str) -> None:
    administrator = Account("postgres", password, postgresql.account.space)
    refusal = "no password supplied|password authentication failed|no pg_hba.conf entry"
    with pytest.raises(ServiceError, match=refusal), connected(postgresql, administrator):
        pytest.fail(f"postgresql: lets postgres in with {password or 'no password'}: {SCRAM}, and give it a password")


@pytest.mark.requirement("TOOL-psql-operates")
def test_unknown_database_is_named(psql: Psql) -> None:
    name = f"nowhere-{secrets.token_hex(4)}"
    done = psql("SELECT 1", changes={"PGDATABASE": name})
    refusal, what = f'database "{name}" does not exist', "a database that nobody made"
    refused(done, "psql", refusal, what=what, repair=OTHER_SERVER, status=NO_CONNECTION)


@pytest.mark.requirement("SVC-postgresql-tls")
@pytest.mark.uses("psql")
def test_plain_connection_is_refused(psql: Psql, postgresql: Endpoint) -> None:
    done = psql("SELECT 1", changes={"PGSSLMODE": "disable"})
    what, fix = "a connection that is not encrypted", "write `hostssl` in each line of pg_hba.conf"
    refused(done, "postgresql", "no encryption", what=what, repair=fix, status=NO_CONNECTION)
    with pytest.raises(ServiceError, match="no encryption"), connected(postgresql, sslmode="disable"):
        pass


@pytest.mark.requirement("SVC-postgresql-tenancy")
@pytest.mark.uses("psql")
@pytest.mark.parametrize("forbidden", ADMINISTRATION)
def test_user_is_no_administrator(psql: Psql, forbidden: str) -> None:
    done = psql(f"BEGIN; {forbidden}; ROLLBACK")
    refusal, fix = ADMINISTRATION[forbidden], "make the user's role NOSUPERUSER NOCREATEROLE NOCREATEDB"
    refused(done, "postgresql", refusal, what=f"`{forbidden}`", repair=fix, status=FAILED_SQL)


@pytest.mark.requirement("SVC-postgresql-tenancy")
def test_user_gets_into_no_database_but_its_own(postgresql: Endpoint) -> None:
    """Those of Gitea and Keycloak have everybody's tokens and passwords."""
    with connected(postgresql) as outside:
        query = """SELECT datname FROM pg_database
            WHERE datallowconn AND has_database_privilege(datname, 'CONNECT') AND datname <> current_database()
            AND datdba <> (SELECT oid FROM pg_roles WHERE rolname = current_user)"""
        others = sorted({name for (name,) in outside.execute(query)} - {*OPEN_TO_ALL})
    assert not others, (
        f"postgresql: {postgresql.account.user} gets into {', '.join(others)} too: revoke CONNECT from PUBLIC there, "
        "and the role of its owner from the user"
    )


@pytest.mark.requirement("SVC-postgresql-tenancy")
def test_user_has_no_role_with_more_rights(postgresql: Endpoint) -> None:
    """Roles that PostgreSQL brings read the server's files, or each table, see its manual's `Predefined Roles`."""
    with connected(postgresql) as outside:
        query = """SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
            AND rolname NOT IN (current_user, 'pg_database_owner') AND (starts_with(rolname, 'pg_') OR rolsuper
            OR rolcreaterole OR rolcreatedb OR oid IN (SELECT datdba FROM pg_database))"""
        roles = sorted(name for (name,) in outside.execute(query))
    user = postgresql.account.user
    assert not roles, f"postgresql: {user} also has the role {', '.join(roles)}: revoke {roles[0]} from {user}"


@pytest.mark.requirement("SVC-postgresql-auth")
def test_nobody_else_is_a_superuser(postgresql: Endpoint) -> None:
    """The role of number 10 is the one that the server was made with, see `BOOTSTRAP_SUPERUSERID` in pg_authid.dat."""
    with connected(postgresql) as outside:
        query = """SELECT rolname FROM pg_roles one WHERE rolcanlogin AND oid <> 10 AND EXISTS (
            SELECT FROM pg_roles power WHERE power.rolsuper AND pg_has_role(one.oid, power.oid, 'MEMBER'))"""
        others = sorted(name for (name,) in outside.execute(query))
    assert not others, (
        f"postgresql: {', '.join(others)} may do what a superuser may: where nobody needs that role drop it, else give "
        "it what it needs alone"
    )


@pytest.mark.requirement("SVC-postgresql-auth")
def test_new_password_is_kept_as_the_log_in_asks_for_it(postgresql: Endpoint) -> None:
    """Who changes his password is locked out else, where pg_hba.conf asks for scram-sha-256."""
    with connected(postgresql) as outside:
        how = value(outside, "SHOW password_encryption")
    assert how == "scram-sha-256", f"postgresql: keeps new passwords as {how}: set password_encryption = scram-sha-256"


@pytest.mark.requirement("SVC-postgresql-tenancy")
def test_nothing_in_the_database_lends_an_administrator_s_rights(postgresql: Endpoint) -> None:
    with connected(postgresql) as outside:
        lent = sorted(name for query in WITH_MORE_RIGHTS for (name,) in outside.execute(query))
    assert not lent, (
        f"postgresql: {', '.join(lent)} works with a superuser's rights for {postgresql.account.user}: drop it, or "
        "give it to the database's owner"
    )


@pytest.mark.requirement("SVC-postgresql-tenancy")
@pytest.mark.uses("psql")
def test_users_do_not_see_each_others_databases(psql: Psql, postgresql: Endpoint, pair: TenantPair) -> None:
    stranger, owner = pair(postgresql)
    refusal = re.escape(f'permission denied for database "{owner.space}"')
    done = psql("SELECT 1", stranger, changes={"PGDATABASE": owner.space})
    what, fix = f"{stranger.user}'s connection to {owner.space}", f"revoke CONNECT on {owner.space} from PUBLIC"
    refused(done, "postgresql", refusal, what=what, repair=fix, status=NO_CONNECTION)
    with pytest.raises(ServiceError, match=refusal), connected(postgresql, stranger, dbname=owner.space):
        pass
    with connected(postgresql, owner) as outside:
        seen = value(outside, "SELECT current_user")
    assert seen == owner.user, f"postgresql: lets {owner.user} in as {seen}: let the role {owner.user} log in"
