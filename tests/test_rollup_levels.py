"""Blocks, packing and folding: every level holds exactly what was written, and nothing that went."""

from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import polars as pl
import pytest
from conftest import make_settings, running_app
from hypothesis import given, settings
from hypothesis import strategies as st
from visits import random_visits, store, visit

from logistics_indicators.indicators.blocks import ONE_DAY, Block, Grain, block_of, cover
from logistics_indicators.indicators.compactor import Compactor
from logistics_indicators.indicators.figures import half_even, half_even_each, wilson
from logistics_indicators.indicators.folding import FOLD_LOCK, fold, fold_everything
from logistics_indicators.indicators.packing import LATE, VISITS, add_up, block_expression, frame_of, pack
from logistics_indicators.indicators.rollup import record, remove_visits_of_load
from logistics_indicators.indicators.sums import BLOCKS, BUCKET_BLOCKS, sum_by
from logistics_indicators.indicators.verification import rebuild, verify

DAYS = st.dates(date(1999, 12, 1), date(2021, 3, 31))


def days_of(block: Block) -> list[date]:
    return [block.first + timedelta(days=i) for i in range((block.last - block.first).days + 1)]


@given(DAYS, DAYS)
@settings(max_examples=150, deadline=None)
def test_a_cover_adds_up_to_exactly_the_days_of_the_range(one: date, other: date) -> None:
    first, last = sorted((one, other))
    counted: Counter[date] = Counter()
    for block in cover(first, last):
        counted.update(dict.fromkeys(days_of(block), block.sign))
    covered = {day for day, times in counted.items() if times}
    assert covered == {first + timedelta(days=i) for i in range((last - first).days + 1)}
    assert all(times in (0, 1) for times in counted.values())


def test_a_cover_of_a_year_is_one_block_and_of_any_range_a_few() -> None:
    assert cover(date(2020, 1, 1), date(2020, 12, 31)) == (Block(Grain.year, date(2020, 1, 1)),)
    assert cover(date(2020, 2, 29), date(2020, 2, 29)) == (Block(Grain.day, date(2020, 2, 29)),)
    first = date(2020, 7, 1)
    ranges = [(first + timedelta(a), first + timedelta(b)) for a in range(0, 365, 7) for b in range(a, 365, 5)]
    assert max(len(cover(*r)) for r in ranges) <= 20
    assert len(cover(date(9999, 12, 30), date.max)) == 2


@pytest.mark.parametrize("grain", list(Grain))
def test_blocks_are_the_same_in_python_and_in_polars_and_follow_one_another(grain: Grain) -> None:
    days = [date(2019, 12, 1) + timedelta(days=i) for i in range(500)]
    blocks = [block_of(grain, day) for day in days]
    frame = pl.DataFrame({"day": days}).select(block_expression(grain, pl.col("day")).alias("block"))
    assert frame["block"].to_list() == blocks
    for earlier, later in pairwise(blocks):
        assert later in (earlier, Block(grain, earlier).last + ONE_DAY)


@pytest.mark.parametrize("layout", [VISITS, LATE])
def test_packed_cells_come_back_as_they_were(layout: Any) -> None:
    columns = {name: [3, 1, 2**31 - 1] for name in layout.keys} | {name: [-1, 7, 2**31 - 1] for name in layout.sums}
    for wide in layout.wide:
        columns[wide] = [-(2**50), 0, 2**60]
    head = {"grain": [1, 1, 2], "block": [date(2020, 2, 25)] * 2 + [date(1900, 1, 1)]}
    types = {"grain": pl.Int32} | dict.fromkeys(layout.keys, pl.Int32) | dict.fromkeys(layout.sums, pl.Int64)
    cells = pl.DataFrame(head | columns, schema_overrides=types)
    packed = list(pack(layout, cells))
    assert [block.visits for block in packed] == [6, 2**31 - 1]
    assert [len(block.cells) for block in packed] == [2 * layout.cell_bytes, layout.cell_bytes]
    back = frame_of(layout, [(block.grain, block.block, block.cells) for block in packed])
    order = ["grain", "block", *layout.keys, *layout.sums]
    assert back.select(order).equals(cells.select(order))
    assert add_up(layout, pl.concat([back, back.with_columns(-pl.col(name) for name in layout.sums)])).is_empty()


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**4))
def test_half_even_is_the_same_alone_and_in_a_column(numerator: int, denominator: int) -> None:
    column = pl.Series([numerator], dtype=pl.Int64).to_numpy()
    assert half_even_each(column, denominator).tolist() == [half_even(numerator, denominator)]
    assert abs(half_even(numerator, denominator) * denominator - numerator) * 2 <= denominator


