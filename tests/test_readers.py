"""`logistics-indicators grant-reader`: a BI tool's role finds the API's figures in the views and reads nothing else."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from command_line import Run
from visits import random_visits, store

from logistics_indicators.rollup.merging import merge_everything

PASSWORD = {"LOGISTICS_READER_PASSWORD": "it's a reader's"}

SLA = """
SELECT {by}, sum(atendimentos), sum(no_prazo)
FROM bi_atendimentos_por_dia WHERE dia BETWEEN '2020-02-03' AND '2020-11-17' GROUP BY 1
"""
MEAN_SECONDS = """
SELECT angel, round(sum(segundos_de_antecedencia) / sum(atendimentos)) FROM bi_atendimentos_por_dia GROUP BY 1
"""
LATE = """
SELECT polo, sum(atendimentos), round(sum(dias_de_atraso * atendimentos) / sum(atendimentos), 2)::float
FROM bi_atrasos_por_dia GROUP BY 1
"""
OPEN = "SELECT angel, sum(atendimentos) FROM bi_pendentes GROUP BY 1"
BY_ROWS = """
SELECT polo, count(no_prazo), count(*) FILTER (WHERE no_prazo),
       count(*) FILTER (WHERE no_prazo IS NULL AND dias_de_atraso IS NULL)
FROM bi_atendimentos GROUP BY 1
"""
BY_DAYS = """
SELECT polo, done.atendimentos, done.no_prazo, COALESCE(open.atendimentos, 0)
FROM (SELECT polo, sum(atendimentos) AS atendimentos, sum(no_prazo) AS no_prazo
      FROM bi_atendimentos_por_dia GROUP BY 1) AS done
LEFT JOIN (SELECT polo, sum(atendimentos) AS atendimentos FROM bi_pendentes GROUP BY 1) AS open USING (polo)
"""


@pytest.fixture
async def reader(locally: Run, database_url: str, connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A session of a new reader; some visits are merged, some are not, and some were changed since."""
    name = f"reader_{uuid.uuid4().hex[:12]}"
    visits = random_visits(11, 1500)
    await store(connection, visits[:900])
    await merge_everything(connection)
    await store(connection, visits[900:])
    made = await locally("grant-reader", name, **PASSWORD)
    assert made.code == 0, made.err
    session = await asyncpg.connect(database_url, user=name, password=PASSWORD["LOGISTICS_READER_PASSWORD"])
    yield session
    await session.close()
    await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


async def found(reader: asyncpg.Connection, sql: str) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in await reader.fetch(sql)), key=lambda row: str(row[0]))


async def test_a_reader_finds_the_figures_of_the_api(client: httpx.AsyncClient, reader: asyncpg.Connection) -> None:
    async def api(path: str, **query: str) -> list[dict[str, Any]]:
        body = (await client.get(f"/v1/indicators/{path}", params=query)).json()
        return sorted(next(iter(body.values())), key=lambda row: str(next(iter(row.values()))))

    for by in ("angel", "polo", "uf"):
        rows = await api(f"sla/{by}", start_date="2020-02-03", end_date="2020-11-17")
        counts = [(r[by], r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]) for r in rows]
        assert await found(reader, SLA.format(by=by)) == counts
    productivity = await api("productivity")
    means = [(row["angel"], row["tempo_medio_segundos"]) for row in productivity]
    assert await found(reader, MEAN_SECONDS) == means
    late = [row for row in await api("lateness/polo") if row["total_de_atrasados"]]
    counts = [(row["polo"], row["total_de_atrasados"], row["media_de_dias_de_atraso"]) for row in late]
    assert await found(reader, LATE) == counts
    backlog = [(row["angel"], row["total_em_aberto"]) for row in await api("backlog/angel")]
    assert await found(reader, OPEN) == backlog


async def test_the_days_and_the_visits_agree_before_and_after_they_are_merged(
    reader: asyncpg.Connection, connection: asyncpg.Connection
) -> None:
    by_rows = await found(reader, BY_ROWS)
    assert len(by_rows) == 6
    assert await found(reader, BY_DAYS) == by_rows
    await merge_everything(connection)
    assert await found(reader, BY_DAYS) == by_rows


async def test_a_reader_reads_the_views_and_nothing_else(
    reader: asyncpg.Connection, connection: asyncpg.Connection
) -> None:
    relations = await connection.fetch(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"
    )
    views = {row["relname"] for row in relations if row["relname"].startswith("bi_")}
    assert len(views) == 6
    assert {"users", "customers", "services", "rollup"} <= {row["relname"] for row in relations}
    for name, kind in relations:
        if name in views:
            await reader.fetch(f"SELECT * FROM {name} LIMIT 1")
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.fetch(f"SELECT * FROM {name} LIMIT 1" if kind != b"S" else f"SELECT nextval('{name}')")
    columns = await reader.fetch(
        "SELECT DISTINCT column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    assert not {"nome", "email", "telefone", "password_hash"} & {row[0] for row in columns}
    for write in ("DELETE FROM bi_polos", "CREATE TABLE mine (id int)", "CREATE ROLE more"):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
            await reader.execute(write)
        with pytest.raises(asyncpg.PostgresError):
            await reader.execute(f"BEGIN READ WRITE; {write}; COMMIT")
        await reader.execute("ROLLBACK")


async def test_a_reader_may_be_made_again_and_no_other_role_becomes_one(
    locally: Run, reader: asyncpg.Connection
) -> None:
    name = await reader.fetchval("SELECT current_user")
    again = await locally("grant-reader", name, **PASSWORD)
    assert (again.code, again.out.strip()) == (0, f"{name} reads the views bi_… and nothing else.")
    owner = await locally("grant-reader", "postgres", **PASSWORD)
    assert owner.code == 2
    assert "may do more than read the views" in owner.err
