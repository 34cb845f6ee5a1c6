"""A rejected record with some of its cells written anew. Pure: no database."""

import csv
from collections.abc import Mapping
from typing import NamedTuple

from ..formats import Layout
from ..parsing.quoting import RecordRule

Cells = Mapping[str, str]
"""By our name of the column."""


class CannotMend(Exception):
    """The message says why this record cannot be mended so."""


def cells_of(record: str, layout: Layout) -> dict[str, str | None]:
    """What stands in the record by our names of the columns; None where it has no such field."""
    fields = _fields_of(record, layout.delimiter).values
    return {
        column: fields[place] if place < len(fields) else None
        for place, column in enumerate(layout.columns)
        if column is not None
    }


class _Fields(NamedTuple):
    values: list[str]
    open_at: int | None = None
    """Place of the one whose quote is left open; it and those behind it are what a plain split gives."""


def mended_record(record: str, layout: Layout, cells: Cells) -> str:
    """The record with these cells; what is not named stays as it was sent. `layout`: of the records alone.

    Given all of our columns, it has no field but those of the file's columns: so a record with too many is mended.
    Columns that we do not read need not be there. Raises CannotMend.
    """
    read = _fields_of(record, layout.delimiter)
    fields = list(read.values)
    if {column for column in layout.columns if column} <= set(cells):
        del fields[len(layout.columns) :]
    elif read.open_at is not None:
        _refuse_open_quote(layout, read.open_at, cells)
    for place, column in enumerate(layout.columns):
        if column is not None and column in cells:
            fields += [""] * (place + 1 - len(fields))
            fields[place] = cells[column]
    if not any(layout.columns[len(fields) :]):
        fields += [""] * (len(layout.columns) - len(fields))
    if not any(field.strip() for field in fields):
        raise CannotMend("nothing is left of the row; drop it instead")
    if fields == read.values and read.open_at is None:
        return record
    return layout.delimiter.join(_written(field, layout.delimiter) for field in fields)


def _fields_of(record: str, delimiter: str) -> _Fields:
    if '"' not in record:
        return _Fields(record.split(delimiter))
    rule, text = RecordRule(delimiter), record.encode()
    if rule.is_open(text):
        place = rule.record(text, 0).last_field
        before = _read(rule, text[:place].decode().removesuffix(delimiter)) if place else []
        return _Fields([*before, *text[place:].decode().split(delimiter)], len(before))
    return _Fields(_read(rule, record))


def _read(rule: RecordRule, record: str) -> list[str]:
    try:
        return rule.fields(record) or [""]
    except csv.Error:
        return record.split(rule.delimiter)


def _refuse_open_quote(layout: Layout, place: int, cells: Cells) -> None:
    """Nobody knows where the text of such a cell ends."""
    column = layout.columns[place] if place < len(layout.columns) else None
    if column is not None and column not in cells:
        raise CannotMend(f"the quote of {column} is left open; say what {column} is")


def _written(field: str, delimiter: str) -> str:
    if any(sign in field for sign in (delimiter, '"', "\n", "\r")):
        return '"' + field.replace('"', '""') + '"'
    return field
