"""A few rows as JSON or NDJSON in one request: the same load as of a file, and its end in the answer."""

import json
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import client_with, counts, finished, load_file, rejects_of
from test_load_workbooks import everything

CUSTOMERS: list[dict[str, Any]] = [
    {"id": 1, "nome": 'José "Zé"; Conceição', "email": "jose@mail.com", "telefone": 11987654321},
    {"id": 2.0, "nome": "Íris\nde Sá", "email": "iris@mail.com", "telefone": None},
    {"id": "0003", "nome": "  Zoë  & Cia <x>", "email": "zoe@mail.com"},
]
VISITS: list[dict[str, Any]] = [
    {"id": 10, "id_cliente": 1, "angel": "Ana", "polo": "SP - CAMPINAS", "data_limite": "2021-06-30",
     "data_de_atendimento": "2021-06-29T10:15:27"},
    {"id": 11, "id_cliente": 2, "angel": "Bia", "polo": "RS - X", "data_limite": "30/06/2021",
     "data_de_atendimento": None},
    {"polo": "RS - X", "id": 12, "id_cliente": 3, "angel": "Ana", "data_limite": "2024-02-29"},
    {"id": 13, "id_cliente": 9, "angel": "Ana", "polo": "RS - X", "data_limite": "2024-02-29"},
    {"id": 14, "id_cliente": 1, "angel": "Ana", "polo": "RS - X", "data_limite": "A DEFINIR"},
    {"id": None, "id_cliente": None, "angel": "", "polo": None, "data_limite": None},
    {"id": 16, "id_cliente": 1, "angel": "\ud83d", "polo": "RS - X", "data_limite": "2024-02-29"},
]  # fmt: skip
CSV = {
    "customers": 'id;nome;email;telefone\n1;"José ""Zé""; Conceição";jose@mail.com;11987654321\n'
    "2;Íris de Sá;iris@mail.com;\n0003;Zoë  & Cia <x>;zoe@mail.com;\n",
    "services": "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
    "10;1;Ana;SP - CAMPINAS;30/06/2021;29/06/2021 10:15:27\n11;2;Bia;RS - X;30/06/2021;-\n"
    "12;3;Ana;RS - X;29/02/2024;\n13;9;Ana;RS - X;29/02/2024;\n14;1;Ana;RS - X;A DEFINIR;\n-;;;;;\n",
}


def as_body(rows: list[dict[str, Any]], media_type: str) -> bytes:
    if media_type == "application/json":
        return json.dumps(rows).encode()
    return "\n".join(json.dumps(row) for row in rows).encode()


async def send_rows(
    client: httpx.AsyncClient, kind: str, rows: Any, media_type: str = "application/json", **query: Any
) -> httpx.Response:
    body = rows if isinstance(rows, bytes) else as_body(rows, media_type)
    headers = {"Content-Type": media_type}
    return await client.post(f"/v1/{kind}/batch", content=body, headers=headers, params=query)


