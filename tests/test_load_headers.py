"""Columns go by a header that is found by name, or by hand; by position only where the first record is data."""

import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, finished, load_file, rejects_of, send

from logistics_indicators.loads.kinds import KINDS, FileKind, Kind
from logistics_indicators.loads.parsing.headers import BadHeader, key_of, known_names, read_opening

FILES = Path(__file__).parents[1] / "docs" / "files.md"
NAMES = "id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento"
VISIT = (7, 1, "ANA", "SP - POLO A", "2021-06-29", "2021-06-28 10:00:00")


@pytest.fixture
async def customer(connection: asyncpg.Connection) -> None:
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'Loja', 'loja@mail.com')")


async def visits(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    found = await connection.fetch(
        "SELECT id, id_cliente, angel, polo, data_limite::text, data_de_atendimento::text FROM visits ORDER BY id"
    )
    return [tuple(record) for record in found]


SWAPPED = "7;1;SP - POLO A;ANA;28/06/2021 10:00;29/06/2021\n"
SWAPPED_NAMES = "id_atendimento;id_cliente;polo;angel;data_de_atendimento;data_limite"


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    "before",
    [
        "",
        "sep=;\n",
        '"sep=;"\n',
        "SEP=;\r\n\r\n",
        "\ufeffsep=;\n",
        "Relatório;;;;;\n",
        "Relatório de visitas\nPeríodo: 01/06/2021 a 30/06/2021\n\n",
        "\n\n;;;;;\nRelatório;;;;;\n" + ";;;;;\n" * 30,
        "2021;;;;;\n",
        '"Relatório\nde ""visitas""";;;;;\n',
        "\n" * 100,
    ],
)
async def test_what_stands_before_the_header_is_passed_over(
    client: httpx.AsyncClient, connection: asyncpg.Connection, before: str
) -> None:
    load = await load_file(client, "services", f"{before}{SWAPPED_NAMES}\n{SWAPPED}")
    assert counts(load) == (1, 1, 0, 0, 0)
    assert await visits(connection) == [VISIT]
    assert load["header"] == SWAPPED_NAMES
    assert load["columns"]["polo"] == "polo"
    assert load["ignored"] == []


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    "names",
    [
        "Codigo;Cliente;Hub;Agente;Realizado;Prazo",
        "ID Atendimento;ID Cliente;Polo;Técnico;Data de Atendimento;Data Limite",
        "id-atendimento;ID_CLIENTE; pólo ;ANGEL;Data_De_Atendimento;DATALIMITE",
        '"id";"id_cliente";"polo";"angel";"data_de_atendimento";"data_limite"',
        "\u200bid;id\u200b_cliente;polo;angel;data_de_atendimento;data_limite",
        "\ufeff\ufeffid;id_cliente;polo;angel;data_de_atendimento;data_limite",
        "id;id_cliente;po\u0301lo;angel;data_de_atendimento;data_limite",
        '"id\natendimento";id_cliente;polo;angel;data_de_atendimento;"data\nlimite"',
    ],
)
async def test_names_are_compared_by_what_they_say(
    client: httpx.AsyncClient, connection: asyncpg.Connection, names: str
) -> None:
    load = await load_file(client, "services", f"{names}\n{SWAPPED}")
    assert counts(load) == (1, 1, 0, 0, 0)
    assert await visits(connection) == [VISIT]


@pytest.mark.usefixtures("customer")
async def test_a_reject_names_its_line_of_the_file_behind_titles_and_a_tall_header(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "services", f'Relatório\n\n"id\natendimento"{NAMES[14:]}\nx;1;A;B;2021-06-29;\n')
    assert await rejects_of(client, load["id"]) == [(5, "id", "invalid_id", "x")]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_columns_of_no_interest_are_named_as_ignored(
    client: httpx.AsyncClient, connection: asyncpg.Connection, delimiter: str
) -> None:
    text = f'obs|{NAMES}|"x; y,\tz"\nnada|7;1;ANA;SP - POLO A;29/06/2021;28/06/2021 10:00|"a;b"\n'
    text = text.replace("|", ";").replace(";", delimiter) if delimiter != ";" else text.replace("|", ";")
    load = await load_file(client, "services", text)
    assert await visits(connection) == [VISIT]
    assert load["delimiter"] == delimiter
    assert len(load["ignored"]) == 2


