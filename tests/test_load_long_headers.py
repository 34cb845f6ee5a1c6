"""A header may have hundreds of columns with long names: what is shown of them, and how many loads are on a page."""

import json
from typing import Any

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file

from logistics_indicators.http.paging import PAGE_BYTES

LONG = "um nome de coluna muito longo " * 9
OTHERS = [f"{LONG}{number}" for number in range(450)]
HEADER = ";".join(["id", "nome", "email", *OTHERS])
ROWS = "1;Ana;ana@mail.com" + ";" * 450 + "\nx;Bia;bia@mail.com" + ";" * 450 + "\n"


async def test_a_load_shows_some_of_a_long_header_and_keeps_all_of_it_for_the_file_of_rejects(
    client: httpx.AsyncClient,
) -> None:
    load = await load_file(client, "customers", f"{HEADER}\n{ROWS}")
    assert counts(load) == (2, 1, 0, 0, 1)
    assert (load["header"], load["columns"]["nome"]) == (f"{HEADER[:2000]}…", "nome")
    assert load["ignored"] == [f"{name[:100]}…" for name in OTHERS[:100]] + ["…"]
    events = await client.get(f"/v1/loads/{load['id']}/events")
    assert json.loads(events.text.split("data: ")[1].split("\n")[0])["ignored"] == load["ignored"]
    file = await client.get(f"/v1/loads/{load['id']}/rejects", params={"format": "csv"})
    assert file.text.splitlines()[0].endswith(HEADER)


async def loads_with_long_names(connection: asyncpg.Connection, number: int) -> None:
    """As loads before a bound on what is shown; every fifth has not ended."""
    await connection.execute(
        """
        INSERT INTO loads (kind, status, received_at, finished_at, bytes, sha256, encoding, delimiter, columns,
            column_names, ignored, chunks, username)
        SELECT 'customers', CASE WHEN n % 5 = 0 THEN 'received' ELSE 'completed' END, clock_timestamp(),
            CASE WHEN n % 5 <> 0 THEN clock_timestamp() - make_interval(hours => n % 7) END, 1, '', 'utf-8', ';',
            '{}', '{}', $2, 1, 'ana'
        FROM generate_series(1, $1) AS n
        """,
        number,
        OTHERS,
    )


async def pages(client: httpx.AsyncClient, sort: str) -> list[list[dict[str, Any]]]:
    """Each within the bound."""
    found, link = [], f"/v1/loads?limit=1000&sort={sort}"
    while link:
        page = await client.get(link)
        assert len(page.content) < 1.5 * PAGE_BYTES
        found.append(page.json()["loads"])
        assert page.json()["total_por_pagina"] == len(found[-1])
        link = page.json().get("proxima_pagina")
        assert ('rel="next"' in page.headers.get("Link", "")) == bool(link)
    return found


@pytest.mark.parametrize("sort", ["-id", "id", "finished_at", "-finished_at"])
async def test_a_page_of_loads_ends_at_some_megabytes_and_the_next_goes_on_after_it(
    connection: asyncpg.Connection, database_url: str, sort: str
) -> None:
    await loads_with_long_names(connection, 60)
    key = sort.removeprefix("-")
    order = f"{key} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST, id"
    wanted = [row["id"] for row in await connection.fetch(f"SELECT id FROM loads ORDER BY {order}")]
    async with client_with(connection, database_url, load_workers=0) as client:
        found = await pages(client, sort)
    assert [load["id"] for page in found for load in page] == wanted
    assert 2 < len(found) < 20
