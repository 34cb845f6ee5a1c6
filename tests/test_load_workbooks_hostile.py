"""Workbooks that are broken, locked or made to harm are answered with what is wrong; nothing of them is kept."""

import io
import sys
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file, send
from workbooks import MAIN, by_openpyxl, packed, parts, row_of

from logistics_indicators.loads.receiving import apart
from logistics_indicators.loads.receiving.room import Room

HEADER = row_of(1, "id", "nome", "email")
ROW = row_of(2, 1, "Ana", "a@mail.com")
GOOD = parts(HEADER + ROW)
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def changed(**files: Any) -> bytes:
    """A good workbook with other parts, by the last word of their names."""
    given = {name.replace("__", "."): content for name, content in files.items()}
    return packed({name: given.get(name.rsplit("/", 1)[-1], content) for name, content in GOOD.items()})


def sheet(xml: str) -> bytes:
    return packed(parts(xml))


def locked() -> bytes:
    """A zip whose parts say that they are encrypted."""
    content = bytearray(packed(GOOD))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = content.find(mark)
        while found >= 0:
            content[found + place] |= 1
            found = content.find(mark, found + 1)
    return bytes(content)


def damaged() -> bytes:
    """The sheet's packed bytes are others than they were."""
    content = bytearray(packed(GOOD))
    place = content.index(SHEET.encode()) + len(SHEET)
    content[place + 20 : place + 30] = bytes(10)
    return bytes(content)


def without(name: str) -> bytes:
    return packed({part: content for part, content in GOOD.items() if part != name})


def with_one_more(name: str, content: str | bytes = b"x") -> bytes:
    return packed({**GOOD, name: content})


SWELLING = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 1000}">' for n in range(8))
DOCTYPE = (
    f"<?xml version='1.0'?><!DOCTYPE worksheet [{SWELLING}]><worksheet {MAIN}><sheetData>&e7;</sheetData></worksheet>"
)

