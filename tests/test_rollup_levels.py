"""Blocks, gathering and merging: every level holds exactly what was written, and nothing that went."""

import asyncio
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
from visits import by_hand, random_visits, record, store, visit

from logistics_indicators.database import Lock, prepare_connection
from logistics_indicators.indicators.figures import half_even, half_even_each, wilson
from logistics_indicators.indicators.productivity import PRODUCTIVITY
from logistics_indicators.indicators.routes import INDICATORS
from logistics_indicators.indicators.sla import SLA
from logistics_indicators.indicators.verification import rebuild, verify
from logistics_indicators.loads.kinds import SUMMED_KINDS, Kind
from logistics_indicators.loads.merging.rows_of_kind import ROWS
from logistics_indicators.rollup.blocks import (
    BLOCK_IN_SQL,
    MERGED_LEVELS,
    ONE_DAY,
    RECENT_LEVELS,
    Block,
    Grain,
    Levels,
    Span,
    block_of,
    cover,
    levels_in_sql,
    spans_of,
    whole_spans,
)
from logistics_indicators.rollup.commits import Act, Commit
from logistics_indicators.rollup.compactor import Compactor
from logistics_indicators.rollup.dimensions import Dimension
from logistics_indicators.rollup.merging import GATHERED_COMMITS, merge, merge_everything
from logistics_indicators.rollup.reading import Days, Filters, Question
from logistics_indicators.rollup.tables import DAY_TOTAL, OPEN

DAYS = st.dates(date(1999, 12, 1), date(2021, 3, 31))


def days_of(block: Block) -> list[date]:
    return [block.first + timedelta(days=i) for i in range((block.last - block.first).days + 1)]


