"""A whole database into another one, which is empty: copied, and compared row by row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from ..database import Connection
from .client_programs import called
from .dumps import ANALYZE, require_empty
from .local_database import CommandFailed
from .pouring import Told, pour
from .writers_held import remove_gate, tables_of

OLDEST = 15
UNFINISHED = "logistics_unfinished_move"
"""A table that is there from the beginning of a copy until it was found right: what else is there may go."""

IS_UNFINISHED = f"""
SELECT EXISTS (SELECT FROM pg_class WHERE relname = '{UNFINISHED}' AND relkind = 'r' AND relpersistence = 'p'
               AND relnamespace = current_schema()::regnamespace AND pg_get_userbyid(relowner) = current_user)
"""
"""Ours alone counts: others may make tables of any name, if only temporary ones."""

WHAT_IT_IS = """
SELECT current_setting('server_version_num')::integer / 10000 AS version,
       current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby
"""
DROP_ALL = """
SELECT string_agg(statement, ';') FROM (
    SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', schemaname, tablename) AS statement
    FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tableowner = current_user
    UNION ALL
    SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', function.oid::regprocedure)
    FROM pg_proc AS function
    WHERE pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = function.oid AND deptype = 'e')
) AS everything
"""
"""A table that is dropped takes its triggers along, but not what they call; what an extension brought stays."""

# The sum does not depend on the order of the rows.
ROWS = "SELECT count(*) AS rows, COALESCE(sum(hashtextextended(stored::text, 0)), 0) AS digest FROM {table} AS stored"
SAME_SPELLING = {"datestyle": "ISO, DMY", "timezone": "UTC", "intervalstyle": "postgres", "bytea_output": "hex"}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url, server_settings=SAME_SPELLING)
    try:
        yield connection
    finally:
        await connection.close()


async def make_ready(target: Connection, url: str) -> None:
    """Takes away what a move that was cut off left there. Raises CommandFailed where the database will not do."""
    found = await target.fetchrow(WHAT_IT_IS)
    if found["version"] < OLDEST:
        raise CommandFailed(f"That server is PostgreSQL {found['version']}: {OLDEST} or later is needed.")
    if found["encoding"] != "UTF8":
        raise CommandFailed(f"That database's encoding is {found['encoding']}. Make one with ENCODING 'UTF8'.")
    if found["standby"]:
        raise CommandFailed("That server is a standby: name the primary.")
    if await target.fetchval(IS_UNFINISHED):
        await target.execute(await target.fetchval(DROP_ALL))
    await asyncio.to_thread(require_empty, url)


async def copy_database(source: str, target: str, told: Told) -> None:
    """Between URLs. `told` hears how many bytes of SQL went over. Raises CommandFailed."""
    command, environment = called("pg_dump", source, "--format=plain", "--no-owner", "--no-privileges")
    mark = f"CREATE TABLE {UNFINISHED} ();"
    await asyncio.to_thread(pour, command, environment, target, told, first=mark)


async def compare(source: Connection, target: Connection) -> int:
    """How many rows there are, the same in both. Raises CommandFailed where a row differs."""
    await target.execute(ANALYZE)
    rows = 0
    for table in await tables_of(source):
        here, there = [await each.fetchrow(ROWS.format(table=table)) for each in (source, target)]
        if here != there:
            raise CommandFailed(f"{table} is not the same there: {here['rows']} rows here, {there['rows']} there.")
        rows += here["rows"]
    return rows


async def finish(target: Connection) -> None:
    """It is whole and right: it may be used."""
    async with target.transaction():
        await remove_gate(target)
        await target.execute(f"DROP TABLE {UNFINISHED}")
