"""rollup/tables.py says which tables of sums are in the database, and what their columns are."""

import asyncpg
import pytest

from logistics_indicators.rollup.blocks import Grain
from logistics_indicators.rollup.dimensions import IDS
from logistics_indicators.rollup.tables import SUM_TABLE_NAMES, SUM_TABLES, SumTable

WITH_GRAINS = """
SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE attname = 'grain' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""
PRIMARY_KEY = """
SELECT attname, place <= indnkeyatts AS is_key
FROM pg_index, unnest(indkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute ON attnum = part.number
WHERE indrelid = $1::regclass AND attrelid = indrelid AND indisprimary ORDER BY place
"""
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'rollup_recent'::regclass AND attnum > 0"


async def test_every_table_of_sums_is_declared(connection: asyncpg.Connection) -> None:
    found = {row["relname"] for row in await connection.fetch(WITH_GRAINS)}
    assert found == {"rollup_recent", *SUM_TABLE_NAMES}


@pytest.mark.parametrize("table", SUM_TABLES, ids=SUM_TABLE_NAMES)
async def test_a_table_is_read_by_its_primary_key_alone(connection: asyncpg.Connection, table: SumTable) -> None:
    columns = await connection.fetch(PRIMARY_KEY, table.name)
    assert [row["attname"] for row in columns if row["is_key"]] == ["grain", "block", *IDS, *table.also]
    assert [row["attname"] for row in columns if not row["is_key"]] == list(table.sums)


@pytest.mark.parametrize("table", SUM_TABLES, ids=SUM_TABLE_NAMES)
async def test_recent_cells_hold_what_is_merged_into_a_table(connection: asyncpg.Connection, table: SumTable) -> None:
    columns = {row["attname"] for row in await connection.fetch(COLUMNS)}
    assert {*IDS, *table.also, *table.sums} <= columns
    assert Grain.day in table.recent


def test_no_two_tables_take_the_same_recent_cells() -> None:
    taken = [grain for table in SUM_TABLES for grain in (table.recent[Grain.day], *table.own_grains)]
    assert len(taken) == len(set(taken))
