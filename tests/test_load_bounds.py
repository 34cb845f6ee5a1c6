"""Records that are long or tall, and quotes that are astray: each costs itself, and nothing quoted is ever a row."""

import subprocess
import sys

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from load_client import client_with, counts, load_file, rejects_of

from logistics_indicators.loads.formats import FileFormat, Layout
from logistics_indicators.loads.kinds import COLUMNS, Kind
from logistics_indicators.loads.parsing.chunk import parse_chunk
from logistics_indicators.loads.parsing.quoting import MOST_HELD, RecordRule
from logistics_indicators.loads.receiving.cutting import Chunk, Cutter

HEADER = "id;nome;email;telefone;obs\n"
LAYOUT = Layout(";", (*COLUMNS[Kind.customers], None), True)
ROW_INSIDE = "7;Not a row;no@mail.com;1;x\n"


async def loaded(
    connection: asyncpg.Connection, database_url: str, text: str, chunk_bytes: int
) -> tuple[tuple[int, ...], list[tuple[int, str | None, str]], list[int]]:
    """(the counts, the rejects, the ids stored)"""
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        load = await load_file(client, "customers", text)
        rejects = [reject[:3] for reject in await rejects_of(client, load["id"])]
    stored = await connection.fetch("SELECT id FROM customers ORDER BY id")
    return counts(load), rejects, [row[0] for row in stored]


@pytest.mark.parametrize("chunk_bytes", [64, 100_000, 2 * 1024 * 1024])
@pytest.mark.parametrize("lines", [20, 21, 1000])
async def test_a_quoted_cell_may_be_of_any_number_of_lines(
    connection: asyncpg.Connection, database_url: str, lines: int, chunk_bytes: int
) -> None:
    text = HEADER + f'1;Ana;a@mail.com;;"{ROW_INSIDE * lines}"\n2;Bia;b@mail.com;;\n'
    assert await loaded(connection, database_url, text, chunk_bytes) == ((2, 2, 0, 0, 0), [], [1, 2])