@pytest.mark.usefixtures("customer")
async def test_names_that_nobody_knows_are_mapped_by_hand(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    file = "Nº;Loja;Onde;Quem;Feito;Até\n" + SWAPPED
    refused = await send(client, "services", file)
    assert refused.status_code == 422
    for word in ("Nº | Loja | Onde | Quem | Feito | Até", "?columns=", "header=none", "data_limite"):
        assert word in refused.json()["detail"]
    pairs = "id:Nº,id_cliente:loja,polo:ONDE,angel:Quem,data_de_atendimento:Feito,data_limite:ate"
    load = await load_file(client, "services", file, columns=pairs)
    assert await visits(connection) == [VISIT]
    assert load["columns"] == {
        "id": "Nº",
        "id_cliente": "Loja",
        "polo": "Onde",
        "angel": "Quem",
        "data_de_atendimento": "Feito",
        "data_limite": "Até",
    }


@pytest.mark.usefixtures("customer")
async def test_a_mapping_goes_before_a_name_that_is_known(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    file = f"{NAMES};executante\n7;1;OUTRO;SP - POLO A;29/06/2021;28/06/2021 10:00;ANA\n"
    load = await load_file(client, "services", file, columns="angel:executante")
    assert await visits(connection) == [VISIT]
    assert load["ignored"] == ["angel"]


@pytest.mark.parametrize(
    "columns", ["angel", "angel:", ":x", "anjo:x", "angel:x,angel:y", "angel:x,polo:X", "angel:nobody", ","]
)
async def test_a_mapping_that_cannot_be_is_422(client: httpx.AsyncClient, columns: str) -> None:
    answer = await send(client, "services", f"{NAMES}\n{SWAPPED}", columns=columns)
    assert answer.status_code == 422
    assert any(word in answer.json()["detail"] for word in ("pairs", "unknown column", "twice", "has no column"))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("customers", "id;nome;telefone"),
        ("customers", "id;id_cliente;nome;email"),
        ("customers", "id;nome;email;E-mail"),
        ("services", "id;id_cliente;angel;polo;data_limite"),
        ("services", "Xa;Xb;Xc;Xd;Xe;Xf"),
        ("services", "Relatório de visitas"),
        ("services", "x" * 100_000),
    ],
)
async def test_without_the_columns_that_are_needed_nothing_is_read(
    client: httpx.AsyncClient, connection: asyncpg.Connection, kind: str, names: str
) -> None:
    answer = await send(client, kind, f"{names}\n1;Ana;ana@mail.com;11;2021-06-29;2021-06-28\n")
    assert answer.status_code == 422
    assert "?columns=" in answer.json()["detail"]
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0


@pytest.mark.parametrize(
    ("kind", "other", "content"),
    [
        ("customers", "services", f"{NAMES}\n7;1;ANA;SP;29/06/2021;-\n"),
        ("customers", "services", "7;1;ANA;SP;29/06/2021;-\n8;1;ANA;SP;29/06/2021;-\n"),
        ("services", "customers", "sep=,\nid,nome,email,telefone\n1,Ana,ana@mail.com,11\n"),
        ("services", "customers", "1;Ana;ana@mail.com;11\n"),
    ],
)
async def test_a_file_of_the_other_kind_is_recognised_and_named(
    client: httpx.AsyncClient, kind: str, other: str, content: str
) -> None:
    answer = await send(client, kind, content)
    assert answer.status_code == 422
    assert f"/v1/{other}/batch" in answer.json()["detail"]


@pytest.mark.parametrize(
    "first",
    ["x;Ana;ana@mail.com;11", "1;;;11", "1;Ana;ana@mail.com", "1;Ana;ana@mail.com;11;12", "1;Ana;nobody;11"],
)
async def test_a_bad_first_row_of_a_file_without_a_header_costs_only_itself(
    client: httpx.AsyncClient, connection: asyncpg.Connection, first: str
) -> None:
    load = await load_file(client, "customers", f"{first}\n2;Bia;bia@mail.com;\n3;Caio;caio@mail.com;\n")
    assert counts(load) == (3, 2, 0, 0, 1)
    assert load["header"] is None
    assert load["columns"]["email"] == "column 3"


