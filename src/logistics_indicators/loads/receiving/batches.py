"""Small batches as JSON: objects with the names of the wire, which become the records that a file would have."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from ...errors import Unprocessable
from ...texts import printable
from ..formats import JSON, Form, Layout
from ..kinds import COLUMNS, KINDS, Kind
from ..parsing.headers import Opening
from ..reading.objects import NO_VALUE, as_text, is_nested, parse
from ..reading.records import DELIMITER, record
from .batch_bounds import MOST_BYTES, MOST_ROWS, too_many
from .opening import OpeningOptions
from .tables import Fingerprint, Table

SHOWN_NAME = 100

Row = dict[str, Any]


async def batch_table(
    form: Form, pieces: AsyncIterator[bytes], asked: OpeningOptions, *, updates: bool
) -> AsyncGenerator[Table]:
    """The one table of a batch. Raises Problems: a batch that is not as it must be is refused as a whole."""
    if asked.columns and "columns" not in asked.of_preset:
        raise Unprocessable.field("query", "columns", msg="A batch has our names of the columns, and no others.")
    fingerprint = Fingerprint()
    body = b"".join([piece async for piece in _few(fingerprint.counted(pieces))])
    opening, records = await asyncio.to_thread(_read, form, body, asked.kind, updates=updates)
    yield Table(form, _at_once(records), fingerprint, opening=opening)


async def _few(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise too_many()
        yield piece


async def _at_once(records: bytes) -> AsyncIterator[bytes]:
    yield records


def _read(form: Form, body: bytes, kind: Kind, *, updates: bool) -> tuple[Opening, bytes]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unprocessable.field("body", msg="The batch is not UTF-8.") from None
    rows = _array(text) if form is JSON else _lines(text)
    if not rows:
        raise Unprocessable.field("body", msg="The batch has no rows.")
    if len(rows) > MOST_ROWS:
        raise too_many()
    for index, row in enumerate(rows):
        _refuse(kind, index, row)
    names = _columns(kind, rows, updates=updates)
    opening = Opening(Layout(DELIMITER, names), DELIMITER.join(names), {n: n for n in names}, [], 0, 1)
    return opening, b"".join(record(_texts(row, names)) for row in rows)


def _array(text: str) -> list[Row]:
    try:
        rows = parse(text)
    except ValueError as error:
        raise Unprocessable.field("body", msg=f"The batch cannot be read as JSON: {printable(str(error))}.") from None
    if not isinstance(rows, list):
        raise Unprocessable.field("body", msg="A batch is an array of objects.")
    return rows


def _lines(text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(parse(line.strip()))
        except ValueError as error:
            msg = f"The batch cannot be read as JSON in line {number}: {printable(str(error))}."
            raise Unprocessable.field("body", msg=msg) from None
        if len(rows) > MOST_ROWS:
            raise too_many()
    return rows


def _refuse(kind: Kind, index: int, row: object) -> None:
    """Raises Unprocessable for what is no object of our names and plain values."""
    known = ", ".join(COLUMNS[kind])
    if not isinstance(row, dict):
        raise Unprocessable.field("body", index, msg=f"A row is an object with the fields {known}.")
    for name, value in row.items():
        if name not in COLUMNS[kind]:
            shown = printable(name)[:SHOWN_NAME]
            raise Unprocessable.field("body", index, shown, msg=f"unknown field; there are: {known}")
        if is_nested(value):
            raise Unprocessable.field("body", index, name, msg="A value is a text, a number, true, false or null.")


def _columns(kind: Kind, rows: list[Row], *, updates: bool) -> tuple[str, ...]:
    """Those that a row has. What none has is kept in an update; what some have would be emptied in the others."""
    names = tuple(name for name in COLUMNS[kind] if any(name in row for row in rows))
    for column in KINDS[kind].columns:
        if column.name not in names and not column.may_be_absent:
            raise Unprocessable.field("body", 0, column.name, msg=f"No row has the field {column.name}.")
        if not updates or not column.may_be_empty or column.name not in names:
            continue
        for index, row in enumerate(rows):
            if column.name not in row:
                msg = f"Other rows have the field {column.name}: with on_conflict=update say null to empty it."
                raise Unprocessable.field("body", index, column.name, msg=msg)
    return names


def _texts(row: Row, names: tuple[str, ...]) -> list[str]:
    texts = [as_text(row.get(name)) for name in names]
    return texts if any(text.strip() for text in texts) else [NO_VALUE, *texts[1:]]
