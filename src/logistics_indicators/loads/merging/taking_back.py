"""Rows as they were before a load. (Visits are the rollup's business: rollup/writing.py.)"""

from ...database import Connection, each_row_once
from ...distributed import lock_as_trigger_does
from ...rollup.writing import TAKE_BACK_SECONDS, TakenBack
from ..kinds import KINDS, Kind

DELETE = """
WITH gone AS (DELETE FROM {kind} WHERE load_id = $1 RETURNING updated_by_load)
SELECT count(*) AS removed, count(updated_by_load) AS changed FROM gone
"""

LEAVE_VALUES = """
UPDATE {kind} AS t SET {column}_twin = -numbered.place
FROM (SELECT id, {column}, row_number() OVER (ORDER BY id)::integer AS place FROM {kind}_before WHERE load_id = $1)
    AS numbered
WHERE t.id = numbered.id AND t.updated_by_load = $1 AND lower(t.{column}) <> lower(numbered.{column})
"""
"""A value that no two rows share may have moved on from row to row; numbers below zero are nobody else's twins."""

RESTORE = """
WITH restored AS (
    UPDATE {kind} AS t SET {values_before} FROM {kind}_before AS before
    WHERE before.load_id = $1 AND t.id = before.id AND t.updated_by_load = $1
    RETURNING t.id
)
SELECT count(*) AS restored, (SELECT count(*) FROM {kind}_before WHERE load_id = $1) - count(*) AS kept FROM restored
"""


async def take_back_rows(connection: Connection, kind: Kind, load_id: int) -> TakenBack:
    """Raises ForeignKeyViolationError where rows point at one, UniqueViolationError where a value is taken."""
    declared = KINDS[kind]
    restore = RESTORE.format(kind=kind, values_before=declared.values_before)
    await lock_as_trigger_does(connection, kind)
    gone = await connection.fetchrow(DELETE.format(kind=kind), load_id, timeout=TAKE_BACK_SECONDS)
    async with each_row_once(connection):
        for column in declared.unique:
            leave = LEAVE_VALUES.format(kind=kind, column=column)
            await connection.execute(leave, load_id, timeout=TAKE_BACK_SECONDS)
        back = await connection.fetchrow(restore, load_id, timeout=TAKE_BACK_SECONDS)
    return TakenBack(gone["removed"], back["restored"], back["kept"], gone["changed"])
