"""The real service in a process of its own, which a test kills, freezes, ends and starts again."""

import asyncio
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import psutil
from fault_files import FaultFile, assert_loaded_exactly, leftovers
from nursery import shared_nursery

from logistics_indicators.__main__ import READ_AT_START
from logistics_indicators.errors import DATABASE_AWAY
from logistics_indicators.running.embedded import EmbeddedPostgres

SECRET = "a-secret-of-the-fault-tests-0123456789"
PASSWORD = "correct horse battery staple"
WELL = '"event": "request", "level": "info"'
ENDED = ("completed", "failed", "undone")

T = TypeVar("T")


def seeded() -> random.Random:
    """Chance of this run; FAULT_SEED repeats one (as far as the machine's own timing lets it)."""
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))
    print(f"FAULT_SEED={seed}")
    return random.Random(seed)


class Born:
    """A process that came from the nursery, as subprocess has those that it starts."""

    def __init__(self, told: int) -> None:
        """told: the pipe that the nursery gave for it."""
        self._told = os.fdopen(told, "rb", 0)
        self._process = psutil.Process(int(self._told.readline()))
        self.pid = self._process.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Service:
    """One API process. With no database_url it brings the embedded server, its data in folder/data.

    It comes from the nursery, which takes a fraction of the time; in a process that Python starts anew where that is
    `fresh`, or finds its modules elsewhere (PYTHONPATH).
    """

    def __init__(
        self, folder: Path, database_url: str | None = None, *, fresh: bool = False, **settings: object
    ) -> None:
        self.log = folder / f"service-{time.monotonic_ns()}.log"
        self.port = free_port()
        self.embedded = EmbeddedPostgres(folder / "data")
        self.database_url = database_url or self.embedded.url()
        changes = {"jwt_secret_key": SECRET, "load_poll_seconds": 0.2} | settings
        if database_url:
            changes["database_url"] = database_url
        self.environment = os.environ | {name.upper(): str(value) for name, value in changes.items()}
        self.arguments: tuple[str, ...] = (
            *("serve", "--port", str(self.port), "--no-announce"),
            *("--data-dir", str(self.embedded.data_dir)),
        )
        self.process: subprocess.Popen[bytes] | Born | None = None
        self.fresh = fresh
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False)

    def start(self) -> None:
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            if self.fresh or self.environment.get("PYTHONPATH") != os.environ.get("PYTHONPATH"):
                command = [sys.executable, "-m", "logistics_indicators", *self.arguments]
                self.process = subprocess.Popen(
                    command, env=self.environment, stdin=nothing, stdout=log, stderr=log, cwd="/"
                )
                return
            ends = nothing.fileno(), log.fileno(), log.fileno()
            self.process = Born(shared_nursery().bear(self.arguments, self.environment | READ_AT_START, "/", *ends))

    async def ready(self) -> None:
        """Wait until it answers."""
        await self.wait_for(self.answers, "the service answers", patiently=True)

    async def answers(self) -> bool:
        with suppress(httpx.TransportError):
            return (await self.client.get("/v1/health")).status_code == 200
        return False

    async def sign_in(self, username: str = "fault") -> None:
        """Make the account where it is new, and take its token."""
        account = {"username": username, "password": PASSWORD}
        await self.client.post("/v1/auth/register", json=account | {"email": f"{username}@example.com"})
        answer = await self.client.post("/v1/auth/login", json=account)
        assert answer.status_code == 200, answer.text
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def kill(self) -> None:
        """kill -9, frozen or not."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, seconds: float = 60) -> int:
        """Exit code, once the process has ended by itself."""
        process = self.process
        assert process is not None

        async def returncode() -> tuple[int] | None:
            code = process.poll()
            return None if code is None else (code,)

        code = (await self.wait_for(returncode, "the process ends", seconds))[0]
        self.process = None
        return code

    async def close(self) -> None:
        self.kill()
        await self.client.aclose()

    async def wait_for(
        self, check: Callable[[], Awaitable[T | None]], what: str, seconds: float = 300, *, patiently: bool = False
    ) -> T:
        """The first true result; fails with the log's end where it does not come.

        patiently: asked ever less often, for the work that is waited for needs the processor that a question takes.
        """
        deadline, pause = time.monotonic() + seconds, 0.01
        while not (result := await check()):
            if self.process is not None and self.process.poll() and what == "the service answers":
                raise AssertionError(f"The service ended with {self.process.returncode}.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"Not within {seconds:g} s: {what}.\n{self.log_tail()}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.3) if patiently else pause
        return result

    def log_tail(self, lines: int = 60) -> str:
        """Without the requests that went well."""
        told = [line for line in self.log.read_text(errors="replace").splitlines() if WELL not in line]
        return "\n".join(told[-lines:])

    def broken(self) -> list[str]:
        """Lines of the log that tell of something that nobody foresaw."""
        signs = '"status": 500', "load_step_failed", "load_worker_failed", "load_given_up"
        return [
            line for line in self.log.read_text(errors="replace").splitlines() if any(sign in line for sign in signs)
        ]

    async def get(self, path: str) -> Any:
        """The JSON of a 200; a 503 in between is asked again."""

        async def ask() -> httpx.Response | None:
            answer = await self.client.get(path)
            assert answer.status_code in (200, 503), answer.text
            return answer if answer.status_code == 200 else None

        return (await self.wait_for(ask, f"{path} answers")).json()

    # -- loads -----------------------------------------------------------------------------------------------

    async def send(self, file: FaultFile, **query: Any) -> int:
        """Id of the load, which was received."""
        answer = await self.client.post(
            f"/v1/{file.kind}/batch", content=file.content, headers={"Content-Type": "text/csv"}, params=query
        )
        assert answer.status_code == 202, answer.text
        return int(answer.json()["load"]["id"])

    async def load_ended(self, load_id: int) -> bool:
        """False also where the service or its database are away for the moment."""
        with suppress(httpx.TransportError):
            answer = await self.client.get(f"/v1/loads/{load_id}")
            return answer.status_code == 200 and answer.json()["status"] in ENDED
        return False

    async def until_load_ended(self, load_id: int) -> None:
        await self.wait_for(lambda: self.load_ended(load_id), f"load {load_id} ends", patiently=True)

    async def loaded_exactly(self, sql: Any, *loads: tuple[int, FaultFile]) -> None:
        """Wait for the loads' end; then everything must be as if nothing had happened."""
        for load_id, _ in loads:
            await self.until_load_ended(load_id)
        await assert_loaded_exactly(sql, list(loads), self.get)

        async def is_tidy() -> bool:
            return not await leftovers(sql)

        await self.wait_for(is_tidy, "the spool is gone and the indexes are there", patiently=True)


