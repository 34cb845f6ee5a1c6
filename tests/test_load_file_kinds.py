"""What a file is is seen from its bytes: packed, in which encoding, with which line ends, or no table at all."""

import bz2
import gzip
import io
import lzma
import zipfile

import asyncpg
import httpx
import openpyxl
import pytest
from load_client import counts, load_file, send

ROWS = "id;nome;email;telefone\n1;José Conceição;jose@mail.com;11\n2;Íris;iris@mail.com;\n"
STORED = [(1, "José Conceição"), (2, "Íris")]


async def stored(connection: asyncpg.Connection) -> list[tuple[int, str]]:
    return [tuple(r) for r in await connection.fetch("SELECT id, nome FROM customers ORDER BY id")]


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


PACKED = {
    "gzip": gzip.compress(ROWS.encode()),
    "gzip of two members": gzip.compress(ROWS[:30].encode()) + gzip.compress(ROWS[30:].encode()),
    "gzip of empty members": gzip.compress(b"") * 3 + gzip.compress(ROWS.encode()),
    "gzip of many members": b"".join(gzip.compress(bytes([byte])) for byte in ROWS.encode()),
    "gzip with padding": gzip.compress(ROWS.encode()) + b"\x00" * 512,
    "zip": zipped(("pasta/clientes.csv", ROWS.encode())),
    "zip, stored": zipped(("c.csv", ROWS.encode()), method=zipfile.ZIP_STORED),
    "zip with a note": zipped(("leia-me.txt", b"oi"), ("c.csv", ROWS.encode())),
    "zip of a Mac": zipped(("c.csv", ROWS.encode()), ("__MACOSX/._c.csv", b"\x00\x05"), (".DS_Store", b"x")),
}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("kind", ["text/csv", "application/octet-stream", "application/gzip", "application/zip"])
async def test_a_packed_file_is_unpacked_whatever_it_is_called(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str, kind: str
) -> None:
    answer = await client.post("/v1/customers/batch", files={"file": ("c.csv", PACKED[name], kind)})
    assert answer.status_code == 202, answer.text
    plain = await load_file(client, "customers", ROWS)
    assert counts(plain) == (2, 0, 0, 2, 0)
    assert answer.json()["load"]["sha256"] == plain["sha256"]
    assert await stored(connection) == STORED


