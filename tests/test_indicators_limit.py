"""`limit`: the first rows in the order asked for; and answers that are sent while they are made."""

import csv
import io
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import make_settings
from fastapi import FastAPI
from visits import random_visits, store, visit

from logistics_indicators.indicators import answers
from logistics_indicators.indicators.body_cache import BodyCache
from logistics_indicators.settings import Settings

TABLES = {
    **{f"/sla/{by}": f"sla_{by}" for by in ("angel", "polo", "uf")},
    "/productivity": "produtividade",
    **{f"/productivity/{by}": f"produtividade_{by}" for by in ("polo", "uf")},
    **{f"/backlog/{by}": f"backlog_{by}" for by in ("angel", "polo", "uf")},
    **{f"/lateness/{by}": f"lateness_{by}" for by in ("angel", "polo", "uf")},
    "/trend": "tendencia",
}


@pytest.fixture
async def stored(connection: asyncpg.Connection) -> None:
    await store(connection, random_visits(5, 600))


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> httpx.Response:
    answer = await client.get(f"/v1/indicators{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def test_every_table_of_the_document_is_tried(app: FastAPI) -> None:
    names = {
        path.removeprefix("/v1/indicators"): {entry["name"] for entry in item.get("get", {}).get("parameters", [])}
        for path, item in app.openapi()["paths"].items()
        if path.startswith("/v1/indicators")
    }
    lists = {path for path, found in names.items() if "cursor" in found}  # of pages
    assert {path for path, found in names.items() if found & {"limit", "sort_field"}} - lists == set(TABLES)


async def test_limit_leaves_the_first_rows_of_the_order_in_every_format(
    client: httpx.AsyncClient, stored: None
) -> None:
    for path, key in TABLES.items():
        for desc in ("true", "false"):
            everything = (await get(client, path, desc=desc)).json()
            first = (await get(client, path, desc=desc, limit=3)).json()
            assert first[key] == everything[key][:3], path
            assert first | {key: None} == everything | {key: None}, path
            assert (await get(client, path, desc=desc, limit=100_000)).json() == everything, path
        as_csv = await get(client, path, desc="false", limit=2, format="csv")
        assert len(list(csv.reader(io.StringIO(as_csv.text, newline="")))) == 3, path


async def test_a_limit_that_is_none_is_422(client: httpx.AsyncClient) -> None:
    for limit in ("0", "-1", "x", "", "99999999999", "1.5"):
        answer = await client.get("/v1/indicators/sla/angel", params={"limit": limit})
        assert answer.status_code == 422, limit
        assert answer.json()["errors"][0]["loc"] == ["query", "limit"]
    assert (await client.get("/v1/indicators/summary?limit=1")).status_code == 422


async def test_an_answer_that_is_sent_while_it_is_made_is_the_same(
    app: FastAPI, client: httpx.AsyncClient, stored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in TABLES:
        for limit in ({}, {"limit": 4}, {"limit": 5}, {"angel": "nobody"}):
            whole = await get(client, path, **limit)
            with monkeypatch.context() as patched:
                patched.setattr(answers, "MADE_AT_ONCE", 1000)
                patched.setattr(answers, "SLICE", 700)
                app.state.indicators.bodies = BodyCache()
                pieces = await get(client, path, **limit)
            assert pieces.content == whole.content, (path, limit)


async def test_an_answer_goes_in_pieces_of_so_many_bytes_however_long_its_rows_are() -> None:
    """A row's link repeats the filters of the request, so it may have ten kilobytes."""
    rows = [{"angel": f"Angel {number}", "visitas": "(" * 10_000} for number in range(300)]
    table = answers.Table("sla_angel", [], rows, {"tolerance_days": 0})
    pieces = [piece async for piece in answers.body_pieces(table, 7)]
    assert b"".join(pieces) == answers.table_body(table, 7)
    assert max(map(len, pieces)) < answers.SLICE + 20_000


async def test_many_bytes_are_sent_while_they_are_made_though_the_rows_are_few(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await store(
        connection, [visit(f"Angel {number}", "SP - SANTOS", "2021-05-03", "2021-05-03") for number in range(200)]
    )
    few, long = [{"polo": ["SP - SANTOS", *("(" * 180 + str(number) for number in range(most))]} for most in (1, 12)]
    short = await get(client, "/sla/angel", **few)
    assert (len(short.json()["sla_angel"]), "Content-Length" in short.headers) == (200, True)
    answer = await get(client, "/sla/angel", **long)
    assert (len(answer.json()["sla_angel"]), "Content-Length" in answer.headers) == (200, False)


async def test_a_streamed_answer_has_head_tag_and_304(
    client: httpx.AsyncClient, stored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MADE_AT_ONCE", 1000)
    url = "/v1/indicators/sla/angel?limit=7"
    got, headed = await client.get(url), await client.head(url)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["ETag"] == got.headers["ETag"]
    assert "Content-Length" not in got.headers
    assert len(got.json()["sla_angel"]) == 7
    again = await client.get(url, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for file in ("csv", "xlsx", "parquet"):
        known = await client.get(f"{url}&format={file}", headers={"If-None-Match": got.headers["ETag"]})
        assert known.status_code == 304, file


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is folded or looked for meanwhile, which would take a connection too."""
    return make_settings(database_url, rollup_fold_seconds=60, load_poll_seconds=60)


@pytest.mark.parametrize("format", ["json", "csv", "xlsx", "parquet"])
async def test_no_connection_is_held_while_an_answer_is_made_and_sent(
    app: FastAPI, client: httpx.AsyncClient, stored: None, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    in_use: list[int] = []
    make = answers.SlicedRows.__getitem__

    def watched(rows: answers.SlicedRows, which: Any) -> Any:
        in_use.append(app.state.pool.get_size() - app.state.pool.get_idle_size())
        return make(rows, which)

    monkeypatch.setattr(answers, "MADE_AT_ONCE", 1000)
    monkeypatch.setattr(answers, "SLICE", 700)
    monkeypatch.setattr(answers.SlicedRows, "__getitem__", watched)
    await get(client, "/sla/angel", format=format)
    assert set(in_use) == {0}
