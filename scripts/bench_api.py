#!/usr/bin/env python3
"""Measure the API over HTTP: p50, p99 and requests per second of every indicator, list, get and post.

    bench_api.py --data-dir /tmp/bench [--scale 10] [--seconds 5] [--port 8230]

Fills an embedded database of its own with 1,048,575 x scale visits (seeded; 1,500 angels, 140 polos; one year, or
five from scale 10 on), starts one worker, asks one question at a time over one kept-alive connection with ranges
and filters drawn anew for each request, so that no answer comes from the cache of bodies, and asks PostgreSQL the
same by GROUP BY over the rows. One line of JSON at the end. Needs the package installed (scripts/serve does that).
"""

import argparse
import asyncio
import http.client
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import polars as pl

from logistics_indicators.indicators.calendar.days import sync_calendar
from logistics_indicators.loads.kinds import STORED, Kind
from logistics_indicators.rollup.commits import Act, Commit
from logistics_indicators.rollup.merging import merge_everything
from logistics_indicators.rollup.names import with_ids
from logistics_indicators.rollup.writing import append_sums, sums_of
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.migrations import migrate

VISITS = 1_048_575
CUSTOMERS = 573_670
ANGELS = 1_500
POLOS = 140
STATES = ("CE", "SP", "BA", "RS", "SC", "DF", "GO", "MG", "RJ", "PE", "PR", "PA", "AM", "MA")
CHUNK = 90_000
LEAST_REQUESTS = 10
FIRST_DAY = date(2020, 7, 1)
PASSWORD = "a long enough passphrase for the bench"


@dataclass(frozen=True)
class Data:
    visits: int
    customers: int
    days: int
    angels: list[str]
    polos: list[str]


def data_of(scale: int) -> Data:
    polos = [f"{STATES[i % len(STATES)]} - POLO {i:03d}" for i in range(POLOS)]
    angels = [f"Conceição Wanderley {i:04d}" for i in range(ANGELS)]
    return Data(VISITS * scale, CUSTOMERS * scale, 365 if scale < 10 else 1826, angels, polos)


def visits_of(data: Data, chance: random.Random, first_id: int, number: int) -> pl.DataFrame:
    """Weights like Zipf's; an angel has one polo; 1% open, about 85% on time."""
    weights = [1 / math.sqrt(rank) for rank in range(1, ANGELS + 1)]
    angels = chance.choices(range(ANGELS), weights, k=number)
    days = [chance.randrange(data.days) for _ in range(number)]
    late = chance.choices([-5, -4, -3, -2, -1, 0, 1, 2, 3, 6, 12], [6, 10, 14, 18, 20, 17, 7, 4, 2, 1, 1], k=number)
    frame = pl.DataFrame({"angel_no": angels, "day": days, "late": late})
    seconds = pl.lit(pl.Series([chance.randrange(25_000, 80_000) for _ in range(number)]))
    visited = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("day"))
    return frame.select(
        pl.int_range(first_id, first_id + number, dtype=pl.Int64).alias("id"),
        (pl.col("angel_no") * 7919 % data.customers + 1).alias("id_cliente"),
        pl.col("angel_no").replace_strict(range(ANGELS), data.angels, return_dtype=pl.String).alias("angel"),
        pl.col("angel_no")
        .replace_strict(range(ANGELS), [data.polos[i % POLOS] for i in range(ANGELS)], return_dtype=pl.String)
        .alias("polo"),
        (visited - pl.duration(days=pl.col("late"))).cast(pl.Date).alias("data_limite"),
        pl.when(seconds % 100 > 0)
        .then((visited.cast(pl.Datetime("us")) + pl.duration(seconds=seconds)).cast(pl.Datetime("us")))
        .alias("data_de_atendimento"),
    )


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 256 * 1024):
        yield body[start : start + 256 * 1024]


