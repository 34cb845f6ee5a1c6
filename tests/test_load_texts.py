"""One normal form of texts, wherever they come from; what stands for nothing; addresses without regard to case."""

from typing import Any

import asyncpg
import httpx
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from load_client import assert_indicators_are_exact, client_with, counts, load_file, rejects_of

from logistics_indicators.indicators.verification import verify
from logistics_indicators.loads.parsing.normal_texts import ERROR_MARK, LONGEST_NOTHING, are_nothing, normal_texts
from logistics_indicators.texts import (
    DASHES,
    NOTHING_AS_WRITTEN,
    NOTHING_IN_ANY_CASE,
    SPREADSHEET_ERRORS,
    normal_text,
    stands_for_nothing,
)

IRIS = "1;Íris;iris@mail.com;11\n"
DATES = "30/06/2021;29/06/2021 10:15:27\n"
SPELLINGS = ["José Lima", "Jose\u0301 Lima", "José\xa0Lima", "José  Lima", "Jos\u200bé Lima", "José Lima\u200b"]
"""Composed, decomposed, a blank that does not break, two blanks, marks without width."""

CHARACTERS = st.sampled_from(
    [
        *"aé \t\n\r-",
        *"\u0301\u200b\xa0\u2003\u00ad\x85\u3000\ufeff\u1e9b\u0323\U000e0041\ud55c\u11a8\ufff9\ufffe\uffff\ufdd0\U0001ffff",
    ]
)


@given(st.lists(st.one_of(st.text(CHARACTERS, max_size=12), st.text(max_size=12)), max_size=20))
@example(["\u212b", "\u2126", "\u1100\u1161", "\ufb01", "a\u0323\u0307", "\x1c", "\u2028a"])
def test_a_column_has_the_normal_forms_of_its_texts_one_by_one(texts: list[str]) -> None:
    assert normal_texts(pl.Series(texts, dtype=pl.String)).to_list() == [normal_text(text) for text in texts]


ERRORS = [
    "#FIELD!",
    "#BLOCKED!",
    "#CAMPO!",
    "#EXTERNAL!",
    "#VAZIO?",
    "#ÇÃO_1/2!",
    f"#{'A' * 30}!",
    "Err:502",
    "Erro:509",
]
TEXTS = ["#sextou!", "#1!", "#!", "#A B!", "#FIELD", f"#{'A' * 31}!", "Err:1", "Err:5020", "#FIELD!\n", "x#FIELD!"]
TOKENS = [*NOTHING_AS_WRITTEN, *NOTHING_IN_ANY_CASE, *SPREADSHEET_ERRORS]
CASES = [*TOKENS, *map(str.lower, TOKENS), *map(str.upper, TOKENS), *map(str.title, TOKENS), *map("{}x".format, TOKENS)]


def test_what_stands_for_nothing_in_a_body_does_so_in_a_file() -> None:
    texts = ["", "-", "--", "---", "----", "—", "\u2212\u2212", "Null", "0", DASHES, *CASES, *ERRORS, *TEXTS]
    assert are_nothing(pl.Series(texts), computed=True).to_list() == [stands_for_nothing(text) for text in texts]
    assert all(map(stands_for_nothing, ERRORS))
    assert not any(map(stands_for_nothing, TEXTS))
    assert max(len(text.encode()) for text in [*TOKENS, *ERRORS, "———"] if text[0] != ERROR_MARK) <= LONGEST_NOTHING


