"""Processes of the service behind a real haproxy, with the configuration that is in deploy/haproxy."""

import asyncio
import csv
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fault_service import Service, free_port

from logistics_indicators.running.migrations import newest_revision

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "deploy/haproxy/haproxy.cfg"
STATISTICS = "global\n    stats socket {socket} mode 600 level user\n"
PROCESSES = 3
SETTINGS = {
    "drain_seconds": re.findall(r"DRAIN_SECONDS=(\d+)", CONFIGURATION.read_text())[0],
    "forwarded_allow_ips": "127.0.0.1",
    "access_token_minutes": 120,
    "load_workers": 1,
    "load_chunk_bytes": 128 * 1024,
}

ADDITIVE = '''"""A later version's: it only adds."""

from alembic import op

revision = "{new}"
down_revision = "{old}"


def upgrade() -> None:
    for table in ("customers", "services", "loads", "users"):
        op.execute(f"ALTER TABLE {{table}} ADD COLUMN of_a_later_version text")
'''


class Proxy:
    """One haproxy and the processes behind it."""

    def __init__(self, folder: Path, services: Sequence[Service]) -> None:
        self.services = services
        self.url = f"http://127.0.0.1:{free_port()}"
        self._socket = folder / "haproxy.sock"
        self._statistics = folder / "statistics.cfg"
        self._statistics.write_text(STATISTICS.format(socket=self._socket))
        self._log = folder / "haproxy.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        ports = [service.port for service in self.services] + [free_port()] * (PROCESSES - len(self.services))
        addresses = {f"PROCESS_{number}": f"127.0.0.1:{port}" for number, port in enumerate(ports, 1)}
        environment = os.environ | {"LISTEN": self.url.removeprefix("http://")} | addresses
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["haproxy", "-db", "-f", str(CONFIGURATION), "-f", str(self._statistics)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def until(self, state: str, *services: Service) -> None:
        """Until haproxy has found them UP, or DOWN."""
        names = {f"process-{self.services.index(service) + 1}" for service in services}

        async def found() -> bool:
            states = await self._states()
            return all(states.get(name) == state for name in names)

        await services[0].wait_for(found, f"haproxy finds {', '.join(sorted(names))} {state}\n{self._log.read_text()}")

    async def _states(self) -> dict[str, str]:
        """Of each process, as haproxy has it."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except (FileNotFoundError, ConnectionRefusedError):
            return {}
        writer.write(b"show stat\n")
        lines = (await reader.read()).decode().removeprefix("# ").splitlines()
        writer.close()
        return {
            row["svname"]: row["status"].split()[0] for row in csv.DictReader(lines) if row["pxname"] == "processes"
        }

    def client(self, **more: object) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=120, trust_env=False, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def behind_haproxy(
    folder: Path, database_url: str, processes: int = PROCESSES, **settings: object
) -> AsyncIterator[Proxy]:
    """haproxy, once it has found all of them ready. Skips where there is no haproxy."""
    if shutil.which("haproxy") is None:
        pytest.skip("this takes haproxy, which scripts/test installs where it can")
    async with AsyncExitStack() as stack:
        services = [Service(folder, database_url, **(SETTINGS | settings)) for _ in range(processes)]
        for service in services:
            stack.push_async_callback(service.close)
            service.start()
        proxy = Proxy(folder, services)
        stack.callback(proxy.stop)
        proxy.start()
        for service in services:
            await service.ready()
        await proxy.until("UP", *services)
        yield proxy


async def restart(proxy: Proxy, service: Service) -> None:
    """As an operator does: the next one only once this one is back."""
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0, service.log_tail()
    service.start()
    await service.ready()
    await proxy.until("UP", service)


def later_version(folder: Path) -> Path:
    """Source of a version that is this one but for a further migration; to be put in PYTHONPATH."""
    source = folder / "later"
    for name in ("src", "alembic"):  # with what Python has compiled, which it would take each process seconds to do
        shutil.copytree(ROOT / name, source / name)
    old = newest_revision()
    new = f"{int(old) + 1:04}"
    (source / f"alembic/versions/{new}_later.py").write_text(ADDITIVE.format(new=new, old=old))
    return source / "src"