REFUSED = [
    (gzip.compress(gzip.compress(ROWS.encode())), 415, "archive"),
    (gzip.compress(ROWS.encode())[:-5], 400, "early"),
    (gzip.compress(ROWS.encode())[:20] + b"x" * 40, 400, "gzip"),
    (gzip.compress(b"") * 5000 + gzip.compress(ROWS.encode()), 400, "members"),
    (gzip.compress(b"1") * 5000, 400, "members"),
    (zipped(("a.csv", b"x"), ("b.csv", b"y")), 422, "a.csv: "),
    (zipped(), 415, "0 files"),
    (zipped(("a.csv", ROWS.encode()))[:-30], 400, "zip"),
    (workbook(), 422, "empty"),
    (zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")), 415, "OpenDocument"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 415, "Excel 97"),
    (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", 415, "PDF"),
    (b"<!DOCTYPE html>\n<html><table><tr><td>1</td></tr></table></html>", 415, "HTML"),
    (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", 415, "XML"),
    (b'[{"id": 1, "nome": "Ana"}]', 415, "JSON"),
    (b'{"clientes": []}', 422, "JSON"),
    (b"PAR1\x15\x04\x15\x00" + bytes(100), 422, "Parquet"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "PNG"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", 415, "JPEG"),
    (b"7z\xbc\xaf\x27\x1c" + bytes(100), 415, "7-Zip"),
    *((bz2.compress(content, size), 415, "bzip2") for content in (b"", b"1", ROWS.encode()) for size in (1, 9)),
    *((lzma.compress(content), 415, "an xz") for content in (b"", ROWS.encode())),
    (b"Rar!\x1a\x07\x01\x00" + b"\xcc" * 80, 415, "RAR"),
    (b"\x28\xb5\x2f\xfd\x04\x58\x11\x00\x00a\n\x93\xf0\xf8\x9a", 415, "zstd"),
    (b"\x04\x22\x4d\x18" + b"\xcc" * 80, 415, "lz4"),
    (b"SQLite format 3\x00" + bytes(100), 415, "SQLite"),
    (ROWS.encode("utf-32"), 415, "UTF-32"),
    (bytes(range(1, 32)) * 40, 415, "binary"),
]


@pytest.mark.parametrize(
    ("content", "status", "word"), REFUSED, ids=[f"{n} {word}" for n, (_, _, word) in enumerate(REFUSED)]
)
async def test_what_is_no_table_is_refused_by_what_it_looks_like(
    client: httpx.AsyncClient, connection: asyncpg.Connection, content: bytes, status: int, word: str
) -> None:
    answer = await send(client, "customers", content)
    assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
async def test_the_unicode_text_of_excel_is_read(
    client: httpx.AsyncClient, connection: asyncpg.Connection, codec: str, delimiter: str
) -> None:
    content = ROWS.replace(";", delimiter).replace("\n", "\r\n").encode(codec)
    load = await load_file(client, "customers", content)
    assert (load["encoding"], load["delimiter"]) == ("utf-16", delimiter)
    assert counts(load) == (2, 2, 0, 0, 0)
    assert await stored(connection) == STORED


@pytest.mark.parametrize("before", ["", "Relatório\r"])
async def test_carriage_returns_alone_end_lines(
    client: httpx.AsyncClient, connection: asyncpg.Connection, before: str
) -> None:
    load = await load_file(client, "customers", before + ROWS.replace("\n", "\r"))
    assert counts(load) == (2, 2, 0, 0, 0)
    assert await stored(connection) == STORED


@pytest.mark.parametrize("names", ["id;nome;email;telefone", '"i\nd";nome;email;telefone'])
async def test_line_feeds_inside_cells_do_not_make_carriage_returns_less_of_line_ends(
    client: httpx.AsyncClient, connection: asyncpg.Connection, names: str
) -> None:
    load = await load_file(client, "customers", f'{names}\r1;"José\nConceição";a@x.com;11\r2;Íris;b@x.com;\r')
    assert counts(load) == (2, 2, 0, 0, 0)
    assert [name.replace("\n", " ") for _, name in await stored(connection)] == ["José Conceição", "Íris"]


async def test_a_byte_order_mark_says_utf_8_whatever_the_rows_are(client: httpx.AsyncClient) -> None:
    rows = b"1;S\xc3\xa3o;a@x.com;1\n2;S\xc3;b@x.com;1\n3;S\xc3;c@x.com;1\n"
    for options in ({}, {"encoding": "cp850"}):
        load = await load_file(
            client, "customers", b"\xef\xbb\xbfid;nome;email;telefone\n" + rows, **options, validate_only=True
        )
        assert (load["encoding"], load["rejects"]) == ("utf-8", [{"reason": "encoding", "rows": 2, "first_line": 3}])


async def test_a_bad_byte_beside_an_accented_header_costs_its_row(client: httpx.AsyncClient) -> None:
    text = "Código;Razão Social;E-mail;Telefone\n1;João;a@x.com;1\n".encode() + b"2;Jo\xe3o;b@x.com;1\n"
    load = await load_file(client, "customers", text)
    assert (counts(load), load["columns"]["nome"]) == ((2, 1, 0, 0, 1), "Razão Social")


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("cp850", "cp850"),
        ("iso-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf-8", "utf-8"),
        ("utf-16", "utf-16-le"),
    ],
)
async def test_an_encoding_that_is_named_is_taken(
    client: httpx.AsyncClient, connection: asyncpg.Connection, encoding: str, codec: str
) -> None:
    load = await load_file(client, "customers", ROWS.encode(codec), encoding=encoding)
    assert load["encoding"] == encoding
    assert await stored(connection) == STORED


async def test_a_file_in_utf_8_with_a_few_bad_bytes_stays_utf_8(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", ROWS.encode() + b"3;Jo\xe3o;joao@mail.com;\n")
    assert (load["encoding"], counts(load)) == ("utf-8", (3, 2, 0, 0, 1))
    assert load["rejects"][0]["reason"] == "encoding"
    assert await stored(connection) == STORED


async def test_a_load_whose_every_row_was_rejected_says_so(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", "id;nome;email;telefone\nx;Ana;ana@mail.com;\n")
    assert load["status"] == "completed"
    assert any("Every row was rejected" in warning for warning in load["warnings"])


async def test_line_ends_of_two_kinds_are_told(client: httpx.AsyncClient) -> None:
    rows = "".join(f"{n};Ana;a{n}@mail.com;\r" for n in range(1, 41))
    answer = await send(client, "customers", f"id;nome;email;telefone\r{rows}\n71;Bia;b@mail.com;\n71;B;c@mail.com;\n")
    assert answer.status_code == 422
    assert "carriage returns" in answer.json()["detail"]


@pytest.mark.parametrize("number", [2, 63, 64, 100, 20_000])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "{id};Bia;b@mail.com;\n"])
async def test_where_the_first_lines_end_in_carriage_returns_line_feeds_behind_them_end_lines_too(
    client: httpx.AsyncClient, number: int, end: str
) -> None:
    rows = "".join(f"{n};Ana;a{n}@mail.com;\r" for n in range(1, number + 1))
    file = f"id;nome;email;telefone\r{rows}{end.format(id=number + 1)}"
    more = end.startswith("{")
    if more and number < 63:
        return  # its line feed is the end of the file alone, and stands within the first lines
    load = await load_file(client, "customers", file)
    assert counts(load) == (number + more, number + more, 0, 0, 0)
