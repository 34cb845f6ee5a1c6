"""What filters of lists find: one of several values, a part of a text, its beginning; in any case, with any accents."""

import unicodedata

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from load_client import load_file
from visits import store, visit

from logistics_indicators.lists.likeness import ANY_MARKS, alike
from logistics_indicators.texts import normal_text

NAMES = [
    "José da Silva",
    "JOSE DA SILVA",
    "Josefa Araújo",
    "Ana São Paulo",
    "100% Água",
    "a_b",
    "Ång\u0303ela",
    "Ñuñoa",
]


@pytest.fixture
async def named(connection: asyncpg.Connection) -> None:
    rows = [(i, name, f"{i}@{'Casa' if i % 2 else 'obra'}.com", f"11 {i % 3}") for i, name in enumerate(NAMES, 1)]
    await connection.executemany("INSERT INTO customers (id, nome, email, telefone) VALUES ($1, $2, $3, $4)", rows)


FOUND: list[tuple[dict[str, str | list[str]], set[int]]] = [
    ({"nome": "José da Silva"}, {1}),
    ({"nome": ["José da Silva", "Ñuñoa", "Nobody"]}, {1, 8}),
    ({"nome": ["a_b", "a_b"]}, {6}),
    ({"id": ["2", "3", "99"]}, {2, 3}),
    ({"email": ["1@CASA.com", "2@OBRA.com"]}, {1, 2}),
    ({"telefone": ["11 0", "11 1"], "nome": ["Ñuñoa", "José da Silva"]}, {1}),
    ({"nome_contem": "silva"}, {1, 2}),
    ({"nome_contem": "JOSÉ DA"}, {1, 2}),
    ({"nome_contem": "jose  da"}, {1, 2}),
    ({"nome_contem": "sao"}, {4}),
    ({"nome_contem": "araujo"}, {3}),
    ({"nome_contem": "100%"}, {5}),
    ({"nome_contem": "a_b"}, {6}),
    ({"nome_contem": "_%_"}, set()),
    ({"nome_contem": "..."}, set()),
    ({"nome_contem": "ngela"}, {7}),
    ({"nome_contem": "n\u0303un"}, {8}),
    ({"nome_comeca": "j"}, {1, 2, 3}),
    ({"nome_comeca": "josé"}, {1, 2, 3}),
    ({"nome_comeca": "a"}, {4, 6, 7}),
    ({"nome_comeca": "paulo"}, set()),
    ({"email_contem": "@CASA"}, {1, 3, 5, 7}),
    ({"email_contem": "@casa", "nome_comeca": "j"}, {1, 3}),
]


@pytest.mark.usefixtures("named")
async def test_customers_are_found_by_several_values_and_by_parts_of_texts(client: httpx.AsyncClient) -> None:
    for query, expected in FOUND:
        answer = await client.get("/v1/customers", params=query)
        assert answer.status_code == 200, (query, answer.text)
        assert {row["id"] for row in answer.json()["clientes"]} == expected, query
        assert (await client.get("/v1/customers/total", params=query)).json() == {"total": len(expected)}, query


LETTERS = "aáÁàâãäåAbçÇcñÑoőØßſİıKĐжЖйЙ\u0303\u0301 .*\\[](){}^$+?|%_-日가😀#"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=8).map(normal_text)


def plain(text: str) -> str:
    """Without marks, each letter in one case, however that is spelt."""
    return "".join(one_case(c) for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")


def one_case(character: str) -> str:
    changed = character.upper().lower()
    return changed if len(changed) == len(character.upper()) == 1 else character


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=TEXTS, part=TEXTS)
@example(text="Ång\u0303ela", part="ngE")
@example(text="***=x", part="***")
async def test_a_part_is_found_wherever_a_plain_comparison_finds_it(
    connection: asyncpg.Connection, text: str, part: str
) -> None:
    found = await connection.fetchrow(
        "SELECT $1::text ~ $2, $1::text ~ $3", text, alike(part), f"^{ANY_MARKS}{alike(part)}"
    )
    assert tuple(found) == (plain(part) in plain(text), plain(text).startswith(plain(part)))


async def test_a_part_that_is_too_short_and_more_values_than_may_be_are_refused(client: httpx.AsyncClient) -> None:
    for name, value in [
        ("nome_contem", "ab"), ("nome_contem", ""), ("nome_contem", " a b "), ("nome_contem", "a\u0301e\u0301"),
        ("nome_contem", "x" * 61), ("nome_comeca", ""), ("nome_comeca", "\u0301"), ("nome_contem", "abc\u0001"),
    ]:  # fmt: skip
        answer = await client.get("/v1/customers", params={name: value})
        assert (answer.status_code, answer.json().get("errors", [{}])[0].get("loc")) == (422, ["query", name]), value
    assert (await client.get("/v1/customers", params={"id": list(range(1, 101))})).status_code == 200
    many = await client.get("/v1/customers", params={"id": list(range(1, 102))})
    assert (many.status_code, many.json()["errors"][0]["loc"]) == (422, ["query", "id"])


