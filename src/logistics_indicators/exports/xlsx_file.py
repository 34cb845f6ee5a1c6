"""An Excel workbook of one sheet, written row by row: memory does not grow with it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Unprocessable
from .columns import Batch, Column

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
"""Rows of a sheet less the header's. Excel knows no more."""

EXACT_INTEGER = 10**15
"""Excel keeps 15 digits of a number; a longer id goes in as text, all digits kept."""


def refuse_too_many_rows(rows: int) -> None:
    if rows > MOST_ROWS:
        raise Unprocessable.field(
            "query", "format", msg=f"an xlsx sheet ends at {MOST_ROWS} rows; narrow the filter or take csv or parquet"
        )


def write(path: Path, columns: Sequence[Column], batches: Iterable[Batch]) -> None:
    """Raises Unprocessable where the rows do not fit on a sheet: nothing is ever cut."""
    with _workbook(path) as (workbook, sheet):
        formats: dict[type, Format] = {
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, [c.name for c in columns], workbook.add_format({"bold": True}))
        number = 0
        for batch in batches:
            refuse_too_many_rows(number + len(batch))
            for row in batch:
                number += 1
                for index, (column, value) in enumerate(zip(columns, row, strict=True)):
                    if value is not None:
                        _write_cell(sheet, number, index, value, formats.get(column.type))


@contextmanager
def _workbook(path: Path) -> Iterator[tuple["Workbook", "Worksheet"]]:
    """Packed at the end, which takes seconds of a large one: one that is broken off is not."""
    import xlsxwriter  # on first use: most processes never write one

    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    sheet = workbook.add_worksheet()
    try:
        yield workbook, sheet
    except BaseException:
        sheet.row_data_fh.close()
        raise
    workbook.close()


def _serial(value: date) -> float:
    """Excel's days since 1900, which has a 29 February there. XlsxWriter drops the day of a time on the first."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    return days if moment >= datetime(1900, 3, 1) else days - 1


def _write_cell(sheet: "Worksheet", row: int, column: int, value: object, cell_format: "Format | None") -> None:
    """Text is always written as text, so no cell is ever a formula or a link."""
    match value:
        case str():
            sheet.write_string(row, column, value)
        case bool():
            sheet.write_boolean(row, column, value)
        case int() if abs(value) >= EXACT_INTEGER:
            sheet.write_string(row, column, str(value))
        case int() | float():
            sheet.write_number(row, column, value)
        case date():
            sheet.write_number(row, column, _serial(value), cell_format)
        case _:
            raise TypeError(f"no cell for a {type(value).__name__}")
