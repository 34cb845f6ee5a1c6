"""The rejects of a load as a file: what it looks like, and what becomes of it when it is sent again."""

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import client_of, make_settings, running_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_client import counts, empty_tables, finished, load_file, rejects_of, send
from load_reference import COLUMNS
from test_load_property import EXAMPLES, INSERT_CUSTOMERS, INSERT_USER, Site, files, is_text

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.loads.formats import FileFormat, Layout
from logistics_indicators.loads.kinds import Kind
from logistics_indicators.loads.parsing.chunk import parse_chunk
from logistics_indicators.loads.receiving.cutting import Cutter
from logistics_indicators.running.embedded import EmbeddedPostgres

HEADER = "id;nome;email;telefone\n"
MARK = "\ufeff"
REJECT = "2;email;invalid_email;1;Bia;nobody;1"


async def rejects_file(client: httpx.AsyncClient, load: dict[str, Any]) -> bytes:
    answer = await client.get(f"/v1/loads/{load['id']}/rejects", params={"format": "csv"})
    assert answer.status_code == 200
    return answer.content


async def send_again(
    client: httpx.AsyncClient, kind: str, load: dict[str, Any], rounds: int = 2, **options: Any
) -> dict[str, Any]:
    """Sends the rejects again, and again: the same rows are rejected for the same reasons, and the file is the same."""
    file = await rejects_file(client, load)
    for _ in range(rounds):
        again = await load_file(client, kind, file, **options)
        rejected = load["rows_rejected"]
        assert counts(again) == (rejected, 0, 0, 0, rejected)
        reasons = [{"reason": entry["reason"], "rows": entry["rows"]} for entry in again["rejects"]]
        assert sorted(reasons, key=str) == sorted(
            ({"reason": entry["reason"], "rows": entry["rows"]} for entry in load["rejects"]), key=str
        )
        assert await rejects_file(client, again) == file
        before, after = [await _page(client, which["id"]) for which in (load, again)]
        assert [{**r, "line": 0} for r in after] == [{**r, "line": 0} for r in before]
    return again


async def _page(client: httpx.AsyncClient, load_id: int) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/loads/{load_id}/rejects", params={"limit": 1000})
    return list(answer.json()["rejects"])


DIRTY = {
    "a field too few": "1;Ana;a@mail.com",
    "a field too many": "1;Ana;a@mail.com;1;2;3",
    "an open quote": '1;"Ana;a@mail.com;1',
    "an open quote at the end": '1;Ana;a@mail.com;"1',
    "a quote that a later row seems to close": '1;"Ana;a@mail.com;1\nx;"B" b;b@mail.com;1\ny;"C";c@mail.com;"',
    "quotes inside": 'x;"Ana ""Bela""";a@mail.com;" 1 "',
    "lines inside": 'x;"Ana\nBela\r\n\nx;y;z;w";a@mail.com;1',
    "a line of a reject inside": '1;"x\n7;;extra_column;8;Eva;eva@mail.com;1\n";nobody;1',
    "lines of rejects inside, and an open quote": '1;"x\n7;;extra_column;8;Eva;eva@mail.com;1\ny";"open;1',
    "lines of rejects and empty rows inside": '1;"x\n"" ""\n\n7;;extra_column;8;Eva;eva@mail.com;1\n;;\n";nobody;1',
    "an open quote between others": '1;"open;a@mail.com;1\n2;"x\n8;nome;empty_field;8;Eva;eva@mail.com;1\n";no;1\n3;"o',
    "a formula": '=cmd|calc;=1+1;"=HYPERLINK(""x"")";@x',
    "an escape": "1;\x1b[31mAna;a@mail.com;1",
    "a zero byte": "1;A\x00na;a@mail.com;1",
    "a long cell": f"1;{'x' * 70_000};a@mail.com;1",
    "a long row of lines": '1;"' + "x;y;z;w\n" * 10_000 + '";a@mail.com;1',
    "a row as long as one may be": f"x;{'y' * (64 * 1024 - 20)};a@mail.com;1",
    "a row that looks like a reject": "7;nome;empty_field;x",
    "blanks around": " x ; Ana ; a@mail.com ; 1 ",
    "a carriage return": "1;A\rna;nobody;1\r",
    "nothing": "1;;;",
}


