"""What a load did to the figures, and from a visit back to its loads; recomputed from the rows."""

import asyncio
import random
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import Report, client_with, load_file
from test_load_reasons import IRIS
from visits import two_decimals

ROWS = """
SELECT id, angel, polo, data_limite, data_de_atendimento,
       data_de_atendimento IS NULL AS open, COALESCE(data_de_atendimento::date <= data_limite, false) AS on_time
FROM visits
"""
TODAY = "SELECT (now() AT TIME ZONE time_zone)::date FROM indicator_settings"
TITLE = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"

Rows = dict[int, asyncpg.Record]


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    admin = await client_as("admin")
    await load_file(admin, "customers", IRIS)
    return admin


async def stored(connection: asyncpg.Connection) -> Rows:
    return {row["id"]: row for row in await connection.fetch(ROWS)}


def figures(rows: list[asyncpg.Record]) -> dict[str, Any]:
    total, on_time = sum(not r["open"] for r in rows), sum(r["on_time"] for r in rows)
    return {
        "total_de_atendimentos": total,
        "total_de_atendimentos_no_prazo": on_time,
        "sla": f"{two_decimals(100 * on_time, total)}%" if total else None,
        "sla_percentual": float(two_decimals(100 * on_time, total)) if total else None,
        "total_em_aberto": sum(r["open"] for r in rows),
    }


def movement(before: dict[str, Any], after: dict[str, Any]) -> int:
    names = ("total_de_atendimentos", "total_de_atendimentos_no_prazo", "total_em_aberto")
    return max(abs(int(after[name]) - int(before[name])) for name in names)


def moved(by: str, before: Rows, after: Rows) -> list[dict[str, Any]]:
    """The most moved first, ties by name."""
    names = {row[by] for rows in (before, after) for row in rows.values()}
    each = [
        {"name": name}
        | {
            side: figures([r for r in rows.values() if r[by] == name])
            for side, rows in (("before", before), ("after", after))
        }
        for name in names
    ]
    found = [entry for entry in each if movement(entry["before"], entry["after"])]
    return sorted(found, key=lambda entry: (-movement(entry["before"], entry["after"]), entry["name"]))


def effect(before: Rows, after: Rows, today: date) -> dict[str, Any]:
    """By a plain comparison of the rows before and after."""
    keys = ("angel", "polo", "data_limite", "data_de_atendimento")
    changed = [
        row
        for row_id in before.keys() | after.keys()
        if [before.get(row_id, {}).get(k) for k in keys] != [after.get(row_id, {}).get(k) for k in keys]
        for row in (before.get(row_id), after.get(row_id))
        if row is not None
    ]
    days = {r["data_limite"] if r["open"] else r["data_de_atendimento"].date() for r in changed}
    polos, angels = moved("polo", before, after), moved("angel", before, after)
    whole = {
        side: figures(list(rows.values()))
        | {"total_atrasado": sum(r["open"] and r["data_limite"] < today for r in rows.values())}
        for side, rows in (("before", before), ("after", after))
    }
    return whole | {
        "as_of": today.isoformat(),
        "days_touched": len(days),
        "first_day": min(days).isoformat() if days else None,
        "last_day": max(days).isoformat() if days else None,
        "polos_moved": len(polos),
        "polos": polos[:5],
        "angels_moved": len(angels),
        "angels": angels[:5],
    }


def random_file(seed: int, first: int, last: int) -> str:
    chance = random.Random(seed)
    lines = []
    for n in range(first, last + 1):
        limit = date(2021, 6, chance.randint(1, 28))
        done = f"2021-06-{chance.randint(1, 28):02d} {chance.randrange(24):02d}:10:00"
        polo = f"CE - {chance.choice('ABCDEFGH')}"
        lines.append(f"{n};1;Angel {chance.randrange(9)};{polo};{limit};{chance.choice([done, done, done, '-'])}\n")
    chance.shuffle(lines)
    return TITLE + "".join(lines)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_an_effect_is_what_the_rows_before_and_after_give_also_after_updates(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str, seed: int
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=2_000) as client:
        await load_file(client, "services", random_file(seed, 1, 150))
        before = await stored(connection)
        load = await load_file(client, "services", random_file(seed + 100, 76, 300), on_conflict="update")
    assert load["rows_updated"] > 0 < load["rows_inserted"]
    assert load["effect"] == effect(before, await stored(connection), await connection.fetchval(TODAY))


@pytest.mark.parametrize("on_conflict", ["reject", "update"])
async def test_a_check_tells_the_effect_that_the_load_then_has(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, on_conflict: str
) -> None:
    await load_file(admin, "services", random_file(7, 1, 80))
    names = await connection.fetchval("SELECT count(*) FROM angels")
    file = random_file(8, 41, 160).replace("Angel 3", "New Angel")
    asked = {"on_conflict": on_conflict}
    check = await load_file(admin, "services", file, validate_only=True, **asked)
    assert await connection.fetchval("SELECT count(*) FROM angels") == names
    before = await stored(connection)
    load = await load_file(admin, "services", file, max_rejects=1000, **asked)
    assert check["effect"] == load["effect"]
    assert load["effect"] == effect(before, await stored(connection), await connection.fetchval(TODAY))
    assert await connection.fetchval("SELECT count(*) FROM visit_commits WHERE load_id = $1", check["id"]) == 0


async def test_a_load_that_changes_nothing_has_an_effect_that_says_so(admin: httpx.AsyncClient) -> None:
    await load_file(admin, "services", random_file(5, 1, 20))
    again = (await load_file(admin, "services", random_file(5, 1, 20)))["effect"]
    assert again["before"] == again["after"]
    assert again["before"]["total_de_atendimentos"] + again["before"]["total_em_aberto"] == 20
    assert (again["days_touched"], again["first_day"], again["polos"], again["angels"]) == (0, None, [], [])


