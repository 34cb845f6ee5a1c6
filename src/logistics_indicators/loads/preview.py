"""The first rows of a file as they were sent, as long as its bytes are here."""

import asyncio
import csv
from collections.abc import Iterator

from pydantic import BaseModel, Field

from ..database import Connection
from ..errors import Conflict, NotFound
from ..texts import shortened
from .confirming import IS_KEPT
from .formats import PYTHON_CODECS
from .parsing.quoting import RecordRule

LOOKED_AT_BYTES = 256 * 1024
LONGEST_CELL = 200
MOST_CELLS = 200

FIND_BEGINNING = f"""
SELECT l.header, l.delimiter, l.encoding, l.column_names, octet_length(c.body) > {LOOKED_AT_BYTES} AS cut,
    substring(c.body FROM 1 FOR {LOOKED_AT_BYTES}) AS body
FROM loads l LEFT JOIN load_chunks c ON c.seq = 0 AND c.load_id = COALESCE(
        (SELECT id FROM loads WHERE confirms = l.id AND status IN ('received', 'loading')), l.id)
    AND (l.status IN ('received', 'loading') OR {IS_KEPT})
WHERE l.id = $1 AND l.status <> 'receiving'
"""
"""A trial's bytes are those of the load that confirms it, while that one has them."""


class LoadPreview(BaseModel):
    """How a file begins, and what its columns are taken for."""

    columns: list[str] = Field(description="The file's header, cell by cell; where it has none, `column 1` and so on")
    rows: list[list[str]] = Field(description="The first rows that are not blank; a long cell is cut, and ends with …")
    meant: dict[str, str] = Field(description="Our columns to those of the file, as `columns` of the load has them")


async def preview_of(connection: Connection, load_id: int, rows: int) -> LoadPreview:
    """Raises Conflict where the bytes are gone."""
    found = await connection.fetchrow(FIND_BEGINNING, load_id)
    if found is None:
        raise NotFound(f"There is no load {load_id}.")
    if found["body"] is None:
        raise Conflict(f"The file of load {load_id} is gone: it is kept until it is loaded, or an hour after a trial.")
    text = found["body"].decode(PYTHON_CODECS[found["encoding"]], errors="replace")
    first = await asyncio.to_thread(_first_rows, text, found["delimiter"], rows, cut=found["cut"])
    columns = _columns(found["header"], found["delimiter"], max(map(len, first), default=0))
    return LoadPreview(columns=columns, rows=first, meant=found["column_names"])


def _columns(header: str | None, delimiter: str, width: int) -> list[str]:
    if header is None:
        return [f"column {place}" for place in range(1, width + 1)]
    return [cell.strip() for cell in _cells(RecordRule(delimiter), header)]


def _first_rows(text: str, delimiter: str, rows: int, *, cut: bool) -> list[list[str]]:
    rule = RecordRule(delimiter)
    found: list[list[str]] = []
    for record in _records(rule, text.encode(), cut=cut):
        cells = _cells(rule, record)
        if any(cell.strip() for cell in cells):
            found.append(cells)
        if len(found) == rows:
            break
    return found


def _records(rule: RecordRule, data: bytes, *, cut: bool) -> Iterator[str]:
    """Without the last one where it is cut off, if there is another."""
    place = 0
    while place < len(data):
        end = rule.record(data, place).end
        if cut and end >= len(data) and place:
            return
        yield data[place:end].decode(errors="replace").rstrip("\r")
        place = end + 1


def _cells(rule: RecordRule, record: str) -> list[str]:
    try:
        cells = rule.fields(record.strip("\r\n"))
    except csv.Error:
        cells = record.split(rule.delimiter)
    return [shortened(cell, LONGEST_CELL) for cell in cells[:MOST_CELLS]]
