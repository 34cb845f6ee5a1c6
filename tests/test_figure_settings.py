"""What figures depend on: one row in the database, the same for every process, changed by an admin alone."""

import os
from datetime import date
from typing import Any
from unittest import mock

import asyncpg
import httpx
import pytest
from command_line import Run, run_command
from conftest import SECRET, client_of, make_settings, running_app
from earlier_schema import upgrade_to
from fastapi import FastAPI, Request
from other_servers import empty_database
from visits import random_visits, store, visit

from logistics_indicators.accounts.current_user import User
from logistics_indicators.accounts.tokens import issue_access_token
from logistics_indicators.app import create_app
from logistics_indicators.client.local_service import COMMAND_LINE_USER
from logistics_indicators.indicators.calendar.business_days import Place, load_business_days
from logistics_indicators.indicators.calendar.days import sync_calendar
from logistics_indicators.running.embedded import EmbeddedPostgres

SETTINGS = "/v1/indicators/settings"
FIGURES = "/v1/indicators/productivity?start_date=2021-02-15&end_date=2021-02-19"
CARNIVAL = {"optional_days": ["carnaval"]}


@pytest.fixture
async def admin(client_as: Any) -> httpx.AsyncClient:
    made: httpx.AsyncClient = await client_as("admin")
    return made


async def test_an_admin_changes_the_optional_days_for_every_process_at_once(
    admin: httpx.AsyncClient, app: FastAPI, connection: asyncpg.Connection, database_url: str
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-02-16", "2021-02-16T10:00:00")])
    before = await admin.get(FIGURES)
    assert before.json()["dias_uteis"] == 5
    changed = await admin.put(SETTINGS, json=CARNIVAL)
    assert changed.status_code == 200
    assert changed.json() | CARNIVAL | {"time_zone": "America/Sao_Paulo", "version": 1} == changed.json()
    after = await admin.get(FIGURES, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["dias_uteis"]) == (200, 3)
    assert after.json()["data_version"] > before.json()["data_version"]
    user_id = await connection.fetchval("SELECT id FROM users")
    with mock.patch.dict(os.environ, {"CALENDAR_OPTIONAL_DAYS": "corpus_christi", "TZ": "Asia/Tokyo"}):
        async with running_app(make_settings(database_url)) as other:
            token = issue_access_token(other.state.token_key, user_id)
            async with client_of(other, token) as client:
                assert (await client.get(FIGURES)).json() == after.json()
                assert (await client.get(SETTINGS)).json() == changed.json()
    assert (await admin.get(FIGURES)).headers["etag"] == after.headers["etag"]
    assert (await admin.put(SETTINGS, json={"optional_days": []})).status_code == 200
    assert (await admin.get(FIGURES)).json()["dias_uteis"] == 5
    (entry, _) = (await admin.get("/v1/audit?action=indicator_settings_changed")).json()["audit"]
    assert entry["detail"] == {
        "before": "America/Sao_Paulo; carnaval",
        "after": "America/Sao_Paulo; no optional days",
    }


async def test_a_change_to_what_is_set_already_changes_nothing(admin: httpx.AsyncClient) -> None:
    first = (await admin.get(SETTINGS)).json()
    assert (await admin.put(SETTINGS, json={"time_zone": "America/Sao_Paulo", "optional_days": []})).json() == first
    assert (await admin.get("/v1/audit?action=indicator_settings_changed")).json()["audit"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"time_zone": "America/Brasilia"},
        {"time_zone": "utc; DROP TABLE services"},
        {"time_zone": ""},
        {"optional_days": ["natal"]},
        {"optional_days": "carnaval"},
        {"fuso": "America/Sao_Paulo"},
    ],
)
async def test_a_setting_that_cannot_be_is_422(admin: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await admin.put(SETTINGS, json=body)).status_code == 422


async def test_only_an_admin_changes_settings(client_as: Any) -> None:
    for role in ("viewer", "analyst"):
        reader = await client_as(role)
        assert (await reader.get(SETTINGS)).status_code == 200
        assert (await reader.put(SETTINGS, json=CARNIVAL)).status_code == 403


