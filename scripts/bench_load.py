#!/usr/bin/env python3
"""How long a load takes, against psql's own \\copy of the already normalised file, on the same server.

    .venv/bin/python scripts/bench_load.py --pairs 3            # 573,670 customers and 1,048,575 visits
    .venv/bin/python scripts/bench_load.py --pairs 1 --scale 10

Ours runs from the first byte of the POST to `completed`; psql's copy goes into a table of another database of
the same server, with the same columns, keys, indexes and foreign key. The two take turns, each from empty
tables, after a checkpoint and with nothing else under way. A pair has four stages:

first              both files into empty tables, ours and psql's
beside_get         ours once more beside a reader that gets one customer fifty times a second, for the latency: that
                   time counts in no ratio (`…_read_s`)
beside_indicators  the visits beside a reader of indicators (angels, polos and productivity, of a day, a month and
                   everything, a range that was not asked before), who goes on for thirty seconds after it
filled             into tables that hold the first files: as many other visits (ours and psql's), the same file again,
                   and 5,000 rows, whose time counts from their last byte

Each stage's figures are printed and kept as they come; --continue takes those of a run that was cut off. Prints a JSON
line with medians at the end; the peak of memory is the largest of all.
"""

import argparse
import asyncio
import http.client
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

from logistics_indicators.copying import copy_text
from logistics_indicators.loads.formats import FileFormat
from logistics_indicators.loads.kinds import COLUMNS, Kind
from logistics_indicators.loads.parsing.chunk import parse_chunk
from logistics_indicators.loads.parsing.headers import read_opening
from logistics_indicators.loads.receiving.cutting import Cutter
from logistics_indicators.rollup.tables import SUM_TABLE_NAMES
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.migrations import migrate

SCRIPTS = Path(__file__).parent
ROWS, CUSTOMERS = 1_048_575, 573_670
BASELINE = "bench_psql"
PASSWORD = "a long password of the bench"
KINDS = (Kind.customers, Kind.services)
AFTER_LOAD_SECONDS = 30
NATURAL = (
    "DROP VIEW visits, bi_atendimentos",
    'ALTER TABLE services ALTER COLUMN angel_id TYPE text COLLATE "C", ALTER COLUMN polo_id TYPE text COLLATE "C"',
    "ALTER TABLE services RENAME COLUMN angel_id TO angel",
    "ALTER TABLE services RENAME COLUMN polo_id TO polo",
)
"""psql's copy goes into the table that the file is: with names, as one would have it without us."""

SECOND, SMALL_ROWS = "services_second", 5_000
SMALL = [f"services_small_{number}" for number in range(5)]
OTHER_IDS = {SECOND: 10**11} | {name: 10**12 + number * 10**7 for number, name in enumerate(SMALL)}
ROW_TABLES = ("customers", "services", "loads", "load_chunks", "load_rejects", "load_touched_ids")
TABLES = ", ".join((*ROW_TABLES, "rollup_recent", "rollup_waiting", *SUM_TABLE_NAMES))
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3, help="turns of ours and psql's")
    parser.add_argument("--scale", type=int, default=1, help="times 1,048,575 visits")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "logistics-indicators-bench")
    parser.add_argument("--port", type=int, default=8599)
    parser.add_argument("--continue", dest="goes_on", action="store_true", help="with what a run before it measured")
    arguments = parser.parse_args()
    folder = arguments.folder / f"scale-{arguments.scale}"
    files = make_files(folder, arguments.scale)
    kept = Kept(folder / "figures.jsonl", goes_on=arguments.goes_on)
    with service(arguments.folder / "data", arguments.port) as bench:
        stages = bench.stages()
        for pair in range(arguments.pairs):
            for name in stages:
                if (pair, name) not in kept.figures:
                    kept.add(pair, name, stages[name](files))
    pairs = [kept.of_pair(pair) for pair in range(arguments.pairs)]
    print(json.dumps(summary(pairs, arguments.scale), indent=None))


