"""A chunk out of its load's spool, and what it adds to the load's report."""

import asyncio
from typing import Any

import polars as pl

from ...copying import copy_frame
from ...database import Connection, announce_changed_loads
from ..formats import FileFormat
from ..kinds import Kind
from ..mending.lines import in_original_lines
from ..merging.chunk import ChunkOutcome
from ..merging.waiting_rows import bytes_of
from ..parsing.another_header import refuse_another_header
from ..parsing.chunk import ParsedChunk, parse_chunk
from ..parsing.findings import add_findings
from ..parsing.ledger import add_ledger
from ..rejects import RejectBounds, first_rejects
from .claims import held_claim
from .reporting import add_rejects
from .rules import layout_of

READ_BODY = """
SELECT c.first_line, c.body, c.origin_lines, l.long_records
FROM load_chunks c JOIN loads l ON l.id = c.load_id WHERE c.load_id = $1 AND c.seq = $2
"""
LOCK_LOAD = """
SELECT status, chunks_done, rejects, date_ledger, findings, warnings, rows_rejected, rejects_stored, rejects_bytes
FROM loads WHERE id = $1 FOR UPDATE
"""
RECORD_CHUNK = """
UPDATE loads SET chunks_done = $2, attempts = 0, rows_read = rows_read + $3, rows_inserted = rows_inserted + $4,
    rows_updated = rows_updated + $5, rows_unchanged = rows_unchanged + $6, rows_rejected = rows_rejected + $7,
    rejects = $8, date_ledger = $9, rejects_stored = rejects_stored + $10, rejects_bytes = rejects_bytes + $11,
    findings = $12, rows_waiting = rows_waiting + $13, waiting_bytes = waiting_bytes + $14
WHERE id = $1
"""


async def parsed_chunk(connection: Connection, load: Any, seq: int) -> ParsedChunk:
    """`load`: LOAD_COLUMNS."""
    row = await connection.fetchrow(READ_BODY, load["id"], seq)
    fmt = FileFormat(Kind(load["kind"]), layout_of(load), load["encoding"])
    first_line, origin_lines = row["first_line"], row["origin_lines"]
    async with held_claim(connection):  # a chunk of many faults may take long to read on a machine that is busy
        parsed = await asyncio.to_thread(parse_chunk, row["body"], first_line, seq == 0, fmt, row["long_records"])
    return parsed if origin_lines is None else in_original_lines(parsed, first_line, origin_lines)


async def refuse_rows_of_another_header(connection: Connection, load: Any, parsed: ParsedChunk, seq: int) -> None:
    """Raises AnotherHeader."""
    if parsed.rejects.height:
        header = await connection.fetchval("SELECT header FROM loads WHERE id = $1", load["id"])
        first = parsed.first_row if header is None and not seq else None
        kind = Kind(load["kind"])
        await asyncio.to_thread(refuse_another_header, kind, parsed.layout, header, parsed.rejects, first)


async def record_chunk(
    connection: Connection, load_id: int, chunks_done: int, outcome: ChunkOutcome, bounds: RejectBounds
) -> None:
    load = await connection.fetchrow(LOCK_LOAD, load_id)
    kept, kept_bytes = first_rejects(outcome.rejects, load, bounds)
    if kept.height:
        await copy_frame(connection, "load_rejects", kept.select(pl.lit(load_id).alias("load_id"), pl.all()))
    await connection.execute(
        RECORD_CHUNK,
        load_id,
        chunks_done,
        outcome.rows_read,
        outcome.inserted,
        outcome.updated,
        outcome.unchanged,
        outcome.rejects.height,
        add_rejects(load["rejects"], outcome.rejects),
        add_ledger(load["date_ledger"], outcome.ledger),
        kept.height,
        kept_bytes,
        add_findings(load["findings"], outcome.findings),
        outcome.waiting.height,
        bytes_of(outcome.waiting),
    )
    await announce_changed_loads(connection)
