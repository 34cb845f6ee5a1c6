"""As a load begins to write: is its table empty, which indexes does it do better without, which ids does it bring."""

from typing import Any

from ...database import Connection
from ..kinds import Kind
from ..merging.indexes import drop_indexes
from ..merging.tables import Target, move_sequence_on
from .chunks import parsed_chunk


async def is_empty(connection: Connection, kind: Kind) -> bool:
    return bool(await connection.fetchval(f"SELECT NOT EXISTS (SELECT 1 FROM {kind})"))


async def drop_indexes_before(connection: Connection, load: Any, *, into_empty: bool) -> None:
    """`load`: LOAD_COLUMNS."""
    kind = Kind(load["kind"])

    async def are_stored() -> bool:
        if into_empty:
            return False
        rows = (await parsed_chunk(connection, load, 0)).rows
        return 2 * int((await Target(kind).matching(connection, rows)).sum()) > rows.height

    await drop_indexes(connection, kind, load["bytes"], are_stored)


async def leave_its_ids(connection: Connection, load: Any) -> None:
    """To the load, by a look at its last chunk: files are mostly in the order of their ids, and a single new row that
    took one of a chunk to come would make a duplicate of the file's own. `load`: LOAD_COLUMNS.

    Each chunk moves the sequence on once more as it is merged. A gap is harmless.
    """
    if load["chunks"] > 1:
        rows = (await parsed_chunk(connection, load, load["chunks"] - 1)).rows
        await move_sequence_on(connection, Kind(load["kind"]), rows["id"])
