"""Upgrades: of databases that released versions filled; and what a migration may do to those who work meanwhile."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from command_line import PASSWORD, Run
from conftest import SAMPLES, client_of, make_settings, running_app
from earlier_schema import upgrade_to
from load_client import assert_indicators_are_exact, load_file
from other_servers import empty_database

from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.migrations import newest_revision, revisions

ROOT = Path(__file__).parents[1]
DUMPS = Path(__file__).parent / "released"
"""Each by that version's own `backup`: an admin `ana`, the samples, and 199 visits that an update gave other polos."""

OLDEST_RELEASED = "0009"
"""The revision of 0.1.0. Migrations up to it are as they were released; those after it are linted."""


def released() -> list[str]:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## [")]
    return [line.split("[")[1].split("]")[0] for line in headings if "Unreleased" not in line]


@pytest.fixture
async def empty_url(server: EmbeddedPostgres) -> AsyncIterator[str]:
    async with empty_database(server.url("postgres")) as url:
        yield url


def test_each_released_version_has_left_a_database() -> None:
    assert sorted(path.stem for path in DUMPS.glob("*.dump")) == sorted(released())
    document = json.loads((ROOT / "docs/openapi/released.json").read_text())
    assert document["info"]["version"] == released()[0]


@pytest.mark.parametrize("version", released())
async def test_a_database_of_a_released_version_is_restored_upgraded_and_right(
    version: str, empty_url: str, locally: Run
) -> None:
    restored = await locally("restore", DUMPS / f"{version}.dump", "--verify", DATABASE_URL=empty_url)
    assert (restored.code, restored.out[:42]) == (0, "Restored. 2,994 visits, 0 differences. Sta"), restored.err
    connection = await asyncpg.connect(empty_url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == newest_revision()
    async with running_app(make_settings(empty_url)) as app, client_of(app) as client:
        signed_in = await client.post("/v1/auth/login", json={"username": "ana", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        await assert_indicators_are_exact(client, connection)
        samples = (SAMPLES / "services.csv").read_bytes()
        again = await load_file(client, "services", samples, on_conflict="update")
        assert (again["rows_updated"], again["rows_inserted"], again["rows_rejected"]) == (199, 0, 6)
        truth = json.loads((SAMPLES / "truth.json").read_text())
        rows = (await client.get("/v1/indicators/sla/polo")).json()["sla_polo"]
        counts = {row["polo"]: [row["total_de_atendimentos"], row["total_de_atendimentos_no_prazo"]] for row in rows}
        assert counts == truth["polo"]
    await connection.close()


WATCH = """
CREATE TABLE seen (at bigint GENERATED ALWAYS AS IDENTITY, behind text, lock_timeout text, statement text);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE behind text;
BEGIN
    IF to_regclass('public.alembic_version') IS NOT NULL THEN
        SELECT version_num INTO behind FROM public.alembic_version;
    END IF;
    INSERT INTO public.seen (behind, lock_timeout, statement)
    VALUES (behind, current_setting('lock_timeout'), current_query());
END $$;
CREATE EVENT TRIGGER see ON ddl_command_start EXECUTE FUNCTION see()
"""
ALL_SEEN = "SELECT behind, lock_timeout, statement FROM seen ORDER BY at"


async def changes_of_the_schema(url: str) -> dict[str, list[tuple[str, str]]]:
    """By revision: (lock_timeout, statement) of each change to the schema, on the way of an empty database to now."""
    connection = await asyncpg.connect(url)
    await connection.execute(WATCH)
    await upgrade_to(url, "head")
    after = dict(zip(["", *revisions()], [*revisions(), "none"], strict=True))
    found: dict[str, list[tuple[str, str]]] = {}
    for record in await connection.fetch(ALL_SEEN):
        found.setdefault(after[record["behind"] or ""], []).append((record["lock_timeout"], record["statement"]))
    await connection.close()
    return found


async def test_no_migration_waits_for_a_table_without_end(empty_url: str) -> None:
    changes = await changes_of_the_schema(empty_url)
    assert len(changes) > len(revisions()) / 2
    for revision, statements in changes.items():
        assert [statement for lock_timeout, statement in statements if lock_timeout == "0"] == [], revision


ACCEPTED = {
    "0010": {"ban-drop-table", "renaming-column"},
    "0012": {"ban-drop-default"},
    "0013": {
        *("adding-field-with-default", "adding-foreign-key-constraint", "constraint-missing-not-valid"),
        "disallowed-unique-constraint",
    },
    "0021": {"adding-field-with-default"},
    "0025": {"adding-foreign-key-constraint"},
    "0026": {"changing-column-type", "renaming-column"},
    "0031": {"require-concurrent-reindex"},  # of some megabytes at most, and loads give a migration room
}
"""What a version that goes on serving would not bear: for these the service is stopped. A new one finds another way."""


async def test_squawk_finds_nothing_in_new_migrations(empty_url: str, tmp_path: Path) -> None:
    squawk = shutil.which("squawk")
    if squawk is None:
        pytest.skip("no squawk here (pip install squawk-cli)")
    for revision, statements in (await changes_of_the_schema(empty_url)).items():
        if revision > OLDEST_RELEASED:
            script = ";\n".join(dict.fromkeys(statement for _, statement in statements))
            (tmp_path / f"{revision}.sql").write_text(f"{script};\n")
    config = "--config", str(ROOT / ".squawk.toml"), "--reporter", "json"
    files = sorted(tmp_path.glob("*.sql"))
    ended = subprocess.run([squawk, *config, *map(str, files)], capture_output=True, text=True, check=False)
    found: dict[str, set[str]] = {}
    for finding in json.loads(ended.stdout):
        found.setdefault(Path(finding["file"]).stem, set()).add(finding["rule_name"])
    assert found == ACCEPTED