async def copy_frame(connection: asyncpg.Connection, table: str, frame: pl.DataFrame) -> None:
    body = frame.write_csv(include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S").encode()
    await connection.copy_to_table(table, source=pieces(body), columns=frame.columns, format="csv")


async def fill(url: str, data: Data) -> float:
    """Fill an empty database as loads do, chunk by chunk, folding in between; the seconds that folding took."""
    connection = await asyncpg.connect(url, command_timeout=3600)
    await sync_calendar(connection)
    if await connection.fetchval("SELECT EXISTS (SELECT FROM services)"):
        await connection.close()
        return 0.0
    chance = random.Random(20_210_630)
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('services', 'customers') "
        "AND indexdef NOT LIKE '%UNIQUE%'"
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    await connection.execute("SET session_replication_role = replica")  # the rows are right: no look-up for each
    await connection.execute(
        "INSERT INTO customers (id, nome, email) SELECT i, 'Cliente ' || i, 'c' || i || '@example.com' "
        "FROM generate_series(1, $1) i",
        data.customers,
    )
    folding = 0.0
    for first in range(1, data.visits + 1, CHUNK):
        frame = visits_of(data, chance, first, min(CHUNK, data.visits - first + 1))
        async with connection.transaction():
            frame = await with_ids(connection, frame)
            await copy_frame(connection, "services", frame.select(STORED[Kind.services]))
            await append_sums(connection, Commit(Act.load), sums_of(frame, None))
        if first // CHUNK % 12 == 11:
            started = time.perf_counter()
            await merge_everything(connection)
            folding += time.perf_counter() - started
        print(f"\r{min(first + CHUNK, data.visits):,} visits", end="", file=sys.stderr)
    print("", file=sys.stderr)
    started = time.perf_counter()
    await merge_everything(connection)
    folding += time.perf_counter() - started
    await connection.execute("SELECT setval('services_id_seq', max(id)) FROM services")
    await connection.execute("SELECT setval('customers_id_seq', max(id)) FROM customers")
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return folding


class Client:
    """One kept-alive connection; the time of an answer includes its whole body."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[Any, float]:
        started = time.perf_counter()
        payload = None if body is None else json.dumps(body)
        self.connection.request(method, path, payload, {**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        content = response.read()
        spent = time.perf_counter() - started
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {content[:500]!r}")
        return (response, content), spent

    def sign_in(self) -> None:
        account = {"username": "bench", "email": "bench@example.com", "password": PASSWORD}
        try:
            self.ask("POST", "/v1/auth/register", account)
        except SystemExit as error:
            if " 409 " not in str(error):
                raise
        (_, content), _ = self.ask("POST", "/v1/auth/login", {"username": "bench", "password": PASSWORD})
        self.headers["Authorization"] = f"Bearer {json.loads(content)['access_token']}"


@dataclass(frozen=True)
class Question:
    name: str
    draw: Callable[[random.Random, Data], tuple[str, str, Any]]


def dates(chance: random.Random, data: Data) -> dict[str, str]:
    one, two = sorted(chance.randrange(data.days) for _ in range(2))
    return {
        "start_date": (FIRST_DAY + timedelta(days=one)).isoformat(),
        "end_date": (FIRST_DAY + timedelta(days=two)).isoformat(),
    }


def some_filter(chance: random.Random, data: Data) -> dict[str, str]:
    name = chance.choice(["angel", "polo", "uf"])
    values = {"angel": data.angels, "polo": data.polos, "uf": list(STATES)}
    return {name: chance.choice(values[name])}


def get(name: str, path: str, *draws: Callable[[random.Random, Data], dict[str, str]], **fixed: str) -> Question:
    def draw(chance: random.Random, data: Data) -> tuple[str, str, Any]:
        params = dict(fixed)
        for part in draws:
            params |= part(chance, data)
        return "GET", f"{path}?{urlencode(params)}", None

    return Question(name, draw)


def deep_page(chance: random.Random, data: Data) -> dict[str, str]:
    return {"offset": str(chance.randrange(data.visits // 2, data.visits - 30))}


def new_service(chance: random.Random, data: Data) -> tuple[str, str, Any]:
    angel = chance.randrange(ANGELS)
    day = FIRST_DAY + timedelta(days=chance.randrange(data.days))
    body = {
        "id_cliente": chance.randrange(1, data.customers),
        "angel": data.angels[angel],
        "polo": data.polos[angel % POLOS],
        "data_limite": day.isoformat(),
        "data_de_atendimento": datetime(day.year, day.month, day.day, 10).isoformat(),
    }
    return "POST", "/v1/services", body


I = "/v1/indicators"  # noqa: E741
QUESTIONS = [
    get("sla_angel", f"{I}/sla/angel", dates),
    get("sla_polo", f"{I}/sla/polo", dates),
    get("sla_uf", f"{I}/sla/uf", dates),
    get("productivity", f"{I}/productivity", dates),
    get("productivity_polo", f"{I}/productivity/polo", dates),
    get("productivity_uf", f"{I}/productivity/uf", dates),
    get("productivity_calendar_uf", f"{I}/productivity", dates, calendario="uf"),
    get("sla_angel_filtered", f"{I}/sla/angel", dates, some_filter),
    get("productivity_filtered", f"{I}/productivity", dates, some_filter),
    get("sla_angel_tolerance", f"{I}/sla/angel", dates, tolerance_days="2"),
    get("trend_month_angel", f"{I}/trend", dates, bucket="month", by="angel", metric="sla"),
    get("trend_week_uf", f"{I}/trend", dates, bucket="week", by="uf", metric="sla"),
    get("trend_day_one_angel", f"{I}/trend", dates, lambda c, d: {"angel": c.choice(d.angels)}, bucket="day"),
    get("backlog_angel", f"{I}/backlog/angel", lambda c, d: {"as_of": dates(c, d)["end_date"]}),
    get("lateness_angel", f"{I}/lateness/angel", dates),
    get("summary", f"{I}/summary", dates),
    get("services_list", "/v1/services", lambda c, d: {"limit": str(c.randrange(29, 32))}),
    get("services_filtered", "/v1/services", some_filter),
    get("services_deep_offset", "/v1/services", deep_page),
    Question("service_get", lambda c, d: ("GET", f"/v1/services/{c.randrange(1, d.visits)}", None)),
]


def figures(times: list[float]) -> dict[str, float]:
    times = sorted(times)
    return {
        "min_ms": round(1000 * times[0], 2),
        "p50_ms": round(1000 * times[len(times) // 2], 2),
        "p99_ms": round(1000 * times[min(len(times) - 1, int(len(times) * 0.99))], 2),
        "per_second": round(len(times) / sum(times), 1),
        "requests": len(times),
    }


def measure(client: Client, question: Question, data: Data, seconds: float) -> dict[str, float]:
    chance = random.Random(question.name)
    times: list[float] = []
    until = time.perf_counter() + seconds
    for _ in range(10):
        client.ask(*question.draw(chance, data))
    while time.perf_counter() < until or len(times) < LEAST_REQUESTS:
        times.append(client.ask(*question.draw(chance, data))[1])
    return figures(times)


def measure_fixed(client: Client, method: str, path: str, seconds: float, **headers: str) -> dict[str, float]:
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < LEAST_REQUESTS:
        times.append(client.ask(method, path, headers=headers)[1])
    return figures(times)


def measure_deep_cursor(client: Client, data: Data, seconds: float) -> dict[str, float]:
    """The keyset link that follows a page in the depth of the list."""
    (_, content), _ = client.ask("GET", f"/v1/services?offset={data.visits // 2}")
    return measure_fixed(client, "GET", json.loads(content)["proxima_pagina"], seconds)


GROUP_BY = """
SELECT angel, count(*), count(*) FILTER (WHERE data_de_atendimento::date <= data_limite),
       sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento))