@pytest.mark.parametrize("chunk_bytes", [50_000, 2 * 1024 * 1024])
@pytest.mark.parametrize("size", [64 * 1024, MOST_HELD - 100, MOST_HELD + 100, 5 * MOST_HELD])
async def test_a_cell_that_is_too_long_costs_its_record_once_and_none_of_its_lines_is_a_row(
    connection: asyncpg.Connection, database_url: str, size: int, chunk_bytes: int
) -> None:
    inside = ROW_INSIDE * (size // len(ROW_INSIDE) + 1)
    text = HEADER + f'1;Ana;a@mail.com;"{inside}";"{inside}"\n2;Bia;b@mail.com;;\n'
    assert await loaded(connection, database_url, text, chunk_bytes) == (
        (2, 1, 0, 0, 1),
        [(2, None, "too_long")],
        [2],
    )


@pytest.mark.parametrize("chunk_bytes", [50_000, 2 * 1024 * 1024])
async def test_a_stray_quote_before_megabytes_without_another_costs_its_own_line(
    connection: asyncpg.Connection, database_url: str, chunk_bytes: int
) -> None:
    others = "".join(f"{n};Customer {n};c{n}@mail.com;1;{'x' * 1000}\n" for n in range(2, 2500))
    text = HEADER + '1;"Ana;a@mail.com;1;x\n' + others
    found, rejects, ids = await loaded(connection, database_url, text, chunk_bytes)
    assert (found, rejects) == ((2499, 2498, 0, 0, 1), [(2, "nome", "missing_column")])
    assert ids == list(range(2, 2500))


async def test_a_row_that_ends_inside_its_last_field_lacks_that_field(
    connection: asyncpg.Connection, database_url: str
) -> None:
    text = HEADER + '1;Ana;a@mail.com;1;"x\n2;Bia;b@mail.com;;\n'
    _, rejects, ids = await loaded(connection, database_url, text, 1000)
    assert ([reject[2] for reject in rejects], ids) == (["missing_column"], [2])


@pytest.mark.parametrize("blank", [";;;;", ";;", ' ; ;\t;;""', '"";"";"";"";""', '"\n";;;;'])
async def test_rows_of_delimiters_and_blanks_are_blank(
    connection: asyncpg.Connection, database_url: str, blank: str
) -> None:
    text = HEADER + f"{blank}\n1;Ana;a@mail.com;;\n{blank}\n"
    assert (await loaded(connection, database_url, text, 1000))[0] == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("control", ["\x0b", "\x0c", "\x1b", "\x7f", "\x01"])
async def test_a_control_character_is_called_one(
    connection: asyncpg.Connection, database_url: str, control: str
) -> None:
    text = HEADER + f"1;A{control}na;a@mail.com;;\n"
    assert (await loaded(connection, database_url, text, 1000))[1] == [(2, "nome", "control_character")]


@pytest.mark.parametrize("id", ["00000000000000001", "0" * 300 + "1", '"00000000000000001"'])
async def test_an_id_may_have_any_number_of_leading_zeros(
    connection: asyncpg.Connection, database_url: str, id: str
) -> None:
    assert await loaded(connection, database_url, f"{HEADER}{id};Ana;a@mail.com;;\n", 1000) == (
        (1, 1, 0, 0, 0),
        [],
        [1],
    )


PIECES = st.sampled_from(['"', '""', '"""', ";", "\n", "\r\n", "a", ' "', '" ', "1;Ana;a@mail.com;;\n", 'a";"b\n'])


def cut(body: bytes, chunk_bytes: int, piece: int) -> tuple[list[Chunk], Cutter]:
    cutter = Cutter(chunk_bytes, LAYOUT)
    chunks = []
    for start in range(0, len(body), piece):
        cutter.add(body[start : start + piece])
        if cutter.is_full and (chunk := cutter.cut()):
            chunks.append(chunk)
    if chunk := cutter.cut(final=True):
        chunks.append(chunk)
    return chunks, cutter


def rows_of(body: bytes, chunk_bytes: int, piece: int) -> list[tuple[object, ...]]:
    chunks, cutter = cut(body, chunk_bytes, piece)
    fmt = FileFormat(Kind.customers, LAYOUT, "utf-8")
    rows: list[tuple[object, ...]] = []
    for chunk in chunks:
        parsed = parse_chunk(chunk.body, chunk.first_line, chunk.seq == 0, fmt, cutter.long_records)
        rows += parsed.rows.select("line", "id", "nome").rows() + parsed.rejects.select("line", "reason").rows()
    return sorted(rows, key=lambda row: row[0])  # type: ignore[arg-type,return-value]


def test_where_a_file_is_cut_never_changes_its_records() -> None:
    @settings(max_examples=150, deadline=None, database=None)
    @given(pieces=st.lists(PIECES, max_size=60), chunk=st.integers(1, 40), piece=st.integers(1, 30))
    def check(pieces: list[str], chunk: int, piece: int) -> None:
        body = (HEADER + "".join(pieces)).encode()
        assert rows_of(body, chunk, piece) == rows_of(body, 10**6, 10**6)

    check()


@settings(max_examples=200, deadline=None, database=None)
@given(pieces=st.lists(PIECES, max_size=200))
def test_looking_ahead_passes_over_no_byte_more_than_twice(pieces: list[str]) -> None:
    """However the quotes stand, so that no file of them makes the work grow faster than the file."""
    body, rule = "".join(pieces).encode(), RecordRule(";")
    passed_over = 0
    for start, _ in rule.records(body, 0, len(body)):
        record = rule.record(body, start)
        if body[record.last_field :].lstrip(b" ").startswith(b'"'):
            quote = body.index(b'"', record.last_field)
            inside = rule.patterns.inside.match(body, quote + 1)
            assert inside is not None
            passed_over += inside.end() - quote
    assert passed_over <= 2 * len(body)


PARSE_ODD_ROWS = """
import resource
from logistics_indicators.loads.formats import FileFormat, Layout
from logistics_indicators.loads.kinds import COLUMNS, Kind
from logistics_indicators.loads.parsing.chunk import parse_chunk
fmt = FileFormat(Kind.customers, Layout(";", COLUMNS[Kind.customers]), "utf-8")
parse_chunk(b"a\\n", 1, False, fmt)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parsed = parse_chunk({row} * ({size} // len({row})), 1, False, fmt)
assert parsed.rejects.height == {size} // len({row}), parsed.rejects.height
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(("row", "size"), [(b"a\n", 2**21), (b"a;;;\n", 2**21), (b'""x\n', 2**19)])
def test_rows_that_are_all_odd_take_little_memory(row: bytes, size: int) -> None:
    code = PARSE_ODD_ROWS.format(row=row, size=size)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 260, "MiB"