@given(DAYS, DAYS, st.sampled_from([MERGED_LEVELS, RECENT_LEVELS]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_cover_adds_up_to_exactly_the_days_of_the_range(one: date, other: date, levels: Levels, signed: bool) -> None:
    first, last = sorted((one, other))
    blocks = cover(first, last, levels, signed=signed)
    counted: Counter[date] = Counter()
    for block in blocks:
        counted.update(dict.fromkeys(days_of(block), block.sign))
    covered = {day for day, times in counted.items() if times}
    assert covered == {first + timedelta(days=i) for i in range((last - first).days + 1)}
    assert all(times in (0, 1) for times in counted.values())
    assert {block.grain for block in blocks} <= set(levels)
    assert signed or all(block.sign == 1 for block in blocks)
    spans = spans_of(first, last, levels) if signed else whole_spans([(first, last)], levels)
    assert Counter(blocks) == Counter(block for span in spans for block in blocks_of(span))


def blocks_of(span: Span) -> list[Block]:
    blocks = [Block(Grain(span.grain), span.first, span.sign)]
    while blocks[-1].first < span.last:
        blocks.append(Block(blocks[-1].grain, blocks[-1].last + ONE_DAY, span.sign))
    return blocks


def test_a_cover_of_a_year_is_one_block_and_of_any_range_a_few() -> None:
    assert cover(date(2020, 1, 1), date(2020, 12, 31)) == (Block(Grain.year, date(2020, 1, 1)),)
    assert cover(date(2020, 2, 29), date(2020, 2, 29)) == (Block(Grain.day, date(2020, 2, 29)),)
    first = date(2020, 7, 1)
    ranges = [(first + timedelta(a), first + timedelta(b)) for a in range(0, 365, 7) for b in range(a, 365, 5)]
    assert max(len(cover(*r)) for r in ranges) <= 20
    assert len(cover(date(9999, 12, 30), date.max)) == 2


@pytest.mark.parametrize("grain", list(Grain))
async def test_blocks_are_the_same_in_python_and_in_sql_and_follow_one_another(
    connection: asyncpg.Connection, grain: Grain
) -> None:
    days = [date(2019, 12, 1) + timedelta(days=i) for i in range(500)]
    blocks = [block_of(grain, day) for day in days]
    block = BLOCK_IN_SQL[grain].format(day="day")
    select = f"SELECT {block} FROM unnest($1::date[]) WITH ORDINALITY AS d (day, i) ORDER BY i"
    assert [row[0] for row in await connection.fetch(select, days)] == blocks
    for earlier, later in pairwise(blocks):
        assert later in (earlier, Block(grain, earlier).last + ONE_DAY)


FIRST_DAYS: dict[Grain, Callable[[date], bool]] = {
    Grain.day: lambda day: True,
    Grain.eighth: lambda day: day.day in (1, 9, 17, 25),
    Grain.month: lambda day: day.day == 1,
    Grain.quarter: lambda day: day.day == 1 and day.month in (1, 4, 7, 10),
    Grain.year: lambda day: (day.month, day.day) == (1, 1),
}


@pytest.mark.parametrize("grain", list(Grain))
def test_a_block_begins_on_the_last_first_day_and_ends_before_the_next(grain: Grain) -> None:
    begins = FIRST_DAYS[grain]
    first = date(2019, 12, 1) if begins(date(2019, 12, 1)) else date(2019, 10, 1)
    for day in (date(2020, 1, 1) + timedelta(days=i) for i in range(800)):  # with a 29 February, and without
        first = day if begins(day) else first
        assert block_of(grain, day) == first
        block = Block(grain, first)
        assert block.first <= day <= block.last
        assert begins(block.last + ONE_DAY)
        assert not any(begins(inside) for inside in days_of(block)[1:])
    assert block.negated() == Block(grain, first, -1)
    assert block.negated().negated() == block


def test_what_is_taken_away_may_lack_days_itself() -> None:
    whole, ends = Block(Grain.year, date(2020, 1, 1)), (date(2020, 3, 29), date(2020, 10, 1))
    for quarter, first, last, days in (
        (date(2020, 1, 1), ends[0], date(2020, 12, 31), ends[0]),
        (date(2020, 10, 1), date(2020, 1, 1), date(2020, 10, 3), ends[1]),
    ):
        kept = {Block(Grain.day, days + timedelta(days=i)) for i in range(3)}
        assert set(cover(first, last)) == {whole, Block(Grain.quarter, quarter, -1), *kept}


def test_levels_in_sql_are_pairs_of_a_number_and_a_first_day() -> None:
    assert levels_in_sql({Grain.day: 0, Grain.month: 12}, "d") == "(0, d), (12, date_trunc('month', d)::date)"


def test_spans_join_blocks_that_follow_one_another_and_are_alike() -> None:
    months = whole_spans([(date(2021, 1, 1), date(2021, 2, 28)), (date(2021, 4, 1), date(2021, 4, 30))])
    assert months == (
        Span(Grain.month, date(2021, 1, 1), date(2021, 2, 1)),
        Span(Grain.month, date(2021, 4, 1), date(2021, 4, 1)),
    )
    # a month but for its last three days, in two years
    assert spans_of(date(2020, 12, 1), date(2020, 12, 28)) == (
        Span(Grain.day, date(2020, 12, 29), date(2020, 12, 31), -1),
        Span(Grain.month, date(2020, 12, 1), date(2020, 12, 1)),
    )


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**4))
def test_half_even_is_the_same_alone_and_in_a_column(numerator: int, denominator: int) -> None:
    column = pl.Series([numerator], dtype=pl.Int64).to_numpy()
    assert half_even_each(column, denominator).tolist() == [half_even(numerator, denominator)]
    assert abs(half_even(numerator, denominator) * denominator - numerator) * 2 <= denominator


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
        for table in ("rollup", "rollup_late")
        for grain, total in await connection.fetch(f"SELECT grain, sum(total) FROM {table} GROUP BY grain")
    }


async def test_every_level_holds_every_merged_visit(connection: asyncpg.Connection) -> None:
    visits = random_visits(5, 1500)
    await store(connection, visits)
    assert await levels(connection) == {}
    await merge_everything(connection)
    done = [v for v in visits if v.data_de_atendimento is not None]
    late = [v for v in done if v.data_de_atendimento.date() > v.data_limite]  # type: ignore[union-attr]
    expected = {("rollup", grain.value): len(done) for grain in Grain} | {("rollup", DAY_TOTAL.number): len(done)}
    expected |= {("rollup_late", grain.value): len(late) for grain in Grain}
    expected[("rollup", OPEN.number)] = len(visits) - len(done)
    assert await levels(connection) == expected
    assert await connection.fetchval("SELECT count(*) FROM rollup_recent") == 0
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 0


async def test_commits_that_wait_for_a_load_are_gathered_and_say_the_same(connection: asyncpg.Connection) -> None:
    async def recent(grain: int) -> tuple[int, int, int]:
        """Cells, visits, and commits that have one."""
        select = "SELECT count(*), sum(total), count(DISTINCT commit_id) FROM rollup_recent WHERE grain = $1"
        return tuple(await connection.fetchrow(select, grain))

    visits = random_visits(8, 1200)
    done = sum(v.data_de_atendimento is not None for v in visits)
    for first in range(0, 1200, 100):
        await store(connection, visits[first : first + 100])
        assert await merge(connection, patient=True) == 0
    assert (await recent(Grain.year))[1:] == (done, 1)
    assert (await recent(Grain.month))[1:] == (done, 1)
    assert (await recent(Grain.day))[1:] == (done, 12)
    assert (await verify(connection)).differences == 0
    await store(connection, random_visits(9, 50))
    assert await merge(connection) == 13
    assert (await recent(Grain.month))[2] == 0
    assert (await verify(connection)).differences == 0


