"""A Citus cluster in a folder for the moment: a coordinator and two workers, real servers, reached by their sockets."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest
from data_folders import reachable_folder
from other_servers import QUICK, empty_database

from logistics_indicators.running.embedded import EmbeddedPostgres

BINARIES = "TEST_CITUS_BIN"
OPTIONS = QUICK | {
    "shared_preload_libraries": "citus",
    "max_prepared_transactions": "50",
    "max_connections": "100",
    "citus.shard_count": "4",
    "citus.node_conninfo": "'sslmode=disable'",
    "citus.enable_statistics_collection": "off",
}


class CitusServer(EmbeddedPostgres):
    """Of the PostgreSQL whose programs TEST_CITUS_BIN names: it has the extension citus."""

    def _reachable_binaries(self) -> Path:
        return Path(os.environ[BINARIES])


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.coordinator = CitusServer(folder / "coordinator", OPTIONS)
        self.workers = [CitusServer(folder / f"worker{number}", OPTIONS) for number in (1, 2)]

    @property
    def servers(self) -> list[EmbeddedPostgres]:
        return [self.coordinator, *self.workers]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """URL of an empty database on the coordinator, which knows the workers' ones."""
        async with empty_database(self.coordinator.url("postgres")) as url:
            name = url.partition("?")[0].rpartition("/")[2]
            for server in self.servers:
                if server is not self.coordinator:
                    await _execute(server.url("postgres"), f"CREATE DATABASE {name}")
                await _execute(server.url(name), "CREATE EXTENSION citus")
            await _execute(url, f"SELECT citus_set_coordinator_host('{self.coordinator.socket_dir}')")
            for worker in self.workers:
                await _execute(url, f"SELECT citus_add_node('{worker.socket_dir}', 5432)")
            yield url
            for worker in self.workers:
                await _execute(worker.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def citus_cluster() -> Iterator[Cluster]:
    if BINARIES not in os.environ:
        pytest.skip(f"no Citus here: {BINARIES} names the folder of a PostgreSQL's programs that has the extension")
    with reachable_folder() as folder:
        cluster = Cluster(folder)
        for server in cluster.servers:
            server.start()
        try:
            yield cluster
        finally:
            for server in cluster.servers:
                server.stop()
