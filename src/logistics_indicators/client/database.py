"""What `backup`, `restore`, `migrate` and `grant-reader` do with this machine's database."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ..running.dumps import read_backup, write_backup
from ..running.local_database import local_database
from ..running.logs import configure_logs
from ..running.migrations import migrate, newest_revision
from ..running.readers import grant_reader
from ..running.serving import use_data_dir
from .local_service import failures_told
from .prompts import ask_secret
from .running_work import outcome_of
from .tables import print_json, print_line
from .working import working


def run_backup(file: Path, data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> None:
        with working(f"Writing {file.name}", in_bytes=True) as told:
            write_backup(url, file, told)
        size = file.stat().st_size
        _print({"file": str(file), "bytes": size}, f"{file}: {size:,} bytes", as_json)

    return _on_database(data_dir, work)


def run_restore(file: Path, data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> None:
        with working(f"Reading {file.name}"):
            read_backup(url, file)
        _print({"restored": str(file)}, "Restored. Start the service on it.", as_json)

    return _on_database(data_dir, work)


def run_migrate(data_dir: Path | None, as_json: bool) -> int:
    def work(url: str) -> None:
        configure_logs("error")
        with working("Bringing the schema up to date"):
            asyncio.run(migrate(url))
        revision = newest_revision()
        _print({"revision": revision}, f"The database's schema is at {revision}.", as_json)

    return _on_database(data_dir, work)


def run_grant_reader(name: str, data_dir: Path | None, password: str | None, as_json: bool) -> int:
    def run() -> int:
        secret = password or ask_secret(f"Password of {name}", "LOGISTICS_READER_PASSWORD", twice=True)
        return _on_database(data_dir, lambda url: asyncio.run(grant_reader(url, name, secret)))

    failed = outcome_of(run)
    if not failed:
        _print({"reader": name}, f"{name} reads the views bi_… and nothing else.", as_json)
    return failed


def _on_database(data_dir: Path | None, work: Callable[[str], None]) -> int:
    def run() -> int:
        use_data_dir(data_dir)
        with failures_told(), local_database() as url:
            work(url)
        return 0

    return outcome_of(run)


def _print(answer: dict[str, object], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        print_line(sentence)
