"""GET /v1/indicators/changes: who changed the visits since when, and by how much."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import load_file
from test_load_reasons import IRIS
from visits import INSERT_CUSTOMER, Visit, by_hand, random_visits, store, store_rows, visit

from logistics_indicators.rollup.commits import STATE_TABLES, VERSION, Commit, forget_commits, see_commits

CHANGES = "/v1/indicators/changes"
COUNTS = ("added", "removed", "on_time_added", "on_time_removed", "open_added", "open_removed")
NEW = {"id_cliente": 1, "angel": "Ana", "polo": "CE - X", "data_limite": "2021-06-30"}
ON_TIME, LATE = {"data_de_atendimento": "2021-06-29T10:00:00"}, {"data_de_atendimento": "2021-07-02T10:00:00"}


def rows(first: int, last: int, done: str = "2021-06-29 10:00:00", angel: str = "Ana") -> str:
    return "".join(f"{n};1;{angel};CE - X;2021-06-30;{done}\n" for n in range(first, last + 1))


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", IRIS)
    return admin


async def changes(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(CHANGES, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def counts(change: dict[str, Any]) -> tuple[int, ...]:
    return tuple(change[name] for name in COUNTS)


async def version(client: httpx.AsyncClient) -> int:
    return int((await client.get("/v1/indicators/sla/polo")).json()["data_version"])


async def name_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/v1/auth/me")).json()["username"])


async def test_loads_their_undoing_and_writes_by_hand_are_told_apart(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    first = await load_file(admin, "services", rows(1, 4) + rows(5, 6, "2021-07-02") + rows(7, 7, "-"))
    second = await load_file(admin, "services", rows(7, 9), on_conflict="update")
    made = (await client.post("/v1/services", json=NEW | LATE)).json()
    await client.put(f"/v1/services/{made['id']}", json=NEW | ON_TIME)
    third = await load_file(client, "services", rows(20, 22))
    await admin.delete(f"/v1/loads/{third['id']}")

    found = (await changes(admin))["changes"]
    names = {"admin": await name_of(admin), "analyst": await name_of(client)}
    assert [(c["act"], c["load_id"], c["user"], counts(c)) for c in found] == [
        ("undo", third["id"], names["admin"], (0, 3, 0, 3, 0, 0)),
        ("load", third["id"], names["analyst"], (3, 0, 3, 0, 0, 0)),
        ("hand", None, names["analyst"], (2, 1, 1, 0, 0, 0)),
        ("load", second["id"], names["admin"], (3, 1, 3, 0, 0, 1)),
        ("load", first["id"], names["admin"], (7, 0, 4, 0, 1, 0)),
    ]
    assert [(c["first_day"], c["last_day"]) for c in found[-2:]] == [
        ("2021-06-29", "2021-06-30"),
        ("2021-06-29", "2021-07-02"),
    ]


async def test_by_user_and_write_by_write(admin: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    await load_file(admin, "services", rows(1, 2))
    for body in (NEW | LATE, NEW):
        await client.post("/v1/services", json=body)
    by_user = (await changes(admin, by="user"))["changes"]
    assert [(c["user"], c["act"], c["writes"], counts(c)) for c in by_user] == [
        (await name_of(client), None, 2, (2, 0, 0, 0, 1, 0)),
        (await name_of(admin), None, 1, (2, 0, 2, 0, 0, 0)),
    ]
    by_write = (await changes(admin, by="write"))["changes"]
    assert [(c["act"], counts(c)) for c in by_write] == [
        ("hand", (1, 0, 0, 0, 1, 0)),
        ("hand", (1, 0, 0, 0, 0, 0)),
        ("load", (2, 0, 2, 0, 0, 0)),
    ]


async def test_since_a_version_only_what_came_later_is_told(admin: httpx.AsyncClient) -> None:
    await load_file(admin, "services", rows(1, 2))
    before = (await changes(admin))["data_version"]
    assert before == await version(admin)
    assert (await changes(admin, since=before))["changes"] == []
    await admin.post("/v1/services", json=NEW | ON_TIME)
    later = await changes(admin, since=before)
    assert [(c["act"], c["data_version"]) for c in later["changes"]] == [("hand", await version(admin))]
    assert (later["since"], later["data_version"]) == (before, await version(admin))


async def test_since_a_time_only_what_came_later_is_told(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", rows(1, 2))
    await changes(admin)
    hour = timedelta(hours=1)
    await connection.execute("UPDATE visit_commits SET seen_at = seen_at - $1::interval", hour)
    await connection.execute("UPDATE visit_commits_kept SET seen_at = seen_at - 2 * $1::interval", hour)
    await admin.post("/v1/services", json=NEW | ON_TIME)
    now: datetime = await connection.fetchval("SELECT clock_timestamp()::timestamp")
    times = {hours: (now - hours * hour).isoformat(timespec="seconds") for hours in (0.5, 1.5)}
    assert [c["act"] for c in (await changes(admin, since=times[0.5]))["changes"]] == ["hand"]
    assert [c["act"] for c in (await changes(admin, since=times[1.5]))["changes"]] == ["hand", "load"]


@pytest.mark.parametrize("since", ["2021-06-30", "2021-06-30T10:00:00"])
async def test_a_time_before_all_that_is_kept_is_refused_and_says_from_when_on_changes_are_kept(
    admin: httpx.AsyncClient, since: str
) -> None:
    answer = await admin.get(CHANGES, params={"since": since})
    assert answer.status_code == 422
    assert "changes are kept from data_version" in answer.json()["errors"][0]["msg"]


@pytest.mark.parametrize("query", [{"since": 10**9}, {"until": 10**9}, {"since": 10**18}, {"since": "-1"}])
async def test_a_version_that_there_is_not_is_refused(admin: httpx.AsyncClient, query: dict[str, int]) -> None:
    assert (await admin.get(CHANGES, params=query)).status_code == 422


async def test_a_change_that_moves_no_figure_is_none(admin: httpx.AsyncClient) -> None:
    await load_file(admin, "services", rows(1, 3))
    before = (await changes(admin))["data_version"]
    await admin.put("/v1/services/1", json=NEW | ON_TIME)
    await load_file(admin, "services", rows(1, 3), on_conflict="update")
    await load_file(admin, "services", rows(4, 6), validate_only=True)
    assert (await changes(admin, since=before))["changes"] == []


async def test_pages_of_one_question_are_of_one_version(admin: httpx.AsyncClient) -> None:
    for n in range(1, 6):
        await load_file(admin, "services", rows(n, n))
    page = await changes(admin, limit=2)
    found = page["changes"]
    await admin.post("/v1/services", json=NEW | ON_TIME)
    while following := page.get("proxima_pagina"):
        answer = await admin.get(following)
        assert answer.json()["data_version"] == page["data_version"]
        page = answer.json()
        found += page["changes"]
    assert [(c["act"], c["added"]) for c in found] == [("load", 1)] * 5
    assert len({c["load_id"] for c in found}) == 5


async def test_a_client_that_has_the_version_is_told_304_until_something_changes(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(CHANGES)
    asked = {"If-None-Match": answer.headers["ETag"]}
    assert (await admin.get(CHANGES, headers=asked)).status_code == 304
    await admin.post("/v1/services", json=NEW | ON_TIME)
    assert (await admin.get(CHANGES, headers=asked)).status_code == 200


async def test_old_changes_are_forgotten_and_a_question_that_needs_them_is_refused(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = (await changes(admin))["data_version"]
    await load_file(admin, "services", rows(1, 2))
    middle = (await changes(admin))["data_version"]
    await connection.execute("UPDATE visit_commits SET seen_at = seen_at - interval '40 days'")
    await admin.post("/v1/services", json=NEW | ON_TIME)
    await forget_commits(connection, 30)
    assert (await admin.get(CHANGES, params={"since": first})).status_code == 422
    for query in ({"since": middle}, {}):
        assert [c["act"] for c in (await changes(admin, **query))["changes"]] == ["hand"]


async def write(connection: asyncpg.Connection, added: list[Visit], commit: Commit) -> None:
    await store_rows(connection, added, commit)


async def test_a_write_that_is_committed_behind_a_later_one_is_not_missed(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    some = [visit("Ana", "CE - SOBRAL", "2021-05-02", None)]
    await store(connection, some)
    first = (await changes(admin))["data_version"]
    slow = await asyncpg.connect(database_url)
    transaction = slow.transaction()
    await transaction.start()
    await write(slow, some, by_hand("slow"))
    async with connection.transaction():
        await write(connection, some, by_hand("quick"))
    seen = await changes(admin, since=first)
    assert [c["user"] for c in seen["changes"]] == ["quick"]
    await transaction.commit()
    await slow.close()
    later = await changes(admin, since=seen["data_version"])
    assert [(c["user"], c["added"]) for c in later["changes"]] == [("slow", 1)]


SNAPSHOT = f"""
SELECT {VERSION}, (SELECT array_agg(id) FROM visit_commits), (SELECT count(*) FROM services) FROM {STATE_TABLES}
"""
SINCE = "SELECT array_agg(id) FROM visit_commits WHERE version > $1"
WRITERS, WRITES = 4, 25


async def _write_often(url: str, seed: int) -> None:
    """Transactions of which the commits come in another order than their rows were written."""
    chance = random.Random(seed)
    connection = await asyncpg.connect(url)
    visits = random_visits(seed, 200)
    for n in range(WRITES):
        async with connection.transaction():
            await write(connection, [visits[n]] * chance.randint(1, 3), by_hand(f"writer {seed}"))
            for _ in range(chance.randrange(4)):
                await connection.fetchval("SELECT pg_sleep(0.002)")
    await connection.close()


async def test_under_concurrent_writers_nothing_is_missed_and_polling_tells_each_change_once(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    await connection.execute(INSERT_CUSTOMER)
    last = (await changes(admin))["data_version"]
    polled: list[dict[str, Any]] = []
    seen: list[tuple[int, set[int], int]] = []
    writing = asyncio.gather(*(_write_often(database_url, seed) for seed in range(WRITERS)))
    is_over = False
    while not is_over:
        is_over = writing.done()
        number, ids, stored = await connection.fetchrow(SNAPSHOT)
        seen.append((number, set(ids or ()), stored))
        page = await changes(admin, since=last, by="write", limit=1000)
        assert page["since"] <= last
        polled += page["changes"]
        last = page["data_version"]
        assert sum(c["added"] for c in polled) <= await connection.fetchval("SELECT count(*) FROM services")
    await writing

    assert len(polled) == WRITERS * WRITES
    for user in range(WRITERS):
        assert sum(c["writes"] for c in polled if c["user"] == f"writer {user}") == WRITES
    total = await connection.fetchval("SELECT count(*) FROM services")
    assert sum(c["added"] for c in polled) == total
    everyone = set((await connection.fetchrow(SNAPSHOT))[1])
    for number, ids, stored in seen:
        assert everyone - ids <= set(await connection.fetchval(SINCE, number) or ())
        since = await changes(admin, since=number, by="user")
        came = sum(c["added"] for c in since["changes"])
        if since["since"] == number:
            assert stored + came == total
        else:
            assert since["since"] < number
            assert stored + came >= total


async def test_commits_of_one_look_have_one_version(connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_CUSTOMER)
    for name in ("ana", "bia"):
        async with connection.transaction():
            await write(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", None)], by_hand(name))
    number = await see_commits(connection)
    assert [row[0] for row in await connection.fetch("SELECT version FROM visit_commits")] == [number, number]