@given(st.lists(st.tuples(st.sampled_from([0, 1, 7, 2**31, 2**40]), st.integers(-(2**50), 2**50))))
def test_sums_are_exact_however_far_apart_their_keys_lie(cells: list[tuple[int, int]]) -> None:
    expected: Counter[int] = Counter()
    for key, value in cells:
        expected[key] += value
    keys, values = (pl.Series([cell[i] for cell in cells], dtype=pl.Int64).to_numpy() for i in range(2))
    names, sums = sum_by(keys, values)
    assert dict(zip(names.tolist(), sums.tolist(), strict=True)) == {k: v for k, v in expected.items() if v}


def test_wilson_interval_equals_published_figures() -> None:
    # Newcombe 1998, table I, method 3 (without continuity correction)
    assert wilson(81, 263) == (25.53, 36.62)
    assert wilson(15, 148) == (6.24, 16.05)
    assert wilson(0, 20) == (0.0, 16.11)
    assert wilson(1, 29) == (0.61, 17.18)
    assert wilson(3, 3)[0] < wilson(980, 1000)[0]


async def levels(connection: asyncpg.Connection) -> dict[tuple[str, int], int]:
    """Visits of every table and grain."""
    return {
        (table, grain): int(total)
        for table in ("rollup_blocks", "late_blocks")
        for grain, total in await connection.fetch(f"SELECT grain, sum(visits) FROM {table} GROUP BY grain")
    }


async def test_every_level_holds_every_folded_visit(connection: asyncpg.Connection) -> None:
    visits = random_visits(5, 1500)
    await store(connection, visits)
    assert await levels(connection) == {}
    await fold_everything(connection)
    done = [v for v in visits if v.data_de_atendimento is not None]
    late = [v for v in done if v.data_de_atendimento.date() > v.data_limite]  # type: ignore[union-attr]
    expected = {("rollup_blocks", grain.value): len(done) for grain in Grain}
    expected |= {("late_blocks", grain.value): len(late) for grain in Grain}
    assert await levels(connection) == expected
    assert await connection.fetchval("SELECT sum(total) FROM rollup_open") == len(visits) - len(done)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 0


