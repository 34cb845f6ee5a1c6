"""A database as an earlier version left it, and the way from there to this one."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from logistics_indicators.database import prepare_connection
from logistics_indicators.running.embedded import EmbeddedPostgres

UPGRADE = "import sys; from logistics_indicators.running.migrations import upgrade; upgrade(sys.argv[1])"

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
    """Its URL. With customers and 400 visits of odd names: their cells in deltas."""
    name = f"earlier_{os.urandom(6).hex()}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        url = server.url(name)
        await upgrade_to(url, "0007")
        old = await asyncpg.connect(url)
        await prepare_connection(old)
        await _fill(old)
        await old.close()
        yield url
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def upgrade_to(url: str, revision: str) -> None:
    environment = os.environ | {"DATABASE_URL": url}
    subprocess.run([sys.executable, "-c", UPGRADE, revision], env=environment, check=True)


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
