"""What `backup`, `restore`, `migrate` and `grant-reader` do with this machine's database."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..running.dumps import read_backup, write_backup
from ..running.local_database import local_database
from ..running.logs import configure_logs_of_command
from ..running.migrations import migrate, newest_revision
from ..running.readers import grant_reader
from ..running.serving import use_data_dir
from .connecting import body_of
from .local_service import failures_told, local_service
from .prompts import ask_secret
from .running_work import outcome_of
from .tables import print_json, print_line
from .upkeep import DIFFERENCES
from .working import working


def run_backup(file: Path, data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> int:
        with working(f"Writing {file.name}", in_bytes=True) as told:
            write_backup(url, file, told)
        size = file.stat().st_size
        print_outcome({"file": str(file), "bytes": size}, f"{file}: {size:,} bytes", as_json)
        return 0

    return on_database(data_dir, work)


def run_restore(file: Path, data_dir: Path | None, as_json: bool, *, verify: bool) -> int:
    def work(url: str) -> int:
        with working(f"Reading {file.name}", in_bytes=True) as told:
            read_backup(url, file, told)
        answer: dict[str, object] = {"restored": str(file)}
        if verify:
            configure_logs_of_command()
            asyncio.run(migrate(url))
            answer |= asyncio.run(verified(data_dir))
        found = f"{answer['visits']:,} visits, {answer['differences']} differences. " if verify else ""
        print_outcome(answer, f"Restored. {found}Start the service on it.", as_json)
        return DIFFERENCES if answer.get("differences") else 0

    return on_database(data_dir, work, anew=True)


async def verified(data_dir: Path | None, database: str | None = None) -> dict[str, Any]:
    """How many visits there are, and how many of the indicators' sums are not what they say."""
    with working("Comparing the indicators with the visits"):
        async with local_service(data_dir, reading=True, database=database) as client:
            found = body_of(await client.get("/v1/indicators/verify"))
    return {name: found[name] for name in ("visits", "differences")}


def run_migrate(data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> int:
        configure_logs_of_command()
        with working("Bringing the schema up to date"):
            asyncio.run(migrate(url))
        revision = newest_revision()
        print_outcome({"revision": revision}, f"The database's schema is at {revision}.", as_json)
        return 0

    return on_database(data_dir, work, anew=True)


def run_grant_reader(name: str, data_dir: Path | None, password: str | None, as_json: bool) -> int:
    def run() -> int:
        secret = password or ask_secret(f"Password of {name}", "LOGISTICS_READER_PASSWORD", twice=True)
        return on_database(data_dir, lambda url: asyncio.run(grant_reader(url, name, secret)) or 0)

    failed = outcome_of(run)
    if not failed:
        print_outcome({"reader": name}, f"{name} reads the views bi_… and nothing else.", as_json)
    return failed


def on_database(data_dir: Path | None, work: Callable[[str], int], *, anew: bool = False) -> int:
    """What it gives, or what a failure does: the exit code. anew: a database that is not there is made."""

    def run() -> int:
        use_data_dir(data_dir)
        with failures_told(), local_database(anew=anew) as url:
            return work(url)

    return outcome_of(run)


def print_outcome(answer: dict[str, object], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        print_line(sentence)
