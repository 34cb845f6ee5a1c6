"""What `scripts/serve --demo` shows: an account, files made and loaded over HTTP, and the three indicators."""

import argparse
import asyncio
import os
import secrets
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from logistics_indicators.client.connecting import ServiceError, body_of, remote_service
from logistics_indicators.client.load_tables import print_loads
from logistics_indicators.client.loading_options import LoadOptions
from logistics_indicators.client.progress import load_with_progress
from logistics_indicators.client.tables import output
from logistics_indicators.demo.files import ROWS, make_files
from logistics_indicators.demo.generating import positive
from logistics_indicators.running.serving import accounts_exist, origin_of, places, wait_until_ready
from logistics_indicators.settings import Settings

ROWS_SHOWN = 5
USERNAME = "demo"

console = Console(highlight=False, soft_wrap=True)


async def register(origin: str) -> str:
    """The password of the new account."""
    password = secrets.token_urlsafe(12)
    account = {"username": USERNAME, "email": "demo@example.com", "password": password}
    async with httpx.AsyncClient(base_url=origin) as client:
        body_of(await client.post("/v1/auth/register", json=account))
    return password


INDICATORS = (
    ("/v1/indicators/productivity", "produtividade"),
    ("/v1/indicators/sla/angel", "sla_angel"),
    ("/v1/indicators/sla/polo", "sla_polo"),
)
COLUMNS = {
    "angel": "angel",
    "polo": "polo",
    "total_de_atendimentos": "total",
    "total_de_atendimentos_no_prazo": "no prazo",
    "sla": "sla",
    "tempo_medio_atendimento": "tempo médio",
    "dias_uteis": "dias úteis",
    "produtividade": "produtividade",
}


async def show_indicators(client: httpx.AsyncClient) -> None:
    for path, name in INDICATORS:
        rows: list[dict[str, Any]] = body_of(await client.get(path))[name]
        columns = [key for key in COLUMNS if key in rows[0]]
        console.print(f"GET {path}, the first {ROWS_SHOWN} of {len(rows)}:")
        table = Table(box=SIMPLE_HEAD, show_edge=False)
        for key in columns:
            table.add_column(COLUMNS[key], justify="left" if key in ("angel", "polo") else "right", no_wrap=True)
        for row in rows[:ROWS_SHOWN]:
            table.add_row(*(str(row[key]) for key in columns))
        output().print(table, "")


async def demonstrate(origin: str, rows: int) -> None:
    if await accounts_exist(Settings()):
        console.print(places(origin))
        console.print(
            "There is an account already, so the demo makes none and loads nothing. Sign in with yours,\n"
            "or see the demo in a new folder: scripts/serve --demo --data-dir NEW_FOLDER"
        )
        return
    password = await register(origin)
    console.print(f"\n[bold]The demo's admin: username {USERNAME}, password {password}[/bold] (shown only here)")
    console.print(f"Making {rows:,} visits and their customers, and sending them to {origin}/v1/.../batch")
    with tempfile.TemporaryDirectory(prefix="logistics-demo-") as folder:
        files = make_files(Path(folder), rows)
        async with remote_service(origin, USERNAME, password) as client:
            loads, refused = await load_with_progress(client, files, LoadOptions())
            if refused is not None:
                raise refused
            print_loads(loads, as_json=False)
            await show_indicators(client)
    console.print(places(origin))
    console.print("Next: sign in there with the account above (Authorize). Ctrl-C stops the service.")


def lives(server: int) -> bool:
    try:
        return psutil.Process(server).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_it_listens(server: int, port: int) -> None:
    """So that what answers at the address is our service, and nobody else's account is made or filled."""
    try:
        process = psutil.Process(server)
        while not any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections("tcp")):
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        raise SystemExit(1) from None


def end_with(server: int) -> None:
    """When the service goes, so does the demo."""

    def watch() -> None:
        while True:
            if not lives(server):
                os._exit(1)
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)  # --demo is no short --demo-rows
    parser.add_argument("--server-pid", type=int, required=True)
    parser.add_argument("--demo-rows", type=positive, default=ROWS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data-dir", type=Path)
    arguments, _ = parser.parse_known_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the shell starts what runs in the background deaf to Ctrl-C
    end_with(arguments.server_pid)
    if arguments.data_dir:
        os.environ["DATA_DIR"] = str(arguments.data_dir.expanduser().absolute())
    origin = origin_of(arguments.host, arguments.port)
    wait_until_it_listens(arguments.server_pid, arguments.port)
    if not wait_until_ready(origin):
        raise SystemExit("The demo waited for the service in vain.")
    try:
        asyncio.run(demonstrate(origin, arguments.demo_rows))
    except (ServiceError, httpx.HTTPError) as error:
        raise SystemExit(f"The demo broke off: {error}") from error


if __name__ == "__main__":
    main()
