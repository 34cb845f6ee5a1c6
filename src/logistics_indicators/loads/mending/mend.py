"""A request to mend becomes a load of the mended rows alone, which goes the way of every other.

One transaction looks at the rejects, marks them as the new load's, and spools the rows: so no row is sent twice, and
after a crash either all of it was asked for or nothing.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...accounts.audit import Actor, audit
from ...accounts.current_user import User
from ...database import Connection, announce_changed_loads
from ...errors import Conflict, FieldError, NotFound, Unprocessable
from ...tracing import current_traceparent
from ..formats import Layout
from ..kinds import Kind
from ..receiving.cutting import Cutter
from ..rejects import header_of
from ..service import refuse_to_wait_for_nobody
from ..turns import RECEIVED_NOW
from ..undo_under_way import refuse_beside_undo
from ..working.rules import layout_of
from .keeping import bytes_with_mend, count_kept
from .records import CannotMend, Cells, mended_record
from .requests import MendRequest, Rule, SentCells

MOST_ROWS = 100_000
MOST_BYTES = 64 * 1024 * 1024
"""Of the rows of one mend."""

SHOWN_LINES = 100
"""In an error."""

LOCK_LOAD = "SELECT * FROM loads WHERE id = $1 AND status <> 'receiving' FOR UPDATE"
"""Mends of a load, and its undo, go one after the other: each sees what the one before it did."""

MOST_TEXT_LINES = 1_000_000
"""In them: a cell may have many, and each is kept with the line of the first file."""

FIND_REJECTS = """
WITH found AS (
    SELECT r.line, CASE WHEN $8 THEN COALESCE(r.now_row, r."row") END AS "row",
        COALESCE(octet_length(r.now_row), 0) + COALESCE(octet_length(r.now_value), 0) AS left_bytes,
        r.dropped_by, r.mend_id, m.username AS mended_by,
        m.status IN ('received', 'loading') AS is_under_way, r.is_taken AND m.status = 'completed' AS is_mended,
        EXISTS (SELECT FROM services_waiting w WHERE w.load_id = r.mend_id AND w.line = r.line) AS is_waiting
    FROM load_rejects r LEFT JOIN loads m ON m.id = r.mend_id
    WHERE r.load_id = $1 AND (r.line = ANY($2::bigint[]) OR $3 AND r.dropped_by IS NULL
        AND (m.id IS NULL OR m.status IN ('failed', 'undone') OR m.status = 'completed' AND NOT r.is_taken)
        AND ($4::text IS NULL OR COALESCE(r.now_reason, r.reason) = $4)
        AND ($5::text IS NULL OR CASE WHEN r.now_reason IS NULL THEN r."column" ELSE r.now_column END = $5)
        AND ($6::text IS NULL OR CASE WHEN r.now_reason IS NULL THEN r.value ELSE r.now_value END = $6))
    ORDER BY r.line LIMIT $7 + 1
), size AS (SELECT count(*) AS all_rows, COALESCE(sum(octet_length("row")), 0)::bigint AS all_bytes FROM found)
SELECT size.*, found.* FROM size LEFT JOIN found ON all_rows <= $7 AND all_bytes <= $9 ORDER BY found.line
"""
"""Where they are more than one mend may have, how many they are, and none of them."""

INSERT_LOAD = f"""
INSERT INTO loads (kind, status, stage, validate_only, on_conflict, user_id, username, received_at, filename, bytes,
    sha256, encoding, delimiter, columns, has_header, chunks, header, column_names, ignored, mends, unknown_customer,
    traceparent)
VALUES ($1, 'received', $2, $3, $4, $5, $6, {RECEIVED_NOW}, $7, $8, $9, 'utf-8', $10, $11, false, $12, $13, $14, $15,
    $16, $17, $18)
