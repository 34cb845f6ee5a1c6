"""What a file may look like: delimiters, headers, quotes, line ends, encodings, dates."""

from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file, rejects_of, send

IRIS = "1;Íris;iris@mail.com;11\n"
VISIT = "1;1;Ana;CE - SOBRAL;30/06/2021;29/06/2021 10:15:27\n"
Rows = list[tuple[Any, ...]]


async def customers(connection: asyncpg.Connection) -> Rows:
    return [tuple(row) for row in await connection.fetch("SELECT id, nome, email, telefone FROM customers ORDER BY id")]


async def visits(connection: asyncpg.Connection) -> Rows:
    select = """
    SELECT id, angel, data_limite::text, replace(data_de_atendimento::text, ' ', 'T') FROM visits ORDER BY id
    """
    return [tuple(row) for row in await connection.fetch(select)]


@pytest.fixture
async def iris(client: httpx.AsyncClient) -> None:
    """The customer that the visits of a test are for."""
    await load_file(client, "customers", IRIS)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("header", ["id;nome;email;telefone\n", ""])
async def test_the_delimiter_is_taken_from_the_first_line(
    client: httpx.AsyncClient, connection: asyncpg.Connection, delimiter: str, header: str
) -> None:
    load = await load_file(client, "customers", (header + IRIS).replace(";", delimiter))
    assert counts(load) == (1, 1, 0, 0, 0)
    assert load["delimiter"] == delimiter
    assert await customers(connection) == [(1, "Íris", "iris@mail.com", "11")]


@pytest.mark.parametrize("start", [b"x^", b"x\x9c", b"\x28\xb5\x2f\xfd", b"#"])
@pytest.mark.parametrize("header", [b"id;nome;email;telefone\n", b""])
async def test_bytes_that_other_kinds_of_files_start_with_cost_their_row_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection, start: bytes, header: bytes
) -> None:
    load = await load_file(client, "customers", header + start + b"1;Ana;a@mail.com;\n2;Bia;b@mail.com;\n")
    assert counts(load) == (2, 1, 0, 0, 1)
    assert await customers(connection) == [(2, "Bia", "b@mail.com", None)]