class Sql:
    """Queries to a database that may be away: each is asked again until it answers."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.connection: asyncpg.Connection | None = None

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async def ask() -> tuple[list[asyncpg.Record]] | None:
            try:
                if self.connection is None:
                    self.connection = await asyncpg.connect(self.service.database_url, timeout=10)
                return (await self.connection.fetch(query, *arguments),)
            except (*DATABASE_AWAY, OSError, TimeoutError):
                self.close()
                return None

        return (await self.service.wait_for(ask, "the database answers the test"))[0]

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        return (await self.fetch(query, *arguments))[0][0]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None


async def chunks_done(sql: Any) -> int:
    return int(await sql.fetchval("SELECT COALESCE(sum(chunks_done), 0) FROM loads"))


async def moments_of_the_loads(chance: random.Random, number: int, service: Service, sql: Any) -> AsyncIterator[None]:
    """Comes back at random moments spread over the loads under way, after at least a chunk more each time."""
    chunks = await sql.fetchval("SELECT sum(chunks) FROM loads")
    for moment in sorted(chance.uniform(0, 0.9) for _ in range(number)):
        goal = min(max(moment * chunks, await chunks_done(sql) + 1), chunks)

        async def is_reached(goal: float = goal) -> bool:
            return await chunks_done(sql) >= goal

        await service.wait_for(is_reached, f"{goal:g} of {chunks} chunks are done")
        await asyncio.sleep(chance.uniform(0, 0.03))  # any moment of a chunk
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