async def test_the_spellings_of_a_name_are_one_angel_and_one_polo_and_the_load_says_so(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", IRIS)
    rows = [f"{i};1;{name};SP - {name};{DATES}" for i, name in enumerate([*SPELLINGS, *SPELLINGS, "Ana"], 1)]
    load = await load_file(client, "services", "".join(rows))
    assert counts(load) == (13, 13, 0, 0, 0)
    sla = (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    assert [(row["angel"], row["total_de_atendimentos"]) for row in sla] == [("José Lima", 12), ("Ana", 1)]
    for column, name in (("angel", "José Lima"), ("polo", "SP - José Lima")):
        (warning,) = [text for text in load["warnings"] if text.startswith(f"{column}: ")]
        assert "6 spellings" in warning
        assert warning.endswith(f"joined to 1 name: {name}.")
    assert await connection.fetch("SELECT name FROM angels ORDER BY name") == [("Ana",), ("José Lima",)]
    await assert_indicators_are_exact(client, connection)
    assert (await verify(connection)).differences == 0


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_loads_posts_puts_and_filters_mean_the_same_by_any_spelling(
    client: httpx.AsyncClient, connection: asyncpg.Connection, spelling: str
) -> None:
    await load_file(client, "customers", f"1;{spelling};iris@mail.com;11\n2;Ana;ana@mail.com;\n")
    await load_file(client, "services", f"1;1;{spelling};SP - {spelling};{DATES}")
    body = {"id_cliente": 1, "angel": spelling, "polo": f"SP - {spelling}", "data_limite": "2021-06-30"}
    posted = await client.post("/v1/services", json=body)
    assert (posted.json()["angel"], posted.json()["polo"]) == ("José Lima", "SP - José Lima")
    put = await client.put(
        "/v1/customers/2", json={"nome": spelling, "email": "ana@mail.com", "telefone": f"1{spelling}"}
    )
    assert put.json()["nome"] == "José Lima"
    found = {
        "/v1/customers/total": {"nome": spelling},
        "/v1/services/total": {"angel": spelling, "polo": f"SP - {spelling}"},
    }
    for path, filter in found.items():
        assert (await client.get(path, params=filter)).json() == {"total": 2}
    sla = await client.get("/v1/indicators/sla/polo", params={"polo": f"SP - {spelling}"})
    assert [row["polo"] for row in sla.json()["sla_polo"]] == ["SP - José Lima"]
    again = await load_file(client, "services", f"1;1;{spelling};SP - José Lima;{DATES}")
    assert counts(again) == (1, 0, 0, 1, 0)


async def test_a_name_that_only_was_trimmed_is_not_said_to_be_joined(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", IRIS)
    load = await load_file(client, "services", f"1;1; Ana ;SP - A;{DATES}2;1;Ana;SP - A ;{DATES}")
    assert load["warnings"] == []


async def test_spellings_are_counted_over_all_chunks_and_in_a_dry_run_too(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    await load_file(client, "customers", IRIS)
    file = "".join(f"{i};1;{SPELLINGS[i % 6]};SP - A;{DATES}" for i in range(1, 100))
    async with client_with(connection, database_url, load_chunk_bytes=200, load_workers=2) as small:
        for dry in (True, False):
            load = await load_file(small, "services", file, validate_only=dry)
            assert [text for text in load["warnings"] if "6 spellings" in text and "1 name" in text] == load["warnings"]


@pytest.mark.parametrize(
    "token", ["\\N", "\\n", "NULL", "null", "#N/D", "#n/a", "N/A", "None", "#VALOR!", "–", "--", "\u200b", "\xa0"]
)
async def test_what_stands_for_nothing_is_no_phone_and_no_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection, token: str
) -> None:
    load = await load_file(client, "customers", f"1;Ana;a@b.co;{token}\n2;{token};c@d.co;1\n3;Rui;{token};1\n")
    assert await rejects_of(client, load["id"]) == [
        (2, "nome", "empty_field", token.strip()),
        (3, "email", "empty_field", token.strip()),
    ]
    assert await connection.fetch("SELECT id, telefone FROM customers") == [(1, None)]
    if token not in ("#VALOR!",):
        load = await load_file(
            client, "services", f"1;1;Ana;SP;30/06/2021;{token}\n2;1;Ana;SP;{token};\n3;{token};A;SP;;\n"
        )
        assert [reject[1:3] for reject in await rejects_of(client, load["id"])] == [
            ("data_limite", "empty_field"),
            ("id_cliente", "empty_field"),
        ]
        assert await connection.fetch("SELECT id, data_de_atendimento FROM services") == [(1, None)]


async def test_a_date_that_a_spreadsheet_could_not_compute_is_no_visit_to_come(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", IRIS)
    load = await load_file(client, "services", "1;1;Ana;SP;30/06/2021;#REF!\n2;1;Ana;SP;#VALOR!;-\n")
    assert [reject[1:3] for reject in await rejects_of(client, load["id"])] == [
        ("data_de_atendimento", "invalid_date"),
        ("data_limite", "invalid_date"),
    ]


@pytest.mark.parametrize("name", ["Null", "Nan", "Nane", "Nina N/A", "-x-", "N", "#1", "NaNa"])
async def test_a_name_that_only_looks_like_nothing_stays_a_name(client: httpx.AsyncClient, name: str) -> None:
    load = await load_file(client, "customers", f"1;{name};a@b.co;\n")
    assert counts(load) == (1, 1, 0, 0, 0)


async def test_a_reject_keeps_the_bytes_that_were_sent(client: httpx.AsyncClient) -> None:
    row = "x;Jose\u0301  Lima\u200b;a@b.co;\xa011"
    load = await load_file(client, "customers", row + "\n")
    page = (await client.get(f"/v1/loads/{load['id']}/rejects")).json()
    assert page["rejects"][0]["row"] == row


HALF_UNESCAPED = [
    (r'1;"Loja \"Sul\"";a@b.co;11', r'"Loja \"Sul\""'),
    (r'1;"Loja "Sul"";a@b.co;11', r'"Loja "Sul""'),
    (r'1;"Loja" Sul;a@b.co;"11"', '"Loja" Sul'),
    (r'1;"Loja ""Sul""";a@b.co;11', 'Loja "Sul"'),
    (r'1;"Loja";a@b.co;11', "Loja"),
    (r'1;"Loja \";a@b.co;11', "Loja \\"),
]


@pytest.mark.parametrize(("row", "name"), HALF_UNESCAPED)
async def test_where_text_follows_a_closing_quote_every_quote_of_the_record_is_a_character(
    client: httpx.AsyncClient, connection: asyncpg.Connection, row: str, name: str
) -> None:
    load = await load_file(client, "customers", f"{row}\n2;Ana;ana@b.co;\n")
    assert counts(load) == (2, 2, 0, 0, 0)
    assert await connection.fetchval("SELECT nome FROM customers WHERE id = 1") == name


async def test_addresses_that_differ_by_case_are_one_wherever_they_come_from(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "customers", "1;Ana;Ana@Mail.com;\n2;Rui;ana@mail.COM;\n3;Eva;eva@mail.com;\n")
    assert await rejects_of(client, load["id"]) == [(2, "email", "duplicate_email", "ana@mail.COM")]
    assert await connection.fetchval("SELECT email FROM customers WHERE id = 1") == "Ana@Mail.com"
    load = await load_file(client, "customers", "4;Rui;ANA@MAIL.COM;\n3;Eva;Ana@mail.com;\n", on_conflict="update")
    assert [reject[:3] for reject in await rejects_of(client, load["id"])] == [
        (1, "email", "duplicate_email"),
        (2, "email", "duplicate_email"),
    ]
    for method, path in (("POST", "/v1/customers"), ("PUT", "/v1/customers/3")):
        answer = await client.request(method, path, json={"nome": "Rui", "email": "aNA@mail.com"})
        assert answer.status_code == 409
    for email in ("Ana@Mail.com", "ana@mail.com"):
        page = (await client.get("/v1/customers", params={"email": email})).json()["clientes"]
        assert [row["id"] for row in page] == [1]
        assert (await client.get("/v1/customers/total", params={"email": email})).json() == {"total": 1}


async def test_a_customer_may_change_the_case_of_its_address(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
    put = await client.put("/v1/customers/1", json={"nome": "Ana", "email": "Ana@mail.com"})
    assert put.json()["email"] == "Ana@mail.com"
    load = await load_file(client, "customers", "1;Ana;ANA@mail.com;\n", on_conflict="update")
    assert counts(load) == (1, 0, 1, 0, 0)
    assert await connection.fetchval("SELECT email FROM customers") == "ANA@mail.com"


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/customers/total"])
async def test_an_address_is_found_by_an_index(
    client: httpx.AsyncClient, connection: asyncpg.Connection, path: str
) -> None:
    insert = (
        "INSERT INTO customers (id, nome, email) SELECT i, 'n', 'U' || i || '@mail.com' FROM generate_series(1, 5000) i"
    )
    await connection.execute(insert)
    await connection.execute("ANALYZE customers")
    plan: list[Any] = await connection.fetch("EXPLAIN SELECT id FROM customers WHERE lower(email) = 'u77@mail.com'")
    assert "customers_email_key" in str(plan)
    assert (await client.get(path, params={"email": "u77@MAIL.com"})).status_code == 200


@pytest.mark.parametrize("chunk", [64, 2_000_000])
async def test_one_spelling_alone_joins_nothing(database_url: str, connection: asyncpg.Connection, chunk: int) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=chunk) as client:
        await load_file(client, "customers", IRIS)
        row = "{};1;{};SP - X;" + DATES
        alone = await load_file(client, "services", row.format(1, "José  Lima") + row.format(2, "José  Lima"))
        assert [text for text in alone["warnings"] if "joined" in text] == []
        rows = [row.format(3, "Rui Sá"), row.format(4, "Rui  Sá"), *(row.format(n, "Ana") for n in range(5, 20))]
        for order in (rows, rows[::-1]):
            load = await load_file(client, "services", "".join(order))
            (warning,) = [text for text in load["warnings"] if "joined" in text]
            assert warning.startswith("angel: 2 spellings ")
            assert warning.endswith("joined to 1 name: Rui Sá.")


async def test_what_a_spreadsheet_writes_for_an_error_is_no_phone_and_what_is_too_wide_for_it_is_a_text(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    phones = ["#N/DISP", "#N/A", "#REF!", "#GETTING_DATA", "#FIELD!", "Err:502", "########", "#sextou!"]
    await load_file(client, "customers", "".join(f"{i};Ana;a{i}@mail.com;{p}\n" for i, p in enumerate(phones, 1)))
    stored = await connection.fetch("SELECT telefone FROM customers ORDER BY id")
    assert [row[0] for row in stored] == [*[None] * 6, "########", "#sextou!"]