RETURNING id
"""
SPOOL_CHUNK = "INSERT INTO load_chunks (load_id, seq, first_line, body, origin_lines) VALUES ($1, $2, $3, $4, $5)"
CLAIM = "UPDATE load_rejects SET mend_id = $3, is_taken = false WHERE load_id = $1 AND line = ANY($2::bigint[])"
DROP = """
UPDATE load_rejects SET dropped_by = $3, settled_at = clock_timestamp()
WHERE load_id = $1 AND line = ANY($2::bigint[])
"""
REOPEN = "UPDATE load_rejects SET dropped_by = NULL, settled_at = NULL WHERE load_id = $1 AND line = ANY($2::bigint[])"


@dataclass(frozen=True)
class Mended:
    """`load_id`: of the rows that are to be loaded; None where there are none."""

    load_id: int | None
    rows: int
    dropped: int
    reopened: int
    left_open: int
    """Of the rule, which cannot mend them."""


@dataclass(frozen=True)
class Options:
    """`on_conflict`: None is as the load that is mended. `unknown_customer`: None lets none wait."""

    on_conflict: str | None
    unknown_customer: str | None
    validate_only: bool
    chunk_bytes: int
    rejects_bytes: int
    """That are kept of a load."""


async def mend_load(
    connection: Connection, load_id: int, asked: MendRequest, options: Options, user: User, actor: Actor
) -> Mended:
    """Raises Conflict naming the lines that are not open any more, and Unprocessable naming those that never were."""
    async with connection.transaction():
        load = await _load_to_mend(connection, load_id)
        refuse_to_wait_for_nobody(Kind(load["kind"]), options.unknown_customer)
        layout = layout_of(load).of_records()
        _refuse_unknown_columns(asked, layout)
        found = await _find_rejects(connection, load_id, asked)
        plan = _planned(asked, found)
        mended = await asyncio.to_thread(_mended_rows, plan, layout)
        replaced = sum(row["left_bytes"] for row in found if row["line"] in mended)
        size = sum(map(len, mended.values()))
        kept = await bytes_with_mend(connection, load_id, size, replaced, options.rejects_bytes) if mended else None
        left_open = len(plan.cells) - len(mended)
        mend_id = await _spool(connection, load, mended, options, user) if mended else None
        if not options.validate_only:
            if kept is not None:
                await count_kept(connection, load_id, kept)
            await connection.execute(CLAIM, load_id, list(mended), mend_id)
            await connection.execute(DROP, load_id, plan.drops, user.username)
            await connection.execute(REOPEN, load_id, asked.reopen)
            detail = {"rows": len(mended), "dropped": len(plan.drops), "reopened": len(asked.reopen)}
            detail |= {"left_open": left_open} if left_open else {}
            detail |= {"mend_id": mend_id} if mend_id else {}
            await audit(connection, actor, "rejects_mended", load_id=load_id, **detail)
        await announce_changed_loads(connection)
    return Mended(mend_id, len(mended), len(plan.drops), len(asked.reopen), left_open)


async def _load_to_mend(connection: Connection, load_id: int) -> Any:
    await refuse_beside_undo(connection, load_id)
    load = await connection.fetchrow(LOCK_LOAD, load_id)
    if load is None:
        raise NotFound(f"There is no load {load_id}.")
    if load["mends"]:
        raise Conflict(f"Load {load_id} mends load {load['mends']}: what it rejected is open there. Mend that.")
    if load["status"] != "completed" or load["validate_only"]:
        was = "only tried" if load["validate_only"] else load["status"]
        raise Conflict(f"Load {load_id} is {was}: only rejects of a completed load are mended.")
    return load


def _refuse_unknown_columns(asked: MendRequest, layout: Layout) -> None:
    known = [column for column in layout.columns if column]
    places: list[tuple[list[str | int], SentCells]] = [(["edits", line], cells) for line, cells in asked.edits.items()]
    if asked.rule and asked.rule.set:
        places.append((["rule", "set"], asked.rule.set))
    errors = [
        FieldError(loc=["body", *place, column], msg=f"the file has no such column; it has: {', '.join(known)}")
        for place, cells in places
        for column in cells
        if column not in known
    ]
    if errors:
        raise Unprocessable("The file has not all of these columns; see errors.", errors=errors[:SHOWN_LINES])


async def _find_rejects(connection: Connection, load_id: int, asked: MendRequest) -> Sequence[Any]:
    lines = [*asked.edits, *asked.drops, *asked.reopen]
    where = asked.rule.where if asked.rule else None
    group = (where.reason, where.column, where.value) if where else (None, None, None)
    most, needs_rows = MOST_ROWS + len(lines), bool(asked.edits) or (asked.rule is not None and not asked.rule.drop)
    bounds = most, needs_rows, MOST_BYTES
    found = await connection.fetch(FIND_REJECTS, load_id, lines, where is not None, *group, *bounds)
    if found[0]["all_rows"] > most:
        raise Unprocessable.field("body", "rule", "where", msg=f"that is more than {MOST_ROWS} rows; name a value, too")
    if found[0]["all_bytes"] > MOST_BYTES:
        raise _too_large()
    return [row for row in found if row["line"] is not None]


def _too_large() -> Unprocessable:
    return Unprocessable.field("body", msg=f"the rows are more than {MOST_BYTES} bytes; mend fewer at a time")


@dataclass(frozen=True)
class _Plan:
    cells: Mapping[int, tuple[str, Cells]]
    """By line: the record, and the cells that it gets."""
    drops: Sequence[int]
    edited: frozenset[int]
    """Lines that are named, so that each of them can be mended, or the request is refused."""


def _planned(asked: MendRequest, found: Sequence[Any]) -> _Plan:
    """What becomes of each reject. Lines that are named go before the rule."""
    rejects = {row["line"]: row for row in found}
    _refuse_lines_not_kept(asked, rejects)
    _refuse_settled(asked, rejects)
    named = {*asked.edits, *asked.drops, *asked.reopen}
    cells = {line: (rejects[line]["row"], _texts(sent)) for line, sent in asked.edits.items()}
    drops = list(asked.drops)
    if asked.rule:
        more = _ruled(asked.rule, [row for row in found if row["line"] not in named])
        if not more and not named:
            raise Conflict("No open reject of the load is as the rule says. Others may have mended them.")
        cells |= {} if asked.rule.drop else more
        drops += more if asked.rule.drop else []
    return _Plan(dict(sorted(cells.items())), drops, frozenset(asked.edits))


def _ruled(rule: Rule, rows: Sequence[Any]) -> dict[int, tuple[str, Cells]]:
    cells = _texts(rule.set or {})
    return {row["line"]: (row["row"], cells) for row in rows}


def _texts(cells: SentCells) -> Cells:
    return {column: "" if cell is None else str(cell) for column, cell in cells.items()}


def _refuse_lines_not_kept(asked: MendRequest, rejects: Mapping[int, Any]) -> None:
    errors = [
        FieldError(loc=["body", name, line], msg="no rejected row of this line is kept")
        for name, lines in _named(asked)
        for line in lines
        if line not in rejects
    ]
    if errors:
        raise Unprocessable(f"{len(errors)} lines are of no reject that is kept.", errors=errors[:SHOWN_LINES])


def _refuse_settled(asked: MendRequest, rejects: Mapping[int, Any]) -> None:
    errors = [
        FieldError(loc=["body", name, line], msg=fault)
        for name, lines in _named(asked)
        for line in lines
        if (fault := _fault(name, rejects[line]))
    ]
    if errors:
        shown = ", ".join(str(error.loc[-1]) for error in errors[:SHOWN_LINES])
        raise Conflict(
            f"Nothing was done, for somebody was there before: lines {shown}. See errors.", errors=errors[:SHOWN_LINES]
        )


def _named(asked: MendRequest) -> Iterator[tuple[str, Sequence[int]]]:
    yield "edits", list(asked.edits)
    yield "drops", asked.drops
    yield "reopen", asked.reopen


def _fault(name: str, reject: Any) -> str | None:
    if name == "reopen":
        return None if reject["dropped_by"] is not None else "was not dropped, or is open again"
    if reject["dropped_by"] is not None:
        return f"was dropped by {reject['dropped_by']}"
    if reject["is_under_way"]:
        return f"is being mended by load {reject['mend_id']} of {reject['mended_by']}"
    if reject["is_waiting"]:
        return f"waits for its customer in load {reject['mend_id']} of {reject['mended_by']}"
    return f"was mended by load {reject['mend_id']} of {reject['mended_by']}" if reject["is_mended"] else None


def _mended_rows(plan: _Plan, layout: Layout) -> dict[int, bytes]:
    """The mended records by line, in file order, without those that the rule cannot mend. Raises Unprocessable."""
    mended: dict[int, bytes] = {}
    errors: list[FieldError] = []
    size = text_lines = 0
    for line, (record, new) in plan.cells.items():
        try:
            mended[line] = mended_record(record, layout, new).encode() + b"\n"
        except CannotMend as error:
            if line in plan.edited:
                errors.append(FieldError(loc=["body", "edits", line], msg=str(error)))
            continue
        size += len(mended[line])
        text_lines += mended[line].count(b"\n")
        if size > MOST_BYTES:
            raise _too_large()
        if text_lines > MOST_TEXT_LINES:
            msg = f"the rows have more than {MOST_TEXT_LINES} line ends in them; mend fewer at a time"
            raise Unprocessable.field("body", msg=msg)
    if errors:
        raise Unprocessable(f"{len(errors)} rows cannot be mended so; see errors.", errors=errors[:SHOWN_LINES])
    return mended


async def _spool(connection: Connection, load: Any, mended: Mapping[int, bytes], options: Options, user: User) -> int:
    layout = layout_of(load).of_records()
    chunks = await asyncio.to_thread(lambda: list(_chunks(mended, layout, options.chunk_bytes)))
    digest = hashlib.sha256(b"".join(mended.values())).hexdigest()
    mend_id: int = await connection.fetchval(
        INSERT_LOAD,
        load["kind"],
        "check" if options.validate_only else "write",
        options.validate_only,
        options.on_conflict or load["on_conflict"],
        user.id,
        user.username,
        load["filename"],
        sum(map(len, mended.values())),
        digest,
        layout.delimiter,
        [column or "" for column in layout.columns],
        len(chunks),
        None if load["header"] is None else header_of(load),
        load["column_names"],
        load["ignored"],
        load["id"],
        options.unknown_customer or "reject",
        current_traceparent(),
    )
    for seq, (first_line, body, origin_lines) in enumerate(chunks):
        await connection.execute(SPOOL_CHUNK, mend_id, seq, first_line, body, origin_lines)
    return mend_id


def _chunks(mended: Mapping[int, bytes], layout: Layout, chunk_bytes: int) -> Iterator[tuple[int, bytes, list[int]]]:
    """(first line, body, the original line of each of its lines)"""
    origins = [line for line, record in mended.items() for _ in range(record.count(b"\n"))]
    cutter = Cutter(chunk_bytes, layout)
    records = iter(mended.values())
    ended = False
    while not ended:
        while not cutter.is_full and not ended:
            record = next(records, None)
            ended = record is None
            cutter.add(record or b"")
        if chunk := cutter.cut(final=ended):
            first = chunk.first_line - 1
            yield chunk.first_line, chunk.body, origins[first : first + chunk.body.count(b"\n")]
