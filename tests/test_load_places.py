"""Files that are read apart take turns: nobody's keep all places, and a wait ends with an answer that says so."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pyarrow
import pyarrow.parquet
import pytest
from conftest import client_of, make_settings, running_app
from fastapi import FastAPI
from load_client import client_with, counts, load_file, send, token_of

from logistics_indicators.loads.receiving import apart, swelling

NDJSON = b'{"id": 1, "nome": "Ana", "email": "ana@mail.com"}\n'
CSV = "1;Ana;ana@mail.com;\n"
SLOW_READER = """
import json, os, sys, time
folder = sys.argv[1]
open(f"{folder}/{os.getpid()}", "w").close()
while not os.path.exists(f"{folder}/go"):
    time.sleep(0.01)
print(json.dumps({"sheet": None, "warnings": []}))
print("id;nome;email")
print("1;Ana;ana@mail.com")
"""


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[FastAPI]:
    async with running_app(make_settings(database_url, load_reader_wait_seconds=0.3)) as running:
        yield running


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a file for each file that is being read; none ends before there is one named go."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", SLOW_READER, str(tmp_path)))
    return tmp_path


async def until_read(reading: Path, files: int) -> None:
    async with asyncio.timeout(60):
        while len(list(reading.iterdir())) < files:
            await asyncio.sleep(0.01)


async def client_of_another(app: FastAPI, connection: asyncpg.Connection) -> httpx.AsyncClient:
    return client_of(app, await token_of(app, connection))


async def test_a_user_s_files_take_one_place_and_leave_the_other_to_others(
    app: FastAPI, connection: asyncpg.Connection, reading: Path
) -> None:
    ana, bia = [await client_of_another(app, connection) for _ in range(2)]
    async with ana, bia, asyncio.TaskGroup() as group:
        of_ana = group.create_task(send(ana, "customers", NDJSON))
        await until_read(reading, 1)
        second = await send(ana, "customers", NDJSON)
        assert (second.status_code, second.headers["Retry-After"]) == (429, "30")
        assert "of yours" in second.json()["detail"]
        of_bia = group.create_task(send(bia, "customers", NDJSON))
        await until_read(reading, 2)
        (reading / "go").touch()
        assert [(await task).status_code for task in (of_ana, of_bia)] == [202, 202]
        assert (await send(ana, "customers", NDJSON)).status_code == 202


async def test_where_others_have_all_places_a_file_is_answered_503_and_csv_is_taken(
    app: FastAPI, connection: asyncpg.Connection, reading: Path
) -> None:
    ana, bia, rui = [await client_of_another(app, connection) for _ in range(3)]
    async with ana, bia, rui, asyncio.TaskGroup() as group:
        group.create_task(send(ana, "customers", NDJSON))
        group.create_task(send(bia, "customers", NDJSON))
        await until_read(reading, 2)
        answer = await send(rui, "customers", NDJSON)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "of others" in answer.json()["detail"]
        assert counts(await load_file(rui, "customers", CSV)) == (1, 1, 0, 0, 0)
        (reading / "go").touch()


async def test_a_file_waits_for_the_one_before_it(
    database_url: str, connection: asyncpg.Connection, reading: Path
) -> None:
    async with client_with(connection, database_url) as client, asyncio.TaskGroup() as group:
        first = group.create_task(send(client, "customers", NDJSON))
        await until_read(reading, 1)
        second = group.create_task(send(client, "customers", NDJSON))
        (reading / "go").touch()
        assert [(await task).status_code for task in (first, second)] == [202, 202]


def equal_rows(rows: int) -> bytes:
    """Few kB of Parquet that are very many rows."""
    nome = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int8()), ["x" * 200])
    email = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int8()), ["a@b.co"])
    table = pyarrow.table({"id": pyarrow.array([1] * rows, pyarrow.int8()), "nome": nome, "email": email})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


async def test_few_bytes_that_become_very_many_rows_are_refused(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    content = equal_rows(swelling.ALWAYS // 200)
    assert len(content) < 100_000
    answer = await send(client, "customers", content)
    assert (answer.status_code, "200 times" in answer.json()["detail"]) == (413, True)
    assert await connection.fetchval("SELECT count(*) FROM loads") == 0
    assert counts(await load_file(client, "customers", CSV)) == (1, 1, 0, 0, 0)


async def test_many_equal_rows_are_read_as_long_as_they_are_no_flood(client: httpx.AsyncClient) -> None:
    content = equal_rows(20_000)
    assert len(content) * swelling.MOST_TIMES < 20_000 * 200
    assert counts(await load_file(client, "customers", content)) == (20_000, 1, 0, 19_999, 0)
