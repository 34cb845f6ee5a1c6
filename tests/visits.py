"""Visits for the tests of the indicators, and the figures that a plain loop over them gives."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import asyncpg
import polars as pl

from logistics_indicators.rollup.cells import VISIT_SCHEMA
from logistics_indicators.rollup.commits import Act, Commit
from logistics_indicators.rollup.names import NAMED_SCHEMA, with_ids
from logistics_indicators.rollup.writing import append_sums, sums_of

INSERT_CUSTOMER = "INSERT INTO customers (id, nome, email) VALUES (1, 'C', 'c@example.com') ON CONFLICT DO NOTHING"
INSERT_VISITS = f"""
INSERT INTO services (id_cliente, {", ".join(VISIT_SCHEMA)})
SELECT 1, * FROM unnest($1::integer[], $2::integer[], $3::date[], $4::timestamp[])
"""

POLOS = ["CE - SOBRAL", "CE - JUAZEIRO DO NORTE", "SP - CAMPINAS", "SP - SANTOS", "BA - ILHÉUS", "SEM ESTADO"]


@dataclass(frozen=True)
class Visit:
    angel: str
    polo: str
    data_limite: date
    data_de_atendimento: datetime | None


async def frame_of_visits(connection: asyncpg.Connection, visits: Sequence[Visit]) -> pl.DataFrame:
    rows = [tuple(vars(visit)[name] for name in NAMED_SCHEMA) for visit in visits]
    return await with_ids(connection, pl.DataFrame(rows, schema=NAMED_SCHEMA, orient="row"))


def visit(angel: str, polo: str, limit: str, done: str | None) -> Visit:
    return Visit(angel, polo, date.fromisoformat(limit), None if done is None else datetime.fromisoformat(done))


def by_hand(username: str = "ana") -> Commit:
    return Commit(Act.hand, username=username)


async def store(connection: asyncpg.Connection, visits: Sequence[Visit]) -> None:
    """Write visits as every writer does: the rows and their delta in one transaction."""
    async with connection.transaction():
        await connection.execute(INSERT_CUSTOMER)
        await store_rows(connection, visits, by_hand())


async def store_rows(connection: asyncpg.Connection, visits: Sequence[Visit], commit: Commit) -> None:
    """Those of a customer who is there, in the caller's transaction."""
    added = await frame_of_visits(connection, visits)
    await connection.execute(INSERT_VISITS, *(added[name].to_list() for name in VISIT_SCHEMA))
    await append_sums(connection, commit, sums_of(added, None))


async def record(
    connection: asyncpg.Connection, commit: Commit, *, added: Sequence[Visit] = (), removed: Sequence[Visit] = ()
) -> None:
    """Tell the rollup of visits that came or went."""
    frames = [await frame_of_visits(connection, visits) for visits in (added, removed)]
    await append_sums(connection, commit, sums_of(*frames))


def random_visits(seed: int, number: int, first: date = date(2019, 12, 20), days: int = 460) -> list[Visit]:
    """Over leap day 2020-02-29; angels of one polo, of two, and of polos with and without a state."""
    chance = random.Random(seed)
    visits = []
    for _ in range(number):
        angel = chance.randrange(12)
        polo = POLOS[(angel + (chance.randrange(3) if angel % 4 == 0 else 0)) % len(POLOS)]
        limit = first + timedelta(days=chance.randrange(days))
        done = datetime(limit.year, limit.month, limit.day) + timedelta(seconds=chance.randrange(-400_000, 300_000))
        visits.append(Visit(f"Angel {angel:02d}", polo, limit, None if chance.random() < 0.05 else done))
    return visits


def uf(polo: str) -> str | None:
    return polo[:2] if polo[2:5] == " - " else None


KEY: dict[str, Callable[[Visit], str | None]] = {
    "angel": lambda v: v.angel,
    "polo": lambda v: v.polo,
    "uf": lambda v: uf(v.polo),
}


def two_decimals(numerator: int, denominator: int) -> Decimal:
    """Half to even on the exact value."""
    exact = Decimal(numerator) / Decimal(denominator)
    assert exact * denominator == numerator or exact != exact.quantize(Decimal("0.001"))  # a true half is exact
    return exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def attended(
    visits: Iterable[Visit], first: date | None = None, last: date | None = None, **only: str | None
) -> list[Visit]:
    return [
        v
        for v in visits
        if v.data_de_atendimento is not None
        and (first is None or v.data_de_atendimento.date() >= first)
        and (last is None or v.data_de_atendimento.date() <= last)
        and all(KEY[name](v) == value for name, value in only.items())
    ]


def sla_by(by: str, visits: Iterable[Visit], tolerance: int = 0) -> dict[str | None, tuple[int, int, str]]:
    """{name: (total, on time, "97.35%")} of attended visits."""
    totals: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for v in visits:
        assert v.data_de_atendimento is not None
        entry = totals[KEY[by](v)]
        entry[0] += 1
        entry[1] += (v.data_de_atendimento.date() - v.data_limite).days <= tolerance
    return {name: (t, on, f"{two_decimals(100 * on, t)}%") for name, (t, on) in totals.items()}


def seconds_by(by: str, visits: Iterable[Visit]) -> dict[str | None, tuple[int, int]]:
    """{name: (total, mean seconds before data_limite 00:00)}"""
    sums: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for v in visits:
        assert v.data_de_atendimento is not None
        entry = sums[KEY[by](v)]
        entry[0] += 1
        limit = datetime(v.data_limite.year, v.data_limite.month, v.data_limite.day)
        entry[1] += int((limit - v.data_de_atendimento).total_seconds())
    return {
        name: (t, int((Decimal(s) / Decimal(t)).to_integral_value(ROUND_HALF_EVEN))) for name, (t, s) in sums.items()
    }
