"""Clients of all kinds at once, who send nothing twice, know what must be stored at the end, and count what fails."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
import tus
from fault_files import (
    FIRST_DAY,
    POLOS,
    FaultFile,
    Row,
    assert_indicators_are_exact,
    assert_rejected_exactly,
    customers_file,
    visits_file,
)
from load_client import counts

from logistics_indicators.loads.kinds import KINDS, Kind
from logistics_indicators.loads.models import ENDED

CUSTOMERS = 2000
ROWS_OF_A_FILE = 6_000
PIECES = 16
"""Of a resumable upload."""

PAUSE = 0.02
"""Between two requests of a client, seconds: the machine is to be busy, not full."""

HIGHEST_ID = 900_000_000
"""Files bring ids far above those that single visits get; each file's are below those of the file before."""

LISTS = (
    "/v1/services?limit=100",
    "/v1/services?polo=SP%20-%20SANTOS&sort=-data_limite",
    "/v1/services/total?uf=CE",
    "/v1/customers?nome_contem=novo",
    "/v1/loads",
)


class MixedLoad:
    """The clients, what they sent by kind, what of it failed, and the rows that must be there."""

    def __init__(self, chance: random.Random, authorization: str, make_client: Callable[[], httpx.AsyncClient]) -> None:
        self._chance = chance
        self._authorization = authorization
        self._make_client = make_client
        self._over = asyncio.Event()
        self._numbers, self._files = count(1), count(1)
        self.sent: Counter[str] = Counter()
        self.failed: list[str] = []
        self.loads: list[tuple[int, FaultFile]] = []
        self.customers: dict[int, Row] = {}
        self.visits: dict[int, Row] = {}

    @asynccontextmanager
    async def going_on(self, *, rows_alone: bool = False) -> AsyncIterator[None]:
        """All kinds of clients, while the block runs; each then ends what it has begun.

        rows_alone: without files and streams.
        """
        single = (self._read_lists, self._read_indicators, self._write, self._write, self._write_customers)
        others = () if rows_alone else (self._load, self._upload, self._watch)
        async with asyncio.TaskGroup() as group:
            for work in (*single, *others):
                group.create_task(self._as_client(work))
            try:
                yield
            finally:
                self._over.set()

    async def has_written(self) -> bool:
        return len(self.customers) > 5 and len(self.visits) > 5

    async def bring_customers(self) -> None:
        async with self._client() as client:
            await self._send_file(client, "load", customers_file(self._chance, CUSTOMERS))

    async def _as_client(self, work: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        """Again and again. A failure is noted, and the client goes on with something new."""
        async with self._client() as client:
            while not self._over.is_set():
                await work(client)
                await asyncio.sleep(PAUSE)

    def _client(self) -> httpx.AsyncClient:
        client = self._make_client()
        client.headers["Authorization"] = self._authorization
        return client

    async def _ask(
        self, client: httpx.AsyncClient, kind: str, method: str, path: str, expect: int, **more: Any
    ) -> httpx.Response | None:
        """None where it failed."""
        self.sent[kind] += 1
        started = datetime.now().time()
        try:
            answer = await client.request(method, path, **more)
        except httpx.TransportError as error:
            self._note(f"{started} {method} {path}: {error!r}")
            return None
        if answer.status_code != expect:
            self._note(f"{started} {method} {path}: {answer.status_code} {answer.text[:300]}")
            return None
        return answer

    def _note(self, failure: str) -> None:
        print(failure, flush=True)
        self.failed.append(failure)

    # -- readers ---------------------------------------------------------------------------------------------

    async def _read_lists(self, client: httpx.AsyncClient) -> None:
        await self._ask(client, "lists", "GET", self._chance.choice(LISTS), 200)
        if self.visits:
            visit = self._chance.choice(list(self.visits))
            await self._ask(client, "lists", "GET", f"/v1/services/{visit}", 200)

    async def _read_indicators(self, client: httpx.AsyncClient) -> None:
        name = self._chance.choice(("productivity", "sla/angel", "sla/polo", "summary"))
        last = FIRST_DAY + timedelta(days=self._chance.randrange(120))
        params = {"start_date": str(FIRST_DAY), "end_date": str(last)}
        await self._ask(client, "indicators", "GET", f"/v1/indicators/{name}", 200, params=params)

    async def _watch(self, client: httpx.AsyncClient) -> None:
        """A stream's end is no failure, if it is one: a stream that breaks off is."""
        self.sent["streams"] += 1
        try:
            async with client.stream("GET", "/v1/events") as stream:
                if stream.status_code != 200:
                    self._note(f"GET /v1/events: {stream.status_code}")
                async for _ in stream.aiter_bytes():
                    if self._over.is_set():
                        return
        except httpx.TransportError as error:
            self._note(f"GET /v1/events: {error!r}")

    # -- writers of single rows ------------------------------------------------------------------------------

    async def _write(self, client: httpx.AsyncClient) -> None:
        if visit := await self._new_visit(client, "POST", "/v1/services", 201):
            assert visit[0] not in self.visits
            self.visits[visit[0]] = visit
            if changed := await self._new_visit(client, "PUT", f"/v1/services/{visit[0]}", 200):
                self.visits[visit[0]] = changed

    async def _write_customers(self, client: httpx.AsyncClient) -> None:
        number = next(self._numbers)
        name, email = f"Novo {number}", f"novo{number}@example.com"
        customer = await self._ask(client, "single", "POST", "/v1/customers", 201, json={"nome": name, "email": email})
        if customer is not None:
            key = customer.json()["id"]
            assert key not in self.customers
            self.customers[key] = (key, name, email, None)

    async def _new_visit(self, client: httpx.AsyncClient, method: str, path: str, expect: int) -> Row | None:
        limit = FIRST_DAY + timedelta(days=self._chance.randrange(120))
        done = datetime(limit.year, limit.month, limit.day, 10) + timedelta(hours=self._chance.randrange(-90, 90))
        row = (self._chance.randrange(1, CUSTOMERS + 1), "Anjo Avulso", self._chance.choice(POLOS), limit, done)
        names = ("id_cliente", "angel", "polo", "data_limite", "data_de_atendimento")
        values = (*row[:3], limit.isoformat(), done.isoformat())
        body = dict(zip(names, values, strict=True))
        answer = await self._ask(client, "single", method, path, expect, json=body)
        return None if answer is None else (answer.json()["id"], *row)

    # -- files -----------------------------------------------------------------------------------------------

    async def _load(self, client: httpx.AsyncClient) -> None:
        await self._send_file(client, "load", self._new_file())

    async def _upload(self, client: httpx.AsyncClient) -> None:
        """Resumable, in pieces that may each meet another process."""
        file = self._new_file()
        content, kind = file.content, "upload"
        headers = tus.RESUMABLE | {"Upload-Length": str(len(content))} | tus.metadata(kind=file.kind)
        created = await self._ask(client, kind, "POST", "/v1/uploads", 201, headers=headers)
        answer, size = created, len(content) // PIECES + 1
        for start in range(0, len(content), size):
            if answer is None or created is None:
                return
            piece, at = content[start : start + size], tus.BYTES | {"Upload-Offset": str(start)}
            answer = await self._ask(client, kind, "PATCH", created.headers["location"], 204, content=piece, headers=at)
            await asyncio.sleep(PAUSE * 10)
        if answer is not None:
            await self._until_loaded(client, kind, tus.load_id_of(answer), file)

    def _new_file(self) -> FaultFile:
        first = HIGHEST_ID - next(self._files) * 20 * ROWS_OF_A_FILE
        return visits_file(self._chance, ROWS_OF_A_FILE, CUSTOMERS, first)

    async def _send_file(self, client: httpx.AsyncClient, kind: str, file: FaultFile) -> None:
        headers = {"Content-Type": "text/csv"}
        path = f"/v1/{file.kind}/batch"
        answer = await self._ask(client, kind, "POST", path, 202, content=file.content, headers=headers)
        if answer is not None:
            await self._until_loaded(client, kind, answer.json()["load"]["id"], file)

    async def _until_loaded(self, client: httpx.AsyncClient, kind: str, load_id: int, file: FaultFile) -> None:
        self.loads.append((load_id, file))
        while True:
            load = await self._ask(client, kind, "GET", f"/v1/loads/{load_id}", 200)
            if load is not None and load.json()["status"] in ENDED:
                return
            await asyncio.sleep(PAUSE * 10)

    # -- the end ---------------------------------------------------------------------------------------------

    async def assert_everything_is_there_once(self, sql: Any) -> None:
        """Each row that was answered for, as it was written last, and no other; and indicators that say the same."""
        async with self._client() as client:

            async def get(path: str) -> Any:
                answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                return answer.json()

            expected = {Kind.customers: dict(self.customers), Kind.services: dict(self.visits)}
            for load_id, file in self.loads:
                report = await get(f"/v1/loads/{load_id}")
                assert (report["status"], counts(report)) == ("completed", file.counts)
                await assert_rejected_exactly(sql, report, file)
                expected[Kind(file.kind)] |= file.rows
            for kind, table in ((Kind.customers, "customers"), (Kind.services, "visits")):
                names = ", ".join(column.name for column in KINDS[kind].columns)
                found = {row[0]: tuple(row) for row in await sql.fetch(f"SELECT {names} FROM {table}")}
                assert found == expected[kind], kind
            await assert_indicators_are_exact(sql, get)
            assert (await get("/v1/indicators/verify"))["differences"] == 0

    def figures(self) -> str:
        """What was sent and stored, for a person."""
        requests = ", ".join(f"{number} {kind}" for kind, number in sorted(self.sent.items()))
        rows = sum(len(file.rows) for _, file in self.loads)
        single = len(self.customers) + len(self.visits)
        return (
            f"requests: {self.sent.total()} ({requests}), failed: {len(self.failed)}; "
            f"rows: {rows} from {len(self.loads)} files, {single} one by one"
        )