@pytest.mark.parametrize("name", DIRTY)
@pytest.mark.parametrize("header", [HEADER, ""])
async def test_a_row_is_shown_as_it_was_sent_and_sent_again_it_is_rejected_again(
    client: httpx.AsyncClient, header: str, name: str
) -> None:
    row = DIRTY[name]
    load = await load_file(client, "customers", f"{header}90;Zoe;zoe@mail.com;\n{row}\n91;Zora;zora@mail.com;\n")
    assert (load["rows_inserted"], load["rows_rejected"] >= 1) == (2, True)
    file = (await rejects_file(client, load)).decode()
    assert file.startswith(f"{MARK}line;column;reason;{HEADER}")
    if len(row) < 60_000 and "\x00" not in row:
        assert all(line in file for line in row.removesuffix("\r").split("\n"))
    await send_again(client, "customers", load)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "utf-16"])
async def test_a_file_of_any_kind_comes_home_in_its_own_columns(
    client: httpx.AsyncClient, delimiter: str, codec: str
) -> None:
    rows = 'Obs;"E-\nmail";Código;Nome;\nàé;nobody;1;Ana;\n;b@mail.com;2;Bia;\nx;"c@mail.com";x;"C;\t,aio";\n'
    text = rows.replace(";", delimiter).replace("\n", "\r\n")
    load = await load_file(client, "customers", text.encode(codec))
    assert counts(load) == (3, 1, 0, 0, 2)
    file = (await rejects_file(client, load)).decode()
    names = 'Obs;"E-\r\nmail";Código;Nome;'.replace(";", delimiter)
    assert file.startswith(f"{MARK}line;column;reason;".replace(";", delimiter) + names + "\n")
    again = await send_again(client, "customers", load)
    assert again["columns"] == load["columns"]
    assert again["ignored"] == load["ignored"]


async def test_the_options_of_the_first_file_do_for_the_rejects_too(client: httpx.AsyncClient) -> None:
    options: dict[str, Any] = {"encoding": "cp850", "header": "none", "delimiter": ";"}
    load = await load_file(client, "customers", "x;José;jose@mail.com;1\n2;Zoé;nobody;1\n".encode("cp850"), **options)
    assert "José" in (await rejects_file(client, load)).decode()
    await send_again(client, "customers", load, **options)
    mapped: dict[str, Any] = {"columns": "nome:Wer,id:Nr"}
    load = await load_file(client, "customers", "Wer;Nr;email\nAna;x;a@mail.com\n", **mapped)
    await send_again(client, "customers", load, **mapped)


async def test_a_row_keeps_the_reason_that_it_had_as_long_as_it_is_true(client: httpx.AsyncClient) -> None:
    rows = "1;Ana;ana@mail.com;\n2;Bia;ANA;\n2;Bia;ana@mail.com;\n2;Bia;bia@mail.com;\n"
    rows += "3;X;bia@mail.com;\n2;Y;y@mail.com;\n"
    load = await load_file(client, "customers", HEADER + rows)
    assert [reject[2] for reject in await rejects_of(client, load["id"])] == [
        "invalid_email",
        "duplicate_email",
        "duplicate_email",
        "duplicate_id",
    ]
    await send_again(client, "customers", load)


async def test_a_row_has_another_reason_once_the_one_that_it_had_is_true_no_more(client: httpx.AsyncClient) -> None:
    """Row 1 had lost its id and row 2 its address: now it is row 1's address that is taken, and row 2's id."""
    await load_file(client, "customers", HEADER + "1;Ana;ana@mail.com;\n3;Eva;eva@mail.com;\n")
    load = await load_file(client, "customers", HEADER + "1;Anna;anna@mail.com;\n2;Bia;eva@mail.com;\n")
    assert [reject[1:3] for reject in await rejects_of(client, load["id"])] == [
        ("id", "duplicate_id"),
        ("email", "duplicate_email"),
    ]
    await load_file(
        client,
        "customers",
        HEADER + "1;Ana;ana@mail.com;\n3;Eva;eva.maria@mail.com;\n2;Rui;rui@mail.com;\n4;Gil;anna@mail.com;\n",
        on_conflict="update",
    )
    assert (await client.delete("/v1/customers/1")).status_code == 200
    again = await load_file(client, "customers", await rejects_file(client, load))
    assert [reject[1:] for reject in await rejects_of(client, again["id"])] == [
        ("email", "duplicate_email", "anna@mail.com"),
        ("id", "duplicate_id", "2"),
    ]


async def test_a_row_that_lost_to_an_earlier_one_of_its_file_does_not_win_when_it_is_sent_again(
    client: httpx.AsyncClient,
) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
    load = await load_file(client, "customers", "1;Anna;ana@mail.com;\n1;Anita;ana@mail.com;\n", on_conflict="update")
    assert counts(load) == (2, 0, 1, 0, 1)
    await send_again(client, "customers", load, on_conflict="update")
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Anna"


