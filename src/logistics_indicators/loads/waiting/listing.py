"""The visits of a load that wait, as they are shown."""

from pydantic import BaseModel

from ...database import Connection
from ...http.field_types import Id
from ...http.paging import PAGE_BYTES, PageModel

LIST = """
WITH page AS (
    SELECT line, id, id_cliente, "row", sum(octet_length("row")) OVER (ORDER BY line) AS bytes
    FROM services_waiting
    WHERE load_id = $1 AND line > $2 AND ($3::bigint IS NULL OR id_cliente = $3) ORDER BY line LIMIT $4 + 1
)
SELECT line, id, id_cliente, "row", (SELECT count(*) FROM page) AS found
FROM page WHERE bytes - octet_length("row") < $5 ORDER BY line LIMIT $4
"""


class WaitingVisit(BaseModel):
    line: int
    id: Id
    id_cliente: Id
    row: str


class WaitingPage(PageModel):
    waiting: list[WaitingVisit]


async def list_waiting(
    connection: Connection, load_id: int, after_line: int, id_cliente: int | None, limit: int
) -> tuple[list[WaitingVisit], bool]:
    """(a page, whether more follow)"""
    rows = await connection.fetch(LIST, load_id, after_line, id_cliente, limit, PAGE_BYTES)
    page = [WaitingVisit(**{name: row[name] for name in WaitingVisit.model_fields}) for row in rows]
    return page, bool(rows) and rows[0]["found"] > len(rows)