REFUSED: dict[str, tuple[bytes, int, str]] = {
    "an encrypted one": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), 415, "encrypted"),
    "a locked zip": (locked(), 422, "password"),
    "an attribute without an end": (sheet(ROW.replace("<row ", f'<row x="{"9" * 5 * 2**20}" ', 1)), 422, "is broken"),
    "macros": (with_one_more("xl/vbaProject.bin"), 422, "macros"),
    "macros by its type": (
        packed(parts(HEADER, content_type="application/vnd.ms-excel.sheet.macroEnabled.main+xml")), 422, "macros"
    ),
    "old macros": (with_one_more("xl/macrosheets/sheet1.xml"), 422, "macros"),
    "a binary one": (
        packed({**GOOD, "_rels/.rels": GOOD["_rels/.rels"].replace(".xml", ".bin"), "xl/workbook.bin": b"\x83"}),
        422,
        "xlsb",
    ),
    "a letter": (
        packed({
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": GOOD["_rels/.rels"].replace("xl/workbook.xml", "word/document.xml"),
            "word/document.xml": "<w:document xmlns:w='x'/>",
        }),
        422,
        "no Excel workbook",
    ),
    "no relations": (without("_rels/.rels"), 422, "broken"),
    "no workbook": (without("xl/workbook.xml"), 422, "Office"),
    "no sheet": (without("xl/worksheets/sheet1.xml"), 422, "broken"),
    "no content types": (without("[Content_Types].xml"), 422, "broken"),
    "a list of no sheets": (changed(workbook__xml=f"<workbook {MAIN}><sheets/></workbook>"), 422, "broken"),
    "a list of sheets that swells": (
        changed(workbook__xml=GOOD["xl/workbook.xml"].replace("<sheets>", " " * 2**24 + "<sheets>")), 422, "broken"
    ),
    "a sheet cut short": (changed(sheet1__xml=GOOD["xl/worksheets/sheet1.xml"][:-40]), 422, "broken"),
    "a sheet that is no XML": (changed(sheet1__xml="id;nome;email\n1;Ana;a@mail.com\n"), 422, "broken"),
    "an empty part": (changed(sheet1__xml=""), 422, "broken"),
    "a chart as sheet": (changed(sheet1__xml="<chartsheet/>"), 422, "broken"),
    "entities that swell": (changed(sheet1__xml=DOCTYPE), 422, "broken"),
    "entities from elsewhere": (
        changed(sheet1__xml=f"<!DOCTYPE w SYSTEM 'file:///etc/passwd'><worksheet {MAIN}/>"), 422, "broken"
    ),
    "rows out of order": (sheet(HEADER + row_of(3, 1, "Ana", "a@mail.com") + ROW), 422, "broken"),
    "a row twice": (sheet(HEADER + ROW + ROW), 422, "broken"),
    "a cell twice": (sheet(HEADER + ROW.replace('r="B2"', 'r="A2"')), 422, "broken"),
    "a row beyond the last": (sheet(HEADER + ROW.replace('r="2"', 'r="1048577"')), 422, "broken"),
    "a row of no number": (sheet(HEADER + ROW.replace('row r="2"', 'row r="two"')), 422, "broken"),
    "a column of no letters": (sheet(HEADER + ROW.replace('r="B2"', 'r="é2"')), 422, "broken"),
    "a text that is not there": (sheet(HEADER + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), 422, "broken"),
    "a text before the first": (sheet(HEADER + '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>'), 422, "broken"),
    "only empty rows": (sheet('<row r="1048576"/>'), 422, "empty"),
    "no header": (sheet(row_of(1, "Relatório")), 422, "No header"),
    "too many columns": (
        sheet('<row r="1">' + "".join(f'<c t="str"><v>c{n}</v></c>' for n in range(16_000)) + "</row>"), 422, "header"
    ),
    "cut in two": (packed(GOOD)[:-60], 422, "The workbook is broken"),
    "a damaged part": (damaged(), 422, "broken"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_workbook_that_cannot_be_read_is_refused_by_what_is_wrong(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str
) -> None:
    content, status, word = REFUSED[name]
    answer = await send(client, "customers", content)
    assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
    assert counts(await load_file(client, "customers", packed(GOOD))) == (1, 1, 0, 0, 0)


def bomb(part: str, before: bytes, filling: bytes, times: int) -> bytes:
    """A workbook with a part of so many megabytes, which packs to next to nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in GOOD.items():
            if name != part:
                archive.writestr(name, content)
        with archive.open(part, "w") as member:
            member.write(before)
            for _ in range(times):
                member.write(filling)
    return out.getvalue()


BLANKS = b" " * 2**20
OPEN = f"<worksheet {MAIN}><sheetData>".encode()
NARROW = b'<row><c t="str"><v>x</v></c></row>' * 1000
WIDE = b'<row><c r="SR1"><v>1</v></c></row>' * 2**10
LONG_TEXT = b"<si><t>" + b"a text " * 4000 + b"</t></si>"
BOMBS: dict[str, tuple[Callable[[], bytes], dict[str, int], int, str]] = {
    "more than may be unpacked": (lambda: bomb(SHEET, OPEN, BLANKS, 40), {"load_max_bytes": 2**24}, 413, "larger"),
    "more records than may be": (
        lambda: bomb(SHEET, OPEN + HEADER.encode() + NARROW, WIDE, 40), {"load_max_bytes": 2**22}, 413, "larger"
    ),
    "a text without end": (lambda: bomb(TEXTS, f"<sst {MAIN}><si><t>".encode(), BLANKS, 40), {}, 422, "broken"),
    "texts without number": (
        lambda: bomb(TEXTS, f"<sst {MAIN}>".encode(), LONG_TEXT * 2**5, 200),
        {"load_reader_bytes": 128 * 2**20}, 422, "memory",
    ),
    "work without end": (lambda: bomb(SHEET, OPEN, b"<x/>" * 2**18, 40), {"load_reader_seconds": 1}, 422, "seconds"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
async def test_a_workbook_that_swells_ends_at_a_bound(
    connection: asyncpg.Connection, database_url: str, name: str
) -> None:
    make, changes, status, word = BOMBS[name]
    async with client_with(connection, database_url, **changes) as client:
        answer = await send(client, "customers", make())
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text
        assert await connection.fetchval("SELECT count(*) FROM loads") == 0
        assert counts(await load_file(client, "customers", packed(GOOD))) == (1, 1, 0, 0, 0)


BRACKETS = '<numFmt numFmtId="164" formatCode="' + "[" * 300_000
ODD_PARTS: dict[str, bytes] = {
    "a format of brackets": changed(
        styles__xml=GOOD["xl/styles.xml"].replace('<numFmt numFmtId="164" formatCode="', BRACKETS)
    ),
    "a format's number without end": changed(
        styles__xml=GOOD["xl/styles.xml"].replace('<xf numFmtId="22"/>', f'<xf numFmtId="{"9" * 300_000}"/>')
    ),
    "a sheet's name without end": changed(
        workbook__xml=GOOD["xl/workbook.xml"].replace('name="Plan1"', f'name="{"Plan" * 300_000}"')
    ),
}


@pytest.mark.parametrize("name", ODD_PARTS)
async def test_a_workbook_with_a_text_that_is_longer_than_excel_writes_is_read_at_once(
    connection: asyncpg.Connection, database_url: str, name: str
) -> None:
    """Within processor time that its rows alone would take: no text is read again for each of its characters."""
    async with client_with(connection, database_url, load_reader_seconds=3) as client:
        load = await load_file(client, "customers", ODD_PARTS[name])
        assert (counts(load), len(load["sheet"]) <= 255) == ((1, 1, 0, 0, 0), True)


async def test_what_is_no_program_of_ours_can_say_is_not_told_to_the_sender(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading process dies with a traceback."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", "raise RuntimeError('inside')"))
    answer = await send(client, "customers", by_openpyxl([["id", "nome", "email"]]))
    assert answer.status_code == 422
    assert "inside" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_the_reading_process_knows_no_secret(
    client: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", "a secret of the service")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@host/db")
    show = (
        "import json, os; print(json.dumps({'sheet': 'x', 'warnings': []})); print('id;nome;email');"
        "[print(f'{n};{name};a{n}@mail.com') for n, name in enumerate(os.environ, 1)]"
    )
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", show))
    load = await load_file(client, "customers", by_openpyxl([["x"]]))
    names = {row[0] for row in await connection.fetch("SELECT nome FROM customers")}
    assert (load["status"], "PATH" in names) == ("completed", True)
    assert names <= {*apart.INHERITED, "LC_CTYPE"}  # the last one is Python's own


async def test_packed_bytes_that_wait_count_among_the_user_s(
    connection: asyncpg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a zip too: what is kept to be unpacked takes room as what is unpacked does."""
    held: list[int] = []
    check = Room.check

    async def watched(room: Room, user_id: int, besides: UUID | None = None) -> None:
        held.append(room.kept[user_id])
        await check(room, user_id, besides)

    monkeypatch.setattr(Room, "check", watched)
    rows = "".join(f"{n};Ana {n};a{n}@mail.com;\n" for n in range(2000))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("c.csv", rows)
    async with client_with(connection, database_url, load_spool_bytes_per_user=40_000) as client:
        monkeypatch.setattr("logistics_indicators.loads.receiving.room.LOOK_AGAIN_BYTES", 1000)
        answer = await send(client, "customers", out.getvalue())
        assert (answer.status_code, "40000 bytes" in answer.json()["detail"]) == (429, True)
        assert max(held) >= 40_000
        monkeypatch.setattr("logistics_indicators.loads.receiving.room.LOOK_AGAIN_BYTES", 2**24)
        assert (await load_file(client, "customers", packed(GOOD)))["rows_inserted"] == 1
    assert held[-1] == 0 or held[-2] == 0
