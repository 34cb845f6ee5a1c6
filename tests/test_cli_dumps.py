"""backup and restore: what goes in comes out, in another folder, with the service none the wiser."""

import asyncio
import stat
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from command_line import Run, run_command
from conftest import SAMPLES, Settle
from data_folders import reachable_folder
from waiting import blocked_by

from logistics_indicators.live.watcher import CURRENT_VERSION
from logistics_indicators.running.dumps import write_backup
from logistics_indicators.running.embedded import EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


def run(*words: object, data_dir: Path) -> subprocess.CompletedProcess[str]:
    outcome = asyncio.run(run_command(*words, DATA_DIR=str(data_dir)))
    return subprocess.CompletedProcess([*map(str, words)], outcome.code, outcome.out, outcome.err)


def count_rows(data_dir: Path) -> tuple[int, ...]:
    return first_row(
        data_dir, "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM angels WHERE name <> '')"
    )


def first_row(data_dir: Path, question: str) -> tuple[int, ...]:
    server = EmbeddedPostgres(data_dir)

    async def ask() -> tuple[int, ...]:
        connection = await asyncpg.connect(server.url())
        try:
            return tuple(await connection.fetchrow(question))
        finally:
            await connection.close()

    server.start()
    try:
        return asyncio.run(ask())
    finally:
        server.stop()


def test_a_mistyped_folder_is_told_and_left_alone(folder: Path) -> None:
    dump, mistyped = folder / "logistics.dump", folder / "dtaa"
    for command in (("backup", dump), ("indicators", "sla"), ("move-to", "--reopen"), ("verify",)):
        done = run(*command, data_dir=mistyped)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert f"There is no database in {mistyped}" in done.stderr
    assert not dump.exists()
    assert not mistyped.exists()


def test_a_backup_is_restored_into_a_new_folder_and_nowhere_else(folder: Path, settle: Settle) -> None:
    old, new, dump = folder / "old", folder / "new", folder / "logistics.dump"
    settle(old)
    files = (SAMPLES / "customers.csv", SAMPLES / "services.csv")
    assert run("load", *files, data_dir=old).returncode == 0
    made = run("backup", dump, data_dir=old)
    assert made.returncode == 0, made.stderr
    assert stat.S_ISREG(dump.stat().st_mode)
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600

    restored = run("restore", dump, data_dir=new)
    assert restored.returncode == 0, restored.stderr
    assert count_rows(new) == count_rows(old)
    # what the old database answered after the backup had a version that the new one never gives
    assert first_row(new, CURRENT_VERSION)[0] > first_row(old, CURRENT_VERSION)[0] + 10**9
    again = run("load", *files, data_dir=new)
    assert again.returncode == 0
    assert "nothing changed" in again.stdout

    refused = run("restore", dump, data_dir=new)
    assert (refused.returncode, refused.stderr[:35]) == (2, "Error: The database has tables alre")


@pytest.mark.parametrize(
    "content",
    [b"", b"id;nome;email;telefone\n1;Ana;ana@mail.com;\n", b"PGDMP\x01\x10\x00" + bytes(99), b"CREATE TABLE x ();\n"],
    ids=["nothing", "a CSV", "a head alone", "SQL"],
)
def test_what_is_no_backup_is_told_in_a_sentence(folder: Path, content: bytes) -> None:
    (folder / "x.dump").write_bytes(content)
    done = run("restore", folder / "x.dump", data_dir=folder / "data")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith(f"Error: {folder / 'x.dump'} is no whole backup: ")
    assert "pg_restore" not in done.stderr


def test_a_backup_overwrites_no_file(folder: Path) -> None:
    (folder / "mine").write_text("mine")
    assert run("backup", folder / "mine", data_dir=folder / "data").returncode == 2
    assert (folder / "mine").read_text() == "mine"


async def test_a_backup_that_cannot_be_written_is_told_in_a_sentence(locally: Run, tmp_path: Path) -> None:
    refused = await locally("backup", tmp_path / "nowhere" / "x.dump")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"Error: {tmp_path / 'nowhere' / 'x.dump'} cannot be written: No such file or directory.\n"


async def test_a_backup_that_pg_dump_gives_up_is_told_and_leaves_no_file(
    locally: Run, connection: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    """As a role that may not read the tables."""
    role = f"nobody_{uuid.uuid4().hex}"
    await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    try:
        url = urlsplit(database_url)
        other = url._replace(netloc=f"{role}:secret@{url.netloc.rpartition('@')[2]}").geturl()
        refused = await locally("backup", tmp_path / "x.dump", DATABASE_URL=other)
    finally:
        await connection.execute(f"DROP ROLE {role}")
    assert (refused.code, refused.out, "permission denied" in refused.err) == (2, "", True), refused.err
    assert list(tmp_path.iterdir()) == []


async def test_who_waits_for_a_backup_hears_how_much_is_written(
    connection: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    loop, heard, told = asyncio.get_running_loop(), asyncio.Event(), list[int]()

    def tell(size: int) -> None:
        told.append(size)
        loop.call_soon_threadsafe(heard.set)

    async with connection.transaction():
        await connection.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        backup = asyncio.create_task(asyncio.to_thread(write_backup, database_url, tmp_path / "x.dump", tell))
        await asyncio.wait_for(heard.wait(), 60)
        assert not backup.done()
    await backup
    assert 0 <= told[0] <= (tmp_path / "x.dump").stat().st_size


async def test_a_backup_that_is_ended_ends_pg_dump_and_leaves_no_file(
    connection: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    class Ended(BaseException):
        pass

    def end(_: int) -> None:
        raise Ended

    async with connection.transaction():
        await connection.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        backup = asyncio.create_task(asyncio.to_thread(write_backup, database_url, tmp_path / "x.dump", end))
        await blocked_by(connection)
        with pytest.raises(Ended):  # while pg_dump would wait on
            await asyncio.wait_for(backup, 60)
    assert list(tmp_path.iterdir()) == []


def test_migrate_makes_the_schema_and_says_where_it_is_as_often_as_wanted(folder: Path) -> None:
    newest = sorted((Path(__file__).parents[1] / "alembic/versions").glob("[0-9]*.py"))[-1].name.split("_")[0]
    for _ in range(2):
        outcome = run("migrate", data_dir=folder / "data")
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stdout == f"The database's schema is at {newest}.\n"
    assert count_rows(folder / "data") == (0, 0)