FROM visits WHERE data_de_atendimento >= $1::date AND data_de_atendimento < $2::date + 1 GROUP BY angel
"""


async def measure_group_by(url: str, data: Data, seconds: float) -> dict[str, float]:
    """The same ranges as sla_angel, computed from the rows."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    chance = random.Random("sla_angel")
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < LEAST_REQUESTS:
        days = dates(chance, data)
        started = time.perf_counter()
        await connection.fetch(GROUP_BY, *(date.fromisoformat(day) for day in days.values()))
        times.append(time.perf_counter() - started)
    await connection.close()
    return figures(times)


def check_against_rows(client: Client, rows: list[asyncpg.Record], path: str) -> None:
    (_, content), _ = client.ask("GET", path)
    shown = {
        r["angel"]: (r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"])
        for r in json.loads(content)["sla_angel"]
    }
    if shown != {row[0]: (row[1], row[2]) for row in rows}:
        raise SystemExit(f"{path} differs from the GROUP BY over the rows")


async def group_by(url: str, first: date, last: date) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(GROUP_BY, first, last)
        return rows
    finally:
        await connection.close()


def start_worker(data_dir: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATA_DIR": str(data_dir), "LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "logistics_indicators", "serve", "--port", str(port)]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    for _ in range(300):
        try:
            Client(port).ask("GET", "/openapi.json")
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        else:
            return worker
    worker.kill()
    raise SystemExit("the worker does not answer")


def run(arguments: argparse.Namespace, url: str, data: Data) -> dict[str, Any]:
    client = Client(arguments.port)
    client.sign_in()
    chance = random.Random(1)
    for _ in range(5):
        days = dates(chance, data)
        client.connection.close()  # the server would, after idle seconds of the next query
        rows = asyncio.run(group_by(url, *(date.fromisoformat(day) for day in days.values())))
        check_against_rows(client, rows, f"{I}/sla/angel?{urlencode(days)}")
    results: dict[str, Any] = {}
    for question in QUESTIONS:
        if not arguments.only or any(word in question.name for word in arguments.only.split(",")):
            results[question.name] = measure(client, question, data, arguments.seconds)
            print(f"{question.name:28} {results[question.name]}", file=sys.stderr)
    (response, _), _ = client.ask("GET", f"{I}/sla/angel")
    etag = response.headers["ETag"]
    results["sla_angel_304"] = measure_fixed(
        client, "GET", f"{I}/sla/angel", arguments.seconds, **{"If-None-Match": etag}
    )
    results["sla_angel_cached"] = measure_fixed(client, "GET", f"{I}/sla/angel", arguments.seconds)
    results["services_deep_cursor"] = measure_deep_cursor(client, data, arguments.seconds)
    results["service_post"] = measure(client, Question("service_post", new_service), data, arguments.seconds)
    results["group_by_angel_sql"] = asyncio.run(measure_group_by(url, data, arguments.seconds))
    if "sla_angel" in results:
        results["group_by_ratio"] = round(results["group_by_angel_sql"]["p50_ms"] / results["sla_angel"]["p50_ms"], 1)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the bench's own database; kept")
    parser.add_argument("--scale", type=int, default=1, help="times 1,048,575 visits")
    parser.add_argument("--seconds", type=float, default=5, help="for each question")
    parser.add_argument("--port", type=int, default=8230)
    parser.add_argument("--only", default="", help="questions whose names hold one of these words, by commas")
    arguments = parser.parse_args()
    data = data_of(arguments.scale)
    server = EmbeddedPostgres(arguments.data_dir)
    server.start()
    try:
        asyncio.run(migrate_and_report(server.url(), data))
        worker = start_worker(arguments.data_dir, arguments.port)
        try:
            results = run(arguments, server.url(), data)
        finally:
            worker.terminate()
            worker.wait(30)
    finally:
        server.stop()
    load = [round(value, 2) for value in os.getloadavg()]
    print(json.dumps({"scale": arguments.scale, "visits": data.visits, "load_average": load, "results": results}))


async def migrate_and_report(url: str, data: Data) -> None:
    await migrate(url)
    started = time.perf_counter()
    folding = await fill(url, data)
    print(f"filled in {time.perf_counter() - started:.1f} s, of it folding {folding:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
