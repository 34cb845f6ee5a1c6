"""The id of a single new row: the sequence's next, moved past the ids that a batch brought along."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import asyncpg

from .database import Connection, Lock, constraint_of, lock
from .errors import Conflict

Table = Literal["customers", "services"]
T = TypeVar("T")

ATTEMPTS = 20

LARGEST_ORDINARY_ID = 2**52
"""A file may bring larger ids. They are stored, but do not move the sequence: one stray id would use up all others."""

# next is null once the sequence has given out all ordinary ids.
LARGEST_AND_NEXT = f"""
SELECT COALESCE((SELECT max(id) FROM {{table}} WHERE id <= {LARGEST_ORDINARY_ID}), 0) AS largest,
       CASE WHEN last_value < {LARGEST_ORDINARY_ID} THEN nextval('{{table}}_id_seq') END AS next
FROM {{table}}_id_seq
"""

MOVE_ON_LOCK = {"customers": Lock.customer_ids, "services": Lock.service_ids}

# A sequence that stands at the end without a row there comes back (it was moved there by a load that was undone, or
# by an earlier release).
MOVE_ON = f"""
SELECT setval('{{table}}_id_seq', GREATEST(
    $1::bigint, CASE WHEN last_value < {LARGEST_ORDINARY_ID} THEN last_value ELSE 1 END
), $1::bigint > 0)
FROM {{table}}_id_seq
"""


async def insert_with_next_id(connection: Connection, table: Table, insert: Callable[[int], Awaitable[T]]) -> T:
    """Calls `insert` with a free id and returns what it returns. Call in a transaction.

    Raises Conflict where no id is left, or a load takes the ids away as fast as they are found.
    """
    for _ in range(ATTEMPTS):
        new_id = await _next_id(connection, table)
        try:
            async with connection.transaction():
                return await insert(new_id)
        except asyncpg.UniqueViolationError as error:
            if constraint_of(error) != f"{table}_pkey":
                raise
    raise Conflict("A load is taking the ids as fast as they are found; try again in a moment.")


async def _next_id(connection: Connection, table: Table) -> int:
    largest, new_id = await connection.fetchrow(LARGEST_AND_NEXT.format(table=table))
    if new_id is not None and new_id > largest:
        return int(new_id)
    if largest >= LARGEST_ORDINARY_ID:
        raise Conflict(
            f"There is no id left: the largest that is given to a new row, {LARGEST_ORDINARY_ID}, is taken. "
            "A load may bring ids of its own."
        )
    await lock(connection, MOVE_ON_LOCK[table])  # else the slower of two at once would move the sequence back
    await connection.execute(MOVE_ON.format(table=table), largest)
    return int(await connection.fetchval(f"SELECT nextval('{table}_id_seq')"))
