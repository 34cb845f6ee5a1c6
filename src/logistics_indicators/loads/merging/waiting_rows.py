"""Rows whose customer, or whatever else they refer to, is not there yet, and that are not rejected for it."""

import polars as pl

from ...database import Connection
from ..kinds import COLUMNS, KINDS, SCHEMAS, DataType, Kind

TEXTS: dict[str, DataType] = {"row": pl.String, "origin_line": pl.Int64, "earlier_reason": pl.String}
"""What is known of a row beside its line and its values: they are needed where it is rejected in the end."""


KIND = Kind.services
"""The kind whose rows may wait."""

((COLUMN, _reference),) = KINDS[KIND].refers_to.items()
REASON = _reference.reason
"""For which they are rejected where they do not."""


def waiting_schema(kind: Kind) -> dict[str, DataType]:
    return {"line": pl.Int64} | {name: SCHEMAS[kind][name] for name in COLUMNS[kind]} | TEXTS


ROOM = f"""
SELECT $2 - COALESCE(sum(other.waiting_bytes), 0)::bigint AS room,
    mine.rejects @> '[{{"reason": "{REASON}"}}]' AS is_used_up
FROM loads mine LEFT JOIN loads other ON other.user_id IS NOT DISTINCT FROM mine.user_id AND other.waiting_bytes > 0
    AND (other.status = 'completed' AND NOT other.validate_only OR other.id = mine.id)
WHERE mine.id = $1 GROUP BY mine.id
"""
"""Whoever rejected one row of a load for want of room rejects all later ones: in file order the first wait."""


def bytes_of(rows: pl.DataFrame) -> int:
    """What rows that wait count for: themselves as they were sent."""
    return int(rows["row"].str.len_bytes().cast(pl.Int64).sum())


async def how_many_fit(connection: Connection, load_id: int, rows: pl.DataFrame, most_bytes: int) -> int:
    """Of a chunk's rows in file order, in its turn. `most_bytes`: of all rows of the load's user that wait."""
    found = await connection.fetchrow(ROOM, load_id, most_bytes)
    if found["is_used_up"]:
        return 0
    sums = rows["row"].str.len_bytes().cast(pl.Int64).cum_sum()
    return int((sums <= found["room"]).sum())
