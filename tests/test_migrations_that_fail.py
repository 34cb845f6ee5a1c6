"""A migration that fails: a line says which, what went wrong and what to do; the log has the rest."""

import json
from pathlib import Path

import asyncpg
import pytest
from command_line import Run

from logistics_indicators.running.failed_migrations import Failure
from logistics_indicators.running.migrations import migrations_folder, newest_revision

SECOND = next((migrations_folder() / "versions").glob("0002_*.py")).stem


async def _half_forgotten(connection: asyncpg.Connection) -> None:
    """The tables of later migrations are there already, so the second fails."""
    await connection.execute("UPDATE alembic_version SET version_num = '0001'")


def _logged(text: str) -> dict[str, str]:
    lines = [json.loads(line) for line in text.splitlines()]
    (failure,) = [line for line in lines if line["event"] == "migration_failed"]
    assert not [line for line in lines if "Traceback" in line["event"]]
    return dict(failure)


def _is_a_line_about_the_second(text: str, beginning: str) -> bool:
    wrong = 'relation "sessions" already exists'
    return text.startswith(f"{beginning} Migration {SECOND} failed: {wrong}. Nothing of the") and text.count("\n") == 1


async def test_migrate_says_in_a_line_which_migration_failed_and_the_log_has_the_details(
    locally: Run, connection: asyncpg.Connection
) -> None:
    await _half_forgotten(connection)
    outcome = await locally("migrate")
    assert outcome.code == 2
    *log, sentence = outcome.err.splitlines(keepends=True)
    assert outcome.out == ""
    assert _is_a_line_about_the_second(sentence, "Error:"), sentence
    logged = _logged("".join(log))
    assert (logged["migration"], "DuplicateTableError" in logged["details"]) == (SECOND, True)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0001"


async def test_serve_says_the_same_and_ends(locally: Run, connection: asyncpg.Connection) -> None:
    await _half_forgotten(connection)
    outcome = await locally("serve", "--port", "18973")
    assert outcome.code == 3
    assert _is_a_line_about_the_second(outcome.err, "The service cannot start."), outcome.err
    assert _logged(outcome.out)["migration"] == SECOND


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (asyncpg.LockNotAvailableError("canceling statement due to lock timeout"), "stop what reads or writes them"),
        (asyncpg.InsufficientPrivilegeError("must be owner of table users"), "has to own the tables"),
        (asyncpg.DiskFullError("could not extend file"), "make some, and start again"),
        (asyncpg.QueryCanceledError("canceling statement due to statement timeout"), "lift it, and start again"),
        (asyncpg.AdminShutdownError("terminating connection"), "once the database stays up"),
        (ConnectionResetError("Connection lost"), "once the database answers"),
        (asyncpg.UniqueViolationError("could not create unique index\nDETAIL: a secret"), "Report it with the log"),
    ],
)
def test_what_to_do_depends_on_what_went_wrong(error: Exception, advice: str) -> None:
    wrapped = RuntimeError("what SQLAlchemy makes of it, of many lines")
    wrapped.__cause__ = error
    sentence = Failure.from_json(Failure.of(wrapped, migrations_folder()).as_json()).sentence
    first = str(error).split("\n", 1)[0]
    assert sentence.startswith(f"Bringing the database's schema up to date failed: {first}. Nothing of the upgrade was")
    assert advice in sentence
    assert "\n" not in sentence


def test_a_process_that_ends_without_a_word_is_told_of_too() -> None:
    assert "before it could say why" in Failure.from_json("").sentence


async def test_a_database_of_a_later_version_is_left_alone(locally: Run, connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    outcome = await locally("migrate")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: The database is at revision 9999, which this version does not know: run ")


async def test_a_schema_that_is_up_to_date_is_no_failure(locally: Run, tmp_path: Path) -> None:
    outcome = await locally("migrate")
    assert (outcome.code, outcome.out) == (0, f"The database's schema is at {newest_revision()}.\n")
