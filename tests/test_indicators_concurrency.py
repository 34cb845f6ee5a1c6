"""Writers, folds, rebuilds and readers at once: every answer equals a GROUP BY over its own snapshot's rows.

INDICATORS_STRESS_SECONDS=30 makes it as long as one likes.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import polars as pl
from conftest import make_settings, running_app
from visits import INSERT_CUSTOMER, Visit, by_hand, frame_of_visits, random_visits, store

from logistics_indicators.database import prepare_connection
from logistics_indicators.indicators.backlog import backlog_table
from logistics_indicators.indicators.calendar.business_days import CalendarKind
from logistics_indicators.indicators.parameters import Ordering
from logistics_indicators.indicators.productivity import productivity_table
from logistics_indicators.indicators.sla import sla_table
from logistics_indicators.indicators.snapshot import Memory, Snapshot, open_snapshot
from logistics_indicators.indicators.totals import DateRange
from logistics_indicators.indicators.verification import rebuild, verify
from logistics_indicators.loads.kinds import Kind
from logistics_indicators.loads.merging.rows_of_kind import ROWS
from logistics_indicators.rollup.cells import VISIT_SCHEMA
from logistics_indicators.rollup.commits import Act, Commit
from logistics_indicators.rollup.dimensions import Dimension
from logistics_indicators.rollup.merging import merge
from logistics_indicators.rollup.reading import Filters
from logistics_indicators.rollup.writing import append_sums, sums_of

SECONDS = float(os.environ.get("INDICATORS_STRESS_SECONDS", "5"))

GROUP_BY = """
SELECT {name}, count(*), count(*) FILTER (WHERE data_de_atendimento::date <= data_limite + $3::integer),
       sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento))::bigint
FROM visits WHERE data_de_atendimento >= $1::date AND data_de_atendimento < $2::date + 1 GROUP BY 1
"""
OPEN = """
SELECT angel, count(*), count(*) FILTER (WHERE data_limite < $1) FROM visits
WHERE data_de_atendimento IS NULL GROUP BY 1
"""
INSERT = f"""
INSERT INTO services (id_cliente, {", ".join(VISIT_SCHEMA)}, load_id)
VALUES (1, $1, $2, $3, $4, $5)
"""
PICK = "SELECT id FROM services WHERE id >= $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
READ = "SELECT angel, polo, data_limite, data_de_atendimento FROM visits WHERE id = $1"
CHANGE = f"UPDATE services SET ({', '.join(VISIT_SCHEMA)}) = ($2, $3, $4, $5) WHERE id = $1"

Work = Callable[[asyncpg.Connection, random.Random], Awaitable[None]]


class Deliberate(Exception):
    """A writer's transaction that does not commit."""


async def write(connection: asyncpg.Connection, chance: random.Random) -> None:
    """One transaction: a few new visits, a changed one, an undone load, or something that rolls back."""
    kind = chance.random()
    try:
        async with connection.transaction():
            if kind < 0.45:
                await _add(connection, chance, load_id=None)
            elif kind < 0.85:
                await _change(connection, chance)
            elif kind < 0.93:
                await _add(connection, chance, load_id=chance.randrange(5))
            else:
                await ROWS[Kind.services].take_back(connection, chance.randrange(5), Commit(Act.undo))
            if chance.random() < 0.1:
                raise Deliberate
    except (Deliberate, asyncpg.DeadlockDetectedError):
        pass


async def _add(connection: asyncpg.Connection, chance: random.Random, *, load_id: int | None) -> None:
    visits = random_visits(chance.randrange(10**9), chance.randrange(1, 20))
    added = await frame_of_visits(connection, visits)
    await connection.executemany(INSERT, added.select(*VISIT_SCHEMA, pl.lit(load_id)).rows())
    await append_sums(connection, by_hand(), sums_of(added, None))


async def _change(connection: asyncpg.Connection, chance: random.Random) -> None:
    row = await connection.fetchrow(PICK, chance.randrange(1, 3000))
    if row is not None:
        old = Visit(*await connection.fetchrow(READ, row["id"]))
        both = await frame_of_visits(connection, [*random_visits(chance.randrange(10**9), 1), old])
        await connection.execute(CHANGE, row["id"], *both.select(*VISIT_SCHEMA).row(0))
        await append_sums(connection, by_hand(), sums_of(both[:1], both[1:]))


async def read(connection: asyncpg.Connection, chance: random.Random) -> None:
    async with open_snapshot(connection, Memory()) as snapshot:
        first, last = sorted(date(2019, 12, 1) + timedelta(days=chance.randrange(500)) for _ in range(2))
        by = chance.choice(list(Dimension)[:2])
        await _compare_sla(snapshot, by, first, last, chance.randrange(3))
        await _compare_productivity(snapshot, first, last)
        await _compare_backlog(snapshot, first)


