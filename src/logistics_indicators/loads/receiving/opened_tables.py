"""A table opened: CSV by its first lines; and at its end, what only all of its rows can tell."""

from collections.abc import AsyncIterator
from dataclasses import replace

from ...errors import Unprocessable
from ..formats import Layout
from ..kinds import KINDS, Kind
from .bodies import empty_file
from .opening import OpenedFile, OpeningOptions, open_file
from .tables import Table


async def opened_table(
    table: Table, pieces: AsyncIterator[bytes], asked: OpeningOptions, *, updates: bool
) -> OpenedFile:
    """Raises Problems, at the end of its pieces too."""
    if table.opening is not None:
        return OpenedFile(table.opening, asked.encoding, pieces, b"")
    opened = await _opened(table, pieces, asked)
    if table.form.has_header:
        return opened
    opened.opening = replace(opened.opening, first_line=opened.opening.first_line - 1)  # names in front are no line
    if updates:
        opened.pieces = _emptying_nothing(opened.pieces, table, opened.opening.layout, asked.kind)
    return opened


async def _opened(table: Table, pieces: AsyncIterator[bytes], asked: OpeningOptions) -> OpenedFile:
    """What is wrong says what of the file was not read, too: what is missing may be there."""
    try:
        opened = await open_file(pieces, asked, table.form)
        if opened is None:
            raise empty_file(None if table.sheet is None else f"The sheet {table.sheet} is empty.")
    except Unprocessable as problem:
        raise Unprocessable.field("body", "file", msg=" ".join([problem.detail, *table.warnings])) from None
    return opened


async def _emptying_nothing(
    pieces: AsyncIterator[bytes], table: Table, layout: Layout, kind: Kind
) -> AsyncIterator[bytes]:
    """Raises Unprocessable where some rows lack what others have: in an update that would empty what is stored."""
    async for piece in pieces:
        yield piece
    lacking = {layout.columns[place] for place in table.lacking if place < len(layout.columns)}
    for column in KINDS[kind].columns:
        if column.may_be_empty and column.name in lacking:
            msg = (
                f"With on_conflict=update objects that lack {column.name}, which others have, would empty it: say null "
                "where that is meant, or leave it out of all."
            )
            raise Unprocessable.field("body", "file", msg=msg)
