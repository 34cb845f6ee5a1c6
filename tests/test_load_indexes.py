"""When the indexes of a table's filters are dropped for a load, and that they are there again after it."""

import asyncpg
import httpx
import pytest
from load_client import load_file

from logistics_indicators.loads.kinds import KINDS, Kind
from logistics_indicators.loads.merging import indexes

ROWS = 400
HEADER = "id;nome;email;telefone\n"


def customers(first: int, rows: int = ROWS) -> str:
    return HEADER + "".join(f"{i};Ana {i};ana{i}@x.io;11{i:08}\n" for i in range(first, first + rows))


@pytest.fixture(autouse=True)
def small_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "WORTH_IT_BYTES", 1000)


async def index_ids(connection: asyncpg.Connection) -> list[int]:
    """One that was dropped and made again has another."""
    names = list(KINDS[Kind.customers].indexes)
    found = await connection.fetch("SELECT oid FROM pg_class WHERE relname = ANY($1::text[]) ORDER BY relname", names)
    assert len(found) == len(names)
    return [row["oid"] for row in found]


async def test_a_second_file_as_large_as_the_table_has_the_indexes_made_anew(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", customers(1))
    before = await index_ids(connection)
    second = await load_file(client, "customers", customers(1 + ROWS))
    assert second["rows_inserted"] == ROWS
    assert not set(before) & set(await index_ids(connection))
    answer = await client.get("/v1/customers", params={"nome": f"Ana {2 * ROWS}"})
    assert [row["id"] for row in answer.json()["clientes"]] == [2 * ROWS]


async def test_a_file_sent_again_leaves_the_indexes_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", customers(1))
    before = await index_ids(connection)
    again = await load_file(client, "customers", customers(1))
    assert again["rows_unchanged"] == ROWS
    assert await index_ids(connection) == before


async def test_a_file_that_is_small_beside_the_table_leaves_the_indexes_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await load_file(client, "customers", customers(1, 30 * ROWS))
    before = await index_ids(connection)
    assert (await load_file(client, "customers", customers(1 + 30 * ROWS, 60)))["rows_inserted"] == 60
    assert await index_ids(connection) == before


async def test_a_check_alone_leaves_the_indexes_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    before = await index_ids(connection)
    assert (await load_file(client, "customers", customers(1), validate_only=True))["rows_inserted"] == ROWS
    assert await index_ids(connection) == before


OF_FILTERS = """
SELECT array_agg(c.relname::text) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid = $1::text::regclass AND NOT indisunique AND pg_get_indexdef(indexrelid) !~ 'load'
"""
"""Whose loads they are, undo and sweeping ask, too: those indexes stay."""


@pytest.mark.parametrize("kind", KINDS)
async def test_every_index_of_a_filter_is_declared(connection: asyncpg.Connection, kind: Kind) -> None:
    assert set(await connection.fetchval(OF_FILTERS, kind)) == set(KINDS[kind].indexes)