async def test_the_first_open_visits_have_no_sla(admin: httpx.AsyncClient) -> None:
    told = (await load_file(admin, "services", "1;1;Ana;CE - X;2021-06-30;-\n"))["effect"]
    assert told["after"]["sla"] is told["before"]["sla"] is None
    assert (told["before"]["total_atrasado"], told["after"]["total_atrasado"]) == (0, 1)


async def test_an_undone_load_keeps_what_its_effect_was_and_customers_have_none(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "services", random_file(5, 1, 20))
    undone = (await admin.delete(f"/v1/loads/{load['id']}")).json()
    assert undone["effect"] == load["effect"]
    loads = (await admin.get("/v1/loads")).json()["loads"]
    assert [(each["kind"], each["effect"] is None) for each in loads] == [("services", False), ("customers", True)]


async def _write_by_hand(client: httpx.AsyncClient, stop: asyncio.Event) -> int:
    made = 0
    while not stop.is_set():
        visit = {"id_cliente": 1, "angel": f"Hand {made % 3}", "polo": "SP - H", "data_limite": "2021-06-30"}
        answer = await client.post("/v1/services", json=visit | {"data_de_atendimento": "2021-07-02T10:00:00"})
        assert answer.status_code == 201
        made += 1
    return made


def difference(load: Report, name: str) -> int:
    effect = load["effect"]
    return int(effect["after"][name] - effect["before"][name])


async def test_beside_other_writers_an_effect_is_the_load_s_own_and_the_changes_say_the_same(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, database_url: str
) -> None:
    async with client_with(connection, database_url, load_chunk_bytes=3_000) as client:
        await load_file(client, "services", random_file(1, 5001, 5200))
        before = await stored(connection)
        stop = asyncio.Event()
        writing = asyncio.create_task(_write_by_hand(admin, stop))
        try:
            load = await load_file(client, "services", random_file(2, 4801, 5100), on_conflict="update")
        finally:
            stop.set()
            made = await writing
    after = {row_id: row for row_id, row in (await stored(connection)).items() if not row["angel"].startswith("Hand")}
    alone = effect(before, after, await connection.fetchval(TODAY))
    for name in ("total_de_atendimentos", "total_de_atendimentos_no_prazo", "total_em_aberto", "total_atrasado"):
        assert difference(load, name) == alone["after"][name] - alone["before"][name]
    same = ("days_touched", "first_day", "last_day", "polos_moved", "polos", "angels_moved", "angels")
    assert {name: load["effect"][name] for name in same} == {name: alone[name] for name in same}

    listed = (await admin.get("/v1/indicators/changes", params={"limit": 1000})).json()["changes"]
    (own,) = [change for change in listed if change["load_id"] == load["id"]]
    (hand,) = [change for change in listed if change["act"] == "hand"]
    assert hand["added"] == hand["writes"] == made
    assert own["added"] - own["removed"] == len(after) - len(before)
    assert own["on_time_added"] - own["on_time_removed"] == difference(load, "total_de_atendimentos_no_prazo")
    assert own["open_added"] - own["open_removed"] == difference(load, "total_em_aberto")
    async with asyncio.timeout(30):  # they go with the spool, after the load is seen to have ended
        while await connection.fetchval("SELECT EXISTS (SELECT FROM load_cells)"):
            await asyncio.sleep(0.01)


async def origin(client: httpx.AsyncClient, visit: int) -> dict[str, Any]:
    answer = await client.get(f"/v1/services/{visit}/origin")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def found(client: httpx.AsyncClient, **query: int) -> list[int]:
    return [visit["id"] for visit in (await client.get("/v1/services", params=query)).json()["atendimentos"]]


async def test_a_visit_leads_to_the_load_that_brought_it_and_the_one_that_changed_it_last(
    admin: httpx.AsyncClient,
) -> None:
    first = await load_file(admin, "services", random_file(1, 1, 4))
    second = await load_file(admin, "services", random_file(2, 3, 6), on_conflict="update")
    told = await origin(admin, 3)
    assert (told["load_id"], told["updated_by_load"], told["changed_by_hand"]) == (first["id"], second["id"], False)
    assert {name: told["load"][name] for name in ("filename", "user", "status", "received_at")} == {
        name: first[name] for name in ("filename", "user", "status", "received_at")
    }
    assert (await admin.get(told["update"]["url"])).json()["id"] == second["id"]
    assert await found(admin, load_id=first["id"]) == [1, 2, 3, 4]
    assert await found(admin, load_id=second["id"]) == [5, 6]
    assert await found(admin, updated_by_load=second["id"]) == [3, 4]


async def test_a_visit_that_was_made_or_changed_by_hand_says_so(admin: httpx.AsyncClient) -> None:
    load = await load_file(admin, "services", random_file(1, 1, 1))
    visit = {"id_cliente": 1, "angel": "Ana", "polo": "CE - X", "data_limite": "2021-06-30"}
    await admin.put("/v1/services/1", json=visit)
    made = (await admin.post("/v1/services", json=visit)).json()["id"]
    for visit_id, load_id, by_hand in ((1, load["id"], True), (made, None, False)):
        told = await origin(admin, visit_id)
        assert (told["load_id"], told["updated_by_load"], told["changed_by_hand"]) == (load_id, None, by_hand)
    assert (await admin.get("/v1/services/99/origin")).status_code == 404