async def load_rows(client: httpx.AsyncClient, kind: str, rows: Any, **query: Any) -> dict[str, Any]:
    answer = await send_rows(client, kind, rows, **query)
    assert answer.status_code in (200, 202), answer.text
    return await finished(client, answer.json()["load"]["id"])


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
async def test_the_same_rows_as_csv_and_as_objects_give_the_same_load(
    client: httpx.AsyncClient, client_as: ClientAs, connection: asyncpg.Connection, media_type: str
) -> None:
    as_csv = [await load_file(client, kind, CSV[kind]) for kind in ("customers", "services")]
    wanted, figures = await everything(connection), (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    rejects = await rejects_of(client, as_csv[1]["id"])
    assert [reason for _, _, reason, _ in rejects] == ["unknown_customer", "invalid_date", "empty_field"]
    for load in reversed(as_csv):
        assert (await (await client_as("admin")).delete(f"/v1/loads/{load['id']}")).status_code == 200
    assert await everything(connection) == [[], []]
    loads = []
    for kind, rows in (("customers", CUSTOMERS), ("services", VISITS[:-1])):
        loads.append(await load_rows(client, kind, rows, media_type=media_type))
    assert await everything(connection) == wanted
    assert (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"] == figures
    assert [counts(load) for load in loads] == [counts(load) for load in as_csv]
    assert [load["format"] for load in loads] == ["json" if media_type == "application/json" else "ndjson"] * 2
    # the place in the batch counts from 1; a header makes it one line more
    assert await rejects_of(client, loads[1]["id"]) == [(line - 1, *rest) for line, *rest in rejects]


async def test_a_batch_is_answered_with_the_load_at_its_end(client: httpx.AsyncClient) -> None:
    for _ in range(20):  # on a machine that is busy, one may take longer than two seconds
        answer = await send_rows(client, "customers", CUSTOMERS)
        if answer.status_code == 200:
            break
    load = answer.json()["load"]
    assert (answer.json()["message"], load["status"], load["rows_read"]) == ("finished load", "completed", 3)
    assert answer.headers["Location"] == f"/v1/loads/{load['id']}"
    assert (await client.get(answer.headers["Location"])).json() == load


async def test_a_batch_that_takes_longer_is_answered_202(connection: asyncpg.Connection, database_url: str) -> None:
    async with client_with(connection, database_url, load_workers=0) as client:
        answer = await send_rows(client, "customers", CUSTOMERS)
        assert (answer.status_code, answer.json()["load"]["status"]) == (202, "received")


async def test_half_a_character_costs_its_row_alone(client: httpx.AsyncClient) -> None:
    await load_rows(client, "customers", CUSTOMERS)
    load = await load_rows(client, "services", [VISITS[0], VISITS[-1]])
    assert (counts(load), load["rejects"]) == (
        (2, 1, 0, 0, 1),
        [{"reason": "encoding", "rows": 1, "first_line": 2}],
    )


async def test_a_field_that_no_row_has_is_kept_in_an_update(client: httpx.AsyncClient) -> None:
    await load_rows(client, "customers", CUSTOMERS)
    renamed = [{"id": 1, "nome": "Zé", "email": "jose@mail.com"}]
    load = await load_rows(client, "customers", renamed, on_conflict="update")
    assert counts(load) == (1, 0, 1, 0, 0)
    assert (await client.get("/v1/customers/1")).json()["telefone"] == "11987654321"
    await load_rows(client, "customers", [{**renamed[0], "telefone": None}], on_conflict="update")
    assert (await client.get("/v1/customers/1")).json()["telefone"] is None


async def test_an_update_empties_no_field_that_only_some_rows_have(client: httpx.AsyncClient) -> None:
    answer = await send_rows(client, "customers", CUSTOMERS, on_conflict="update")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", 2, "telefone"]


async def test_the_rejects_of_a_batch_come_home_as_a_file(client: httpx.AsyncClient) -> None:
    await load_rows(client, "customers", CUSTOMERS)
    load = await load_rows(client, "services", VISITS[:5])
    file = (await client.get(f"/v1/loads/{load['id']}/rejects", params={"format": "csv"})).text
    again = await load_file(client, "services", file.replace("A DEFINIR", "30/06/2021"))
    assert (counts(again), again["rejects"][0]["reason"]) == ((2, 1, 0, 0, 1), "unknown_customer")
    mend = {"edits": {"5": {"data_limite": "2021-06-30"}}}
    answer = await client.post(f"/v1/loads/{load['id']}/mend", json=mend)
    assert counts(await finished(client, answer.json()["load"]["id"])) == (1, 0, 0, 1, 0)


async def test_the_same_key_and_batch_is_answered_with_the_first_load(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k1"}
    body, other = as_body(CUSTOMERS, "application/json"), as_body(CUSTOMERS[:1], "application/json")
    first, again, another = [
        await client.post("/v1/customers/batch", content=content, headers=headers) for content in (body, body, other)
    ]
    assert first.json()["load"]["id"] == again.json()["load"]["id"]
    assert (another.status_code, another.json()["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])


ROW = {"id": 1, "nome": "Ana", "email": "a@mail.com"}
WRONG: dict[str, tuple[Any, list[Any], str]] = {
    "unknown field": ([ROW, {**ROW, "fone": "1"}], ["body", 1, "fone"], "there are: id, nome, email, telefone"),
    "nested value": ([{**ROW, "nome": {"a": 1}}], ["body", 0, "nome"], "a text, a number"),
    "no object": ([ROW, 7], ["body", 1], "A row is an object with the fields id"),
    "no array": (b'{"rows": []}', ["body"], "array of objects"),
    "no rows": (b"[]", ["body"], "no rows"),
    "nothing": (b"", ["body"], "cannot be read"),
    "broken": (b'[{"id": 1', ["body"], "cannot be read"),
    "a name twice": (b'[{"id": 1, "id": 2, "nome": "A", "email": "a@b.co"}]', ["body"], "twice"),
    "NaN": (b'[{"id": NaN}]', ["body"], "NaN"),
    "no UTF-8": (b'[{"id": "\xff"}]', ["body"], "UTF-8"),
    "too deep": (b"[" * 100_000, ["body"], "too deep"),
    "a required field in no row": ([{"id": 1, "nome": "Ana"}], ["body", 0, "email"], "No row"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_batch_that_is_wrong_is_refused_as_a_whole(client: httpx.AsyncClient, wrong: str) -> None:
    rows, loc, words = WRONG[wrong]
    answer = await send_rows(client, "customers", rows)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == loc
    assert words in answer.json()["errors"][0]["msg"]
    assert (await client.get("/v1/loads")).json()["loads"] == []


async def test_a_line_of_ndjson_that_is_broken_is_named(client: httpx.AsyncClient) -> None:
    body = as_body([ROW], "application/x-ndjson") + b'\n\n{"id": 2'
    answer = await send_rows(client, "customers", body, "application/x-ndjson")
    assert (answer.status_code, "line 3" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
async def test_a_batch_has_so_many_rows_and_bytes_and_no_more(client: httpx.AsyncClient, media_type: str) -> None:
    rows = [{"id": n, "nome": "Ana", "email": f"a{n}@mail.com"} for n in range(1, 10_002)]
    answer = await send_rows(client, "customers", rows, media_type)
    assert (answer.status_code, "10000 rows" in answer.json()["detail"]) == (413, True)
    assert (await send_rows(client, "customers", b" " * (8 * 1024**2 + 1), media_type)).status_code == 413
    load = await load_rows(client, "customers", rows[:-1], media_type=media_type)
    assert counts(load) == (10_000, 10_000, 0, 0, 0)


@pytest.mark.parametrize(
    "option", [{"delimiter": ";"}, {"encoding": "utf-8"}, {"sheet": "A"}, {"header": "none"}, {"columns": "nome:Nome"}]
)
async def test_what_only_a_file_has_is_refused(client: httpx.AsyncClient, option: dict[str, str]) -> None:
    answer = await send_rows(client, "customers", [ROW], **option)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", *option])


async def test_a_dry_run_of_a_batch_writes_nothing(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    load = await load_rows(client, "customers", CUSTOMERS, validate_only=True)
    assert (load["rows_inserted"], await everything(connection)) == (3, [[], []])


async def test_a_viewer_sends_no_batch(client_as: ClientAs) -> None:
    assert (await send_rows(await client_as("viewer"), "customers", [ROW])).status_code == 403


NEARLY_WHOLE = [
    "10960489870000.0000000001",
    "9007199254740980.4",
    "0.99999999999999999999",
    "1e99",
    "1e-99999999999999999999",
]
NUMBERS = {
    "1.10": "1.10", "12345678901234567.25": "12345678901234567.25", "2.50e1": "25", "1e3": "1000", "7.000": "7",
    "-0.0": "0", "0e-9": "0", "1e-5": "1e-5", "1E+400": "1E+400", "1.25e1": "1.25e1",
    "0.1000e-999999": "0.1000e-999999",
}  # fmt: skip


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson", "file"])
async def test_numbers_keep_their_digits_and_one_that_is_nearly_whole_is_no_id(
    client: httpx.AsyncClient, connection: asyncpg.Connection, media_type: str
) -> None:
    ids = [*NEARLY_WHOLE, *map(str, range(1, len(NUMBERS) + 1))]
    names = [*["0"] * len(NEARLY_WHOLE), *NUMBERS]
    rows = [
        f'{{"id": {number}, "nome": {name}, "email": "a{place}@mail.com"}}'
        for place, (number, name) in enumerate(zip(ids, names, strict=True))
    ]
    if media_type == "file":
        load = await load_file(client, "customers", "\n".join(rows))
    else:
        body = f"[{','.join(rows)}]" if media_type == "application/json" else "\n".join(rows)
        load = await load_rows(client, "customers", body.encode(), media_type=media_type)
    rejects = [(column, reason, value) for _, column, reason, value in await rejects_of(client, load["id"])]
    assert rejects == [("id", "invalid_id", number) for number in NEARLY_WHOLE]
    stored = await connection.fetch("SELECT nome FROM customers ORDER BY id")
    assert [row["nome"] for row in stored] == list(NUMBERS.values())


@pytest.mark.parametrize("number", ["1" * 200_000 + ".0e-5", "1." + "0" * 200_000 + "e2", "1e" + "9" * 200_000])
async def test_a_number_of_any_length_is_read_at_once(client: httpx.AsyncClient, number: str) -> None:
    load = await load_rows(client, "customers", f'[{{"id": 1, "nome": {number}, "email": "a@b.co"}}]'.encode())
    assert load["rows_read"] == 1