class Kept:
    """The figures of each pair's stages, in a file as they come."""

    def __init__(self, path: Path, *, goes_on: bool) -> None:
        self.path = path
        self.figures: dict[tuple[int, str], Figures] = {}
        if goes_on and path.exists():
            entries = [json.loads(line) for line in path.read_text().splitlines()]
            self.figures = {(entry["pair"], entry["stage"]): entry["figures"] for entry in entries}
        else:
            path.write_text("")

    def add(self, pair: int, stage: str, figures: Figures) -> None:
        self.figures[pair, stage] = figures
        line = json.dumps({"pair": pair, "stage": stage, "figures": {key: round(v, 3) for key, v in figures.items()}})
        print(line, file=sys.stderr, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")

    def of_pair(self, pair: int) -> Figures:
        """Of all its stages; a peak that several have is the largest."""
        figures: Figures = {}
        for (number, _), part in self.figures.items():
            if number == pair:
                peaks = {key: max(part[key], figures[key]) for key in part.keys() & figures.keys()}
                figures |= part | peaks
        return figures


def make_files(folder: Path, scale: int) -> dict[str, Path]:
    """The files as they come, and normalised for psql; made once and kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {str(kind): folder / f"{kind}.csv" for kind in KINDS}
    generate = [sys.executable, str(SCRIPTS / "generate_data.py")]
    if not files["services"].exists():
        sizes = ["--rows", str(ROWS * scale), "--customers", str(CUSTOMERS * scale)]
        subprocess.run([*generate, "services", *sizes, "--output", str(files["services"])], check=True)
    if not files["customers"].exists():
        source = ["--from", str(files["services"])]
        subprocess.run([*generate, "customers", *source, "--output", str(files["customers"])], check=True)
    for kind in KINDS:
        files[f"{kind}.tsv"] = folder / f"{kind}.tsv"
        if not files[f"{kind}.tsv"].exists():
            normalise(kind, files[kind], files[f"{kind}.tsv"])
    for name, more in OTHER_IDS.items():
        files[name], files[f"{name}.tsv"] = folder / f"{name}.csv", folder / f"{name}.tsv"
        if not files[f"{name}.tsv"].exists():
            with_other_ids(files["services"], files[name], more, SMALL_ROWS if name in SMALL else None)
            normalise(Kind.services, files[name], files[f"{name}.tsv"])
    return files


def with_other_ids(source: Path, target: Path, more: int, rows: int | None) -> None:
    """The first rows of a file of visits, or all, with ids that are so much greater."""
    with source.open() as file, target.open("w") as out:
        out.write(next(file))
        for line in itertools.islice(file, rows):
            visit_id, rest = line.split(";", 1)
            out.write(f"{int(visit_id) + more};{rest}")


def normalise(kind: Kind, source: Path, target: Path) -> None:
    with source.open("rb") as file, target.open("wb") as out:
        header = file.readline().decode()
        file.seek(0)
        opening = read_opening(kind, header, None, {})
        assert opening is not None
        cutter = Cutter(8 * 2**20, opening.layout, opening.first_line)
        ended = False
        while not ended:
            data = file.read(2**20)
            ended = not data
            cutter.add(data)
            chunk = cutter.cut(final=ended) if cutter.is_full or ended else None
            if chunk is not None:
                fmt = FileFormat(kind, opening.layout, "utf-8")
                parsed = parse_chunk(chunk.body, chunk.first_line, chunk.seq == 0, fmt, cutter.long_records)
                out.writelines(copy_text(parsed.rows.select(COLUMNS[kind])))


@contextmanager
def service(data_dir: Path, port: int) -> Iterator["Bench"]:
    """The real service, one worker process, on its embedded PostgreSQL."""
    command = [sys.executable, "-m", "logistics_indicators", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    # polars, which this program uses too, puts its own settings of the allocator into the environment
    inherited = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    environment = inherited | {"LOG_LEVEL": "warning"}
    process = subprocess.Popen(command, env=environment)
    server = EmbeddedPostgres(data_dir)
    try:
        bench = Bench(process, server, port)
        bench.prepare()
        yield bench
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        server.stop()


class Bench:
    def __init__(self, process: subprocess.Popen[bytes], server: EmbeddedPostgres, port: int) -> None:
        self.process = process
        self.server = server
        self.port = port
        self.token = ""

    def prepare(self) -> None:
        deadline = time.monotonic() + 60
        while not self.is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the service does not come up")
            time.sleep(0.1)
        self.server.start()
        account = {"username": "bench", "email": "bench@example.com", "password": PASSWORD}
        self.call("POST", "/v1/auth/register", account)
        self.sign_in()
        self.psql("postgres", f"DROP DATABASE IF EXISTS {BASELINE}", f"CREATE DATABASE {BASELINE}")
        asyncio.run(migrate(self.server.url(BASELINE)))
        self.psql(BASELINE, *NATURAL)

    def sign_in(self) -> None:
        """Anew for each stage: a token lives for fifteen minutes."""
        login = {"username": "bench", "password": PASSWORD}
        self.token = self.call("POST", "/v1/auth/login", login)[1]["access_token"]

    def is_healthy(self) -> bool:
        try:
            return self.call("GET", "/v1/health")[0] == 200
        except OSError:
            return False

    def call(self, method: str, path: str, body: Any = None, connection: Any = None) -> tuple[int, Any]:
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body)
        connection.request(method, path, data, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None

    def psql(self, database: str, *statements: str) -> str:
        commands = [word for statement in statements for word in ("-c", statement)]
        program = [str(self.server.bin_dir / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.server.url(database)]
        done = subprocess.run([*program, *commands], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"psql ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def settle(self) -> None:
        """Empty tables, a checkpoint behind us, nothing under way."""
        self.sign_in()
        for database in ("logistics", BASELINE):
            self.psql(database, f"TRUNCATE {TABLES} CASCADE")
        self.wait_for_merge()
        self.psql("logistics", "CHECKPOINT")

    def wait_for_merge(self) -> None:
        while self.psql("logistics", "SELECT count(*) FROM rollup_waiting").strip() != "0":
            time.sleep(0.2)

    def stages(self) -> dict[str, Callable[[dict[str, Path]], Figures]]:
        return {
            "first": self.first,
            "beside_get": self.beside_get,
            "beside_indicators": self.load_beside_indicators,
            "filled": self.filled,
        }

    def first(self, files: dict[str, Path]) -> Figures:
        figures: Figures = {}
        self.settle()
        for kind in KINDS:
            self.psql("logistics", "CHECKPOINT")
            figures |= self.load(kind, files[kind])
            self.wait_for_merge()
        for kind in KINDS:
            figures[f"{kind}_psql_s"] = self.baseline(kind, files[f"{kind}.tsv"])
            figures[f"{kind}_ratio"] = figures[f"{kind}_s"] / figures[f"{kind}_psql_s"]
        return figures

    def beside_get(self, files: dict[str, Path]) -> Figures:
        figures: Figures = {}
        self.settle()
        for kind in KINDS:
            figures |= self.load_beside_a_reader(kind, files[kind])
            self.wait_for_merge()
        return figures

    def filled(self, files: dict[str, Path]) -> Figures:
        self.settle()
        for kind in KINDS:
            self.timed_load(kind, files[kind])
            self.wait_for_merge()
            self.baseline(kind, files[f"{kind}.tsv"])
        self.psql("logistics", "CHECKPOINT")
        second, again = "services_second", "services_again"
        figures = {f"{second}_s": self.timed_load(Kind.services, files[SECOND])[1]}
        self.wait_for_merge()
        figures[f"{second}_psql_s"] = self.baseline(Kind.services, files[f"{SECOND}.tsv"])
        figures[f"{second}_ratio"] = figures[f"{second}_s"] / figures[f"{second}_psql_s"]
        figures[f"{again}_s"] = self.timed_load(Kind.services, files[Kind.services])[1]
        self.wait_for_merge()
        return figures | self.small_loads(files)

    def small_loads(self, files: dict[str, Path]) -> Figures:
        """Medians of several small files: from the last byte until completed, and psql's copy of the rows."""
        ours = [self.small_load(files[name]) for name in SMALL]
        copies = [self.small_copy(files[f"{name}.tsv"]) for name in SMALL]
        return {
            "services_small_after_ms": statistics.median(ours),
            "services_small_psql_ms": statistics.median(copies),
        }

    def small_load(self, path: Path) -> float:
        """Milliseconds from a small file's last byte until its load is seen to be completed.

        Who asks every 5 ms takes a quarter of the time from the load, which answers; every 20 ms, next to nothing.
        """
        load, _, sent = self.post_file(Kind.services, path)
        self.wait_for(load["id"], pause=0.02)
        return (time.perf_counter() - sent) * 1000

    def small_copy(self, normalised: Path) -> float:
        """Milliseconds that psql's copy takes by its own clock: to start psql is no part of them."""
        columns = ", ".join(COLUMNS[Kind.services])
        said = self.psql(BASELINE, "\\timing on", f"\\copy services ({columns}) from '{normalised}'")
        return float(said.split()[1])

    def load_beside_indicators(self, files: dict[str, Path]) -> Figures:
        self.settle()
        self.timed_load(Kind.customers, files[Kind.customers])
        reader = Reader(self, indicator_paths(), pause=0.05)
        reader.start()
        _, seconds, _, _ = self.timed_load(Kind.services, files[Kind.services])
        during = len(reader.latencies)
        time.sleep(AFTER_LOAD_SECONDS)
        reader.stop()
        self.wait_for_merge()
        return {
            "services_indicators_s": seconds,
            **reader.figures("indicators_during", 0, during),
            **reader.figures("indicators_after", during),
        }

    def baseline(self, kind: Kind, normalised: Path) -> float:
        """Seconds that psql's copy takes."""
        self.psql("logistics", "CHECKPOINT")
        columns = ", ".join(COLUMNS[kind])
        started = time.perf_counter()
        self.psql(BASELINE, f"\\copy {kind} ({columns}) from '{normalised}'")
        seconds = time.perf_counter() - started
        self.psql(BASELINE, f"VACUUM ANALYZE {kind}")
        return seconds

    def load(self, kind: Kind, path: Path) -> Figures:
        load, seconds, received, peak = self.timed_load(kind, path)
        return {
            f"{kind}_s": seconds,
            f"{kind}_202_s": received,
            f"{kind}_rows_per_s": load["rows_read"] / seconds,
            f"{kind}_peak_mb": peak,
        }

    def load_beside_a_reader(self, kind: Kind, path: Path) -> Figures:
        known = self.call("GET", "/v1/customers?limit=1")[1]["clientes"]
        reader = Reader(self, itertools.repeat(f"/v1/customers/{known[0]['id'] if known else 1}"))
        reader.start()
        _, seconds, _, peak = self.timed_load(kind, path)
        reader.stop()
        return {f"{kind}_read_s": seconds, **reader.figures(f"{kind}_get"), f"{kind}_peak_mb": peak}

    def timed_load(self, kind: Kind, path: Path) -> tuple[Any, float, float, float]:
        """(the load, its seconds, those until the 202, the process's peak in MB)"""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")  # the peak counts from here
        started = time.perf_counter()
        load, received, _ = self.post_file(kind, path)
        load = self.wait_for(load["id"])
        seconds = time.perf_counter() - started
        if load["status"] != "completed" or load["rows_rejected"]:
            raise SystemExit(f"the load did not complete: {load}")
        return load, seconds, received, self.peak_mb()

    def post_file(self, kind: Kind, path: Path) -> tuple[Any, float, float]:
        """(the load, seconds until the 202, the moment when the last byte was sent)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600, blocksize=2**18)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "text/csv",
            "Content-Length": str(path.stat().st_size),
        }
        started = time.perf_counter()
        with path.open("rb") as file:
            connection.request("POST", f"/v1/{kind}/batch", file, headers)
            sent = time.perf_counter()
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status != 202:
            raise SystemExit(f"the file was not taken: {answer}")
        return answer["load"], time.perf_counter() - started, sent

    def wait_for(self, load_id: int, pause: float = 0.1) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while True:
            load = self.call("GET", f"/v1/loads/{load_id}", connection=connection)[1]
            if load["status"] in ("completed", "failed"):
                return load
            time.sleep(pause)

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def indicator_paths() -> Iterator[str]:
    chance = random.Random(1)
    first = date(2020, 7, 1)
    for route in itertools.cycle(["sla/angel", "sla/polo", "productivity"]):
        day = first + timedelta(chance.randrange(365))
        spans = [
            (day, day),
            (day.replace(day=1), day.replace(day=28)),
            (first - timedelta(chance.randrange(9999)), None),
        ]
        for start, end in spans:
            yield f"/v1/indicators/{route}?start_date={start}{f'&end_date={end}' if end else ''}"


class Reader(threading.Thread):
    """GETs one path after the other over one connection, and keeps the latencies in ms."""

    def __init__(self, bench: Bench, paths: Iterator[str], pause: float = 0.02) -> None:
        super().__init__(daemon=True)
        self.bench = bench
        self.paths = paths
        self.pause = pause
        self.latencies: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=60)
        while not self.ended.wait(self.pause):
            path = next(self.paths)
            started = time.perf_counter()
            self.bench.call("GET", path, connection=connection)
            self.latencies.append((time.perf_counter() - started) * 1000)

    def stop(self) -> None:
        self.ended.set()
        self.join()

    def figures(self, name: str, first: int = 0, last: int | None = None) -> Figures:
        part = self.latencies[first:last]
        if len(part) < 2:
            return {}
        return {f"{name}_p50_ms": statistics.median(part), f"{name}_p99_ms": statistics.quantiles(part, n=100)[98]}


def summary(pairs: list[Figures], scale: int) -> dict[str, Any]:
    figures = {
        key: round((max if key.endswith("peak_mb") else statistics.median)(pair[key] for pair in pairs), 3)
        for key in pairs[0]
    }
    return {"bench": "load", "scale": scale, "pairs": len(pairs), "cores": psutil.cpu_count(), **figures}


if __name__ == "__main__":
    main()