@pytest.mark.parametrize("path", ["/backlog/angel", "/backlog/polo", "/backlog/uf", "/summary"])
async def test_today_is_that_of_the_set_time_zone_by_the_databases_clock(
    admin: httpx.AsyncClient, connection: asyncpg.Connection, path: str
) -> None:
    etags = set()
    for zone in ("America/Sao_Paulo", "Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart: never one day
        await admin.put(SETTINGS, json={"time_zone": zone})
        days = "SELECT ((now() - interval '1 minute') AT TIME ZONE $1)::date, (now() AT TIME ZONE $1)::date"
        answer = await admin.get(f"/v1/indicators{path}")
        today = {day.isoformat() for day in await connection.fetchrow(days, zone)}
        assert answer.json()["as_of"] in today
        assert answer.json()["time_zone"] == zone
        etags.add(answer.headers["etag"])
    assert len(etags) == 3


async def test_a_start_of_an_older_version_leaves_the_calendar_of_a_newer_one(
    connection: asyncpg.Connection, database_url: str
) -> None:
    assert not await sync_calendar(connection)
    newer = "holidays 99.1; corrections 7"
    await connection.execute("UPDATE calendar_state SET source = $1", newer)
    await connection.execute("DELETE FROM calendar_days WHERE day = '2021-04-21'")
    version = await connection.fetchval("SELECT version FROM calendar_state")
    async with running_app(make_settings(database_url)):
        pass
    row = await connection.fetchrow("SELECT source, version FROM calendar_state")
    assert tuple(row) == (newer, version)


@pytest.mark.parametrize("source", ["holidays 0.9; no optional days", "holidays 0.109; carnaval", ""])
async def test_a_start_of_a_newer_version_brings_the_days_up_to_date_and_keeps_their_ids(
    connection: asyncpg.Connection, source: str
) -> None:
    ids = "SELECT id, kind, scope, day FROM calendar_days WHERE kind = 'nacional' AND day <> '2021-04-21' ORDER BY id"
    before = await connection.fetch(ids)
    await connection.execute("UPDATE calendar_state SET source = $1", source)
    await connection.execute("DELETE FROM calendar_days WHERE day = '2021-04-21'")
    assert await sync_calendar(connection)
    assert not await sync_calendar(connection)
    assert await connection.fetch(ids) == before
    days = await load_business_days(connection)
    assert days.between(date(2021, 4, 21), date(2021, 4, 21)) == 0


READING = [
    *(f"/v1/indicators/{name}/{by}" for name in ("sla", "backlog", "lateness") for by in ("angel", "polo", "uf")),
    *("/v1/indicators/productivity", "/v1/indicators/trend", "/v1/indicators/summary", SETTINGS),
    *("/v1/indicators/verify", "/v1/calendar?ano=2021", "/v1/services", "/v1/customers/total"),
    *("/v1/services?format=csv", "/v1/indicators/sla/angel?format=xlsx", "/v1/loads"),
]


@pytest.fixture
async def reader_url(connection: asyncpg.Connection, database_url: str) -> Any:
    """URL of the database for a role that may read it and nothing else."""
    role = f"reader_{os.urandom(6).hex()}"
    await connection.execute(f"CREATE ROLE {role} LOGIN")
    await connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    await connection.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
    yield database_url.replace("postgres@", f"{role}@")
    await connection.execute(f"DROP OWNED BY {role}")
    await connection.execute(f"DROP ROLE {role}")


async def test_a_command_that_reads_works_as_a_role_that_cannot_write(
    connection: asyncpg.Connection, reader_url: str, tmp_path: Any
) -> None:
    await store(connection, random_visits(43, 100))
    before = [tuple(row) for row in await connection.fetch("SELECT version, source FROM calendar_state")]
    environment = {
        "DATABASE_URL": reader_url,
        "JWT_SECRET_KEY": SECRET,
        "CALENDAR_OPTIONAL_DAYS": "carnaval corpus_christi",
        "TZ": "Asia/Tokyo",
    }
    verified = await run_command("verify", **environment)
    assert (verified.code, verified.out.split(", version")[0]) == (0, "100 visits, 0 differences"), verified.err
    shown = await run_command("settings", **environment)
    assert shown.code == 0, shown.err
    assert "time zone of today: America/Sao_Paulo" in shown.out
    assert "optional days off: none" in shown.out
    assert "| `DATABASE_URL` |" in shown.out
    saved = await run_command("backup", tmp_path / "dump", **environment)
    assert saved.code == 0, saved.err
    refused = await run_command("settings", "--optional-days", "carnaval", **environment)
    assert refused.code != 0
    assert [tuple(row) for row in await connection.fetch("SELECT version, source FROM calendar_state")] == before


async def test_every_question_is_answered_to_a_role_that_cannot_write(
    connection: asyncpg.Connection, reader_url: str
) -> None:
    await store(connection, random_visits(44, 100))
    app = create_app(make_settings(reader_url), reading=True)

    async def let_in(_: Request) -> User:
        return COMMAND_LINE_USER

    app.state.find_user = let_in
    async with app.router.lifespan_context(app), client_of(app) as client:
        for path in READING:
            answer = await client.get(path)
            assert answer.status_code == 200, (path, answer.text)


async def test_settings_are_changed_on_the_command_line(locally: Run, admin: httpx.AsyncClient) -> None:
    changed = await locally(
        *("settings", "--optional-days", "carnaval", "--optional-days", "corpus_christi"),
        *("--time-zone", "America/Manaus"),
    )
    assert (changed.code, changed.out) == (
        0,
        "time zone of today: America/Manaus\noptional days off: carnaval, corpus_christi\n",
    )
    body = (await admin.get(SETTINGS)).json()
    assert (body["time_zone"], body["changed_by"]) == ("America/Manaus", "command line")
    wrong = await locally("settings", "--time-zone", "Mars/Olympus")
    assert wrong.code == 2
    assert "no time zone of this name" in wrong.err
    assert (await locally("settings", "--optional-days", "none")).out.endswith("optional days off: none\n")


async def test_settings_without_a_database_are_those_of_the_process(tmp_path: Any) -> None:
    shown = await run_command("settings", DATA_DIR=str(tmp_path / "nothing"))
    assert shown.code == 0, shown.err
    assert "| `DATABASE_URL` |" in shown.out
    assert "there is none yet" in shown.err
    assert not (tmp_path / "nothing" / "postgres").exists()


async def test_reading_an_older_database_says_what_to_do_and_does_not_migrate(
    locally: Run, connection: asyncpg.Connection
) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = '0003'")
    refused = await locally("verify")
    assert refused.code == 2
    assert "start the service on it once" in refused.err
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0003"


async def test_a_database_of_an_earlier_version_keeps_its_optional_days(server: EmbeddedPostgres) -> None:
    async with empty_database(server.url("postgres")) as url:
        await upgrade_to(url, "0004")
        old = await asyncpg.connect(url)
        await old.execute("UPDATE calendar_state SET source = 'holidays 0.109; carnaval, corpus_christi', version = 3")
        await old.execute(
            "INSERT INTO calendar_days (kind, scope, day, name, source) VALUES "
            "('nacional', '', '2021-02-16', 'Carnaval', 'facultativo'), "
            "('polo', 'CE - SOBRAL', '2021-03-10', 'Dia de Sobral', 'local')"
        )
        await old.close()
        async with running_app(make_settings(url)) as app, app.state.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT optional_days, time_zone FROM indicator_settings")
            assert tuple(row) == (["carnaval", "corpus_christi"], "America/Sao_Paulo")
            days = await load_business_days(connection)
            carnival = (date(2021, 2, 15), date(2021, 2, 16))
            assert days.between(*carnival) == 0
            assert days.between(date(2021, 3, 10), date(2021, 3, 10), Place("CE", "CE - SOBRAL")) == 0
