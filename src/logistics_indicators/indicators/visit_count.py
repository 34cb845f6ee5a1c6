"""How many visits there are, told by the rollup: it holds each one, and is exact at every commit."""

from ..database import Connection

# Whole years and open visits, with what is not folded yet: some rows, where services has millions.
COUNT_VISITS = """
SELECT (SELECT COALESCE(sum(visits), 0) FROM rollup_blocks WHERE grain = 4)
     + (SELECT COALESCE(sum(total), 0) FROM rollup_open)
     + (SELECT COALESCE(sum(change), 0) FROM rollup_deltas, unnest(visits) AS change)
"""


async def count_visits(connection: Connection) -> int:
    return int(await connection.fetchval(COUNT_VISITS))
