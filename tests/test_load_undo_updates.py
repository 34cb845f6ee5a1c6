"""Undoing loads that updated rows: they get their values before again, or nothing happens and it says why."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import asyncpg
import httpx
import polars as pl
import pytest
from conftest import ClientAs
from load_client import assert_indicators_are_exact, client_with, counts, load_file
from test_load_undo import ids, undo, visits
from waiting import blocked_by

from logistics_indicators.loads.kinds import KINDS, Column, FileKind, Kind
from logistics_indicators.loads.undoing import AGAIN
from logistics_indicators.loads.working.sweeping import sweep

CUSTOMERS = "1;Iris;iris@mail.com;\n2;Bia;bia@mail.com;22\n3;Eva;eva@mail.com;\n"


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", CUSTOMERS)
    return admin


async def update(client: httpx.AsyncClient, kind: str, content: str) -> dict[str, Any]:
    load = await load_file(client, kind, content, on_conflict="update")
    assert load["status"] == "completed"
    return load


async def rows(client: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    name = {"customers": "clientes", "services": "atendimentos"}[kind]
    found: list[dict[str, Any]] = (await client.get(f"/v1/{kind}?limit=1000")).json()[name]
    return found


async def figures(client: httpx.AsyncClient) -> list[Any]:
    """All that the indicators say of the visits, but the version."""
    answers = [
        (await client.get(f"/v1/indicators/{path}")).json()
        for path in ("sla/angel", "sla/polo", "productivity", "backlog/polo", "lateness/angel", "trend?bucket=month")
    ]
    return [{name: value for name, value in answer.items() if name != "data_version"} for answer in answers]


async def assert_sums_are_sound(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    await assert_indicators_are_exact(client, connection)
    assert (await client.get("/v1/indicators/verify")).json()["differences"] == 0


async def put_visit(client: httpx.AsyncClient, visit_id: int, **changes: Any) -> None:
    visit = (await client.get(f"/v1/services/{visit_id}")).json() | changes
    assert (await client.put(f"/v1/services/{visit_id}", json=visit)).status_code == 200


async def test_undo_gives_visits_their_values_before_and_the_indicators_follow(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 4) + visits(5, 5, done="-") + visits(6, 6, done="2021-08-02 09:00:00"))
    rows_before, figures_before = await rows(admin, "services"), await figures(admin)
    changes = (
        visits(1, 1, "Eva")
        + visits(2, 2, done="2022-01-03 00:00:01")
        + visits(3, 3, done="-")
        + visits(4, 4)
        + visits(5, 6, "Rui", customer=2)
        + visits(7, 9)
    )
    load = await update(admin, "services", changes)
    assert counts(load) == (9, 3, 5, 1, 0)
    assert await figures(admin) != figures_before

    assert (await undo(admin, load)).json()["status"] == "undone"
    assert await rows(admin, "services") == rows_before
    assert await figures(admin) == figures_before
    await assert_sums_are_sound(admin, connection)


async def test_undo_gives_customers_their_values_before_also_where_addresses_moved_on(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    before = await rows(admin, "customers")
    load = await update(
        admin,
        "customers",
        "1;Iris;new@mail.com;1\n2;Beatriz;IRIS@mail.com;\n3;Eva;bia@mail.com;33\n4;Rui;eva@mail.com;\n",
    )
    assert counts(load) == (4, 1, 3, 0, 0)
    assert (await undo(admin, load)).status_code == 200
    assert await rows(admin, "customers") == before
    again = await load_file(admin, "customers", CUSTOMERS + "4;Rui;Eva@mail.com;\n")
    assert counts(again) == (4, 0, 0, 3, 1)


UPDATES = {"customers": "1;Rui;rui@mail.com;1\n", "services": visits(1, 1, "Eva")}


@pytest.mark.parametrize("kind", UPDATES)
async def test_undo_gives_back_every_column_that_is_kept_also_one_that_came_later(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    await load_file(admin, "services", visits(1, 1))
    load = await update(admin, kind, UPDATES[kind])
    await connection.execute(f"ALTER TABLE {kind} ADD COLUMN later text DEFAULT 'as the load left it'")
    await connection.execute(f"ALTER TABLE {kind}_before ADD COLUMN later text DEFAULT 'as it was'")
    declared = KINDS[Kind(kind)]
    later = replace(declared, columns=(*declared.columns, Column("later", pl.String, ())))
    monkeypatch.setitem(cast(dict[Kind, FileKind], KINDS), Kind(kind), later)
    kept = dict(await connection.fetchrow(f"SELECT * FROM {kind}_before"))
    assert kept.pop("load_id") == load["id"]
    assert set(kept) == set(later.columns_before)

    assert (await undo(admin, load)).status_code == 200
    row = await connection.fetchrow(f"SELECT * FROM {kind} WHERE id = 1")
    assert {name: row[name] for name in kept} == kept


async def test_an_undone_update_can_be_loaded_again_and_undone_again(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 3))
    before = await rows(admin, "services")
    changes = visits(2, 5, "Eva")
    for _ in range(3):
        load = await update(admin, "services", changes)
        assert counts(load) == (4, 2, 2, 0, 0)
        assert (await undo(admin, load)).status_code == 200
        assert await rows(admin, "services") == before
    await assert_sums_are_sound(admin, connection)


async def test_loads_that_updated_the_same_rows_are_undone_from_the_last_to_the_first(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    loads, states = [], []
    for content in (visits(1, 4), visits(2, 4, "Eva"), visits(3, 5, "Rui"), visits(4, 4, "Lia")):
        states.append(await rows(admin, "services"))
        loads.append(await update(admin, "services", content))
    refused = await undo(admin, loads[1])
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"2 rows of load {loads[1]['id']} changed since: 1 by load {loads[3]['id']}, 1 by load {loads[2]['id']}. "
        f"Undo these loads first, in this order: {loads[3]['id']}, {loads[2]['id']}."
    )
    assert (await undo(admin, loads[0])).json()["detail"].startswith(f"3 rows of load {loads[0]['id']} changed")
    for load, state in zip(reversed(loads), reversed(states), strict=True):
        assert (await undo(admin, load)).status_code == 200
        assert await rows(admin, "services") == state
        await assert_sums_are_sound(admin, connection)


async def test_rows_that_were_changed_by_hand_since_stand_against_the_undo_and_are_counted(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 2))
    load = await update(admin, "services", visits(2, 4, "Eva"))
    await put_visit(admin, 2, angel="Rui")
    await put_visit(admin, 3, data_de_atendimento=None)
    before = await rows(admin, "services")
    refused = await undo(admin, load)
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"2 rows of load {load['id']} changed since: 2 by hand. That cannot be undone, so the load stays: put its rows "
        "right one by one, or with a file of them and on_conflict=update."
    )
    assert await rows(admin, "services") == before
    await assert_sums_are_sound(admin, connection)
    assert (await admin.get(f"/v1/loads/{load['id']}")).json()["status"] == "completed"


async def test_where_not_all_can_be_undone_first_nobody_is_sent_to_undo_a_part_of_it(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(admin, "services", visits(1, 3))
    await put_visit(admin, 1, angel="Rui")
    later = await update(admin, "services", visits(2, 2, "Eva"))
    kept_no_more = await update(admin, "services", visits(3, 3, "Lia"))
    await connection.execute("DELETE FROM loads WHERE id = $1", kept_no_more["id"])
    said = (await undo(admin, load)).json()["detail"]
    assert said.startswith(
        f"3 rows of load {load['id']} changed since: 1 by hand, 1 by loads that cannot be undone, "
        f"1 by load {later['id']}. Not all of that can be undone, so the load stays: "
    )
    assert "first" not in said


async def test_who_undoes_customers_is_told_what_to_do_with_each_of_their_visits(admin: httpx.AsyncClient) -> None:
    customers = await load_file(admin, "customers", "4;Rui;rui@mail.com;\n")
    loads = [await load_file(admin, "services", visits(n, n, customer=4)) for n in (1, 2)]
    visit = {"id_cliente": 4, "angel": "Ana", "polo": "CE - X", "data_limite": "2021-06-30"}
    made = (await admin.post("/v1/services", json=visit)).json()
    first, second = (load["id"] for load in loads)
    assert (await undo(admin, customers)).json()["detail"] == (
        f"3 rows of services point at customers of load {customers['id']}: 1 by hand, 1 by load {second}, 1 by load "
        f"{first}. Undo these loads first, in this order: {second}, {first}. "
        "Those that no load can take back need other customers first."
    )
    await put_visit(admin, made["id"], id_cliente=1)
    assert [(await undo(admin, load)).status_code for load in (loads[1], loads[0], customers)] == [200, 200, 200]


@pytest.mark.parametrize("changes", [{"nome": "Lia"}, {"email": "lia@mail.com"}, {"telefone": "1"}])
async def test_a_customer_that_was_changed_by_hand_since_stands_against_the_undo(
    admin: httpx.AsyncClient, changes: dict[str, str]
) -> None:
    load = await update(admin, "customers", "1;Iris;iris@mail.com;99\n4;Rui;rui@mail.com;\n")
    customer = (await admin.get("/v1/customers/1")).json()
    assert (await admin.put("/v1/customers/1", json=customer | changes)).status_code == 200
    assert (await undo(admin, load)).json()["detail"].partition(". ")[0].endswith(" changed since: 1 by hand")
    assert len(await rows(admin, "customers")) == 4


async def test_a_put_of_the_same_values_changes_nothing_and_stands_against_no_undo(admin: httpx.AsyncClient) -> None:
    await load_file(admin, "services", visits(1, 1))
    customers = await update(admin, "customers", "1;Lia;iris@mail.com;\n")
    services = await update(admin, "services", visits(1, 1, "Eva") + visits(2, 2, done="-"))
    for path in ("customers/1", "services/1", "services/2"):
        same = (await admin.get(f"/v1/{path}")).json()
        assert (await admin.put(f"/v1/{path}", json=same)).status_code == 200
    assert [(await undo(admin, load)).status_code for load in (services, customers)] == [200, 200]
    assert [row["nome"] for row in await rows(admin, "customers")] == ["Iris", "Bia", "Eva"]


async def test_an_updated_customer_that_was_deleted_since_stands_against_the_undo(admin: httpx.AsyncClient) -> None:
    load = await update(admin, "customers", "2;Beatriz;bia@mail.com;\n4;Rui;rui@mail.com;\n")
    assert (await admin.delete("/v1/customers/2")).status_code == 200
    assert (await undo(admin, load)).json()["detail"].partition(". ")[0].endswith(" changed since: 1 by being deleted")
    assert [row["id"] for row in await rows(admin, "customers")] == [1, 3, 4]


async def test_an_inserted_customer_that_was_deleted_since_does_not_stand_against_the_undo(
    admin: httpx.AsyncClient,
) -> None:
    load = await update(admin, "customers", "4;Rui;rui@mail.com;\n5;Lia;lia@mail.com;\n")
    assert (await admin.delete("/v1/customers/4")).status_code == 200
    assert (await undo(admin, load)).status_code == 200
    assert [row["id"] for row in await rows(admin, "customers")] == [1, 2, 3]


async def test_an_address_that_another_customer_has_by_now_stands_against_the_undo(admin: httpx.AsyncClient) -> None:
    load = await update(admin, "customers", "1;Iris;new@mail.com;\n")
    lia = await admin.post("/v1/customers", json={"nome": "Lia", "email": "Iris@mail.com"})
    refused = await undo(admin, load)
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"1 row of load {load['id']} had an email before that another has now. Change that of these customers first: "
        f"{lia.json()['id']}."
    )


async def test_a_customer_that_is_gone_by_now_stands_against_giving_it_back_its_visit(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 1, customer=3))
    load = await update(admin, "services", visits(1, 1, customer=2))
    assert (await admin.delete("/v1/customers/3")).status_code == 200
    refused = await undo(admin, load)
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"1 row of load {load['id']} belonged to customers that are gone: 3. Load those again first, with the same ids."
    )
    await assert_sums_are_sound(admin, connection)


async def test_a_dry_run_keeps_no_values_and_stands_against_no_undo(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first = await load_file(admin, "services", visits(1, 2))
    dry = await load_file(admin, "services", visits(1, 3, "Eva"), on_conflict="update", validate_only=True)
    assert counts(dry) == (3, 1, 2, 0, 0)
    assert await connection.fetchval("SELECT count(*) FROM services_before") == 0
    assert (await undo(admin, first)).status_code == 200
    assert await ids(connection, "services") == []


async def test_values_before_are_kept_for_the_first_update_of_a_row_and_as_long_as_the_load(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 2))
    load = await update(admin, "services", visits(1, 1, "Eva") + visits(1, 1, "Rui") + visits(2, 2))
    assert counts(load) == (3, 0, 1, 1, 1)
    kept = "SELECT load_id, b.id, name FROM services_before b JOIN angels ON angels.id = angel_id"
    assert [tuple(row) for row in await connection.fetch(kept)] == [(load["id"], 1, "Ana")]
    await connection.execute("UPDATE loads SET finished_at = finished_at - interval '31 days'")
    await sweep(connection, 30)
    assert await connection.fetch(kept) == []


async def test_a_load_that_updated_rows_under_an_earlier_release_cannot_be_undone(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 1))
    load = await update(admin, "services", visits(1, 1, "Eva"))
    await connection.execute("DELETE FROM services_before")
    assert (await undo(admin, load)).status_code == 409


async def test_a_failed_load_gives_the_rows_that_it_updated_their_values_before(
    admin: httpx.AsyncClient, database_url: str, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 25))
    before = await rows(admin, "services")
    other_header = "id;angel;polo;id_cliente;data_limite;data_de_atendimento\n"
    async with client_with(connection, database_url, load_chunk_bytes=64) as client:
        load = await load_file(client, "services", visits(1, 30, "Eva") + other_header, on_conflict="update")
    assert (load["status"], *counts(load)) == ("failed", 0, 0, 0, 0, 0)
    assert await rows(admin, "services") == before
    assert await connection.fetchval("SELECT count(*) FROM services_before") == 0
    await assert_sums_are_sound(admin, connection)


async def test_undoes_of_two_loads_of_the_same_rows_at_once_leave_the_values_before_both_or_before_the_last(
    admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 30))
    states = [await rows(admin, "services")]
    loads = []
    for angel in ("Eva", "Rui"):
        loads.append(await update(admin, "services", visits(1, 30, angel)))
        states.append(await rows(admin, "services"))
    first, last = await asyncio.gather(*(undo(admin, load) for load in loads))
    assert last.status_code == 200
    assert await rows(admin, "services") == states[0 if first.status_code == 200 else 1]
    await assert_sums_are_sound(admin, connection)


async def test_a_put_at_the_moment_of_the_undo_is_either_before_it_or_after_it(
    admin: httpx.AsyncClient, database_url: str, connection: asyncpg.Connection
) -> None:
    """The undo finds the row as its load left it, waits for the writer, and then finds that it was changed."""
    await load_file(admin, "services", visits(1, 2))
    load = await update(admin, "services", visits(1, 3, "Eva"))
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("UPDATE services SET id_cliente = 2, updated_by_load = 0 WHERE id = 1")
        undoing = asyncio.create_task(undo(admin, load))
        await blocked_by(other)
    refused = await undoing
    await other.close()
    assert refused.status_code == 409
    assert refused.json()["detail"] == f"1 row of load {load['id']} changed meanwhile. {AGAIN}"
    assert await ids(connection, "services") == [1, 2, 3]
    assert [row["id_cliente"] for row in await rows(admin, "services")] == [2, 1, 1]
    await assert_sums_are_sound(admin, connection)


async def test_an_undo_whose_session_dies_before_its_end_changed_nothing_and_can_be_asked_again(
    admin: httpx.AsyncClient, database_url: str, connection: asyncpg.Connection
) -> None:
    await load_file(admin, "services", visits(1, 3))
    rows_before = await rows(admin, "services")
    load = await update(admin, "services", visits(2, 5, "Eva"))
    rows_after, figures_after = await rows(admin, "services"), await figures(admin)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE rollup_waiting IN SHARE MODE")  # the sums come last
        undoing = asyncio.create_task(undo(admin, load))
        end = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'WITH -- Appends%'"""
        async with asyncio.timeout(30):
            while not await connection.fetchval(end):
                await asyncio.sleep(0.01)
        assert (await undoing).status_code == 503
    await other.close()
    assert await rows(admin, "services") == rows_after
    assert await figures(admin) == figures_after
    assert (await undo(admin, load)).status_code == 200
    assert await rows(admin, "services") == rows_before
    await assert_sums_are_sound(admin, connection)
