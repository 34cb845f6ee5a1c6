"""/v1/customers: single rows."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
from conftest import ClientAs
from load_client import load_file
from waiting import blocked_by

from logistics_indicators.http.field_types import MAX_ID
from logistics_indicators.next_id import LARGEST_ORDINARY_ID

IRIS = {"nome": "Íris da Silva", "email": "iris@example.com", "telefone": "11987654321"}


async def create(client: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    answer = await client.post("/v1/customers", json=IRIS | changes)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_a_created_customer_can_be_read_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/customers", json=IRIS)
    assert answer.status_code == 201
    assert answer.json() == {"id": answer.json()["id"], **IRIS}
    assert (await client.get(answer.headers["Location"])).json() == answer.json()


async def test_text_is_trimmed_and_a_telefone_may_be_left_out(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/customers", json={"nome": "  Íris \n", "email": " iris@example.com "})
    assert answer.json() == {"id": 1, "nome": "Íris", "email": "iris@example.com", "telefone": None}


async def test_a_second_customer_with_the_same_email_is_a_conflict(client: httpx.AsyncClient) -> None:
    await create(client)
    other = await create(client, email="other@example.com")
    assert (await client.post("/v1/customers", json=IRIS)).status_code == 409
    answer = await client.put(f"/v1/customers/{other['id']}", json=IRIS)
    assert answer.status_code == 409
    assert "email" in answer.json()["detail"]


BAD_FIELDS: list[tuple[str, object]] = [
    ("nome", ""),
    ("nome", "   "),
    ("nome", "x" * 201),
    ("nome", "a\x00b"),
    ("nome", "a\x1bb"),
    ("nome", "a\x9bb"),
    ("nome", "\ufffd"),
    ("nome", "\u200b\ufeff"),
    ("nome", "NULL"),
    ("nome", "#N/D"),
    ("nome", "-"),
    ("nome", "\ud800"),
    ("nome", None),
    ("nome", 7),
    ("email", ""),
    ("email", "no-at.example.com"),
    ("email", "two@@example.com"),
    ("email", "a b@example.com"),
    ("email", "a@nodot"),
    ("email", "a@.com"),
    ("email", "a@example."),
    ("email", "a@exam\x00ple.com"),
    ("email", "a" * 250 + "@b.co"),
    ("telefone", ""),
    ("telefone", "1" * 41),
    ("telefone", 11987654321),
]


async def test_a_field_that_cannot_be_taken_is_named(client: httpx.AsyncClient) -> None:
    for field, value in BAD_FIELDS:
        for method, path in (("POST", "/v1/customers"), ("PUT", "/v1/customers/1")):
            answer = await client.request(method, path, content=_json(IRIS | {field: value}), headers=JSON)
            assert answer.status_code == 422, (field, value)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]


JSON = {"Content-Type": "application/json"}


def _json(value: object) -> str:
    """With escapes, so that a lone surrogate and a NUL travel too."""
    return json.dumps(value)


async def test_the_longest_fields_are_taken(client: httpx.AsyncClient) -> None:
    await create(client, nome="ç" * 200, email="a" * 244 + "@example.c", telefone="1" * 40)


async def test_an_unknown_field_is_refused_and_the_known_ones_are_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/customers", json=IRIS | {"fone": "1"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"loc": ["body", "fone"], "msg": "unknown field; there are: email, nome, telefone"}
    ]


async def test_a_put_keeps_an_omitted_telefone_and_null_clears_it(client: httpx.AsyncClient) -> None:
    customer = await create(client)
    path = f"/v1/customers/{customer['id']}"
    kept = await client.put(path, json={"nome": "Íris", "email": "new@example.com"})
    assert kept.json() == {"id": customer["id"], "nome": "Íris", "email": "new@example.com", "telefone": "11987654321"}
    cleared = await client.put(path, json=kept.json() | {"telefone": None})
    assert cleared.status_code == 200
    assert (await client.get(path)).json()["telefone"] is None


async def test_a_put_may_carry_the_id_of_its_path_and_no_other(client: httpx.AsyncClient) -> None:
    customer = await create(client)
    path = f"/v1/customers/{customer['id']}"
    assert (await client.put(path, json=customer)).status_code == 200
    answer = await client.put(path, json=customer | {"id": 77})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "id"]


async def test_an_unknown_customer_is_404(client: httpx.AsyncClient) -> None:
    for method, body in (("GET", None), ("PUT", IRIS), ("DELETE", None)):
        answer = await client.request(method, "/v1/customers/77", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no customer 77.")


async def test_an_id_out_of_bounds_is_422(client: httpx.AsyncClient) -> None:
    for bad_id in ("0", "-1", "x", str(MAX_ID + 1), "9" * 30):
        for path in (f"/v1/customers/{bad_id}", f"/v1/customers?id={bad_id}", f"/v1/customers/total?id={bad_id}"):
            assert (await client.get(path)).status_code == 422, path


async def test_a_deleted_customer_is_gone_and_the_audit_log_says_so(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    customer = await create(client)
    answer = await client.delete(f"/v1/customers/{customer['id']}")
    assert (answer.status_code, answer.json()) == (200, {"message": f"customer {customer['id']} deleted"})
    assert (await client.get(f"/v1/customers/{customer['id']}")).status_code == 404
    detail = await connection.fetchval("SELECT detail FROM audit_log WHERE action = 'customer_deleted'")
    assert detail == {"customer_id": customer["id"]}


async def test_a_customer_with_services_stays(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    customer = await create(client)
    service = {"id_cliente": customer["id"], "angel": "A", "polo": "CE - X", "data_limite": "2021-06-30"}
    assert (await client.post("/v1/services", json=service)).status_code == 201
    answer = await client.delete(f"/v1/customers/{customer['id']}")
    assert answer.status_code == 409
    assert (await client.get(f"/v1/customers/{customer['id']}")).status_code == 200
    assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE action = 'customer_deleted'") == 0


async def test_a_post_after_a_batch_gets_the_id_after_the_largest(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO customers (id, nome, email) SELECT i, 'b', i || '@b.co' FROM unnest(ARRAY[1, 2, 3, 1000]) i"
    )
    assert [(await create(client, email=f"{i}@example.com"))["id"] for i in range(3)] == [1001, 1002, 1003]


async def test_posts_at_once_after_a_batch_each_get_an_id_of_their_own(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO customers (id, nome, email) SELECT i, 'b', i || '@b.co' FROM generate_series(1, 50) i"
    )
    created = await asyncio.gather(*(create(client, email=f"{i}@example.com") for i in range(20)))
    assert sorted(customer["id"] for customer in created) == list(range(51, 71))


async def test_a_post_waits_for_a_batch_that_takes_the_same_id_and_gets_another(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    batch = connection.transaction()
    await batch.start()
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'b', 'b@b.co')")
    post = asyncio.create_task(create(client))
    await blocked_by(connection)
    await batch.commit()
    assert (await post)["id"] == 2


STORE_IDS = "INSERT INTO customers (id, nome, email) SELECT i, 'b', i || '@b.co' FROM unnest($1::bigint[]) i"


async def test_ids_near_the_largest_there_can_be_move_no_post_to_the_end_and_none_into_a_gap(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(STORE_IDS, [1, 2, 4, MAX_ID - 1, MAX_ID])
    assert [(await create(client, email=f"{i}@example.com"))["id"] for i in range(2)] == [5, 6]
    await connection.execute("SELECT setval('customers_id_seq', $1)", MAX_ID)
    made = await asyncio.gather(*(create(client, email=f"{i}@example.org") for i in range(5)))
    assert sorted(customer["id"] for customer in made) == [7, 8, 9, 10, 11]


async def test_a_load_of_ids_near_the_largest_there_can_be_leaves_posts_as_they_were(client: httpx.AsyncClient) -> None:
    for last in (0, 1, 2):
        rows = f"{MAX_ID - last};Bia;bia{last}@mail.com;1\n{10 - last};Rui;rui{last}@mail.com;1\n"
        assert (await load_file(client, "customers", rows))["rows_inserted"] == 2
        assert (await create(client, email=f"{last}@example.com"))["id"] == 11 + last


async def test_after_the_last_ordinary_id_a_post_is_a_conflict_that_says_so(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(STORE_IDS, [1, LARGEST_ORDINARY_ID - 1])
    assert (await create(client))["id"] == LARGEST_ORDINARY_ID
    for _ in range(2):
        answer = await client.post("/v1/customers", json=IRIS | {"email": "other@example.com"})
        assert answer.status_code == 409
        assert str(LARGEST_ORDINARY_ID) in answer.json()["detail"]


async def test_a_sequence_at_its_end_without_a_row_there_starts_again_after_the_largest(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await connection.execute(STORE_IDS, [1, 2])
    await connection.execute("SELECT setval('customers_id_seq', $1)", LARGEST_ORDINARY_ID)
    assert (await create(client))["id"] == 3


async def test_viewers_read_and_only_analysts_write(client_as: ClientAs, anonymous: httpx.AsyncClient) -> None:
    analyst, viewer = await client_as("analyst"), await client_as("viewer")
    path = f"/v1/customers/{(await create(analyst))['id']}"
    reads = [("GET", "/v1/customers"), ("GET", "/v1/customers/total"), ("GET", path)]
    writes = [("POST", "/v1/customers"), ("PUT", path), ("DELETE", path)]
    for method, url in reads + writes:
        body = IRIS if method in {"POST", "PUT"} else None
        refused = await anonymous.request(method, url, json=body)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        answer = await viewer.request(method, url, json=body)
        assert answer.status_code == (200 if (method, url) in reads else 403)
    assert (await viewer.get(path)).json()["nome"] == IRIS["nome"]
