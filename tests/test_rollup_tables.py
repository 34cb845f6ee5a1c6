"""rollup/tables.py says which tables of sums are in the database, and what their columns are."""

import asyncpg
import pytest

from logistics_indicators.rollup.blocks import Grain
from logistics_indicators.rollup.tables import CELL_KEYS, CELL_SUMS, SUM_TABLE_NAMES, SUM_TABLES, TOTAL, SumTable

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
    assert [row["attname"] for row in columns if row["is_key"]] == ["grain", "block", *table.keys]
    assert [row["attname"] for row in columns if not row["is_key"]] == [number.name for number in table.sums]


async def test_recent_cells_hold_what_is_merged(connection: asyncpg.Connection) -> None:
    columns = [row["attname"] for row in await connection.fetch(COLUMNS)]
    assert sorted(columns) == sorted(["commit_id", "grain", "block", *CELL_KEYS, *CELL_SUMS])


def test_every_table_gets_the_cells_of_days() -> None:
    assert all(next(iter(table.recent)) is Grain.day and TOTAL in table.sums for table in SUM_TABLES)


def test_no_two_tables_take_the_same_recent_cells() -> None:
    own = [own.number for table in SUM_TABLES for own in table.own_grains]
    taken = [*own, *(grain for table in SUM_TABLES for grain in table.recent.values())]
    assert len(taken) == len(set(taken))
