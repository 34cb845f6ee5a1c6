"""What a load finds as it begins to write: whether its table is empty, and which indexes it does better without."""

from typing import Any

from ...database import Connection
from ..kinds import Kind
from ..merging.indexes import drop_indexes
from ..merging.tables import Target
from .chunks import parsed_chunk


async def is_empty(connection: Connection, kind: Kind) -> bool:
    return bool(await connection.fetchval(f"SELECT NOT EXISTS (SELECT FROM {kind})"))


async def drop_indexes_before(connection: Connection, load: Any, *, into_empty: bool) -> None:
    """`load`: LOAD_COLUMNS."""
    kind = Kind(load["kind"])

    async def are_stored() -> bool:
        if into_empty:
            return False
        rows = (await parsed_chunk(connection, load, 0)).rows
        return 2 * int((await Target(kind).matching(connection, rows)).sum()) > rows.height

    await drop_indexes(connection, kind, load["bytes"], are_stored)
