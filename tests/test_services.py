"""/v1/services: single rows, and that the rollup follows each of them."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs, client_of, make_settings, running_app
from waiting import blocked_by

from logistics_indicators import database
from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.http.field_types import MAX_ID
from logistics_indicators.indicators.verification import verify
from logistics_indicators.rollup.merging import merge_everything
from logistics_indicators.rollup.reading import count_visits

VISIT = {
    "id_cliente": 1,
    "angel": "Íris da Silva",
    "polo": "CE - JUAZEIRO DO NORTE",
    "data_limite": "2021-06-30",
    "data_de_atendimento": "2021-06-29T10:15:27",
}


@pytest.fixture(autouse=True)
async def customers(connection: asyncpg.Connection) -> None:
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'a', 'a@b.co'), (2, 'b', 'b@b.co')")


async def create(client: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    answer = await client.post("/v1/services", json=VISIT | changes)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def assert_rollup_equals_rows(connection: asyncpg.Connection) -> None:
    verification = await verify(connection)
    assert (verification.differences, verification.examples) == (0, [])
    rows = await connection.fetchval("SELECT count(*) FROM services")
    assert (verification.visits, await count_visits(connection)) == (rows, rows)


async def test_a_created_service_can_be_read_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/services", json=VISIT)
    assert answer.status_code == 201
    assert answer.json() == {"id": answer.json()["id"], **VISIT}
    assert (await client.get(answer.headers["Location"])).json() == answer.json()


async def test_a_blank_is_taken_for_the_t_of_a_timestamp(client: httpx.AsyncClient) -> None:
    created = await create(client, data_de_atendimento="2021-06-29 10:15:27")
    assert created["data_de_atendimento"] == "2021-06-29T10:15:27"


async def test_a_fraction_of_a_second_is_dropped(client: httpx.AsyncClient) -> None:
    created = await create(client, data_de_atendimento="2021-06-29T10:15:27.999999")
    assert created["data_de_atendimento"] == "2021-06-29T10:15:27"
    path = f"/v1/services/{created['id']}"
    changed = await client.put(path, json=VISIT | {"data_de_atendimento": "2021-06-29 10:15:28.9"})
    assert changed.json()["data_de_atendimento"] == "2021-06-29T10:15:28"


@pytest.mark.parametrize("body", [VISIT | {"data_de_atendimento": None}, {k: VISIT[k] for k in list(VISIT)[:4]}])
async def test_a_visit_not_made_yet_is_stored_open(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    answer = await client.post("/v1/services", json=body)
    assert (answer.status_code, answer.json()["data_de_atendimento"]) == (201, None)


BAD_FIELDS: list[tuple[str, object]] = [
    ("id_cliente", 0),
    ("id_cliente", MAX_ID + 1),
    ("id_cliente", True),
    ("id_cliente", "x"),
    ("id_cliente", 1.5),
    ("angel", " "),
    ("angel", "x" * 201),
    ("polo", "a\x1bb"),
    ("polo", "x" * 201),
    ("data_limite", "30/06/2021"),
    ("data_limite", "2021-02-30"),
    ("data_limite", "1899-12-31"),
    ("data_limite", "2200-01-01"),
    ("data_limite", "2021-06-30T00:00:00"),
    ("data_limite", 20210630),
    ("data_limite", None),
    ("data_limite", "٢٠٢١-٠٦-٣٠"),
    ("data_de_atendimento", "2021-06-29"),
    ("data_de_atendimento", "2021-06-29T10:15"),
    ("data_de_atendimento", "2021-06-29T10:15:27."),
    ("data_de_atendimento", "2021-06-29T10:15:27.5Z"),
    ("data_de_atendimento", "2021-06-29T10:15:27Z"),
    ("data_de_atendimento", "2021-06-29T10:15:27-03:00"),
    ("data_de_atendimento", "2021-06-29T24:00:00"),
    ("data_de_atendimento", "9999-12-31T23:59:59"),
    ("data_de_atendimento", 1624961727),
    ("data_de_atendimento", ""),
]


async def test_a_field_that_cannot_be_taken_is_named(client: httpx.AsyncClient) -> None:
    for field, value in BAD_FIELDS:
        for method, path in (("POST", "/v1/services"), ("PUT", "/v1/services/1")):
            answer = await client.request(method, path, json=VISIT | {field: value})
            assert answer.status_code == 422
            assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]


async def test_a_service_of_an_unknown_customer_is_422_and_leaves_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    service = await create(client)
    for method, path in (("POST", "/v1/services"), ("PUT", f"/v1/services/{service['id']}")):
        answer = await client.request(method, path, json=VISIT | {"id_cliente": 77})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "id_cliente"]
    assert await connection.fetchval("SELECT count(*) FROM services") == 1
    await assert_rollup_equals_rows(connection)


async def test_an_unknown_field_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/services", json=VISIT | {"cidade": "x"})
    assert answer.status_code == 422
    assert "data_limite" in answer.json()["errors"][0]["msg"]


async def test_a_put_replaces_the_whole_service(client: httpx.AsyncClient) -> None:
    service = await create(client)
    changed = {"id_cliente": 2, "angel": "B", "polo": "SP - Y", "data_limite": "2021-07-01"}
    answer = await client.put(f"/v1/services/{service['id']}", json=changed)
    assert answer.json() == {"id": service["id"], **changed, "data_de_atendimento": None}
    assert (await client.get(f"/v1/services/{service['id']}")).json() == answer.json()


async def test_a_put_may_carry_the_id_of_its_path_and_no_other(client: httpx.AsyncClient) -> None:
    service = await create(client)
    path = f"/v1/services/{service['id']}"
    assert (await client.put(path, json=service)).status_code == 200
    assert (await client.put(path, json=service | {"id": 77})).status_code == 422


async def test_an_unknown_service_is_404_and_one_service_cannot_be_deleted(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/services/77")).status_code == 404
    assert (await client.put("/v1/services/77", json=VISIT)).status_code == 404
    assert (await client.delete("/v1/services/77")).status_code == 405


async def test_the_rollup_follows_every_write(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    first, second = await create(client), await create(client, data_de_atendimento=None)
    await assert_rollup_equals_rows(connection)
    moved = VISIT | {"angel": "B", "polo": "SP - Y", "data_de_atendimento": "2021-07-02T08:00:00"}
    for path, body in [
        (f"/v1/services/{first['id']}", moved),
        (f"/v1/services/{second['id']}", VISIT),
        (f"/v1/services/{first['id']}", moved | {"data_de_atendimento": None}),
    ]:
        assert (await client.put(path, json=body)).status_code == 200
        await assert_rollup_equals_rows(connection)
    answer = (await client.get("/v1/indicators/sla/polo")).json()
    assert [(row["polo"], row["total_de_atendimentos"]) for row in answer["sla_polo"]] == [(VISIT["polo"], 1)]


async def test_the_total_is_that_of_the_rows_before_and_after_the_rollup_folds(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    for number in range(5):
        await create(client, data_de_atendimento=None if number % 2 else VISIT["data_de_atendimento"])
        assert (await client.get("/v1/services/total")).json() == {"total": number + 1}
    await merge_everything(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 0
    assert (await client.get("/v1/services/total")).json() == {"total": 5}


async def test_writers_at_once_leave_the_rollup_exact(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    service = await create(client)

    async def move(number: int) -> None:
        body = VISIT | {"angel": f"Angel {number % 3}", "data_de_atendimento": f"2021-06-{number % 28 + 1:02}T10:00:00"}
        assert (await client.put(f"/v1/services/{service['id']}", json=body)).status_code == 200
        await create(client, angel=f"Angel {number % 5}")

    await asyncio.gather(*(move(number) for number in range(30)))
    assert await connection.fetchval("SELECT count(*) FROM services") == 31
    await assert_rollup_equals_rows(connection)


async def test_a_post_after_a_batch_gets_the_id_after_the_largest(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO services (id, id_cliente, angel_id, polo_id, data_limite)"
        " SELECT i, 1, 1, 1, '2021-06-30' FROM unnest(ARRAY[1, 2, 900]) i"
    )
    assert [(await create(client))["id"] for _ in range(2)] == [901, 902]


async def test_a_visit_that_waits_for_its_id_keeps_nobody_from_its_new_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    """A load that has the id may want the name before it commits; neither could go on."""
    load = await asyncpg.connect(database_url)
    transaction = load.transaction()
    await transaction.start()
    await load.execute(
        "INSERT INTO services (id, id_cliente, angel_id, polo_id, data_limite) VALUES (1, 1, 1, 1, now())"
    )
    post = asyncio.create_task(create(client, angel="Nova"))
    await blocked_by(load)
    await connection.execute("SET lock_timeout = '1s'; INSERT INTO angels (name) VALUES ('Nova')")
    await transaction.rollback()
    await load.close()
    assert (await client.get(f"/v1/services/{(await post)['id']}")).json()["angel"] == "Nova"
    await assert_rollup_equals_rows(connection)


async def test_a_write_that_is_cancelled_while_it_waits_is_503_and_works_later(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    service = await create(client)
    async with connection.transaction():
        await connection.execute("SELECT FROM services WHERE id = $1 FOR UPDATE", service["id"])
        put = asyncio.create_task(client.put(f"/v1/services/{service['id']}", json=VISIT))
        for pid in await blocked_by(connection):
            await connection.execute("SELECT pg_cancel_backend($1)", pid)
        answer = await put
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "too busy" in answer.json()["detail"]
    assert (await client.put(f"/v1/services/{service['id']}", json=VISIT)).status_code == 200
    await assert_rollup_equals_rows(connection)


async def test_a_write_that_waits_for_a_lock_in_vain_is_told_so_and_works_later(
    database_url: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    insert = "INSERT INTO users (username, email, password_hash, role) VALUES ('a', 'a', '!', 'analyst') RETURNING id"
    user_id = await connection.fetchval(insert)
    async with running_app(make_settings(database_url)) as app:
        client = client_of(app, issue_access_token(app.state.token_key, user_id))
        path = f"/v1/services/{(await create(client))['id']}"
        async with connection.transaction():
            await connection.execute("LOCK TABLE services")
            answer = await client.put(path, json=VISIT)
            reading = await client.get(path)
        for locked in (answer, reading):
            assert (locked.status_code, locked.headers["Retry-After"]) == (503, "1")
            assert "is changing what this one needs" in locked.json()["detail"]
        assert (await client.put(path, json=VISIT)).status_code == 200


async def test_viewers_read_and_only_analysts_write(client_as: ClientAs, anonymous: httpx.AsyncClient) -> None:
    analyst, viewer = await client_as("analyst"), await client_as("viewer")
    path = f"/v1/services/{(await create(analyst))['id']}"
    reads = [("GET", "/v1/services"), ("GET", "/v1/services/total"), ("GET", path)]
    for method, url in [*reads, ("POST", "/v1/services"), ("PUT", path)]:
        body = VISIT if method in {"POST", "PUT"} else None
        refused = await anonymous.request(method, url, json=body)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        answer = await viewer.request(method, url, json=body)
        assert answer.status_code == (200 if (method, url) in reads else 403)


async def test_a_whole_number_may_be_written_with_a_point(client: httpx.AsyncClient) -> None:
    customer = (await client.post("/v1/customers", json={"nome": "A", "email": "a@mail.com"})).json()["id"]
    body = {"id_cliente": float(customer), "angel": "ANA", "polo": "SP - A", "data_limite": "2021-06-30"}
    answer = await client.post("/v1/services", json=body)
    assert (answer.status_code, answer.json()["id_cliente"]) == (201, customer)
    assert (await client.post("/v1/services", json=body | {"id_cliente": customer + 0.5})).status_code == 422


@pytest.mark.parametrize(
    "digits", ["0.99999999999999999999", "1.00000000000000000001", "9007199254740980.4", "1.0000000000000000001e0"]
)
async def test_a_number_that_is_nearly_whole_is_no_id(client: httpx.AsyncClient, digits: str) -> None:
    await client.post("/v1/customers", json={"nome": "A", "email": "a@mail.com"})
    text = json.dumps(VISIT | {"id_cliente": "@"}).replace('"@"', digits)
    answer = await client.post("/v1/services", content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "id_cliente"])