@pytest.mark.parametrize(
    ("mend", "taken"),
    [
        (lambda text: text.replace(";nobody;", ";b@mail.com;"), 1),
        (
            lambda text: text.replace(
                "2;email;invalid_email;1;Bia;nobody;1", '"2";"email";"invalid_email";"1";"Bia";"b@mail.com";"1"'
            ),
            1,
        ),
        (lambda text: text.replace(REJECT, ";;;1;Bia;b@mail.com;1"), 1),
        (lambda text: text.replace(REJECT, "1;Bia;b@mail.com;1"), 1),
        (lambda text: text + "5;Eva;eva@mail.com;1\n6;Rui;rui@mail.com;\n", 2),
        (lambda text: text.replace("\n", "\r\n").replace(";nobody;", ";b@mail.com;"), 1),
        (lambda text: text.split("\n")[0] + "\n2;email;invalid_email;;;;\n1;;;7;Gil;gil@mail.com;\n", 1),
    ],
)
async def test_what_was_mended_is_taken_however_it_was_saved(client: httpx.AsyncClient, mend: Any, taken: int) -> None:
    load = await load_file(client, "customers", f"{HEADER}1;Bia;nobody;1\n")
    text = (await rejects_file(client, load)).decode()
    again = await load_file(client, "customers", mend(text))
    assert again["rows_inserted"] == taken, again


TALL = '5;"x\n7;;extra_column;8;Eva;eva@mail.com;1\n";nobody;1'


async def test_what_is_mended_beside_a_line_of_a_reject_is_one_row(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", f"{HEADER}{TALL}\n6;Rui;nobody;1\n")
    text = (await rejects_file(client, load)).decode()
    again = await load_file(client, "customers", text.replace("nobody", "5@mail.com", 1))
    assert counts(again) == (2, 1, 0, 0, 1)
    assert (await client.get("/v1/customers/5")).json()["nome"] == "x 7;;extra_column;8;Eva;eva@mail.com;1"


@pytest.mark.parametrize("chunk", [8, 40, 64, 100, 150, 4_000_000])
def test_chunks_do_not_part_an_empty_row_from_the_row_behind_it(chunk: int) -> None:
    layout = Layout(";", (None, None, None, "id", "nome", "email", "telefone"), is_rejects_file=True)
    file = f'1;;missing_column;1;"o\n" "\n2;;invalid_email;{TALL}\n" "\n;;;\n3;;invalid_email;{TALL}\n'.encode()
    cutter = Cutter(chunk, layout)
    chunks = []
    for place in range(len(file)):
        cutter.add(file[place : place + 1])
        if cutter.is_full and (cut := cutter.cut()):
            chunks.append(cut)
    chunks += [cut] if (cut := cutter.cut(final=True)) else []
    assert b"".join(cut.body for cut in chunks) == file
    fmt = FileFormat(Kind.customers, layout, "utf-8")
    parsed = [parse_chunk(cut.body, cut.first_line, False, fmt) for cut in chunks]
    rejects = [row for part in parsed for row in part.rejects.select("origin_line", "reason").rows()]
    assert rejects == [(1, "missing_column"), (2, "invalid_email"), (3, "invalid_email")]


async def test_a_file_of_rejects_without_empty_rows_is_read_as_ever(client: httpx.AsyncClient) -> None:
    head = f"{MARK}line;column;reason;{HEADER}"
    old = head + '2;email;missing_column;1;"Ana;a@mail.com;1\n3;;missing_column;y;"C";c@mail.com;"\n'
    assert counts(await load_file(client, "customers", old)) == (2, 0, 0, 0, 2)
    saved = f"{head}2;email;invalid_email;1;Ana;nobody;\r\n ;;;;;;\r\n4;email;invalid_email;{TALL}\r\n"
    assert counts(await load_file(client, "customers", saved)) == (2, 0, 0, 0, 2)


@pytest.mark.parametrize("kind", ["customers", "services"])
def test_any_file_s_rejects_sent_again_are_rejected_again(
    server: EmbeddedPostgres, template_database: str, kind: str
) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        site = runner.run(_site(stack, server, template_database))
        try:

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(content=st.one_of(files(kind), st.binary(max_size=80)).filter(is_text), update=st.booleans())
            def check(content: bytes, update: bool) -> None:
                runner.run(_check(site, kind, content, update))

            check()
        finally:
            runner.run(stack.aclose())


async def _site(stack: AsyncExitStack, server: EmbeddedPostgres, template: str) -> Site:
    admin = await asyncpg.connect(server.url("postgres"))
    stack.push_async_callback(admin.close)
    name = f"test_again_{random.getrandbits(64):x}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    stack.push_async_callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)")
    app = await stack.enter_async_context(running_app(make_settings(server.url(name), load_chunk_bytes=150)))
    connection = await asyncpg.connect(server.url(name))
    stack.push_async_callback(connection.close)
    token = issue_access_token(app.state.token_key, await connection.fetchval(INSERT_USER))
    return Site(await stack.enter_async_context(client_of(app, token)), connection)


