"""The id of a single new row: the sequence's next, moved past the ids that a batch brought along."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import asyncpg

from .database import Connection
from .errors import Conflict
from .field_types import MAX_ID

Table = Literal["customers", "services"]
T = TypeVar("T")

ATTEMPTS = 20

# next is null once the sequence is used up.
LARGEST_AND_NEXT = f"""
SELECT COALESCE((SELECT max(id) FROM {{table}}), 0) AS largest,
       CASE WHEN last_value < {MAX_ID} THEN nextval('{{table}}_id_seq') END AS next
FROM {{table}}_id_seq
"""

# Under a lock, so that of two at once the slower cannot move the sequence back.
MOVE_ON = """
WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtext('{table}_id_seq')))
SELECT setval('{table}_id_seq', GREATEST($1, last_value)) FROM lock, {table}_id_seq
"""

FIRST_GAP = """
SELECT taken.id + 1 FROM {table} AS taken
WHERE taken.id >= $1 AND NOT EXISTS (SELECT FROM {table} AS follower WHERE follower.id = taken.id + 1)
ORDER BY taken.id LIMIT 1
"""


async def insert_with_next_id(connection: Connection, table: Table, insert: Callable[[int], Awaitable[T]]) -> T:
    """What `insert(id)` gives, for an id that is free. Call in a transaction.

    Raises Conflict where a load takes the ids away as fast as they are found.
    """
    for _ in range(ATTEMPTS):
        new_id = await _next_id(connection, table)
        try:
            async with connection.transaction():
                return await insert(new_id)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != f"{table}_pkey":
                raise
    raise Conflict("A load is taking the ids as fast as they are found; try again in a moment.")


async def _next_id(connection: Connection, table: Table) -> int:
    largest, new_id = await connection.fetchrow(LARGEST_AND_NEXT.format(table=table))
    if new_id is not None and new_id > largest:
        return int(new_id)
    if largest < MAX_ID:
        await connection.execute(MOVE_ON.format(table=table), largest)
        return int(await connection.fetchval(f"SELECT nextval('{table}_id_seq')"))
    return await _next_gap(connection, table, new_id or 1)


async def _next_gap(connection: Connection, table: Table, candidate: int) -> int:
    """Where a batch brought the largest id there can be, nothing is beyond it: the first free id from `candidate`."""
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE id = $1)", candidate):
        return candidate
    gap = int(await connection.fetchval(FIRST_GAP.format(table=table), candidate))
    await connection.execute(f"SELECT setval('{table}_id_seq', $1)", min(gap, MAX_ID))
    return gap
