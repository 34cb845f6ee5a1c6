"""Whatever the bytes, the chunk size and the number of workers: a load ends, and as a row-by-row reading would."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import load_reference
import pytest
from chance import times
from conftest import client_of, make_settings, running_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_client import counts, empty_tables, finished, rejects_of, send

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.loads.kinds import KINDS, Kind
from logistics_indicators.loads.receiving.recognising import is_packed, utf16_of, what_else
from logistics_indicators.running.embedded import EmbeddedPostgres

EXAMPLES = times(40, 400)
CONFIGURATIONS = [(64, 4), (150, 2), (1000, 3), (4_000_000, 1)]
"""(bytes of a chunk, workers)"""

NAMES = st.sampled_from(
    [
        *("Ana", "José", "D'Ávila", 'Zé "Bom"', "", " Rui ", "x" * 201, "a\tb", "back\\slash", "-", "\\N"),
        *("Jose\u0301", "A  na", "A\xa0na", "\u200bAna", "\u200b", "NULL", "#n/d", "#VALOR!", "a\x96b", "—"),
    ]
)
IDS = st.one_of(st.integers(1, 9).map(str), st.sampled_from(["0", "-1", "x", "", "9007199254740992", "007", "٣"]))
EMAILS = st.one_of(
    st.integers(1, 6).map("u{}@mail.com".format),
    st.sampled_from(["", "nobody", "a@b", "a b@c.d", "U1@mail.com", "u2@MAIL.com", "İ@mail.com", "i\u0307@mail.com"]),
)
PHONES = st.sampled_from(["", "-", "11987654321", "9" * 41])
GOOD_DATES = ["29/06/2021 10:15:27", "30/062021 09:28", "27/06/21", "28 /06 /2021 10:57:27", "2021-06-26T10:31:14"]
DATES = st.sampled_from(
    [*GOOD_DATES, "2021-06-26", "-", "", "31/02/2021", "1/6/2021 3:15", "29/06/2021 25:00", "NULL", "#REF!", "#FIELD!"]
)
CELLS = {
    "customers": {"id": IDS, "nome": NAMES, "email": EMAILS, "telefone": PHONES},
    "services": {
        "id": IDS,
        "id_cliente": st.one_of(st.integers(1, 6).map(str), IDS),
        "angel": NAMES,
        "polo": NAMES,
        "data_limite": DATES,
        "data_de_atendimento": DATES,
    },
}
ROWS = {kind: st.tuples(*(CELLS[kind][name] for name in names)) for kind, names in load_reference.COLUMNS.items()}
ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n", b"", b";\n"])
GARBAGE = st.one_of(
    st.binary(max_size=12), st.sampled_from([b'"', b'"open;', b'";"', b"\xc3", b"\x81", b"\x00", b"a\nb"])
)
TALL_CELLS = st.sampled_from(
    [
        *('"two\nlines"', '"a\n7;;extra_column;8;Eva;u6@mail.com;1"', '"a\n\n7;nome;empty_field;"', '"\n"" ""\n b"'),
        *('"a\n1;;extra_column;x"" \n2;;missing_column;8;Eva;u6@mail.com;\n "', '"a\n" "', '"\n" "\n;;\n"'),
    ]
)
"""Of several lines, some of which look like those of a file of rejects, or like its empty rows."""

STARTS = st.sampled_from([b"x^", b"\xef\xbb\xbf", b"\x1f\x8b", b"+", b"#", b" "])
"""Some of them are what other kinds of files start with."""

INSERT_USER = "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a@b', '!', 'admin') RETURNING id"
INSERT_CUSTOMERS = "INSERT INTO customers (id, nome, email) SELECT i, 'n', i FROM generate_series(1, 4) i"


def quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@st.composite
def files(draw: st.DrawFn, kind: str) -> bytes:
    """Rows that are mostly nearly good, with quotes, bad bytes and lost line ends among them."""
    row = ROWS[kind]
    out = [draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\n \n"]))]
    names = load_reference.COLUMNS[kind]
    width = len(names)
    if draw(st.booleans()):
        if kind == "customers" and draw(st.booleans()):
            width = 3
        names = names[:width]
        out.append(";".join(names).encode() + b"\n")
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "cp1252"]))
    for whole in draw(st.lists(row, max_size=25)):
        fields = whole[:width]
        quoted = draw(st.integers(0, 9))
        texts = [
            '"' + f.replace('"', '""') + '"' if quoted == i or (quoted == 9 and f) else f for i, f in enumerate(fields)
        ]
        if quoted == 8:
            texts[1] = draw(TALL_CELLS)
        if draw(st.integers(0, 11)) == 0:
            out.append(draw(STARTS))
        out.append(";".join(texts).encode(encoding, errors="replace"))
        if draw(st.integers(0, 11)) == 0:
            out.append(draw(GARBAGE))
        out.append(draw(ENDS))
    out.append(draw(st.sampled_from([b"", b"", b"\n\x1a"])))
    return b"".join(out)


def is_text(content: bytes) -> bool:
    """Whether a load takes it for a table at all; what else there is, test_load_file_kinds.py shows."""
    return not is_packed(content) and what_else(content) is None and utf16_of(content) is None


@dataclass
class Site:
    """One configuration: an app, its client, its database."""

    client: httpx.AsyncClient
    connection: asyncpg.Connection


@asynccontextmanager
async def sites(
    server: EmbeddedPostgres, template: str, configurations: Sequence[tuple[int, int]] = CONFIGURATIONS
) -> AsyncIterator[list[Site]]:
    async with AsyncExitStack() as stack:
        admin = await asyncpg.connect(server.url("postgres"))
        stack.push_async_callback(admin.close)
        made = []
        for chunk_bytes, workers in configurations:
            name = f"test_property_{random.getrandbits(64):x}"
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            stack.push_async_callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)")
            changes = {"load_chunk_bytes": chunk_bytes, "load_workers": workers}
            app = await stack.enter_async_context(running_app(make_settings(server.url(name), **changes)))
            connection = await asyncpg.connect(server.url(name))
            stack.push_async_callback(connection.close)
            token = issue_access_token(app.state.token_key, await connection.fetchval(INSERT_USER))
            made.append(Site(await stack.enter_async_context(client_of(app, token)), connection))
        yield made


@pytest.mark.parametrize("kind", ["customers", "services"])
def test_any_file_gives_what_a_row_by_row_reading_gives(
    server: EmbeddedPostgres, template_database: str, kind: str
) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = runner.run(stack.enter_async_context(sites(server, template_database)))
        try:

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(
                contents=st.lists(
                    st.one_of(files(kind), files(kind), st.binary(max_size=80)).filter(is_text), min_size=1, max_size=2
                ),
                update=st.booleans(),
                site=st.sampled_from(range(len(CONFIGURATIONS))),
            )
            def check(contents: list[bytes], update: bool, site: int) -> None:
                runner.run(_check(made[site], kind, contents, update))

            check()
        finally:
            runner.run(stack.aclose())


async def _check(site: Site, kind: str, contents: list[bytes], update: bool) -> None:
    await empty_tables(site.connection)
    customers: set[int] = set()
    if kind == "services":
        customers = {1, 2, 3, 4}
        await site.connection.execute(INSERT_CUSTOMERS)
    rows: dict[int, Any] = {}
    for content in contents:
        names = load_reference.COLUMNS[kind]
        has_header = content.lstrip(b"\xef\xbb\xbf\n ").startswith(";".join(names).encode() + b"\n")
        expected = load_reference.load(kind, content, rows, customers, update, has_header)
        options = {"delimiter": ";"} if has_header else {"delimiter": ";", "header": "none"}
        response = await send(site.client, kind, content, on_conflict="update" if update else "reject", **options)
        assert response.status_code == (422 if expected.refused else 202), response.text
        if expected.refused:
            continue
        load = await finished(site.client, response.json()["load"]["id"])
        assert load["status"] == ("completed" if expected.read else "failed"), load
        rejected = len(expected.rejects)
        assert counts(load) == (expected.read, expected.inserted, expected.updated, expected.unchanged, rejected)
        assert [reject[:3] for reject in await rejects_of(site.client, load["id"])] == expected.rejects
        rows = expected.rows
        assert await _stored(site.connection, kind) == rows


async def _stored(connection: asyncpg.Connection, kind: str) -> dict[int, Any]:
    columns = load_reference.COLUMNS[kind]
    rows = await connection.fetch(f"SELECT {', '.join(columns)} FROM {KINDS[Kind(kind)].rows}")
    return {row[0]: tuple(row)[1:] for row in rows}
