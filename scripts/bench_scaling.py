#!/usr/bin/env python3
"""What grows with the number of visits, and how: loads, indicators, disk, memory, merging.

    .venv/bin/python scripts/bench_scaling.py --data-dir /tmp/scaling --files 1 10 50

One service, one process, on its embedded PostgreSQL. File after file of 1,048,575 visits comes in, five for each year,
the years backwards from 2020/21, with ids of their own, of the same 573,670 customers, 1,500 angels and 140 polos. When
there are as many files as --files says, it measures and prints a JSON line (docs/scaling.md has the table):

load_s, peak_mb     of the files since the line before, from the first byte to `completed`: median, and the largest
small_load_ms       5,000 rows of other ids into what is there, from their last byte
merge_s             until nothing of the last load waits to be merged
reads               p50 and p99 in ms, a hundred questions each, one at a time, none asked before
disk_mb             tables with their indexes

Run again with more files it goes on from what the folder holds.
"""

import argparse
import json
import os
import random
import re
import statistics
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
from bench_load import SMALL_ROWS, Bench, make_files, service, with_other_ids

from logistics_indicators.loads.kinds import Kind

FILES_A_YEAR = 5
QUESTIONS = 100
YEAR = re.compile(rb"\b202[01]\b")
DISK = """
SELECT json_object_agg(name, mb) FROM (
    SELECT regexp_replace(relname, '^(rollup|load).*', '\\1') AS name,
           round(sum(pg_total_relation_size(oid)) / 1048576.0) AS mb
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1
    HAVING sum(pg_total_relation_size(oid)) > 1048576) sizes
"""

INDICATORS = ("sla/angel", "sla/polo", "productivity", "summary", "lateness/angel", "trend")
TEMPLATES = {name: f"/v1/indicators/{name}?{{span}}" for name in INDICATORS} | {
    "sla/angel, everything": "/v1/indicators/sla/angel?{everything}",
    "visit": "/v1/services/{id}",
    "visits of an angel": "/v1/services?angel=Sergio%20Oliveira%201456&limit={limit}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--files", type=int, nargs="+", default=[1, 10, 50], help="when to measure")
    parser.add_argument("--port", type=int, default=8598)
    arguments = parser.parse_args()
    files = make_files(arguments.data_dir / "scale-1", 1)
    with service(arguments.data_dir / "data", arguments.port) as bench:
        loaded = files_loaded(bench)
        if not loaded:
            bench.timed_load(Kind.customers, files["customers"])
        for number in sorted(arguments.files):
            if number > loaded:
                loads = [load(bench, files["services"], index) for index in range(loaded, number)]
                loaded = number
                print(json.dumps(measured(bench, files["services"], number, loads)), flush=True)


def files_loaded(bench: Bench) -> int:
    counted = "SELECT count(*) FROM loads WHERE kind = 'services' AND status = 'completed' AND rows_inserted > 1000000"
    return int(bench.psql("logistics", counted))


def load(bench: Bench, source: Path, index: int) -> tuple[float, float, float]:
    """(seconds, those of merging after it, the process's peak in MB)"""
    bench.sign_in()
    path = source.with_name("next.csv")
    path.write_bytes(of_year(source, index))
    _, seconds, _, peak = bench.timed_load(Kind.services, path)
    started = time.perf_counter()
    bench.wait_for_merge()
    return seconds, time.perf_counter() - started, peak


def of_year(source: Path, index: int) -> bytes:
    """The same visits so many years before, with other ids."""
    years = index // FILES_A_YEAR
    moved = source.with_name("moved.csv")
    with_other_ids(source, moved, index * 10**7, None)
    return YEAR.sub(lambda year: str(int(year[0]) - years).encode(), moved.read_bytes())


def measured(bench: Bench, source: Path, number: int, loads: list[tuple[float, float, float]]) -> dict[str, Any]:
    small = source.with_name("small.csv")
    with_other_ids(source, small, 10**12 + number * 10**7, SMALL_ROWS)
    figures = {
        "files": number,
        "visits": int(bench.psql("logistics", "SELECT count(*) FROM services")),
        "load_s": round(statistics.median(seconds for seconds, _, _ in loads), 1),
        "peak_mb": round(max(peak for _, _, peak in loads)),
        "merge_s": round(loads[-1][1], 1),
        "small_load_ms": round(bench.small_load(small)),
    }
    bench.wait_for_merge()
    bench.sign_in()
    return figures | {
        "reads": {name: asked(bench, template, number) for name, template in TEMPLATES.items()},
        "disk_mb": json.loads(bench.psql("logistics", DISK)),
        "rollup_rows": int(bench.psql("logistics", "SELECT count(*) FROM rollup")),
        "resting_mb": round(psutil.Process(bench.process.pid).memory_info().rss / 2**20),
        "cores": psutil.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def drawn(template: str, chance: random.Random, files: int) -> str:
    """A path that was not asked before, of the years that there are."""
    first = date(2020 - (files - 1) // FILES_A_YEAR, 7, 1)
    days = (date(2021, 6, 30) - first).days
    start, end = sorted(first + timedelta(chance.randrange(days)) for _ in range(2))
    return template.format(
        span=f"start_date={start}&end_date={end}",
        everything=f"start_date={first - timedelta(chance.randrange(5000))}",
        id=chance.randrange(1, 1_048_575),
        limit=chance.randrange(20, 99),
    )


def asked(bench: Bench, template: str, files: int) -> dict[str, float]:
    chance = random.Random(1)
    times = []
    for _ in range(QUESTIONS):
        path = drawn(template, chance, files)
        started = time.perf_counter()
        status, answer = bench.call("GET", path)
        times.append((time.perf_counter() - started) * 1000)
        if status != 200:
            raise SystemExit(f"{path}: {status} {answer}")
    return {"p50": round(statistics.median(times), 1), "p99": round(statistics.quantiles(times, n=100)[98], 1)}


if __name__ == "__main__":
    main()
