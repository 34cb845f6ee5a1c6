#!/usr/bin/env python3
"""How long the files take in three parts each, all at once: through one process, and through three on one database.

    .venv/bin/python scripts/bench_processes.py                    # 573,670 customers and 1,048,575 visits
    .venv/bin/python scripts/bench_processes.py --scale 0.05

Each turn begins with an empty database on an embedded server of the bench's own. It ends once every load has ended, and
is good only if each row is there once and `verify` finds no difference. Prints a JSON line.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from logistics_indicators.running.embedded import EmbeddedPostgres

SCRIPTS = Path(__file__).parent
ROWS, CUSTOMERS = 1_048_575, 573_670
PARTS = 3
DATABASE = "bench_processes"
ACCOUNT = {"username": "bench", "email": "bench@example.com", "password": "a long password of the bench"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1, help="times 1,048,575 visits")
    parser.add_argument("--port", type=int, default=8620, help="the first of three")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="li-processes-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server is another user's
        parts = make_parts(folder, arguments.scale)
        server = EmbeddedPostgres(folder / "data")
        server.start()
        try:
            figures = {n: asyncio.run(turn(server, parts, arguments.port, n)) for n in (1, PARTS)}
        finally:
            server.stop()
    print(json.dumps({"scale": arguments.scale, "seconds": figures, "load_average": os.getloadavg()[0]}))


def make_parts(folder: Path, scale: float) -> dict[str, list[bytes]]:
    """By kind: the file's records in three files, each with the header where there is one."""
    files = {kind: folder / f"{kind}.csv" for kind in ("services", "customers")}
    generate = [sys.executable, str(SCRIPTS / "generate_data.py")]
    sizes = ["--rows", str(int(ROWS * scale)), "--customers", str(int(CUSTOMERS * scale))]
    subprocess.run([*generate, "services", *sizes, "--output", str(files["services"])], check=True)
    source = ["--from", str(files["services"])]
    subprocess.run([*generate, "customers", *source, "--output", str(files["customers"])], check=True)
    return {kind: split(path.read_bytes()) for kind, path in files.items()}


def split(content: bytes) -> list[bytes]:
    lines = content.splitlines(keepends=True)
    header = lines.pop(0) if lines[0].startswith(b"id") else b""
    size = -(-len(lines) // PARTS)
    return [header + b"".join(lines[start : start + size]) for start in range(0, len(lines), size)]


async def turn(server: EmbeddedPostgres, parts: dict[str, list[bytes]], port: int, processes: int) -> float:
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {DATABASE}")
    await admin.close()
    secret = "a-secret-of-the-bench-alone-0123456789"
    url = server.url(DATABASE)
    environment = os.environ | {"DATABASE_URL": url, "JWT_SECRET_KEY": secret, "LOG_LEVEL": "warning"}
    serve = [sys.executable, "-m", "logistics_indicators", "serve", "--no-announce", "--port"]
    started = [subprocess.Popen([*serve, str(port + n)], env=environment) for n in range(processes)]  # noqa: ASYNC220
    clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port + n}", timeout=600) for n in range(processes)]
    try:
        return await load_all(clients, parts)
    finally:
        for client in clients:
            await client.aclose()
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(60)


async def load_all(clients: list[httpx.AsyncClient], parts: dict[str, list[bytes]]) -> float:
    for client in clients:
        await until_ready(client)
    await clients[0].post("/v1/auth/register", json=ACCOUNT)
    signed_in = await clients[0].post("/v1/auth/login", json={k: ACCOUNT[k] for k in ("username", "password")})
    for client in clients:
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
    began = time.monotonic()
    for kind in ("customers", "services"):  # a file of visits sent before its customers would be rejected
        await asyncio.gather(*(send(clients[n % len(clients)], kind, part) for n, part in enumerate(parts[kind])))
    await until_loaded(clients[0])
    seconds = time.monotonic() - began
    await check(clients[0], parts)
    return round(seconds, 2)


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(300):
        while True:
            try:
                if (await client.get("/v1/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def send(client: httpx.AsyncClient, kind: str, part: bytes) -> None:
    answer = await client.post(f"/v1/{kind}/batch", content=part, headers={"Content-Type": "text/csv"})
    if answer.status_code != 202:
        raise SystemExit(f"{kind}: {answer.status_code} {answer.text}")


async def until_loaded(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(3600):
        while any(load["status"] in ("received", "loading") for load in await loads(client)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def loads(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/loads")).json()["loads"]
    return found


async def check(client: httpx.AsyncClient, parts: dict[str, list[bytes]]) -> None:
    """Each row of the files was stored or rejected, stored ones are there once, and the sums say the same."""
    ended = await loads(client)
    for kind, contents in parts.items():
        of_kind = [load for load in ended if load["kind"] == kind]
        read = sum(load["rows_read"] for load in of_kind)
        inserted = sum(load["rows_inserted"] for load in of_kind)
        total = (await client.get(f"/v1/{kind}/total")).json()["total"]
        sent = sum(content.count(b"\n") - content.startswith(b"id") for content in contents)
        if (read, inserted, {load["status"] for load in of_kind}) != (sent, total, {"completed"}):
            raise SystemExit(f"{kind}: sent {sent}, read {read}, inserted {inserted}, there are {total}")
    differences = (await client.get("/v1/indicators/verify")).json()["differences"]
    if differences:
        raise SystemExit(f"the sums differ from the visits in {differences} places")


if __name__ == "__main__":
    main()
