"""backup and restore: what goes in comes out, in another folder, with the service none the wiser."""

import asyncio
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from command_line import run_command
from conftest import SAMPLES, Settle
from data_folders import reachable_folder

from logistics_indicators.running.embedded import EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


def run(*words: object, data_dir: Path) -> subprocess.CompletedProcess[str]:
    outcome = asyncio.run(run_command(*words, DATA_DIR=str(data_dir)))
    return subprocess.CompletedProcess([*map(str, words)], outcome.code, outcome.out, outcome.err)


def count_rows(data_dir: Path) -> tuple[int, int]:
    server = EmbeddedPostgres(data_dir)

    async def count() -> tuple[int, int]:
        connection = await asyncpg.connect(server.url())
        try:
            row = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM angels WHERE name <> '')"
            )
            return row[0], row[1]
        finally:
            await connection.close()

    server.start()
    try:
        return asyncio.run(count())
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


def test_migrate_makes_the_schema_and_says_where_it_is_as_often_as_wanted(folder: Path) -> None:
    newest = sorted((Path(__file__).parents[1] / "alembic/versions").glob("[0-9]*.py"))[-1].name.split("_")[0]
    for _ in range(2):
        outcome = run("migrate", data_dir=folder / "data")
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stdout == f"The database's schema is at {newest}.\n"
    assert count_rows(folder / "data") == (0, 0)
