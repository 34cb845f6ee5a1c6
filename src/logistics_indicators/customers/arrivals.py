"""A customer that came may be one that visits wait for: whoever inserts customers says so here, behind the rows.

Costs what the customers bring: a look-up of each in the index of the waiting visits, where there are any. The visits
are tried in a transaction of their own, by the loads' workers.
"""

from ..database import Connection, announce_changed_loads

SOME_WAIT = "SELECT EXISTS (SELECT FROM services_waiting)"
ANNOUNCE = """
INSERT INTO arrived_customers (id_cliente)
SELECT came.id FROM unnest($1::text::bigint[]) AS came (id)
WHERE EXISTS (SELECT FROM services_waiting w WHERE w.id_cliente = came.id)
"""


async def announce_arrivals(connection: Connection, ids: str) -> None:
    """`ids`: text of a bigint[]. Call in the transaction that inserted them, after the rows.

    A load whose visits may wait locks customers while it looks who is there. So those that it let wait are committed
    before our rows went in, and seen here; or it waits for us, and sees our rows.
    """
    if not await connection.fetchval(SOME_WAIT):
        return
    if await connection.execute(ANNOUNCE, ids) != "INSERT 0 0":
        await announce_changed_loads(connection)