async def _compare_sla(snapshot: Snapshot, by: Dimension, first: date, last: date, tolerance: int) -> None:
    table = await sla_table(snapshot, by, DateRange(first, last), Filters(), Ordering(by.value, False), tolerance)
    shown = {row[by.value]: (row["total_de_atendimentos"], row["total_de_atendimentos_no_prazo"]) for row in table.rows}
    rows = await snapshot.connection.fetch(GROUP_BY.format(name=by.value), first, last, tolerance)
    assert shown == {row[0]: (row[1], row[2]) for row in rows}


async def _compare_productivity(snapshot: Snapshot, first: date, last: date) -> None:
    table = await productivity_table(
        snapshot, Dimension.angel, DateRange(first, last), Filters(), Ordering("angel", False), CalendarKind.nacional
    )
    shown = {row["angel"]: (row["total_de_atendimentos"], row["tempo_medio_segundos"]) for row in table.rows}
    rows = await snapshot.connection.fetch(GROUP_BY.format(name="angel"), first, last, 0)
    assert {name: total for name, (total, _) in shown.items()} == {row[0]: row[1] for row in rows}
    for row in rows:
        assert abs(shown[row[0]][1] * row[1] - row[3]) * 2 <= row[1]


async def _compare_backlog(snapshot: Snapshot, as_of: date) -> None:
    table = await backlog_table(snapshot, Dimension.angel, as_of, Filters(), Ordering("angel", False))
    shown = {row["angel"]: (row["total_em_aberto"], row["total_atrasado"]) for row in table.rows}
    rows = await snapshot.connection.fetch(OPEN, as_of)
    assert shown == {row[0]: (row[1], row[2]) for row in rows}


async def check_everything(connection: asyncpg.Connection, chance: random.Random) -> None:
    found = await verify(connection)
    assert found.differences == 0, found.examples


async def make_anew(connection: asyncpg.Connection, chance: random.Random) -> None:
    await rebuild(connection)
    await asyncio.sleep(0.5)  # as often as folds, not all the time


async def merge_once(connection: asyncpg.Connection, chance: random.Random) -> None:
    await merge(connection)
    await asyncio.sleep(0.01)


async def repeat(url: str, work: Work, seed: int, until: float) -> int:
    connection = await asyncpg.connect(url)
    await prepare_connection(connection)
    chance = random.Random(seed)
    times = 0
    try:
        while time.monotonic() < until:
            await work(connection, chance)
            times += 1
    finally:
        await connection.close()
    return times


async def test_every_answer_equals_a_group_by_over_its_own_snapshot(
    database_url: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_CUSTOMER)
    await store(connection, random_visits(20, 2000))
    until = time.monotonic() + SECONDS
    works: list[Work] = [write, write, write, read, read, read, merge_once, check_everything, make_anew]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(repeat(database_url, work, seed, until)) for seed, work in enumerate(works)]
    times = [task.result() for task in tasks]
    print(dict(zip([f"{work.__name__} {n}" for n, work in enumerate(works)], times, strict=True)))
    assert all(times)
    await check_everything(connection, random.Random(0))
    assert await connection.fetchval("SELECT merged FROM rollup_state") > 0


async def test_over_http_a_version_has_one_answer_and_the_last_one_is_true(
    database_url: str, connection: asyncpg.Connection, client_as: Any, client: httpx.AsyncClient
) -> None:
    """POSTs and PUTs through the API while others read: the same data_version never gives two answers."""
    await store(connection, random_visits(21, 500))
    seen: dict[int, bytes] = {}
    until = time.monotonic() + SECONDS / 2

    async def post_and_put(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            new, changed = random_visits(chance.randrange(10**9), 2)
            made = await client.post("/v1/services", json=_body(new))
            assert made.status_code == 201, made.text
            put = await client.put(f"/v1/services/{made.json()['id']}", json=_body(changed))
            assert put.status_code == 200, put.text

    async def ask() -> None:
        while time.monotonic() < until:
            answer = await client.get("/v1/indicators/productivity")
            assert seen.setdefault(answer.json()["data_version"], answer.content) == answer.content

    async with running_app(make_settings(database_url, rollup_fold_seconds=0.03)), asyncio.TaskGroup() as group:
        for seed in range(2):
            group.create_task(post_and_put(seed))
            group.create_task(ask())
    assert len(seen) > 1
    rows = (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    expected = await connection.fetch(GROUP_BY.format(name="angel"), date(1900, 1, 1), date(2199, 1, 1), 0)
    shown = {row["angel"]: (row["total_de_atendimentos"], row["total_de_atendimentos_no_prazo"]) for row in rows}
    assert shown == {row[0]: (row[1], row[2]) for row in expected}


def _body(visit: Visit) -> dict[str, Any]:
    done = visit.data_de_atendimento
    return {
        "id_cliente": 1,
        "angel": visit.angel,
        "polo": visit.polo,
        "data_limite": visit.data_limite.isoformat(),
        "data_de_atendimento": None if done is None else done.isoformat(),
    }