async def test_which_of_several_values_cannot_be_taken_is_said(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers?id=7&id=x")
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "id", 1])
    assert (await client.get("/v1/customers?id=x")).json()["errors"][0]["loc"] == ["query", "id"]
    twice = await client.get("/v1/customers?limit=1&limit=2&nome=a&nome=b")
    assert [(e["loc"], e["msg"]) for e in twice.json()["errors"]] == [(["query", "limit"], "given more than once")]


async def test_loads_are_found_by_kind_status_sender_and_name(client: httpx.AsyncClient) -> None:
    first = await load_file(client, "customers", "id;nome;email\n1;Ana;a@b.co\n")
    second = await load_file(client, "services", "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n")
    for query, expected in [
        ("kind=customers", {first["id"]}),
        ("kind=customers&kind=services", {first["id"], second["id"]}),
        (f"status={first['status']}&kind=customers", {first["id"]}),
        ("status=undone&status=received", set()),
        (f"user={first['user']}&user=x", {first["id"], second["id"]}),
        ("user=x", set()),
    ]:
        loads = (await client.get(f"/v1/loads?{query}")).json()["loads"]
        assert {load["id"] for load in loads} == expected, query


async def test_loads_are_found_by_a_part_of_their_files_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", "id;nome;email\n1;Ana;a@b.co\n")
    await connection.execute("UPDATE loads SET filename = 'Atendimentos São João.csv'")
    assert len((await client.get("/v1/loads?filename_contem=sao%20joao")).json()["loads"]) == 1
    assert (await client.get("/v1/loads?filename_contem=maria")).json()["loads"] == []


async def test_rejects_are_found_by_several_values(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", "id;nome;email\nx;Ana;a@b.co\n2;Bia;ninguém\n3;Caio;nobody\n4\n")
    for query, expected in [
        ("reason=invalid_id&reason=missing_column", [2, 5]),
        ("column=email", [3, 4]),
        ("value=nobody&value=x", [2, 4]),
        ("value_contem=NINGUEM", [3]),
        (f"load={load['id']}&column=id", [2]),
    ]:
        found = (await client.get(f"/v1/rejects?{query}&fields=line")).json()["rejects"]
        assert [row["line"] for row in found] == expected, query
        counts = (await client.get(f"/v1/rejects/counts?{query}")).json()
        assert counts["rows"] == len(expected), query


async def test_users_are_found_by_role_state_and_parts_of_their_names(
    client_as: ClientAs, connection: asyncpg.Connection
) -> None:
    admin = await client_as("admin")
    insert = "INSERT INTO users (username, email, password_hash, role, active) VALUES ($1, $2, '!', $3, $4)"
    await connection.execute(insert, "Álvaro", "al@casa.com", "viewer", True)
    await connection.execute(insert, "bia", "bia@obra.com", "analyst", False)
    for query, expected in [
        ("username_contem=alva", {"Álvaro"}),
        ("email_contem=OBRA", {"bia"}),
        ("role=viewer&role=analyst", {"Álvaro", "bia"}),
        ("role=viewer&role=analyst&active=true", {"Álvaro"}),
        ("active=false", {"bia"}),
    ]:
        users = (await admin.get(f"/v1/users?{query}")).json()["users"]
        assert {user["username"] for user in users} == expected, query


LATE: list[tuple[dict[str, str], set[str]]] = [
    ({"dias_de_atraso_de": "1"}, {"one", "two", "five", "six"}),
    ({"dias_de_atraso_de": "2", "dias_de_atraso_ate": "5"}, {"two", "five"}),
    ({"dias_de_atraso_de": "6"}, {"six"}),
    ({"dias_de_atraso_ate": "2"}, {"one", "two"}),
    ({"dias_de_atraso_ate": "100000", "polo": "SP - SANTOS", "data_limite_ate": "2021-05-01"}, set()),
]


async def test_visits_are_found_by_the_days_that_they_were_late(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    made = {"early": "01", "in time": "02", "one": "03", "two": "04", "five": "07", "six": "08"}
    visits = [visit(name, "SP - SANTOS", "2021-05-02", f"2021-05-{day}T23:59:59") for name, day in made.items()]
    await store(connection, [*visits, visit("open", "SP - SANTOS", "2020-05-02", None)])
    for query, expected in LATE:
        answer = await client.get("/v1/services", params=query)
        assert {row["angel"] for row in answer.json()["atendimentos"]} == expected, query
        assert (await client.get("/v1/services/total", params=query)).json() == {"total": len(expected)}, query
    for wrong in ("0", "-1", "100001", "um"):
        assert (await client.get("/v1/services", params={"dias_de_atraso_de": wrong})).status_code == 422
