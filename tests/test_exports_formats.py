"""Each export format, opened by a library that did not write it."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Message

from logistics_indicators.errors import Unprocessable
from logistics_indicators.exports import xlsx_file
from logistics_indicators.exports.columns import Batch, Column
from logistics_indicators.exports.response import ExportFormat, export_response

COLUMNS = [
    Column("id", int),
    Column("angel", str),
    Column("sla", float),
    Column("aberto", bool),
    Column("data_limite", date),
    Column("data_de_atendimento", datetime),
]
ROWS = [
    (1, 'Íris; "da" Silva, 7\nlinha', 97.35, True, date(2021, 6, 30), datetime(2021, 6, 29, 10, 15, 27)),
    (2**53 - 1, "=1+1", None, False, date(1900, 1, 1), None),
    (3, "Conceição 🚚", -0.5, None, date(2199, 12, 31), datetime(2020, 2, 29)),
]
SHOWN = ["id", "angel", "sla", "aberto", "data_limite", "data_de_atendimento"]


def request_until(left: asyncio.Event) -> Request:
    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


async def batches(rows: Sequence[Sequence[object]], size: int = 2) -> AsyncGenerator[Batch, None]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def exported(format: ExportFormat, rows: Sequence[Sequence[object]] = ROWS) -> tuple[bytes, dict[str, str]]:
    response = await export_response(request_until(asyncio.Event()), format, "sla_angel", COLUMNS, batches(rows))
    assert isinstance(response, StreamingResponse)
    pieces = [piece.encode() if isinstance(piece, str) else bytes(piece) async for piece in response.body_iterator]
    return b"".join(pieces), dict(response.headers)


async def test_a_csv_export_reads_back_as_it_was() -> None:
    body, headers = await exported(ExportFormat.csv)
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert rows == [
        SHOWN,
        ["1", ROWS[0][1], "97.35", "true", "2021-06-30", "2021-06-29T10:15:27"],
        ["9007199254740991", "=1+1", "", "false", "1900-01-01", ""],
        ["3", "Conceição 🚚", "-0.5", "", "2199-12-31", "2020-02-29T00:00:00"],
    ]
    assert headers["content-type"].startswith("text/csv; charset=utf-8")
    assert headers["content-disposition"].startswith('attachment; filename="sla_angel-')
    assert headers["content-disposition"].endswith('.csv"')


async def test_a_csv_for_excel_has_a_mark_semicolons_decimal_commas_and_no_formula() -> None:
    body, headers = await exported(ExportFormat.excel)
    rows = list(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=";"))
    assert rows == [
        ["\ufeffid", *SHOWN[1:]],
        ["1", ROWS[0][1], "97,35", "true", "2021-06-30", "2021-06-29 10:15:27"],
        ["9007199254740991", "'=1+1", "", "false", "1900-01-01", ""],
        ["3", "Conceição 🚚", "-0,5", "", "2199-12-31", "2020-02-29 00:00:00"],
    ]
    assert headers["content-disposition"].endswith('.csv"')


FORMULAS = ["=A1", "\uff1dA1", "+55 11", "-1 day, 23:10:00", "@SUM(A1)", "\tx", "\rx", " =1+1"]


@pytest.mark.parametrize("text", FORMULAS)
async def test_a_text_that_begins_a_formula_is_escaped_for_excel_alone(text: str) -> None:
    for format, start, delimiter in ((ExportFormat.csv, "", ","), (ExportFormat.excel, "'", ";")):
        body, _ = await exported(format, [(1, text, 1.0, True, date(2021, 1, 1), None)])
        assert list(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=delimiter))[1][1] == start + text


async def test_a_text_that_is_computed_is_never_escaped() -> None:
    columns = [Column("tempo_medio", str, computed=True), Column("sla", str, computed=True)]
    for format, shown in ((ExportFormat.csv, "97.35%"), (ExportFormat.excel, "97,35%")):
        response = await export_response(
            request_until(asyncio.Event()), format, "x", columns, batches([("-1 day, 23:10:00", "97.35%")])
        )
        assert isinstance(response, StreamingResponse)
        body = b"".join([piece async for piece in response.body_iterator])  # type: ignore[misc]
        rows = csv.reader(io.StringIO(body.decode(), newline=""), delimiter=";" if "97," in shown else ",")
        assert list(rows)[1] == ["-1 day, 23:10:00", shown]


async def test_an_xlsx_export_reads_back_with_types_and_no_formula() -> None:
    body, headers = await exported(ExportFormat.xlsx)
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows == [
        SHOWN,
        [1, ROWS[0][1], 97.35, True, datetime(2021, 6, 30), datetime(2021, 6, 29, 10, 15, 27)],
        ["9007199254740991", "=1+1", None, False, datetime(1900, 1, 1), None],
        [3, "Conceição 🚚", -0.5, None, datetime(2199, 12, 31), datetime(2020, 2, 29)],
    ]
    assert sheet.cell(3, 2).data_type in {"s", "inlineStr"}
    assert int(headers["content-length"]) == len(body)


async def test_a_parquet_export_reads_back_with_types() -> None:
    body, headers = await exported(ExportFormat.parquet)
    table = pyarrow.parquet.read_table(io.BytesIO(body))
    assert table.column_names == SHOWN
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    assert int(headers["content-length"]) == len(body)


@pytest.mark.parametrize("format", [ExportFormat.csv, ExportFormat.xlsx, ExportFormat.parquet])
async def test_an_export_of_nothing_still_has_its_header(format: ExportFormat) -> None:
    body, _ = await exported(format, [])
    names: dict[ExportFormat, Callable[[], Sequence[object]]] = {
        ExportFormat.csv: lambda: next(csv.reader(io.StringIO(body.decode()))),
        ExportFormat.xlsx: lambda: [c.value for c in openpyxl.load_workbook(io.BytesIO(body)).worksheets[0][1]],
        ExportFormat.parquet: lambda: pyarrow.parquet.read_table(io.BytesIO(body)).column_names,
    }
    assert names[format]() == SHOWN


async def test_an_xlsx_that_would_be_cut_is_refused_before_a_byte_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unprocessable, match="1048575"):
        await export_response(
            request_until(asyncio.Event()), ExportFormat.xlsx, "x", COLUMNS, batches(ROWS), rows=xlsx_file.MOST_ROWS + 1
        )
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 2)
    with pytest.raises(Unprocessable, match="narrow the filter"):
        await export_response(request_until(asyncio.Event()), ExportFormat.xlsx, "x", COLUMNS, batches(ROWS))


@pytest.mark.parametrize("format", [ExportFormat.csv, ExportFormat.xlsx, ExportFormat.parquet])
async def test_an_error_in_the_first_batch_is_an_error_answer_and_no_file(format: ExportFormat) -> None:
    async def broken() -> AsyncGenerator[Batch, None]:
        raise ConnectionResetError
        yield []

    with pytest.raises(ConnectionResetError):
        await export_response(request_until(asyncio.Event()), format, "x", COLUMNS, broken())


@pytest.mark.parametrize("format", [ExportFormat.xlsx, ExportFormat.parquet])
async def test_a_file_ends_between_two_batches_once_nobody_waits_for_it(
    format: ExportFormat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, closed = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncGenerator[Batch, None]:
        try:
            while True:
                yield ROWS
                left.set()
        finally:
            closed.set()

    with pytest.raises(ClientDisconnect):
        await export_response(request_until(left), format, "x", COLUMNS, endless())
    assert closed.is_set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", [ExportFormat.csv, ExportFormat.xlsx, ExportFormat.parquet])
@pytest.mark.parametrize("cut", ["the client", "the service"])
async def test_a_batch_that_is_long_in_coming_is_given_up_with_its_export(format: ExportFormat, cut: str) -> None:
    left, asked, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stuck() -> AsyncGenerator[Batch, None]:
        try:
            asked.set()
            await asyncio.Event().wait()
            yield ROWS
        finally:
            closed.set()

    export = asyncio.create_task(export_response(request_until(left), format, "x", COLUMNS, stuck()))
    await asked.wait()
    if cut == "the client":
        left.set()
    else:
        export.cancel()
    with pytest.raises(ClientDisconnect if cut == "the client" else asyncio.CancelledError):
        await export
    assert closed.is_set()


def test_a_workbook_that_breaks_off_is_not_packed(tmp_path: Path) -> None:
    def broken() -> Iterator[Batch]:
        yield ROWS
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        xlsx_file.write(tmp_path / "export", COLUMNS, broken())
    assert not (tmp_path / "export").exists()
