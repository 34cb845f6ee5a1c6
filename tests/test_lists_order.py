"""The order of a list: as a plain sort would have it, whatever the pages, the ties, the gaps and what comes between."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_client import load_file

from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.lists.order import Key, Order, Place
from logistics_indicators.texts import email_key

Row = dict[str, Any]


async def walk(client: httpx.AsyncClient, path: str, name: str, between: Callable[[], Any] | None = None) -> list[Row]:
    """All rows, page after page; `between` is awaited after each."""
    rows: list[Row] = []
    url: str | None = path
    while url is not None:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["total_por_pagina"] == len(body[name])
        rows += body[name]
        url = body.get("proxima_pagina")
        assert answer.headers.get("Link") == (None if url is None else f'<{url}>; rel="next"')
        if between is not None:
            await between()
    return rows


def in_order(rows: list[Row], sort: str) -> list[Row]:
    """Ties by id; without a value last, either way."""
    name = sort.removeprefix("-")
    by_id = sorted(rows, key=lambda row: int(row["id"]))
    if name == "id":
        return by_id[::-1] if sort.startswith("-") else by_id
    of = email_key if name == "email" else lambda value: value
    known = [row for row in by_id if row[name] is not None]
    if sort.startswith("-"):
        known.sort(key=lambda row: of(row[name]), reverse=True)  # stable: ties stay as they are
    else:
        known.sort(key=lambda row: of(row[name]))
    return known + [row for row in by_id if row[name] is None]


NAMES = st.sampled_from(["Ana", "ana", "Ána", "Z", "é", "a b", "a%", "'; --", "😀", "A" * 200, "日本"])
PHONES = st.none() | st.sampled_from(["1", "11", "2", "+55 1"])
CUSTOMERS = st.lists(st.tuples(NAMES, PHONES), max_size=25)
SORTS = st.sampled_from([f"{sign}{name}" for name in ("id", "nome", "email", "telefone") for sign in ("", "-")])
INSERT = "INSERT INTO customers (id, nome, email, telefone) VALUES ($1, $2, $3, $4)"


@pytest.fixture
async def signed_in(database_url: str, connection: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    insert = (
        "INSERT INTO users (username, email, password_hash, role) VALUES ('ana', 'a@b.co', '!', 'viewer') RETURNING id"
    )
    user_id = await connection.fetchval(insert)
    async with (
        running_app(make_settings(database_url)) as app,
        client_of(app, issue_access_token(app.state.token_key, user_id)) as client,
    ):
        yield client


def email_of(number: int) -> str:
    return f"{'aBcD'[number % 4]}{number * 7919 % 31}@x.com"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(customers=CUSTOMERS, sort=SORTS, limit=st.integers(1, 9))
async def test_the_pages_together_are_the_rows_as_a_plain_sort_has_them(
    signed_in: httpx.AsyncClient,
    connection: asyncpg.Connection,
    customers: list[tuple[str, str | None]],
    sort: str,
    limit: int,
) -> None:
    await connection.execute("TRUNCATE customers CASCADE")
    rows = [(number, nome, email_of(number), phone) for number, (nome, phone) in enumerate(customers, 1)]
    await connection.executemany(INSERT, rows)
    expected = in_order([dict(zip(("id", "nome", "email", "telefone"), row, strict=True)) for row in rows], sort)
    assert await walk(signed_in, f"/v1/customers?sort={sort}&limit={limit}", "clientes") == expected
    skipped = await signed_in.get(f"/v1/customers?sort={sort}&limit={limit}&offset=3")
    assert skipped.json()["clientes"] == expected[3 : 3 + limit]
    exported = await signed_in.get(f"/v1/customers?sort={sort}&format=csv&fields=id,nome")
    assert [row["id"] for row in csv.DictReader(io.StringIO(exported.text))] == [str(row["id"]) for row in expected]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(customers=CUSTOMERS, later=CUSTOMERS, sort=SORTS, limit=st.integers(1, 5))
async def test_rows_that_come_between_two_pages_shift_none_that_were_there(
    signed_in: httpx.AsyncClient,
    connection: asyncpg.Connection,
    customers: list[tuple[str, str | None]],
    later: list[tuple[str, str | None]],
    sort: str,
    limit: int,
) -> None:
    await connection.execute("TRUNCATE customers CASCADE")
    rows = [(2 * number, nome, email_of(number), phone) for number, (nome, phone) in enumerate(customers, 1)]
    coming = [(2 * n + 1, nome, f"later{n}@x.com", phone) for n, (nome, phone) in enumerate(later)]
    await connection.executemany(INSERT, rows)

    async def insert_one() -> None:
        if coming:
            await connection.execute(INSERT, *coming.pop())

    seen = await walk(signed_in, f"/v1/customers?sort={sort}&limit={limit}", "clientes", insert_one)
    assert len({row["id"] for row in seen}) == len(seen)
    assert seen == in_order(seen, sort)
    there = [dict(zip(("id", "nome", "email", "telefone"), row, strict=True)) for row in rows]
    assert [row for row in seen if row["id"] % 2 == 0] == in_order(there, sort)


@pytest.fixture
async def few(connection: asyncpg.Connection) -> None:
    await connection.executemany(INSERT, [(i, f"N{i % 2}", f"{i}@x.com", None) for i in range(1, 7)])


@pytest.mark.usefixtures("few")
async def test_what_a_list_cannot_be_sorted_by_is_422_and_what_it_can_be_is_named(client: httpx.AsyncClient) -> None:
    for wrong in ("name", "", "-", "--nome", "nome,id", "NOME", "nome desc"):
        answer = await client.get("/v1/customers", params={"sort": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "sort"]), wrong
        assert "by id, nome, email or telefone" in answer.json()["errors"][0]["msg"]


@pytest.mark.usefixtures("few")
async def test_the_next_page_keeps_the_order_the_fields_and_the_filters(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers?sort=-nome&fields=nome,id&limit=2&telefone_vazio=1")
    assert answer.status_code == 422
    answer = await client.get("/v1/customers?sort=-nome&fields=nome,id&limit=2")
    assert answer.json()["clientes"] == [{"nome": "N1", "id": 1}, {"nome": "N1", "id": 3}]
    query = parse_qs(urlsplit(answer.json()["proxima_pagina"]).query)
    assert (query["sort"], query["fields"], query["limit"]) == (["-nome"], ["nome,id"], ["2"])
    following = await client.get(answer.json()["proxima_pagina"])
    assert following.json()["clientes"] == [{"nome": "N1", "id": 5}, {"nome": "N0", "id": 2}]


@pytest.mark.usefixtures("few")
async def test_a_cursor_goes_with_its_order_alone(client: httpx.AsyncClient) -> None:
    cursors = {}
    for sort in ("id", "-id", "nome", "-nome", "email", "telefone"):
        url = (await client.get(f"/v1/customers?sort={sort}&limit=2")).json()["proxima_pagina"]
        cursors[sort] = parse_qs(urlsplit(url).query)["cursor"][0]
    for of, cursor in cursors.items():
        for sort in cursors:
            answer = await client.get("/v1/customers", params={"sort": sort, "cursor": cursor})
            fits = sort == of or {sort, of} == {"id", "-id"}
            assert answer.status_code == (200 if fits else 422), (of, sort)


BAD_CURSORS = ["7.", "7.x", "7.bnVsbA", "7.W10", "7.WyJub21lIl0", "7.WyJub21lIixudWxsXQ", "7.WyJub21lIiwxXQ",
               "7.WyJub21lIiwiYVx1MDAwMCJd", "7.WyJub21lIiwiYVx1ZDgwMCJd", "7.eyJub21lIjoxLCJhIjoyfQ",
               ".WyJub21lIiwiYSJd",
               "7", "7." + "x" * 2_000]  # fmt: skip


@pytest.mark.parametrize("moment", ["2021-06-30T10:00:00+00:00", "2021-06-30T10:00:00Z"])
async def test_a_cursor_with_a_zone_is_refused_as_any_other_forged_one(client: httpx.AsyncClient, moment: str) -> None:
    cursor = Place(7, moment).cursor(Order("data_de_atendimento", Key(datetime, "")))
    asked = {"sort": "data_de_atendimento", "cursor": cursor}
    answer = await client.get("/v1/services", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "cursor"])


async def test_what_is_no_cursor_of_the_order_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/customers?sort=nome&cursor=7.WyJub21lIiwiYSJd")).status_code == 200
    for bad in BAD_CURSORS:
        answer = await client.get("/v1/customers", params={"sort": "nome", "cursor": bad})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "cursor"]), bad


@pytest.mark.usefixtures("few")
async def test_the_fields_that_are_asked_for_come_in_their_order_and_no_others(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers?fields=email,id,email&limit=1")
    assert answer.content.startswith(b'{"clientes":[{"email":"1@x.com","id":1}],')
    assert (await client.get("/v1/customers?fields=email&format=csv&id=2")).text == "email\r\n2@x.com\r\n"
    for wrong in ("", "id,", "id;nome", "name", "id, nome", "load_id"):
        answer = await client.get("/v1/customers", params={"fields": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", "fields"]), wrong
        assert answer.json()["errors"][0]["msg"].endswith("there are: id, nome, email, telefone")


LOADS = """
INSERT INTO loads (kind, status, received_at, finished_at, bytes, sha256, encoding, delimiter, username)
SELECT 'customers', CASE WHEN i % 7 = 0 THEN 'receiving' WHEN i % 3 = 0 THEN 'undone' ELSE 'completed' END,
    LOCALTIMESTAMP - make_interval(mins => i % 4),
    CASE WHEN i % 3 > 0 THEN LOCALTIMESTAMP + make_interval(mins => i % 5, secs => 0.000001 * (i % 2)) END,
    1, 'x', 'utf-8', ';', 'ana'