async def test_a_file_is_read_by_position_where_it_is_said_to_have_no_header(client: httpx.AsyncClient) -> None:
    rows = "nome;email;telefone;id\n2;Bia;bia@mail.com;\n"
    assert (await send(client, "customers", rows)).status_code == 202, "the header is found by name"
    load = await load_file(client, "customers", rows, header="none", validate_only=True)
    assert counts(load) == (2, 1, 0, 0, 1)
    assert load["header"] is None


async def test_a_header_in_the_midst_of_data_is_not_taken_for_the_files(client: httpx.AsyncClient) -> None:
    answer = await send(client, "customers", "2;Bia;bia@mail.com;\nid;nome;email;telefone\n3;Caio;caio@mail.com;\n")
    assert answer.status_code == 422
    assert "header=none" in answer.json()["detail"]


async def test_a_report_without_writing_says_how_the_columns_were_read(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", "Nome;Código;E-mail;Obs\nAna;1;ana@mail.com;x\n", validate_only=True)
    assert load["columns"] == {"nome": "Nome", "id": "Código", "email": "E-mail"}
    assert load["ignored"] == ["Obs"]


async def test_our_three_columns_in_front_are_passed_over(client: httpx.AsyncClient) -> None:
    rows = 'line;column;reason;id;nome;email;telefone\n3;email;invalid_email;1;Ana;ana@mail.com;"1\n2"\n'
    load = await load_file(client, "customers", rows, validate_only=True)
    assert counts(load) == (1, 1, 0, 0, 0)
    assert load["ignored"] == []


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
async def test_how_a_file_comes_in_does_not_change_how_it_is_read(client: httpx.AsyncClient, chunk: int) -> None:
    text = ("Relatório\n\nnome;id;email\n" + "".join(f"Ana;{i};a{i}@mail.com\n" for i in range(1, 200))).encode(
        "utf-16"
    )

    async def pieces() -> object:
        for start in range(0, len(text), chunk):
            yield text[start : start + chunk]

    answer = await client.post("/v1/customers/batch", content=pieces(), headers={"Content-Type": "text/csv"})  # type: ignore[arg-type]
    assert answer.status_code == 202, answer.text
    load = answer.json()["load"]
    assert (load["encoding"], load["columns"]["id"]) == ("utf-16", "id")


def test_the_names_that_are_known_are_documented_and_mean_one_column_each() -> None:
    documented = FILES.read_text()
    for kind, title in ((Kind.customers, "customers"), (Kind.services, "visits")):
        columns = KINDS[kind].columns
        keys = [key_of(name) for column in columns for name in (column.name, *column.synonyms)]
        assert len(keys) == len(set(keys)) == len(known_names(kind))
        for column in columns:
            names = ", ".join(f"`{name}`" for name in column.synonyms)
            assert f"| {title}: `{column.name}` | {names} |" in documented


@pytest.mark.parametrize("rows", [2, 5, 200])
@pytest.mark.parametrize("names", ['id;nome;email;"telefone', '"id;nome;email;telefone', 'id;nome;email;telefone;"obs'])
async def test_a_quote_that_a_header_leaves_open_swallows_no_row(
    client: httpx.AsyncClient, names: str, rows: int
) -> None:
    text = f"{names}\n" + "".join(f"{i};N;r{i}@x.com;1\n" for i in range(1, rows + 1))
    answer = await send(client, "customers", text)
    if answer.status_code == 202:
        assert (await finished(client, answer.json()["load"]["id"]))["rows_inserted"] == rows
    closed = text + '99;TV 50";tv@x.com;1\n' + "100;N;r100@x.com;1\n"
    answer = await send(client, "customers", closed, on_conflict="update")
    if answer.status_code == 202:
        load = await finished(client, answer.json()["load"]["id"])
        assert load["rows_read"] - load["rows_rejected"] == rows + 2


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("chunk_bytes", [200, 2 * 1024 * 1024])
@pytest.mark.parametrize("options", [{}, {"validate_only": True}, {"on_conflict": "update"}])
@pytest.mark.parametrize("first", [f"{NAMES}\n", ""])
async def test_behind_another_header_nothing_is_read_in_the_order_of_the_first(
    connection: asyncpg.Connection, database_url: str, first: str, options: dict[str, object], chunk_bytes: int
) -> None:
    rows = "".join(f"{i};1;ANA;SP - POLO A;29/06/2021;28/06/2021\n" for i in range(1, 40))
    text = f"{first}{rows}{SWAPPED_NAMES}\n99;1;SP - POLO A;ANA;28/06/2021;29/06/2021\n"
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes, load_workers=3) as client:
        load = await load_file(client, "services", text, **options)
        assert load["status"] == "failed"
        assert f"Line {41 if first else 40} is another header" in load["error"]
        assert await visits(connection) == []
        read, *parts = counts(load)
        assert (parts[:2], read) == ([0, 0], sum(parts)), "what a failed load reports is stored"
        again = await load_file(
            client, "services", first + rows + NAMES + "\n" + "99;1;ANA;SP;29/06/2021;-\n", **options
        )
        assert counts(again)[0::4] == (41, 1), "the same header again is one bad row"


