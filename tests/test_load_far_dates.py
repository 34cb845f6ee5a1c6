"""Dates out of a sane span are taken, and the load says so: one of 1900 makes everybody's productivity nothing."""

from datetime import date, datetime

import asyncpg
import httpx
import pytest
from load_client import client_with, counts, load_file

from logistics_indicators.loads.parsing.findings import SaneDays, warnings_of_findings
from logistics_indicators.loads.working.rules import years_after

GOOD = "1;1;Ana;SP - A;30/06/2021;29/06/2021 10:15:27\n"
FAR = (
    GOOD
    + "2;1;Ana;SP - A;30/06/2021;01/01/1900\n"
    + "3;1;Ana;SP - A;30/06/2021;31/12/1989 23:59:59\n"
    + "4;1;Ana;SP - A;01/01/1990;01/01/1990\n"
    + "5;1;Ana;SP - A;30/06/2199;\n"
    + "x;1;Ana;SP - A;01/01/1900;01/01/1900\n"
)


@pytest.fixture(autouse=True)
async def iris(connection: asyncpg.Connection) -> None:
    await connection.execute("INSERT INTO customers (id, nome, email) VALUES (1, 'a', 'a@b.co')")


def begins(load: dict[str, list[str]]) -> list[str]:
    return [warning.split(". ")[0] for warning in load["warnings"]]


def expected() -> list[str]:
    last = years_after(date.today(), 10)
    span = f"before 1990-01-01 or after {last}, the first in line"
    return [f"data_de_atendimento: 2 dates {span} 2", f"data_limite: 1 date {span} 5"]


async def test_a_load_counts_far_dates_by_column_with_their_first_line_and_takes_them(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "services", FAR)
    assert counts(load) == (6, 5, 0, 0, 1)
    assert begins(load) == expected()
    found = await connection.fetchval("SELECT min(data_de_atendimento) FROM services")
    assert found == datetime(1900, 1, 1)


async def test_a_dry_run_says_the_same_and_takes_none(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    load = await load_file(client, "services", FAR, validate_only=True)
    assert begins(load) == expected()
    assert await connection.fetchval("SELECT count(*) FROM services") == 0


async def test_a_file_of_sane_dates_has_no_warning(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "services", GOOD)
    assert load["warnings"] == []


async def test_the_span_is_a_setting_and_the_count_is_of_all_chunks(
    connection: asyncpg.Connection, database_url: str
) -> None:
    changes = {"load_first_sane_day": date(2020, 1, 1), "load_sane_years_ahead": 0, "load_chunk_bytes": 100}
    rows = "".join(f"{i};1;Ana;SP - A;30/06/2021;{day}/12/2019\n" for i, day in enumerate(range(1, 31), 1))
    async with client_with(connection, database_url, load_workers=2, **changes) as client:
        load = await load_file(client, "services", GOOD.replace("1;1", "99;1", 1) + rows)
    assert begins(load)[0].startswith("data_de_atendimento: 30 dates before 2020-01-01 or after")
    assert begins(load)[0].endswith("the first in line 2")


def test_a_warning_of_one_date_says_one() -> None:
    sane = SaneDays(date(1990, 1, 1), date(2036, 1, 1))
    (warning,) = warnings_of_findings({"far_dates": {"data_limite": [1, 7]}}, sane)
    assert warning.startswith("data_limite: 1 date before 1990-01-01 or after 2036-01-01, the first in line 7.")


async def test_the_last_sane_day_is_the_same_day_of_its_year() -> None:
    found = [str(years_after(date.fromisoformat(day), 10)) for day in ("2026-11-30", "2026-12-31", "2024-02-29")]
    assert found == ["2036-11-30", "2036-12-31", "2034-02-28"]
    assert years_after(date(9995, 1, 1), 10) == date(9999, 1, 1)