async def test_what_is_taken_out_again_leaves_no_trace(connection: asyncpg.Connection) -> None:
    visits = random_visits(6, 300)
    await store(connection, visits)
    await merge_everything(connection)
    await record(connection, by_hand(), removed=visits)
    await merge_everything(connection)
    assert await levels(connection) == {}
    for table in ("rollup", "rollup_late", "rollup_recent"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_small_commits_do_not_have_a_large_one_gathered_again(connection: asyncpg.Connection) -> None:
    for first in range(0, 100 * GATHERED_COMMITS, 100):
        await store(connection, random_visits(first, 100))
    await merge(connection, patient=True)
    first_year = "SELECT min(ctid) FROM rollup_recent WHERE grain = 4"
    before = await connection.fetchval(first_year)
    for seed in range(GATHERED_COMMITS):
        await store(connection, random_visits(seed, 1))
        await merge(connection, patient=True)
    assert await connection.fetchval("SELECT count(DISTINCT gathered_by) FROM rollup_waiting") == 2
    assert await connection.fetchval(first_year) == before
    assert (await verify(connection)).differences == 0


RENAME = """
UPDATE services SET angel_id = (SELECT id FROM angels WHERE name = 'Bia'),
    polo_id = (SELECT id FROM polos WHERE name = 'SP - SANTOS')
"""


async def test_undoing_a_load_whose_visits_get_new_names_meanwhile(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """The undo waits for the writer, and takes out what that has left."""
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-03", "2021-05-03T10:00:00")])
    await connection.execute("UPDATE services SET load_id = 7")
    other = await asyncpg.connect(database_url)
    await prepare_connection(other)
    async with other.transaction():
        before = visit("Ana", "CE - SOBRAL", "2021-05-03", "2021-05-03T10:00:00")
        after = visit("Bia", "SP - SANTOS", "2021-05-03", "2021-05-03T10:00:00")
        await record(other, by_hand(), added=[after], removed=[before])
        await other.execute(RENAME)
        undo = asyncio.create_task(ROWS[Kind.services].take_back(connection, 7, Commit(Act.undo)))
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = $1)"
        while not await other.fetchval(waits, connection.get_server_pid()):
            await asyncio.sleep(0.01)
    assert (await undo).removed == 1
    await other.close()
    verification = await verify(connection)
    assert (verification.visits, verification.differences) == (0, 0)


async def test_undoing_a_load_takes_its_visits_out_of_every_level(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(7, 200))
    await connection.execute("UPDATE services SET load_id = 7 WHERE id % 2 = 0")
    await merge_everything(connection)
    async with connection.transaction():
        removed = (await ROWS[Kind.services].take_back(connection, 7, Commit(Act.undo))).removed
    assert removed == 100
    assert (await verify(connection)).differences == 0
    await merge_everything(connection)
    found = await verify(connection)
    assert (found.visits, found.differences) == (100, 0)


async def test_only_one_process_merges_at_a_time(database_url: str, connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(8, 50))
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", Lock.merging.value)
        assert await merge(connection) == 0
    assert await merge(connection) == 1
    await other.close()


async def test_a_merge_that_breaks_off_changes_nothing(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(9, 50))
    await connection.execute("ALTER TABLE rollup_state RENAME TO gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await merge(connection)
    await connection.execute("ALTER TABLE gone RENAME TO rollup_state")
    assert await levels(connection) == {}
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 1
    await merge(connection)
    assert (await verify(connection)).differences == 0


async def test_a_change_that_cancels_out_keeps_the_version(connection: asyncpg.Connection) -> None:
    same = visit("Ana", "CE - SOBRAL", "2021-05-02", None)
    await store(connection, [same])
    await record(connection, by_hand(), added=[same], removed=[same])
    assert await merge_everything(connection) == 1


async def test_while_a_load_runs_changes_wait_unless_they_become_too_many(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(connection, random_visits(10, 400))
    await connection.execute("INSERT INTO loads (kind, status) VALUES ('services', 'loading')")
    compactor = Compactor(None, 1.0, SUMMED_KINDS)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 1
    assert (await verify(connection)).differences == 0
    monkeypatch.setattr("logistics_indicators.rollup.merging.WAITING_CELLS", 300)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 0
    await store(connection, random_visits(11, 5))
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 1
    monkeypatch.setattr("logistics_indicators.rollup.merging.WAITING_COMMITS", 1)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 0
    await store(connection, random_visits(12, 5))
    await connection.execute("UPDATE loads SET status = 'completed'")
    monkeypatch.setattr("logistics_indicators.rollup.merging.WAITING_COMMITS", 1000)
    await compactor._turn(connection)
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 0
    assert (await verify(connection)).differences == 0


async def test_the_app_merges_by_itself(database_url: str, connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(12, 50))
    async with running_app(make_settings(database_url, rollup_fold_seconds=0.02)):
        while await connection.fetchval("SELECT count(*) FROM rollup_waiting"):
            pass
    assert (await verify(connection)).differences == 0


Damage = tuple[str, str]
DAMAGES: list[Damage] = [
    ("day", "DELETE FROM rollup WHERE grain = 0 AND block < '2020-01-31'"),
    ("year", "DELETE FROM rollup WHERE grain = 4 AND block = '2020-01-01'"),
    ("month (late)", "DELETE FROM rollup_late WHERE grain = 2"),
    ("open", "UPDATE rollup SET total = total + 1 WHERE grain = 6"),
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
    await merge_everything(connection)
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


async def test_verify_finds_visits_whose_angel_lost_its_name(connection: asyncpg.Connection) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-03", "2021-05-03T10:00:00")])
    await connection.execute("DELETE FROM angels")
    (example,) = (await verify(connection)).examples
    assert (example.level, example.polo, example.angel) == ("without a name", "CE - SOBRAL", "?")
    assert (example.expected, example.found) == ([1], [0])


DAMAGES_OF_RECENT: list[Damage] = [
    ("month", "DELETE FROM rollup_recent WHERE grain = 2"),
    ("day (late)", "UPDATE rollup_recent SET days_late = days_late + 1 WHERE grain = 10"),
    ("day (all)", "DELETE FROM rollup_recent WHERE grain = 5"),
]


@pytest.mark.parametrize(("level", "damage"), DAMAGES_OF_RECENT)
async def test_verify_looks_at_what_is_not_merged_yet(connection: asyncpg.Connection, level: str, damage: str) -> None:
    await store(connection, random_visits(13, 200))
    assert (await verify(connection)).differences == 0
    await connection.execute(damage)
    assert level in {example.level for example in (await verify(connection)).examples}


async def test_rebuild_leaves_what_is_committed_after_its_snapshot_to_the_next_merge(
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
    assert await connection.fetchval("SELECT count(*) FROM rollup_waiting") == 1
    await writer.close()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
async def test_verify_and_rebuild_are_for_admins(client_as: Any, anonymous: httpx.AsyncClient, role: str) -> None:
    client = await client_as(role)
    assert (await client.get("/v1/indicators/verify")).status_code == 403
    assert (await client.post("/v1/indicators/rebuild")).status_code == 403
    assert (await anonymous.get("/v1/indicators/verify")).status_code == 401
    assert (await anonymous.post("/v1/indicators/rebuild")).status_code == 401


async def test_the_cells_of_a_range_are_found_by_their_index(connection: asyncpg.Connection) -> None:
    fill = """INSERT INTO rollup SELECT g, DATE '2015-01-01' + i, p, 1, 1, 1, 1
    FROM generate_series(0, 1) g, generate_series(0, 1500) i, generate_series(1, 20) p"""
    await connection.execute(fill)
    await connection.execute("ANALYZE rollup")
    days = Days(date(2016, 1, 3), date(2016, 2, 5))
    question = Question(Filters(), has_recent=False)
    statement = question.cells("rollup", spans_of(*days), "total")
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *question.arguments))
    assert "rollup_pkey" in plan, plan
    assert "Seq Scan" not in plan, plan


PATHS = [
    *(indicator.path(by) for indicator in INDICATORS for by in Dimension),
    *(f"{SLA.path(by)}?tolerance_days=1" for by in Dimension),
    *(f"{PRODUCTIVITY.path(by)}?calendario=uf" for by in Dimension),
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
    await merge_everything(connection)
    await store(connection, visits[150:])
    await connection.execute("SELECT pg_stat_force_next_flush()")
    scans = "SELECT seq_scan + COALESCE(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'services'"
    before = await connection.fetchval(scans)
    for path in PATHS:
        assert (await client.get(f"/v1/indicators{path}")).status_code == 200
    own = "application_name = 'logistics-indicators' AND datname = current_database()"
    ended = await connection.fetch(f"SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE {own}")
    assert ended
    alive = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY($1::integer[]))"
    async with asyncio.timeout(30):
        while await connection.fetchval(alive, [row["pid"] for row in ended]):
            await asyncio.sleep(0.01)
    assert await connection.fetchval(scans) == before