@pytest.mark.parametrize("before", ['"Relatório de junho\n', 'Painel 12" junho;"x\n'])
async def test_a_quote_that_a_title_leaves_open_hides_no_header(client: httpx.AsyncClient, before: str) -> None:
    load = await load_file(client, "customers", f"{before}id;nome;email;telefone\n1;Ana;ana@mail.com;11\n")
    assert counts(load) == (1, 1, 0, 0, 0)


async def test_blanks_before_quotes_are_read_alike_in_header_and_rows(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    text = 'id, "nome", "email", "fone, celular", "tele\nfone"\n1, "A", "a@x.com", "x, y", "12"\n'
    load = await load_file(client, "customers", text)
    assert (counts(load), load["ignored"]) == ((1, 1, 0, 0, 0), ["fone, celular"])
    assert await connection.fetchval("SELECT telefone FROM customers") == "12"


async def test_a_column_without_a_name_is_ignored_by_its_place(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", "id;nome;email;telefone;\n1;A;a@x.com;11;ramal 22\n")
    assert load["ignored"] == ["column 5"]


OURS = "x;id_cliente;quem;onde;data_limite;data_de_atendimento"
RENAMED = [
    (f"{NAMES}\n", "id;id_cliente;angel;polo;data_limite;data_agendada", {}),
    (f"{NAMES}\n", "id;id_cliente;angel;polo;data_criacao;data_de_atendimento", {}),
    (f"{OURS}\n", OURS.replace("quem;onde", "onde;quem"), {"columns": "id:x,angel:quem,polo:onde"}),
    ("", SWAPPED_NAMES, {"header": "none"}),
]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(("first", "second", "options"), RENAMED)
async def test_a_header_further_down_that_names_a_column_otherwise_ends_the_load(
    client: httpx.AsyncClient, connection: asyncpg.Connection, first: str, second: str, options: dict[str, object]
) -> None:
    row = "1;1;ANA;SP - POLO A;29/06/2021;28/06/2021\n"
    load = await load_file(client, "services", f"{first}{row}{second}\n2{row[1:]}", **options)
    assert (load["status"], await visits(connection)) == ("failed", [])
    assert "is another header" in load["error"]


async def test_columns_by_hand_and_no_header_do_not_go_together(client: httpx.AsyncClient) -> None:
    for rows in ("1;Ana;a@mail.com;\n", "id;nome;email;telefone\n1;Ana;a@mail.com;\n"):
        answer = await send(client, "customers", rows, columns="nome:Quem", header="none")
        assert answer.status_code == 422
        assert (await send(client, "customers", rows, columns="nome:Quem")).status_code == 422


def test_a_file_without_a_header_may_end_before_a_column_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    customers = KINDS[Kind.customers]
    *first, last = customers.columns
    later = replace(customers, columns=(*first, replace(last, came_later=True)))

    def columns(row: str) -> tuple[str | None, ...] | None:
        opening = read_opening(Kind.customers, row, None, {})
        return None if opening is None else opening.layout.columns

    with pytest.raises(BadHeader):
        columns("7;Ana;ana@mail.com\n")
    monkeypatch.setitem(cast(dict[Kind, FileKind], KINDS), Kind.customers, later)
    assert columns("7;Ana;ana@mail.com\n") == ("id", "nome", "email")
    assert columns("7;Ana;ana@mail.com;11987654321\n") == ("id", "nome", "email", "telefone")
    with pytest.raises(BadHeader):
        columns("7;Ana\n")


@pytest.mark.parametrize("kind", KINDS)
def test_the_document_names_every_column_of_a_file(kind: Kind) -> None:
    (named,) = re.findall("^Columns `([^`]+)`", KINDS[kind].description)
    assert named.split(";")[1:] == [column.name for column in KINDS[kind].columns[1:]]


@pytest.mark.parametrize("name", ["$polo", "polo?", "(polo)", "angel %", "polo/hub", "#polo", "\u00bfpolo"])
async def test_a_name_with_another_sign_is_another_column(
    client: httpx.AsyncClient, connection: asyncpg.Connection, name: str
) -> None:
    ours = "angel" if "angel" in name else "polo"
    answer = await send(client, "services", f"{NAMES.replace(ours, name)}\n1;1;A;SP - X;2021-06-29;\n")
    assert (answer.status_code, f"It lacks {ours}." in answer.text) == (422, True)
    both = f"{NAMES};{name}\n1;1;A;SP - X;2021-06-29;;other\n"
    load = await load_file(client, "services", both, validate_only=True)
    assert (load["columns"][ours], load["ignored"]) == (ours, [name])
    by_hand = both.replace(f";{ours};", ";mine;")
    load = await load_file(client, "services", by_hand, validate_only=True, columns=f"{ours}:{name.strip('?%# ')}")
    assert (load["columns"][ours], load["ignored"]) == (name, ["mine"])


def test_blanks_hyphens_and_points_do_not_count_in_a_name() -> None:
    spellings = [
        "Data-Limite",
        "DATA.LIMITE",
        "data\u2011limite",
        "data \u2013 limite",
        "_d\u00e1ta\u200b limite_",
        "data\nlimite",
    ]
    assert {key_of(name) for name in spellings} == {"datalimite"}


HOW_TO_NAME = (
    " Delimiters are ; , and tab (also by a first line sep=; or ?delimiter=). Name columns by hand with ?columns="
    "nome:<name in the file>,email:<name in the file>,…; say ?header=none where the file has no header and its columns "
    "are id, nome, email, telefone. docs/files.md lists the names that are known."
)
NO_HEADER = (
    "No header with the columns id, nome, email was found in the first 20 records, and the file does not "
    "begin with rows of 4 columns. Read, with the delimiter ;: "
)


@pytest.mark.parametrize(
    ("header", "columns", "said"),
    [
        (
            NAMES,
            {},
            "The file is one of services: it has the columns id, id_cliente, angel, polo, data_limite, "
            "data_de_atendimento. Send it to /v1/services/batch.",
        ),
        ("id_cliente;quem;onde", {}, f"{NO_HEADER}id_cliente | quem | onde. It lacks nome, email.{HOW_TO_NAME}"),
        (
            "id_cliente;e-mail;quem",
            {"nome": "pessoa"},
            f"{NO_HEADER}id_cliente | e-mail | quem. It has no column pessoa, which `columns` names.{HOW_TO_NAME}",
        ),
    ],
)
def test_a_refused_header_is_explained_to_the_letter(header: str, columns: dict[str, str], said: str) -> None:
    with pytest.raises(BadHeader) as refused:
        read_opening(Kind.customers, f"{header}\n1;2;3;4;5;6\n", None, columns)
    assert str(refused.value) == said
