"""A primary and its streaming replica, both real, in folders of their own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from conftest import Settle
from data_folders import reachable_folder

from logistics_indicators.running.embedded import EmbeddedPostgres

OPTIONS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_wal_size": "256MB"}
AT_ONCE = {"max_standby_streaming_delay": "0"}
"""The replica lets nobody hold up what the primary did: who is in the way is cancelled."""


class Pair:
    def __init__(self, folder: Path) -> None:
        self.primary = EmbeddedPostgres(folder / "primary", OPTIONS)
        self.replica = EmbeddedPostgres(folder / "replica", OPTIONS | AT_ONCE)

    def start(self) -> None:
        self.primary.start()
        self.replica.bin_dir = self.primary.bin_dir
        self.replica.claim_folder()
        words = ["-h", str(self.primary.socket_dir), "-U", "postgres", "-D", str(self.replica.cluster_dir)]
        self.replica._run("pg_basebackup", *words, "-R", "-X", "stream", "-c", "fast")
        (self.replica.data_dir / "start.lock").touch()
        self.replica.start()

    async def on_primary(self, statement: str) -> None:
        await _execute(self.primary, statement)

    async def on_replica(self, statement: str) -> None:
        await _execute(self.replica, statement)

    async def ask_replica(self, question: str) -> Any:
        connection = await asyncpg.connect(self.replica.url())
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    @staticmethod
    def kill(server: EmbeddedPostgres) -> None:
        os.kill(server.postmaster_pid(), signal.SIGKILL)


async def _execute(server: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def replicating(settle: Settle | None) -> Iterator[Pair]:
    """Without `settle` it is made anew: those that are settled are, to each other, one and the same server."""
    with reachable_folder() as folder:
        if settle:
            settle(folder / "primary")
        pair = Pair(folder)
        pair.start()
        try:
            yield pair
        finally:
            pair.replica.stop()
            pair.primary.stop()
