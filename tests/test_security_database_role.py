"""The service on a role that may do no more than SECURITY.md grants, in a database that is not its own."""

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from conftest import SAMPLES, client_of, make_settings, running_app

from logistics_indicators.running.embedded import EmbeddedPostgres

SECURITY_MD = Path(__file__).parents[1] / "SECURITY.md"
ACCOUNT = {"username": "ana", "email": "ana@example.com", "password": "a long walk on the beach"}


def documented_sql(role: str, database: str) -> list[str]:
    """The statements of SECURITY.md, for another role and database."""
    found = re.search(r"```sql\n(.*?)```", SECURITY_MD.read_text(), re.DOTALL)
    assert found, "SECURITY.md has the SQL of the role"
    sql = re.sub(r"\blogistics_app\b", role, found[1]).replace("DATABASE logistics", f"DATABASE {database}")
    return [line for line in sql.splitlines() if line and not line.startswith(("--", "\\"))]


@pytest.fixture
async def limited_url(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """URL of an empty database, for the documented role."""
    role, database = (f"{kind}_{uuid.uuid4().hex[:12]}" for kind in ("role", "limited"))
    admin = await asyncpg.connect(server.url("postgres"))
    inside = None
    try:
        for statement in documented_sql(role, database):
            if statement.startswith(("CREATE ROLE", "CREATE DATABASE")):
                await admin.execute(statement)
                continue
            inside = inside or await asyncpg.connect(server.url(database))
            await inside.execute(statement)
        yield server.url(database).replace("postgres@", f"{role}@")
    finally:
        if inside is not None:
            await inside.close()
        await admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        await admin.execute(f"DROP ROLE IF EXISTS {role}")
        await admin.close()


async def test_the_role_is_nothing_special(limited_url: str) -> None:
    connection = await asyncpg.connect(limited_url)
    try:
        role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
        assert not any(role[f"rol{name}"] for name in ("super", "createrole", "createdb", "replication", "bypassrls"))
        assert not await connection.fetchval(
            "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole"
        )
        owner = "SELECT datdba = current_user::regrole FROM pg_database WHERE datname = current_database()"
        assert not await connection.fetchval(owner)
        assert not await connection.fetchval(
            "SELECT nspowner = current_user::regrole FROM pg_namespace WHERE nspname = 'public'"
        )
        for forbidden in (
            "SET session_replication_role = replica",
            "CREATE ROLE another",
            "CREATE DATABASE another",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT count(*) FROM pg_authid",
            "ALTER SYSTEM SET work_mem = '1GB'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    finally:
        await connection.close()


async def test_the_service_migrates_loads_and_answers_with_that_role_alone(limited_url: str) -> None:
    async with running_app(make_settings(limited_url)) as app, client_of(app) as client:
        assert (await client.post("/v1/auth/register", json=ACCOUNT)).json()["role"] == "admin"
        credentials = {"username": "ana", "password": ACCOUNT["password"]}
        pair = (await client.post("/v1/auth/login", json=credentials)).json()
        client.headers["Authorization"] = f"Bearer {pair['access_token']}"
        loads = []
        for kind in ("customers", "services"):
            body = (SAMPLES / f"{kind}.csv").read_bytes()
            answer = await client.post(f"/v1/{kind}/batch", content=body, headers={"Content-Type": "text/csv"})
            assert answer.status_code == 202, answer.text
            loads.append(answer.headers["location"])
        for url in loads:
            while (load := (await client.get(url)).json())["status"] in ("received", "loading"):
                pass
            assert load["status"] == "completed", load
            assert load["rows_inserted"] > 0
        stored = (await client.get("/v1/services/total?aberto=false")).json()["total"]
        answer = (await client.get("/v1/indicators/sla/angel")).json()
        assert sum(row["total_de_atendimentos"] for row in answer["sla_angel"]) == stored > 0
        assert (await client.delete(loads[1])).status_code == 200
        assert (await client.get("/v1/services/total")).json() == {"total": 0}
    async with running_app(make_settings(limited_url)) as app, client_of(app) as client:  # a second start
        assert (await client.post("/v1/auth/login", json=credentials)).status_code == 200