async def test_a_large_fold_goes_by_spans_of_days_and_comes_to_the_same(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logistics_indicators.indicators.folding.SPAN_CELLS", 40)
    visits = random_visits(16, 1500)
    for start in range(0, len(visits), 300):
        await store(connection, visits[start : start + 300])
    assert await fold(connection) == 5
    found = await verify(connection)
    assert (found.visits, found.differences) == (1500, 0)
    await record(connection, removed=visits)
    await fold_everything(connection)
    assert await levels(connection) == {}


async def test_what_is_taken_out_again_leaves_no_trace(connection: asyncpg.Connection) -> None:
    visits = random_visits(6, 300)
    await store(connection, visits)
    await fold_everything(connection)
    await record(connection, removed=visits)
    await fold_everything(connection)
    assert await levels(connection) == {}
    for table in ("rollup_blocks", "late_blocks", "rollup_open"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_undoing_a_load_takes_its_visits_out_of_every_level(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(7, 200))
    await connection.execute("UPDATE services SET load_id = 7 WHERE id % 2 = 0")
    await fold_everything(connection)
    async with connection.transaction():
        removed = await remove_visits_of_load(connection, 7)
    assert removed == 100
    assert (await verify(connection)).differences == 0
    await fold_everything(connection)
    found = await verify(connection)
    assert (found.visits, found.differences) == (100, 0)


async def test_only_one_process_folds_at_a_time(database_url: str, connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(8, 50))
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", FOLD_LOCK)
        assert await fold(connection) == 0
    assert await fold(connection) == 1
    await other.close()


async def test_a_fold_that_breaks_off_changes_nothing(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(9, 50))
    await connection.execute("ALTER TABLE rollup_state RENAME TO gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await fold(connection)
    await connection.execute("ALTER TABLE gone RENAME TO rollup_state")
    assert await levels(connection) == {}
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 1
    await fold(connection)
    assert (await verify(connection)).differences == 0


async def test_a_delta_without_a_cell_is_folded_and_keeps_the_version(connection: asyncpg.Connection) -> None:
    same = visit("Ana", "CE - SOBRAL", "2021-05-02", None)
    await store(connection, [same])
    await record(connection, added=[same], removed=[same])
    assert await fold_everything(connection) == 2
    assert await connection.fetchval("SELECT folded FROM rollup_state") == 2


async def test_while_a_load_runs_deltas_wait_unless_they_become_too_many(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(connection, random_visits(10, 400))
    await connection.execute("INSERT INTO loads (kind, status) VALUES ('services', 'loading')")
    compactor = Compactor(None, 1.0)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 1
    assert (await verify(connection)).differences == 0
    monkeypatch.setattr("logistics_indicators.indicators.folding.WAITING_CELLS", 300)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 0
    await store(connection, random_visits(11, 5))
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 1
    monkeypatch.setattr("logistics_indicators.indicators.folding.WAITING_DELTAS", 1)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 0
    await store(connection, random_visits(12, 5))
    await connection.execute("UPDATE loads SET status = 'completed'")
    monkeypatch.setattr("logistics_indicators.indicators.folding.WAITING_DELTAS", 1000)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 0
    assert (await verify(connection)).differences == 0


async def test_a_load_that_hangs_does_not_hold_the_deltas_back_for_ever(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logistics_indicators.indicators.compactor.PATIENCE_SECONDS", 0)
    await connection.execute("INSERT INTO loads (kind, status) VALUES ('services', 'loading')")
    assert not await Compactor(None, 1.0)._is_patient(connection)


async def test_the_app_folds_by_itself(database_url: str, connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(12, 50))
    async with running_app(make_settings(database_url, rollup_fold_seconds=0.02)):
        while await connection.fetchval("SELECT count(*) FROM rollup_deltas"):
            pass
    assert (await verify(connection)).differences == 0


Damage = tuple[str, str]
DAMAGES: list[Damage] = [
    ("day", "DELETE FROM rollup_blocks WHERE grain = 0 AND block < '2020-01-31'"),
    ("year", "DELETE FROM rollup_blocks WHERE grain = 4 AND block = '2020-01-01'"),
    ("month (late)", "DELETE FROM late_blocks WHERE grain = 2"),
    ("open", "UPDATE rollup_open SET total = total + 1"),
    ("day", "DELETE FROM services WHERE id = (SELECT min(id) FROM services WHERE data_de_atendimento IS NOT NULL)"),
]


@pytest.mark.parametrize(("level", "damage"), DAMAGES)
async def test_verify_finds_what_differs_and_rebuild_mends_it(
    client_as: Callable[[str], Coroutine[Any, Any, httpx.AsyncClient]],
    connection: asyncpg.Connection,
    level: str,
    damage: str,
) -> None:
    admin = await client_as("admin")
    await store(connection, random_visits(13, 400))
    await fold_everything(connection)
    await store(connection, random_visits(14, 100))
    sound = (await admin.get("/v1/indicators/verify")).json()
    assert (sound["visits"], sound["differences"], sound["examples"]) == (500, 0, [])
    await connection.execute(damage)
    found = (await admin.get("/v1/indicators/verify")).json()
    assert found["differences"] > 0
    assert level in {example["level"] for example in found["examples"]}
    assert all(example["expected"] != example["found"] for example in found["examples"])
    rebuilt = await admin.post("/v1/indicators/rebuild")
    assert rebuilt.status_code == 200
    mended = (await admin.get("/v1/indicators/verify")).json()
    assert (mended["differences"], mended["data_version"]) == (0, rebuilt.json()["data_version"])
    assert mended["data_version"] > found["data_version"]
    logged = await connection.fetchval("SELECT count(*) FROM audit_log WHERE action = 'indicators_rebuilt'")
    assert logged == 1


async def test_rebuild_leaves_what_is_committed_after_its_snapshot_to_its_delta(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """A writer that began before the rebuild and commits after it."""
    await store(connection, random_visits(15, 100))
    writer = await asyncpg.connect(database_url)
    transaction = writer.transaction()
    await transaction.start()
    await store(writer, random_visits(16, 10))
    await rebuild(connection)
    await transaction.commit()
    found = await verify(connection)
    assert (found.visits, found.differences) == (110, 0)
    assert await connection.fetchval("SELECT count(*) FROM rollup_deltas") == 1
    await writer.close()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
async def test_verify_and_rebuild_are_for_admins(client_as: Any, anonymous: httpx.AsyncClient, role: str) -> None:
    client = await client_as(role)
    assert (await client.get("/v1/indicators/verify")).status_code == 403
    assert (await client.post("/v1/indicators/rebuild")).status_code == 403
    assert (await anonymous.get("/v1/indicators/verify")).status_code == 401
    assert (await anonymous.post("/v1/indicators/rebuild")).status_code == 401


@pytest.mark.parametrize("table", ["rollup_blocks", "late_blocks"])
async def test_blocks_are_found_by_their_index(connection: asyncpg.Connection, table: str) -> None:
    fill = f"""INSERT INTO {table} SELECT g, DATE '2015-01-01' + i, 1, repeat('x', 20000)::bytea
    FROM generate_series(0, 1) g, generate_series(0, 1500) i"""
    await connection.execute(fill)
    await connection.execute(f"ANALYZE {table}")
    values: list[list[Any]] = [[0, 1], [date(2016, 1, 1), date(2017, 2, 1)], [1, -1]]
    for sql, arguments in ((BLOCKS, values), (BUCKET_BLOCKS, [[0, 1], *values])):
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql.format(table=table)}", *arguments))
        assert f"Index Scan using {table}_pkey" in plan, plan
        assert "Seq Scan" not in plan, plan


INDICATORS = [
    *(f"/sla/{by}?tolerance_days=1" for by in ("angel", "polo", "uf")),
    *(f"/productivity{by}?calendario=uf" for by in ("", "/polo", "/uf")),
    *(f"/{name}/{by}" for name in ("backlog", "lateness") for by in ("angel", "polo", "uf")),
    "/trend?bucket=week",
    "/summary",
    "/sla/angel?format=csv&uf=CE",
]


async def test_no_indicator_reads_the_visits(
    database_url: str, connection: asyncpg.Connection, client_as: Any, client: httpx.AsyncClient
) -> None:
    """PostgreSQL counts the scans of a table; every backend hands its counts in when it ends."""
    visits = random_visits(17, 300)
    await store(connection, visits[:150])
    await fold_everything(connection)
    await store(connection, visits[150:])
    await connection.execute("SELECT pg_stat_force_next_flush()")
    scans = "SELECT seq_scan + COALESCE(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'services'"
    before = await connection.fetchval(scans)
    for path in INDICATORS:
        assert (await client.get(f"/v1/indicators{path}")).status_code == 200
    pool = client._transport.app.state.pool  # type: ignore[attr-defined]
    await pool.expire_connections()
    async with pool.acquire() as one:
        await one.execute("SELECT pg_stat_force_next_flush()")
    own = "application_name = 'logistics-indicators' AND datname = current_database() AND pid <> pg_backend_pid()"
    while await connection.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {own}") > 1:
        async with pool.acquire():
            pass
    assert await connection.fetchval(scans) == before
