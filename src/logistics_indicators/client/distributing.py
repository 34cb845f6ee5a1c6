"""What `distribute` does: the visits onto the servers of a Citus cluster."""

import asyncio
from pathlib import Path

from ..running.distributing import Distributed, distribute
from ..running.migrations import check_schema
from ..running.moving import opened
from .database import on_database, print_outcome
from .working import working

DONE = """The visits lie on {servers} servers now, in {parts} parts, and the customers on each of them.
Start the service on this database, as before."""
NOTHING_TO_DO = "Nothing to do: the visits lie on {servers} servers already, in {parts} parts."


def run_distribute(data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> int:
        done = asyncio.run(_distribute(url))
        said = (DONE if done.anew else NOTHING_TO_DO).format(servers=done.servers, parts=done.parts)
        print_outcome({"distributed": done.anew, "servers": done.servers, "parts": done.parts}, said, as_json)
        return 0

    return on_database(data_dir, work)


async def _distribute(url: str) -> Distributed:
    await check_schema(url)
    async with opened(url) as connection:
        with working("Spreading the visits"):
            return await distribute(connection)