async def _check(site: Site, kind: str, content: bytes, update: bool) -> None:
    await empty_tables(site.connection)
    if kind == "services":
        await site.connection.execute(INSERT_CUSTOMERS)
    names = COLUMNS[kind]
    options = {"delimiter": ";", "on_conflict": "update" if update else "reject"}
    if not content.lstrip(b"\xef\xbb\xbf\n ").startswith(";".join(names).encode() + b"\n"):
        options["header"] = "none"
    answer = await send(site.client, kind, content, **options)
    if answer.status_code == 422:
        return
    load = await finished(site.client, answer.json()["load"]["id"])
    if load["rows_rejected"]:
        await send_again(site.client, kind, load, rounds=2, **options)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("row", [";5;Ana;e5@x.io;1", ";5;Ana;bad", ";;Ana;a@x.io", " ;;;a@x.io;;"])
async def test_an_empty_first_cell_is_no_part_of_our_cells(client: httpx.AsyncClient, delimiter: str, row: str) -> None:
    file = f"id;nome;email;telefone\n{row}\n".replace(";", delimiter)
    load = await load_file(client, "customers", file)
    sent = (await client.get(f"/v1/loads/{load['id']}/rejects?format=csv")).content
    again = await load_file(client, "customers", sent)
    assert counts(again) == (1, 0, 0, 0, 1)
    assert (await client.get(f"/v1/loads/{again['id']}/rejects?format=csv")).content == sent


PADDED = "line;column;reason;id;nome;email;telefone;;\n"


@pytest.mark.parametrize(
    ("row", "extra"),
    [
        ("3;;extra_column;2;A;e2@x.io;1;2;3", "2;3"),
        ("3;;extra_column;2;A;e2@x.io;1;;3", ";3"),
        ('3;;extra_column;2;"A;";e2@x.io;1;"2;";', "2;;"),
        ("3;;extra_column;2;A;e2@x.io;1;;", None),
        (";;;2;A;e2@x.io;1;2;3", None),
        ("3;email;invalid_email;2;A;e2@x.io;1;;", None),
    ],
)
async def test_padding_of_a_spreadsheet_makes_no_room_for_fields_too_many(
    client: httpx.AsyncClient, row: str, extra: str | None
) -> None:
    load = await load_file(client, "customers", PADDED + row + "\n")
    if extra is None:
        assert counts(load) == (1, 1, 0, 0, 0)
        return
    assert [(r["reason"], r["value"]) for r in await _page(client, load["id"])] == [("extra_column", extra)]
    await send_again(client, "customers", load)


@pytest.mark.parametrize(
    ("row", "is_missing"),
    [
        ("3;telefone;missing_column;2;A;e2@x.io;", True),
        ("3;telefone;missing_column;2;A;e2@x.io", True),
        ('3;telefone;missing_column;2;A;e2@x.io;" "', True),
        ("3;telefone;missing_column;2;A;e2@x.io;7", False),
        ("3;telefone;missing_column;2;A;e2@x.io;-", False),
        ("3;email;missing_column;2;A;;", True),
        (";;;2;A;e2@x.io;", False),
    ],
)
async def test_padding_of_a_spreadsheet_does_not_fill_up_a_row_with_fields_too_few(
    client: httpx.AsyncClient, row: str, is_missing: bool
) -> None:
    load = await load_file(client, "customers", f"line;column;reason;{HEADER}{row}\n")
    if not is_missing:
        assert counts(load) == (1, 1, 0, 0, 0)
        return
    rejected = [(r["reason"], r["column"]) for r in await _page(client, load["id"])]
    assert rejected == [("missing_column", row.split(";")[1])]
    await send_again(client, "customers", load)


async def test_a_visit_without_its_last_field_is_no_open_visit_once_a_spreadsheet_has_padded_it(
    client: httpx.AsyncClient,
) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;1\n")
    load = await load_file(client, "services", f"{';'.join(COLUMNS['services'])}\n7;1;Ana;CE - SOBRAL;2021-06-30\n")
    file = (await rejects_file(client, load)).decode().rstrip("\n")
    again = await load_file(client, "services", f"{file};\n")
    assert [(r["reason"], r["column"]) for r in await _page(client, again["id"])] == [
        ("missing_column", "data_de_atendimento")
    ]
    mended = await load_file(client, "services", f"{file};-\n")
    assert counts(mended) == (1, 1, 0, 0, 0)
