"""Customers as they were before a load. (Visits are the rollup's business: rollup/writing.py.)"""

from ...database import Connection, each_row_once
from ...rollup.commits import Commit
from ...rollup.writing import TAKE_BACK_SECONDS, TakenBack

DELETE = """
WITH gone AS (DELETE FROM customers WHERE load_id = $1 RETURNING updated_by_load)
SELECT count(*) AS removed, count(updated_by_load) AS changed FROM gone
"""

LEAVE_ADDRESSES = """
UPDATE customers AS c SET email_twin = -numbered.place
FROM (SELECT id, email, row_number() OVER (ORDER BY id)::integer AS place FROM customers_before WHERE load_id = $1)
    AS numbered
WHERE c.id = numbered.id AND c.updated_by_load = $1 AND lower(c.email) <> lower(numbered.email)
"""
"""An address may have moved on from customer to customer; numbers below zero are nobody else's twins."""

RESTORE = """
WITH restored AS (
    UPDATE customers AS c
    SET nome = b.nome, email = b.email, telefone = b.telefone, email_twin = b.email_twin,
        updated_by_load = b.updated_by_load
    FROM customers_before AS b WHERE b.load_id = $1 AND c.id = b.id AND c.updated_by_load = $1
    RETURNING c.id
)
SELECT count(*) AS restored, (SELECT count(*) FROM customers_before WHERE load_id = $1) - count(*) AS kept FROM restored
"""


async def take_back_customers(connection: Connection, load_id: int, _: Commit) -> TakenBack:
    """Raises ForeignKeyViolationError where visits point at a row, UniqueViolationError where an address is taken."""
    gone = await connection.fetchrow(DELETE, load_id, timeout=TAKE_BACK_SECONDS)
    async with each_row_once(connection):
        await connection.execute(LEAVE_ADDRESSES, load_id, timeout=TAKE_BACK_SECONDS)
        back = await connection.fetchrow(RESTORE, load_id, timeout=TAKE_BACK_SECONDS)
    return TakenBack(gone["removed"], back["restored"], back["kept"], gone["changed"])
