"""A role of the database for BI tools, which reads the views bi_… alone."""

import asyncpg

from ..database import Connection
from ..distributed import is_distributed
from .local_database import CommandFailed

MOST_CONNECTIONS = 10

# PostgreSQL takes no parameters in statements of this kind: it quotes them itself first.
CREATE = """
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT %s PASSWORD %L',
              $1::text, $2::integer, $3::text)
"""
ALTER = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"
RESTRICT = """
SELECT format('ALTER ROLE %1$I SET default_transaction_read_only = on; ALTER ROLE %1$I SET statement_timeout = ''60s'';
              GRANT CONNECT ON DATABASE %2$I TO %1$I; GRANT USAGE ON SCHEMA %3$I TO %1$I',
              $1::text, current_database(), current_schema())
"""
GRANT = r"""
SELECT string_agg(format('GRANT SELECT ON %I.%I TO %I', schemaname, viewname, $1::text), ';')
FROM pg_views WHERE schemaname = current_schema() AND viewname LIKE 'bi\_%'
"""

# What it may read of ours beyond the views, or do beyond reading.
EXCESS = r"""
SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
    OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)
    OR EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND NOT (relkind = 'v' AND relname LIKE 'bi\_%')
          AND has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
    )
FROM pg_roles WHERE rolname = $1
"""


DISTRIBUTED = (
    "The visits of this database lie on several servers, where no view lends its owner's rights: a role that reads the "
    "views alone cannot be made. Export files instead, or restore a backup from before `distribute` elsewhere."
)


async def grant_reader(url: str, name: str, password: str) -> None:
    """Makes the role, or gives it another password. Raises CommandFailed."""
    try:
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction():
                await _make_reader(connection, name, password)
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError) as error:
        raise CommandFailed(str(error)) from error


async def _make_reader(connection: Connection, name: str, password: str) -> None:
    if await is_distributed(connection):
        raise CommandFailed(DISTRIBUTED)
    excess = await connection.fetchval(EXCESS, name)
    if excess:
        raise CommandFailed(f"{name} is a role that may do more than read the views. Choose another name.")
    make = await (
        connection.fetchval(CREATE, name, MOST_CONNECTIONS, password)
        if excess is None
        else connection.fetchval(ALTER, name, password)
    )
    views = await connection.fetchval(GRANT, name)
    if views is None:
        raise CommandFailed("There are no views yet: start the service on this database once.")
    for statements in (make, await connection.fetchval(RESTRICT, name), views):
        await connection.execute(statements)
