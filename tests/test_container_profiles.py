"""compose.yaml's pgbouncer and replica: their own scripts, with this machine's programs in place of the images'."""

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from data_folders import reachable_folder
from fault_files import customers_file, visits_file
from fault_service import Service, free_port

ROOT = Path(__file__).parents[1]
BINARIES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = 'a "quoted" password'
REPLICATION_PASSWORD = "it's a password; of the tests"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        shutil.chown(made, *as_postgres())
        yield made


def as_postgres() -> tuple[str, str]:
    """Whose programs refuse to be run by root."""
    if not (BINARIES / "pg_basebackup").exists() or os.geteuid() != 0:
        pytest.skip("this takes Debian's postgresql-15, and root to run it as the user postgres")
    return "postgres", "postgres"


class Programs:
    """Runs a script as the user postgres, with the environment that the image would have, and nothing of ours."""

    def __init__(self, data: Path, port: int) -> None:
        self.port = port
        self.environment = {
            "PATH": f"{BINARIES}:{os.environ['PATH']}",
            "PGDATA": str(data),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGPASSWORD": PASSWORD,
            "POSTGRES_USER": "logistics",
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_DB": "logistics",
            "REPLICATION_PASSWORD": REPLICATION_PASSWORD,
        }
        self.started: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, **more: str) -> None:
        subprocess.run(words, env=self.environment | more, user="postgres", group="postgres", cwd="/", check=True)

    def start(self, *words: str, **more: str) -> None:
        self.started = subprocess.Popen(
            words, env=self.environment | more, user="postgres", group="postgres", cwd="/", stdin=subprocess.DEVNULL
        )

    def stop(self) -> None:
        if self.started is not None:
            self.started.terminate()
            self.started.wait(60)
            self.started = None

    def url_of(self, database: str) -> str:
        return f"postgresql://logistics:a%20%22quoted%22%20password@127.0.0.1:{self.port}/{database}"

    @property
    def url(self) -> str:
        return self.url_of("logistics")


async def connected(url: str) -> asyncpg.Connection:
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                return await asyncpg.connect(url)
            await asyncio.sleep(0.05)


class Database:
    """Queries to the server itself, whatever stands before it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: asyncpg.Connection | None = None

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        self.connection = self.connection or await connected(self.url)
        found: list[asyncpg.Record] = await self.connection.fetch(query, *arguments)
        return found

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        return (await self.fetch(query, *arguments))[0][0]

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()


OPTIONS = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Programs]:
    """As the image makes it: a superuser "logistics" with a password, its database, the script of initdb.d."""
    server = Programs(folder / "primary", free_port())
    with tempfile.NamedTemporaryFile("w", dir=folder) as secret:
        secret.write(PASSWORD)
        secret.flush()
        shutil.chown(secret.name, "postgres")
        words = ["initdb", "--username", "logistics", "--auth", "scram-sha-256", "--pwfile", secret.name]
        server.run(*words, "--encoding", "UTF8", "--no-sync")
    server.start("postgres", *OPTIONS, "-p", str(server.port))

    async def make() -> None:
        connection = await connected(server.url_of("postgres"))
        await connection.execute("CREATE DATABASE logistics")
        await connection.close()

    asyncio.run(make())
    yield server
    server.stop()


@pytest.fixture
async def service(folder: Path, database: Programs) -> AsyncIterator[Service]:
    running = Service(folder, database.url)
    yield running
    await running.close()


async def test_a_replica_takes_all_that_is_written_after_a_restart_too_and_refuses_to_write(
    folder: Path, database: Programs, service: Service
) -> None:
    script = ROOT / "deploy/postgres/replication.sh"
    for _ in range(2):  # as often as wanted
        database.run("bash", "-c", script.read_text())
    replica = Programs(folder / "replica" / "data", free_port())
    start = ["bash", "-c", (ROOT / "deploy/postgres/replica.sh").read_text(), "replica.sh"]
    words = [*start, *OPTIONS, "-p", str(replica.port)]
    to_primary = {"PRIMARY_HOST": "127.0.0.1", "PRIMARY_PORT": str(database.port)}
    file = customers_file(random.Random(1), 3000)
    sql = Database(database.url)
    service.start()
    await service.ready()
    await service.sign_in()
    try:
        replica.start(*words, **to_primary)
        await (await connected(replica.url)).close()
        load = await service.send(file)
        await service.loaded_exactly(sql, (load, file))
        await equal_rows(database, replica)

        replica.stop()
        visits = visits_file(random.Random(2), 2000, 3000)
        await service.loaded_exactly(sql, (load, file), (await service.send(visits), visits))
        replica.start(*words, **to_primary)
        await equal_rows(database, replica)
        connection = await connected(replica.url)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM customers")
        await connection.close()
    finally:
        await sql.close()
        replica.stop()


ROWS = "SELECT (SELECT count(*) FROM customers), (SELECT sum(id) FROM customers), (SELECT count(*) FROM services)"


async def equal_rows(database: Programs, replica: Programs) -> None:
    """Waits until the replica has replayed all that the primary has written, then compares."""
    primary, standby = await connected(database.url), await connected(replica.url)
    written = await primary.fetchval("SELECT pg_current_wal_lsn()::text")
    async with asyncio.timeout(60):
        while not await standby.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", written):
            await asyncio.sleep(0.05)
    assert await standby.fetchrow(ROWS) == await primary.fetchrow(ROWS)
    await primary.close()
    await standby.close()


async def test_the_service_loads_and_answers_through_pgbouncer_and_again_after_it_came_back(
    folder: Path, database: Programs
) -> None:
    if shutil.which("pgbouncer") is None:
        pytest.skip("no pgbouncer here (Debian's package of that name)")
    admin = await connected(database.url)
    await admin.execute("CREATE DATABASE bounced")
    await admin.close()
    run = folder / "pgbouncer"
    run.mkdir()
    shutil.chown(run, "postgres", "postgres")
    shutil.copytree(ROOT / "deploy/pgbouncer", folder / "etc")
    bouncer = Programs(folder / "primary", free_port())
    words = ["sh", str(folder / "etc/start.sh")]
    place = {"RUN_DIR": str(run), "LISTEN_PORT": str(bouncer.port)}
    place |= {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(database.port)}
    service = Service(folder, bouncer.url_of("bounced"), database_direct_url=database.url_of("bounced"))
    sql = Database(database.url_of("bounced"))
    file = customers_file(random.Random(3), 20_000)
    try:
        bouncer.start(*words, **place)
        service.start()
        await service.ready()
        await service.sign_in()
        load = await service.send(file)
        bouncer.stop()
        bouncer.start(*words, **place)
        await service.loaded_exactly(sql, (load, file))
        assert (await service.client.get("/v1/indicators/sla/angel")).status_code == 200
        assert service.broken() == []
    finally:
        await sql.close()
        await service.close()
        bouncer.stop()