async def test_a_name_may_start_as_a_compressed_file_does(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", b"nome;id;email\nx^2;1;a@mail.com\n")
    assert counts(load) == (1, 1, 0, 0, 0)
    assert await customers(connection) == [(1, "x^2", "a@mail.com", None)]


@pytest.mark.parametrize("edge", ["\v", "\f", " \f\v "])
@pytest.mark.parametrize("quote", ["", '"'])
async def test_a_form_feed_at_the_edge_of_a_cell_is_dropped_and_within_it_is_a_control_character(
    client: httpx.AsyncClient, connection: asyncpg.Connection, edge: str, quote: str
) -> None:
    rows = "".join(
        f"{edge}{number}{edge};{quote}{name}{quote};a{number}@mail.com{edge};{edge}\n"
        for number, name in ((1, f"{edge}Ana{edge}"), (2, f"A{edge}na"))
    )
    load = await load_file(client, "customers", f"id;nome;email;telefone\n{rows}")
    assert [reject[:3] for reject in await rejects_of(client, load["id"])] == [(3, "nome", "control_character")]
    assert await connection.fetch("SELECT id, nome, email, telefone FROM customers") == [
        (1, "Ana", "a1@mail.com", None)
    ]


async def test_a_control_character_in_a_column_of_no_interest_does_no_harm(client: httpx.AsyncClient) -> None:
    rows = b"id;nome;email;obs\n1;Ana;a@mail.com;x\n1;Bia;b@mail.com;\x00\n2;Eva;e@mail.com;\x00\n"
    load = await load_file(client, "customers", rows)
    assert counts(load) == (3, 2, 0, 0, 1)
    assert (await rejects_of(client, load["id"]))[0][2] == "duplicate_id"


@pytest.mark.parametrize(("name", "delimiter"), [(";", ";"), (",", ","), ("tab", "\t")])
async def test_a_delimiter_that_is_said_beats_what_the_first_line_looks_like(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str, delimiter: str
) -> None:
    row = delimiter.join(["1", "a;b,c\td;e,f\tg;h,i\tj".replace(delimiter, "|"), "iris@mail.com", "11"])
    load = await load_file(client, "customers", row, delimiter=name)
    assert counts(load) == (1, 1, 0, 0, 0), await rejects_of(client, load["id"])
    assert load["delimiter"] == delimiter


async def test_commas_in_its_names_do_not_make_commas_the_delimiter_of_a_file_without_a_header(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", "1;Silva, Íris, Ana, Rui, Eva;iris@mail.com;11\n")
    assert load["delimiter"] == ";"
    assert await customers(connection) == [(1, "Silva, Íris, Ana, Rui, Eva", "iris@mail.com", "11")]


async def test_another_delimiter_is_422(client: httpx.AsyncClient) -> None:
    assert (await send(client, "customers", IRIS, delimiter="|")).status_code == 422


@pytest.mark.parametrize(
    "header",
    [
        "telefone;email;nome;id",
        "telefone;email;nome;id_cliente",
        "TELEFONE; Email ;Nome;ID",
        '"telefone";"email";"nome";"id"',
    ],
)
async def test_a_header_names_the_columns_of_customers_in_any_order(
    client: httpx.AsyncClient, connection: asyncpg.Connection, header: str
) -> None:
    load = await load_file(client, "customers", f"{header}\n11;iris@mail.com;Íris;1\n")
    assert counts(load) == (1, 1, 0, 0, 0), await rejects_of(client, load["id"])
    assert await customers(connection) == [(1, "Íris", "iris@mail.com", "11")]


@pytest.mark.parametrize("name", ["id", "id_atendimento"])
@pytest.mark.usefixtures("iris")
async def test_a_header_names_the_columns_of_visits_in_any_order(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str
) -> None:
    load = await load_file(
        client,
        "services",
        f"data_de_atendimento;data_limite;polo;angel;{name};id_cliente\n29/06/2021;30/06/2021;CE - X;Ana;7;1\n",
    )
    assert counts(load) == (1, 1, 0, 0, 0), await rejects_of(client, load["id"])
    assert await visits(connection) == [(7, "Ana", "2021-06-30", "2021-06-29T00:00:00")]


async def test_columns_that_the_header_names_and_nobody_knows_are_left_aside(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(
        client, "customers", "cidade;id;nome;;email;telefone\nX;1;Íris;;iris@mail.com;11\nY;x;a;;b;\n"
    )
    assert counts(load) == (2, 1, 0, 0, 1)
    assert await customers(connection) == [(1, "Íris", "iris@mail.com", "11")]
    assert await rejects_of(client, load["id"]) == [(3, "id", "invalid_id", "x")]


@pytest.mark.parametrize(
    ("kind", "header", "missing"),
    [
        ("customers", "id;nome;telefone", "email"),
        ("customers", "nome;email;telefone", "id"),
        ("services", "id;id_cliente;angel;polo;data_de_atendimento", "data_limite"),
        ("services", "id_atendimento;angel;polo;data_limite;data_de_atendimento", "id_cliente"),
    ],
)
async def test_a_header_without_a_needed_column_is_422_and_names_it(
    client: httpx.AsyncClient, connection: asyncpg.Connection, kind: str, header: str, missing: str
) -> None:
    answer = await send(client, kind, f"{header}\n1;2;3\n")
    assert answer.status_code == 422
    assert missing in answer.json()["detail"]
    assert await connection.fetchval("SELECT (SELECT count(*) FROM loads) + (SELECT count(*) FROM load_chunks)") == 0


async def test_a_header_that_names_a_column_twice_is_422(client: httpx.AsyncClient) -> None:
    answer = await send(client, "customers", "id;nome;email;email;telefone\n1;a;b@mail.com;c@mail.com;\n")
    assert answer.status_code == 422


QUOTED = (
    "id;nome;email;telefone\r\n"
    '1;"Silva; Íris";iris@mail.com;11\r\n'
    '2;"Íris ""a boa""";"bia@mail.com";""\r\n'
    '3;"Rua A\nCasa ""2"";\r\nFundos";rua@mail.com;"33"\r\n'
    '"4";Eva;eva@mail.com;44\r\n'
)
UNQUOTED: Rows = [
    (1, "Silva; Íris", "iris@mail.com", "11"),
    (2, 'Íris "a boa"', "bia@mail.com", None),
    (3, 'Rua A Casa "2"; Fundos', "rua@mail.com", "33"),  # a line end is a blank in the normal form
    (4, "Eva", "eva@mail.com", "44"),
]


async def test_quoted_fields_hold_delimiters_quotes_and_line_ends(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", QUOTED)
    assert counts(load) == (4, 4, 0, 0, 0), await rejects_of(client, load["id"])
    assert await customers(connection) == UNQUOTED


@pytest.mark.parametrize("size", [64, 65, 66, 67, 68, 100])
async def test_a_quoted_field_may_cross_the_borders_of_chunks(
    database_url: str, connection: asyncpg.Connection, size: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=size) as client:
        load = await load_file(client, "customers", QUOTED)
        assert counts(load) == (4, 4, 0, 0, 0), await rejects_of(client, load["id"])
    assert await customers(connection) == UNQUOTED


async def test_lines_of_a_quoted_field_count_as_lines_of_the_file(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", QUOTED + 'x;Ana;ana@mail.com;\n6;"a\nb";no;\n7;c;no;\n')
    assert await rejects_of(client, load["id"]) == [
        (8, "id", "invalid_id", "x"),
        (9, "email", "invalid_email", "no"),
        (11, "email", "invalid_email", "no"),
    ]


@pytest.mark.parametrize("chunk_bytes", [64, 8 * 1024 * 1024])
@pytest.mark.parametrize(
    "bad",
    ['2;"Bia;bia@mail.com;22', '2;Bia";"bia@mail.com;22', '2;"Bia"s;bia@mail.com;22', '"2;Bia;bia@mail.com;22', '"'],
)
async def test_a_stray_quote_costs_no_other_row(
    database_url: str, connection: asyncpg.Connection, bad: str, chunk_bytes: int
) -> None:
    others = [f"{n};Customer {n};c{n}@mail.com;{n}" for n in range(3, 12)]
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        load = await load_file(client, "customers", "\n".join([IRIS.strip(), bad, *others]) + "\n")
        assert load["rows_read"] == 11
        assert load["rows_inserted"] >= 10
        assert {line for line, *_ in await rejects_of(client, load["id"])} <= {2}
    assert {1, *range(3, 12)} <= {row[0] for row in await customers(connection)}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
async def test_lines_end_in_lf_or_crlf_and_the_last_one_in_either_or_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection, end: str, last: bool
) -> None:
    text = end.join(["id;nome;email;telefone", "1;Íris;iris@mail.com;11", "2;Bia;bia@mail.com;"]) + (
        end if last else ""
    )
    load = await load_file(client, "customers", text)
    assert counts(load) == (2, 2, 0, 0, 0)
    assert await customers(connection) == [(1, "Íris", "iris@mail.com", "11"), (2, "Bia", "bia@mail.com", None)]


@pytest.mark.parametrize("header", ["id;nome;email;telefone\n", '"id";nome;email;telefone\n', ""])
async def test_a_byte_order_mark_is_no_part_of_the_file(
    client: httpx.AsyncClient, connection: asyncpg.Connection, header: str
) -> None:
    load = await load_file(client, "customers", b"\xef\xbb\xbf" + (header + IRIS).encode())
    assert counts(load) == (1, 1, 0, 0, 0)
    assert load["encoding"] == "utf-8"
    assert await customers(connection) == [(1, "Íris", "iris@mail.com", "11")]


@pytest.mark.parametrize("chunk_bytes", [64, 8 * 1024 * 1024])
async def test_a_windows_1252_file_keeps_its_accents_and_the_load_says_what_it_was(
    database_url: str, connection: asyncpg.Connection, chunk_bytes: int
) -> None:
    names = ["Ana", "Bia", "Rui", "Caio", "João “o bom” – 5 €", "Ção"]
    text = "".join(f"{n};{name};c{n}@mail.com;{n}\n" for n, name in enumerate(names, 1))
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        load = await load_file(client, "customers", text.encode("windows-1252"))
        assert load["encoding"] == "windows-1252"
        assert counts(load) == (6, 6, 0, 0, 0)
    assert [row[1] for row in await customers(connection)] == names


async def test_a_byte_that_windows_1252_has_no_character_for_costs_its_row_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", b"1;Jos\xe9;jose@mail.com;1\n2;Jo\x81o;joao@mail.com;1\n")
    assert load["encoding"] == "windows-1252"
    assert [rejects[:3] for rejects in await rejects_of(client, load["id"])] == [(2, "nome", "encoding")]
    assert [row[1] for row in await customers(connection)] == ["José"]


async def test_a_few_broken_bytes_in_a_utf_8_file_cost_their_rows_and_no_accent(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    good = "".join(f"{n};João {n};j{n}@mail.com;\n" for n in range(1, 9)).encode()
    load = await load_file(client, "customers", good + b"9;Jo\xe3o;j9@mail.com;\n10;Ana;j10@mail.com;\xff\n")
    assert load["encoding"] == "utf-8"
    assert [rejects[:3] for rejects in await rejects_of(client, load["id"])] == [
        (9, "nome", "encoding"),
        (10, "telefone", "encoding"),
    ]
    assert [row[1] for row in await customers(connection)] == [f"João {n}" for n in range(1, 9)]


async def test_blank_lines_are_no_rows_but_lines(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_file(
        client, "customers", "\n\r\nid;nome;email;telefone\n\n1;Íris;iris@mail.com;11\n   \n\nx;a;b;c\n\n"
    )
    assert counts(load) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == [(8, "id", "invalid_id", "x")]


@pytest.mark.usefixtures("iris")
async def test_spaces_around_fields_are_no_part_of_them(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", " 2 ;  Ana Lima ;\tana@mail.com ; 22 \n")
    assert (await customers(connection))[1] == (2, "Ana Lima", "ana@mail.com", "22")
    load = await load_file(client, "services", " 1 ; 1 ; Ana  Lima ; CE - X ; 30/06/2021 ; 29/06/2021 10:15:27 \n")
    assert counts(load) == (1, 1, 0, 0, 0), await rejects_of(client, load["id"])
    assert await visits(connection) == [(1, "Ana Lima", "2021-06-30", "2021-06-29T10:15:27")]


@pytest.mark.usefixtures("iris")
async def test_a_visit_not_made_yet_is_a_dash_or_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    start = "Ana;CE - X;30/06/2021"
    load = await load_file(client, "services", f'1;1;{start};-\n2;1;{start};\n3;1;{start}; - \n4;1;{start};"-"\n')
    assert counts(load) == (4, 4, 0, 0, 0), await rejects_of(client, load["id"])
    assert [row[3] for row in await visits(connection)] == [None] * 4
    assert (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"] == []


SPELLINGS = [
    ("29/06/2021 10:15:27", "2021-06-29T10:15:27"),
    ("29/06/2021 10:15", "2021-06-29T10:15:00"),
    ("30/06/2021", "2021-06-30T00:00:00"),
    ("30/062021 09:28", "2021-06-30T09:28:00"),
    ("27/06/21", "2021-06-27T00:00:00"),
    ("28 /06 /2021 10:57:27", "2021-06-28T10:57:27"),
    ("2021-06-26 10:31:14", "2021-06-26T10:31:14"),
    ("2021-06-26T10:31:14", "2021-06-26T10:31:14"),
    ("2021-06-26", "2021-06-26T00:00:00"),
]


@pytest.mark.usefixtures("iris")
async def test_every_spelling_of_a_date_is_read_and_a_deadline_s_time_does_not_count(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    rows = "".join(f"{n};1;Ana;CE - X;{text};{text}\n" for n, (text, _) in enumerate(SPELLINGS, 1))
    load = await load_file(client, "services", rows)
    assert counts(load) == (9, 9, 0, 0, 0), await rejects_of(client, load["id"])
    assert await visits(connection) == [(n, "Ana", at[:10], at) for n, (_, at) in enumerate(SPELLINGS, 1)]


@pytest.mark.usefixtures("iris")
async def test_the_load_counts_the_spellings_of_its_dates_and_those_that_could_be_read_another_way(
    client: httpx.AsyncClient,
) -> None:
    pairs = [
        ("30/06/2021", "29/06/2021 10:15:27"),
        ("01/02/2021", "03/04/2021 10:15:27"),
        ("2021-02-01", "03/04/21"),
        ("12/12/2021", "-"),
        ("13/12/2021", "2021-01-02 10:00:00"),
    ]
    rows = "".join(f"{n};1;Ana;CE - X;{limit};{done}\n" for n, (limit, done) in enumerate(pairs, 1))
    load = await load_file(client, "services", rows)
    assert load["dates"] == {
        "data_limite": {"DD/MM/YYYY": 4, "YYYY-MM-DD": 1, "ambiguous": 1},
        "data_de_atendimento": {
            **{"DD/MM/YYYY HH:MM:SS": 2, "DD/MM/YY": 1, "YYYY-MM-DD HH:MM:SS": 1, "ambiguous": 2},
        },
    }


@pytest.mark.parametrize(
    "text",
    [
        *("06/29/2021", "31/04/2021", "29/02/2021", "1/62021", "29/06/2021 25:00", "29-06-2021", "2021-13-01"),
        *("ontem", "20210629", "29/06/2021 10:15:27 PM", "29/06/2021 10:15:27Z", "29/06/1821", "44376"),
        *("30/06/9999", "29/06/0021"),
    ],
)
@pytest.mark.usefixtures("iris")
async def test_a_date_that_would_have_to_be_guessed_is_rejected(client: httpx.AsyncClient, text: str) -> None:
    load = await load_file(client, "services", f"1;1;Ana;CE - X;{text};-\n2;1;Ana;CE - X;30/06/2021;{text}\n{VISIT}")
    assert await rejects_of(client, load["id"]) == [
        (1, "data_limite", "invalid_date", text),
        (2, "data_de_atendimento", "invalid_date", text),
    ]
    assert load["rows_inserted"] == 1


async def test_a_file_without_a_row_has_a_ledger_without_a_date(client: httpx.AsyncClient) -> None:
    header = "id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
    load = await load_file(client, "services", f"{header}\n;;;;;\n")
    assert counts(load) == (0, 0, 0, 0, 0)
    assert load["dates"] == {"data_limite": {}, "data_de_atendimento": {}}


@pytest.mark.parametrize("row", [';"Ana;e1@x.io;1', ' ;"Ana;e1@x.io;1', '"";"Ana;e1@x.io;1', ';;"e@x.io;1', ';" '])
@pytest.mark.parametrize("header", ["id;nome;email;telefone\n", "telefone;nome;email;id\n"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_a_row_of_empty_cells_before_a_quote_that_is_left_open_is_a_reject(
    client: httpx.AsyncClient, row: str, header: str, delimiter: str
) -> None:
    file = f"{header}{row}\n2;Bia;b@x.io;3\n".replace(";", delimiter)
    load = await load_file(client, "customers", file)
    assert counts(load) == (2, 1, 0, 0, 1)


async def test_a_stray_quote_of_one_cell_leaves_the_other_cells_quotes_as_they_are(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", r'1;"Loja \"Sul\"";"e1@x.io";"11""99"' + "\n")
    assert counts(load) == (1, 1, 0, 0, 0), await rejects_of(client, load["id"])
    assert await customers(connection) == [(1, r'"Loja \"Sul\""', "e1@x.io", '11"99')]


@pytest.mark.parametrize(
    "email", ["<a@x.io>", "a@x.io,", "a@x.io)", "mailto:a@x.io", "a..b@x.io", ".a@x.io", "a[1]@x.io"]
)
async def test_what_stands_around_an_address_is_no_part_of_one(client: httpx.AsyncClient, email: str) -> None:
    load = await load_file(client, "customers", f"1;Ana;{email};\n2;Bia;o'b+1@x-y.io;\n")
    assert [reject[2] for reject in await rejects_of(client, load["id"])] == ["invalid_email"]
    answer = await client.post("/v1/customers", json={"nome": "Ana", "email": email, "telefone": "-"})
    assert answer.status_code == 422
    answer = await client.post("/v1/customers", json={"nome": "Ana", "email": "ana@x.io", "telefone": "NULL"})
    assert answer.json()["telefone"] is None


@pytest.mark.parametrize("number", [1, 2, 20])
async def test_as_many_rows_that_are_no_utf_8_as_accents_that_are_leave_the_file_utf_8(
    client: httpx.AsyncClient, number: int
) -> None:
    rows = [f"{i};Zé;a{i}@x.io;\n".encode() for i in range(1, number + 1)]
    rows += [f"{i};João;b{i}@x.io;\n".encode("cp1252") for i in range(101, number + 101)]
    load = await load_file(client, "customers", b"".join(rows))
    assert (load["encoding"], load["rows_inserted"], load["rows_rejected"]) == ("utf-8", number, number)
