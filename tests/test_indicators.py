"""The contract's indicators over HTTP: definitions, rounding, filters, sorting, versions."""

from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from visits import Visit, attended, by_hand, random_visits, record, seconds_by, sla_by, store, visit

from logistics_indicators.rollup import merging
from logistics_indicators.rollup.merging import merge, merge_everything

SLA = "/v1/indicators/sla"
PRODUCTIVITY = "/v1/indicators/productivity"


async def ask(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def sla_rows(body: dict[str, Any], by: str) -> dict[str | None, tuple[int, int, str]]:
    rows = body[f"sla_{by}"]
    for row in rows:
        assert row["sla"] == f"{row['sla_percentual']:.2f}%"
    return {r[by]: (r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"], r["sla"]) for r in rows}


async def test_the_whole_deadline_day_counts_as_on_time(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    done = ["2021-05-01T00:00:00", "2021-05-02T00:00:00", "2021-05-02T23:59:59", "2021-05-03T00:00:00", None]
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", at) for at in done])
    body = await ask(client, f"{SLA}/angel")
    link = body["sla_angel"][0].pop("visitas")
    assert link == "/v1/services?angel=Ana&aberto=false"
    assert body == {
        "sla_angel": [
            {
                "angel": "Ana",
                "total_de_atendimentos": 4,
                "total_de_atendimentos_no_prazo": 3,
                "sla": "75.00%",
                "sla_percentual": 75.0,
                "sla_minimo": 30.06,
                "sla_maximo": 95.44,
            }
        ],
        "start_date": "2021-05-01",
        "end_date": "2021-05-03",
        "tolerance_days": 0,
        "data_version": body["data_version"],
    }


@pytest.mark.parametrize(
    ("on_time", "total", "shown"),
    [(1, 3, "33.33%"), (2, 3, "66.67%"), (1, 32, "3.12%"), (3, 32, "9.38%"), (1, 160, "0.62%"), (3, 160, "1.88%")],
)
async def test_sla_rounds_a_half_to_the_even_digit(
    client: httpx.AsyncClient, connection: asyncpg.Connection, on_time: int, total: int, shown: str
) -> None:
    early = [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-02T08:00:00")] * on_time
    late = [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-03T08:00:00")] * (total - on_time)
    await store(connection, early + late)
    assert (await ask(client, f"{SLA}/angel"))["sla_angel"][0]["sla"] == shown


@pytest.mark.parametrize(
    ("done", "seconds", "text"),
    [
        (["2021-04-29T09:26:39"], 225201, "2 days, 14:33:21"),
        (["2021-05-02T00:50:00"], -3000, "-1 day, 23:10:00"),
        (["2021-05-02T00:00:00"], 0, "0:00:00"),
        (["2021-05-01T23:59:59", "2021-05-01T23:59:58"], 2, "0:00:02"),  # 1.5 goes to the even 2
        (["2021-05-01T23:59:58", "2021-05-01T23:59:57"], 2, "0:00:02"),  # so does 2.5
        (["2021-05-02T00:00:01", "2021-05-02T00:00:02"], -2, "-1 day, 23:59:58"),
        (["2021-04-30T22:00:00"], 93600, "1 day, 2:00:00"),
        (["2021-05-05T00:00:00"], -259200, "-3 days, 0:00:00"),
    ],
)
async def test_mean_time_is_written_as_python_writes_a_timedelta(
    client: httpx.AsyncClient, connection: asyncpg.Connection, done: list[str], seconds: int, text: str
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", at) for at in done])
    row = (await ask(client, PRODUCTIVITY))["produtividade"][0]
    assert (row["tempo_medio_segundos"], row["tempo_medio_atendimento"]) == (seconds, text)
    assert text == str(timedelta(seconds=seconds))


async def test_productivity_is_visits_for_each_business_day_of_the_asked_days(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    days = ["2021-04-19", "2021-04-20", "2021-04-23"]
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", f"{day}T10:00:00") for day in days])
    whole = await ask(client, PRODUCTIVITY)
    assert whole["dias_uteis"] == 4  # Monday to Friday less Tiradentes
    assert whole["produtividade"][0]["produtividade"] == 0.75
    assert whole["calendario"] == "nacional"
    asked = await ask(client, PRODUCTIVITY, start_date="2021-04-01", end_date="2021-04-30")
    row = asked["produtividade"][0]
    assert (row["total_de_atendimentos"], row["dias_uteis"], row["produtividade"]) == (3, 20, 0.15)


async def test_productivity_is_null_where_no_business_day_is(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-01T10:00:00")])
    row = (await ask(client, PRODUCTIVITY))["produtividade"][0]
    assert (row["dias_uteis"], row["produtividade"]) == (0, None)


async def test_without_any_visit_every_answer_is_empty(client: httpx.AsyncClient) -> None:
    assert (await ask(client, f"{SLA}/angel"))["sla_angel"] == []
    assert (await ask(client, f"{SLA}/polo"))["sla_polo"] == []
    body = await ask(client, PRODUCTIVITY)
    assert (body["produtividade"], body["dias_uteis"], body["start_date"]) == ([], None, None)


RANGES = [
    (None, None),
    (date(2020, 2, 29), date(2020, 2, 29)),
    (date(2020, 2, 28), date(2020, 3, 1)),
    (date(2020, 1, 1), date(2020, 12, 31)),
    (date(2020, 1, 2), date(2020, 12, 30)),
    (date(2019, 12, 31), date(2021, 1, 1)),
    (date(2020, 10, 17), date(2020, 10, 19)),  # a change to daylight saving time, where zones have one
    (None, date(2020, 6, 30)),
    (date(2020, 7, 1), None),
    (date(1900, 1, 1), date(2199, 12, 31)),
    (date(2030, 1, 1), date(2030, 12, 31)),
]


@pytest.mark.parametrize("folded", ["not at all", "half", "wholly"])
async def test_every_range_equals_a_loop_over_the_visits(
    client: httpx.AsyncClient, connection: asyncpg.Connection, folded: str
) -> None:
    visits = random_visits(1, 3000)
    await store(connection, visits[:1500])
    if folded == "half":
        await merge_everything(connection)
    await store(connection, visits[1500:])
    if folded == "wholly":
        await merge_everything(connection)
    for first, last in RANGES:
        bounds = {"start_date": first, "end_date": last}
        params = {name: day.isoformat() for name, day in bounds.items() if day is not None}
        expected = attended(visits, first, last)
        for by in ("angel", "polo", "uf"):
            assert sla_rows(await ask(client, f"{SLA}/{by}", **params), by) == sla_by(by, expected)
        rows = (await ask(client, PRODUCTIVITY, **params))["produtividade"]
        shown = {row["angel"]: (row["total_de_atendimentos"], row["tempo_medio_segundos"]) for row in rows}
        assert shown == seconds_by("angel", expected)


@pytest.mark.parametrize("folded", [False, True])
async def test_filters_and_tolerance_equal_a_loop_over_the_visits(
    client: httpx.AsyncClient, connection: asyncpg.Connection, folded: bool
) -> None:
    visits = random_visits(2, 3000)
    await store(connection, visits)
    if folded:
        await merge_everything(connection)
    for only in (
        {"angel": "Angel 04"},
        {"polo": "CE - SOBRAL"},
        {"uf": "SP"},
        {"angel": "Angel 00", "uf": "SP"},
        {"angel": "nobody"},
        {"uf": "RJ"},
    ):
        for tolerance in (0, 1, 3):
            first, last = date(2020, 2, 10), date(2020, 11, 5)
            params = {"start_date": first, "end_date": last, "tolerance_days": tolerance, **only}
            for by in ("angel", "polo", "uf"):
                body = await ask(client, f"{SLA}/{by}", **params)
                assert body["tolerance_days"] == tolerance
                assert sla_rows(body, by) == sla_by(by, attended(visits, first, last, **only), tolerance)


async def test_rows_are_sorted_by_the_field_and_ties_by_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    def done(angel: str, early: int, late: int) -> list[Any]:
        on = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-04T00:00:00")
        off = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-06T00:00:00")
        return [on] * early + [off] * late

    await store(connection, done("Caio", 2, 0) + done("Ana", 2, 0) + done("Bia", 1, 2) + done("Ênio", 1, 1))

    async def order(path: str, **params: Any) -> list[str]:
        body = await ask(client, path, **params)
        return [row["angel"] for row in next(value for value in body.values() if isinstance(value, list))]

    assert await order(f"{SLA}/angel") == ["Bia", "Ana", "Caio", "Ênio"]
    assert await order(f"{SLA}/angel", desc=False) == ["Ana", "Caio", "Ênio", "Bia"]
    assert await order(f"{SLA}/angel", sort_field="total_sla") == ["Ana", "Caio", "Bia", "Ênio"]
    assert await order(f"{SLA}/angel", sort_field="sla") == ["Ana", "Caio", "Ênio", "Bia"]
    assert await order(f"{SLA}/angel", sort_field="angel") == ["Ênio", "Caio", "Bia", "Ana"]
    assert await order(f"{SLA}/angel", sort_field="angel", desc="false") == ["Ana", "Bia", "Caio", "Ênio"]
    assert await order(PRODUCTIVITY, sort_field="avg_time") == ["Ana", "Caio", "Ênio", "Bia"]
    assert await order(PRODUCTIVITY, sort_field="produtividade", desc=False) == ["Ana", "Caio", "Ênio", "Bia"]


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/sla/angel", "sort_field=avg_time", "total, total_sla, sla, sla_minimo, sla_maximo, angel"),
        ("/sla/polo", "sort_field=angel", "total, total_sla, sla, sla_minimo, sla_maximo, polo"),
        ("/productivity", "sort_field=sla", "total, avg_time, produtividade, angel"),
        ("/productivity", "sort_field=__import__('os')", "total, avg_time, produtividade, angel"),
        ("/sla/angel", "desc=eval(1)", "bool"),
        ("/sla/angel", "start_date=01/02/2021", "YYYY-MM-DD"),
        ("/sla/angel", "start_date=2021-02-30", "YYYY-MM-DD"),
        ("/sla/angel", "start_date=1612137600", "YYYY-MM-DD"),
        ("/sla/angel", "start_date=", "YYYY-MM-DD"),
        ("/sla/angel", "start_date=2021-02-02&end_date=2021-02-01", "before start_date"),
        (
            "/sla/angel",
            "angle=Ana",
            "angel, desc, end_date, format, limit, polo, safe, sort_field, start_date, tolerance_days, uf",
        ),
        ("/sla/angel", "desc=true&desc=false", "more than once"),
        ("/sla/angel", "uf=ceara", "there are: AC, AL,"),
        ("/sla/angel", "angel=a%00b", "NUL"),
        ("/sla/angel", "tolerance_days=-1", "greater than or equal"),
        ("/productivity", "tolerance_days=1", "unknown query parameter"),
        ("/productivity", "calendario=estadual", "'nacional' or 'uf'"),
    ],
)
async def test_a_query_that_cannot_be_taken_is_422_and_says_what_can(
    client: httpx.AsyncClient, path: str, query: str, says: str
) -> None:
    answer = await client.get(f"/v1/indicators{path}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert any(says in error["msg"] for error in answer.json()["errors"]), answer.text


async def test_a_viewer_may_ask_and_a_stranger_may_not(client_as: Any, anonymous: httpx.AsyncClient) -> None:
    viewer = await client_as("viewer")
    for path in ("/sla/angel", "/sla/polo", "/sla/uf", "/productivity", "/productivity/polo", "/productivity/uf"):
        assert (await viewer.get(f"/v1/indicators{path}")).status_code == 200
        refused = await anonymous.get(f"/v1/indicators{path}")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"


async def test_the_version_changes_with_each_commit_and_not_by_merging(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    versions = [(await ask(client, f"{SLA}/angel"))["data_version"]]
    for day in range(1, 4):
        await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", f"2021-05-0{day}T10:00:00")])
        versions.append((await ask(client, f"{SLA}/angel"))["data_version"])
    assert versions == sorted(set(versions))
    await merge_everything(connection)
    assert (await ask(client, PRODUCTIVITY))["data_version"] == versions[-1]


async def test_an_unchanged_version_is_304_and_a_changed_one_is_sent(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-01T10:00:00")])
    first = await client.get(f"{SLA}/angel")
    etag = first.headers["etag"]
    assert etag == f'"{first.json()["data_version"]}"'
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await client.get(f"{SLA}/angel", headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-01T10:00:00")])
    answer = await client.get(f"{SLA}/angel", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json()["sla_angel"][0]["total_de_atendimentos"] == 2


async def test_an_angel_whose_last_visit_went_is_gone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    gone = visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-04T10:00:00")
    stays = visit("Bia", "CE - SOBRAL", "2021-05-02", "2021-05-05T10:00:00")
    await store(connection, [gone, stays])
    await merge_everything(connection)
    await record(connection, by_hand(), removed=[gone])
    for _ in range(2):
        body = await ask(client, f"{SLA}/angel")
        assert [row["angel"] for row in body["sla_angel"]] == ["Bia"]
        assert body["start_date"] == "2021-05-05"
        await merge_everything(connection)
    for table in ("rollup", "rollup_late"):
        days = await connection.fetch(f"SELECT block, total FROM {table} WHERE grain = 0")
        assert [tuple(row) for row in days] == [(date(2021, 5, 5), 1)]


async def test_changes_may_be_merged_in_any_order(
    client: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gathered ones are, with a visit taken out of a cell before it came into it, and another in that cell."""
    stays = visit("Ana", "CE - SOBRAL", "2020-12-31", "2021-01-01T10:00:00")
    gone = visit("Ana", "CE - SOBRAL", "2021-01-01", "2021-01-01T10:00:00")
    await store(connection, [stays])
    await merge_everything(connection)
    await record(connection, by_hand(), added=[gone])
    await record(connection, by_hand(), removed=[gone])
    monkeypatch.setattr(merging, "_choose", lambda waiting: [] if not waiting else waiting[-1].commits)
    last_day = date(2021, 1, 1)
    waiting = 2
    while waiting:  # the service, too, merges, and then this connection does not
        await merge(connection)
        waiting = await connection.fetchval("SELECT count(*) FROM rollup_waiting")
        last_day += timedelta(1)  # another question each time, for merging changes no version
        body = await ask(client, f"{SLA}/angel", start_date="2021-01-01", end_date=f"{last_day}")
        assert sla_rows(body, "angel") == {"Ana": (1, 0, "0.00%")}


async def test_a_moment_within_the_same_day_changes_the_mean_alone(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:

    before = Visit("Ana", "CE - SOBRAL", date(2021, 5, 2), datetime(2021, 5, 1, 10))
    after = Visit("Ana", "CE - SOBRAL", date(2021, 5, 2), datetime(2021, 5, 1, 12))
    await store(connection, [before])
    await merge_everything(connection)
    await record(connection, by_hand(), removed=[before], added=[after])
    for _ in range(2):
        row = (await ask(client, PRODUCTIVITY))["produtividade"][0]
        assert (row["total_de_atendimentos"], row["tempo_medio_atendimento"]) == (1, "12:00:00")
        await merge_everything(connection)