FROM generate_series(1, 40) i
"""


# Of today: old ones are swept away.
async def test_loads_are_listed_newest_first_or_in_the_order_in_which_they_came_or_ended(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(LOADS)
    stored = [dict(row) for row in await connection.fetch("SELECT * FROM loads WHERE status <> 'receiving'")]
    assert [r["id"] for r in await walk(client, "/v1/loads?limit=6", "loads")] == [
        r["id"] for r in in_order(stored, "-id")
    ]
    for sort in ("id", "received_at", "-received_at", "finished_at", "-finished_at"):
        found = await walk(client, f"/v1/loads?limit=4&sort={sort}&fields=id", "loads")
        assert found == [{"id": row["id"]} for row in in_order(stored, sort)], sort
    since = await walk(client, "/v1/loads?before=9&sort=id&limit=3&fields=id", "loads")
    assert since == [{"id": number} for number in (1, 2, 3, 4, 5, 6, 8)]
    assert (await client.get("/v1/loads?sort=bytes")).status_code == 422


async def test_users_are_listed_by_name_or_mail_address(client_as: ClientAs, connection: asyncpg.Connection) -> None:
    admin = await client_as("admin")
    for name in ("bia", "Ana", "caio"):
        insert = "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $2, '!', 'viewer')"
        await connection.execute(insert, name, f"{name[::-1]}@x.com")
    users = (await admin.get("/v1/users")).json()["users"]
    assert set(users[0]) == {"id", "username", "email", "role", "active", "created_at"}
    for sort in ("username", "-username", "email", "-email", "-id"):
        found = await walk(admin, f"/v1/users?sort={sort}&limit=2&fields=id,email", "users")
        assert found == [{"id": row["id"], "email": row["email"]} for row in in_order(users, sort)], sort
    assert (await admin.get("/v1/users?fields=password_hash")).status_code == 422
    assert (await admin.get("/v1/users?sort=password_hash")).status_code == 422


async def test_rejects_are_listed_from_either_end(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "id;nome;email\n" + "x;Ana;a@b.co\n" * 7)
    upwards = await walk(client, "/v1/rejects?limit=3&fields=line,id", "rejects")
    assert [row["line"] for row in upwards] == list(range(2, 9))
    assert await walk(client, "/v1/rejects?sort=-id&limit=3&fields=line,id", "rejects") == upwards[::-1]
    exported = await client.get("/v1/rejects?sort=-id&format=csv&fields=line,row")
    assert list(csv.DictReader(io.StringIO(exported.text))) == [
        {"line": str(row["line"]), "row": "x;Ana;a@b.co"} for row in upwards[::-1]
    ]


VISITS = """
INSERT INTO customers (id, nome, email) SELECT i, 'C', i || '@x.com' FROM generate_series(1, 5) i;
INSERT INTO angels (name) VALUES ('A');
INSERT INTO polos (name, uf) VALUES ('SP - X', 'SP'), ('SP - Y', 'SP');
INSERT INTO services (id, id_cliente, angel_id, polo_id, data_limite, data_de_atendimento)
SELECT i, i * 7 % 5 + 1, 1, 1 + i % 2, '2021-06-01'::date + i % 6,
       CASE WHEN i % 3 > 0 THEN '2021-06-01 10:00:00'::timestamp + make_interval(days => i % 7, secs => i % 2) END
FROM generate_series(1, 40) i
"""


async def test_visits_are_listed_by_customer_deadline_or_day_also_those_of_a_filter(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(VISITS)
    whole = (await client.get("/v1/services?limit=100")).json()["atendimentos"]
    of_filter = [row for row in whole if row["polo"] == "SP - X"]
    for name in ("id", "id_cliente", "data_limite", "data_de_atendimento"):
        for sort in (name, f"-{name}"):
            assert await walk(client, f"/v1/services?sort={sort}&limit=3", "atendimentos") == in_order(whole, sort), (
                sort
            )
            found = await walk(client, f"/v1/services?sort={sort}&limit=3&polo=SP - X", "atendimentos")
            assert found == in_order(of_filter, sort), sort
    refused = await client.get("/v1/services?sort=angel")
    assert "by id, id_cliente, data_limite or data_de_atendimento" in refused.json()["errors"][0]["msg"]
