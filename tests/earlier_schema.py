"""A database as an earlier version left it, and the way from there to this one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from alembic import command
from alembic.config import Config
from conftest import made_once, migration_files
from other_servers import empty_database

from logistics_indicators.database import prepare_connection
from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.running.migrations import migrations_folder

T = TypeVar("T")

CUSTOMERS = [
    (1, "José  Lima", "jose@mail.com", "11\xa0987"),
    (2, "Jose\u0301", "JOSE@mail.com", None),
    (3, "Ana", "Jose@Mail.com", "1"),
    (4, "\u200b", "a\u200bna@mail.com", "\u200b"),
    (5, "Íris", "iris@mail.com", "5"),
    (6, "x", "i\u200bris@mail.com", "6"),
]
NAMES = ["José Lima", "Jose\u0301 Lima", "José\xa0Lima", "José  Lima", "Rui", "Ana\u200b", "Zé\u3000B"]
POLOS = ["SP - Santos", "SP  -\xa0Santos", "SE/ARACAJU\u200b", "XX - LUA", "rs – X"]
STORE_CUSTOMERS = "INSERT INTO customers (id, nome, email, telefone) VALUES ($1, $2, $3, $4)"
STORE_VISITS = """
INSERT INTO services (id, id_cliente, angel, polo, data_limite, data_de_atendimento)
SELECT $3::integer + i, 1, ($1::text[])[1 + i % cardinality($1::text[])],
    ($2::text[])[1 + i % cardinality($2::text[])], DATE '2021-06-01' + i % 20,
    CASE WHEN i % 7 > 0 THEN TIMESTAMP '2021-06-01 10:00' + i % 25 * interval '1 day 1 hour' END
FROM generate_series(1, 200) i
"""
ADD_TO_ROLLUP = """
WITH cells AS (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open,
        p.id AS polo_id, a.id AS angel_id, COALESCE(data_de_atendimento::date - data_limite, 0) AS days_late,
        count(*) AS visits,
        COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM services s JOIN polos p ON p.name = polo JOIN angels a ON a.name = angel WHERE s.id > $1 GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO rollup_deltas (day, open, polo_id, angel_id, days_late, visits, seconds)
SELECT array_agg(day), array_agg(open), array_agg(polo_id), array_agg(angel_id), array_agg(days_late),
    array_agg(visits::integer), array_agg(seconds) FROM cells
"""


@asynccontextmanager
async def database_of_0007(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """Its URL. With customers and 400 visits of odd names: their cells in deltas. A copy of one that a run makes."""
    ingredients = [Path(__file__), *migration_files("0007")]
    template = await made_once(server, "earlier", ingredients, _make_0007)
    async with copy_of(server, template) as url:
        yield url


@asynccontextmanager
async def copy_of(server: EmbeddedPostgres, database: str) -> AsyncIterator[str]:
    """Its URL. Nobody else may use the database meanwhile."""
    async with empty_database(server.url("postgres"), f"TEMPLATE {database} STRATEGY FILE_COPY") as url:
        yield url


@contextmanager
def brought_up_to_date(
    server: EmbeddedPostgres, prepare: Callable[[str], Coroutine[Any, Any, T]]
) -> Iterator[tuple[str, T]]:
    """(name of a database, what `prepare` says of it): one of 0007 that is prepared once, for the tests of a module,
    each of which takes a copy."""
    with asyncio.Runner() as runner:
        made = database_of_0007(server)
        url = runner.run(made.__aenter__())
        try:
            yield urlsplit(url).path[1:], runner.run(prepare(url))
        finally:
            runner.run(made.__aexit__(None, None, None))


async def upgrade_to(url: str, revision: str) -> None:
    await asyncio.to_thread(_upgrade, url, revision)


def _upgrade(url: str, revision: str) -> None:
    """In this process, which imports Alembic once."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["url"] = url
    command.upgrade(config, revision)


async def _make_0007(url: str) -> None:
    await upgrade_to(url, "0007")
    old = await asyncpg.connect(url)
    await prepare_connection(old)
    await _fill(old)
    await old.close()


async def _fill(old: asyncpg.Connection) -> None:
    await old.executemany(STORE_CUSTOMERS, CUSTOMERS)
    await old.execute("INSERT INTO angels (name) SELECT unnest($1::text[])", NAMES)
    await old.execute("INSERT INTO polos (name) SELECT unnest($1::text[])", POLOS)
    for first in (0, 1000):
        await old.execute(STORE_VISITS, NAMES, POLOS, first)
        await old.execute(ADD_TO_ROLLUP, first)
    days = [
        ("polo", "SP  -\xa0Santos", "Dia A"),
        ("polo", "SP - Santos", "Dia B"),
        ("polo", "SE/ARACAJU\u200b", "Dia C"),
    ]
    insert = "INSERT INTO calendar_days (kind, scope, day, name, source) VALUES ($1, $2, '2021-06-16', $3, 'local')"
    await old.executemany(insert, days)
