"""The values that a load's updates replaced: kept with the update, as long as the load is, for its undo."""

import polars as pl

from ...database import Connection
from ..kinds import KINDS, Kind


def _keep(kind: Kind) -> str:
    columns = ", ".join(KINDS[kind].columns_before)
    return f"""
        INSERT INTO {kind}_before (load_id, {columns})
        SELECT $1, {columns} FROM {kind} WHERE id = ANY($2::bigint[]) ORDER BY id"""


KEEP = {kind: _keep(kind) for kind in Kind}


async def keep_before(connection: Connection, kind: Kind, ids: pl.Series, load_id: int) -> None:
    """Call before the update of these rows, in its transaction, which has them locked."""
    await connection.execute(KEEP[kind], load_id, ids.to_list())


async def forget_before(connection: Connection, kind: Kind, load_id: int) -> None:
    await connection.execute(f"DELETE FROM {kind}_before WHERE load_id = $1", load_id, timeout=600)
