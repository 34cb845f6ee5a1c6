"""The indicators where there is nothing, where values tie on paper, and where there is too much for an answer."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import asyncpg
import httpx
import pytest
from visits import Visit, attended, by_hand, random_visits, record, store, two_decimals, visit

from logistics_indicators.indicators import trend
from logistics_indicators.rollup.merging import merge_everything

INDICATORS = "/v1/indicators"


async def ask(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{INDICATORS}{path}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def rows_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    return next(value for value in body.values() if isinstance(value, list))


BY = ("angel", "polo", "uf")
WITH_A_RANGE = [
    *(f"/sla/{by}" for by in BY),
    *("/productivity", "/productivity/polo", "/productivity/uf"),
    *(f"/lateness/{by}" for by in BY),
    "/trend",
]
EMPTY = [{"start_date": "2030-01-01"}, {"end_date": "1999-12-31"}]


@pytest.mark.parametrize("bound", EMPTY)
@pytest.mark.parametrize("path", WITH_A_RANGE)
async def test_a_range_that_ends_before_it_begins_is_empty_everywhere(
    client: httpx.AsyncClient, connection: asyncpg.Connection, path: str, bound: dict[str, str]
) -> None:
    await store(connection, random_visits(40, 50))
    body = await ask(client, path, **bound)
    assert (rows_of(body), body["start_date"], body["end_date"]) == ([], None, None)
    assert body.get("dias_uteis") is None
    text = await client.get(f"{INDICATORS}{path}", params={**bound, "format": "csv"})
    assert (text.status_code, text.text.count("\n")) == (200, 1)


@pytest.mark.parametrize("bound", [*EMPTY, {}])
async def test_a_summary_of_an_empty_range_has_neither_period_nor_figures(
    client: httpx.AsyncClient, connection: asyncpg.Connection, bound: dict[str, str]
) -> None:
    if bound:
        await store(connection, random_visits(40, 50))
    for calendar in ("nacional", "uf"):
        body = await ask(client, "/summary", calendario=calendar, **bound)
        assert (body["start_date"], body["end_date"], body["melhores"], body["piores"]) == (None, None, [], [])
        for period in (body["periodo"], body["periodo_anterior"]):
            assert period.pop("calendario") == "nacional"
            assert period.pop("total_de_atendimentos") == period.pop("total_de_atendimentos_no_prazo") == 0
            assert set(period.values()) == {None}


ALL_WITH_UF = ["/sla/uf", "/productivity/uf", "/lateness/uf", "/backlog/uf", "/trend"]


@pytest.mark.parametrize("path", ALL_WITH_UF)
@pytest.mark.parametrize("descending", [True, False])
async def test_a_polo_without_a_state_comes_last_whichever_way_states_are_sorted(
    client: httpx.AsyncClient, connection: asyncpg.Connection, path: str, descending: bool
) -> None:
    await store(connection, random_visits(41, 400))
    by = {"by": "uf"} if path == "/trend" else {}
    names = [r["uf"] for r in rows_of(await ask(client, path, sort_field="uf", desc=descending, **by))]
    assert list(dict.fromkeys(names)) == [*sorted({n for n in names if n}, reverse=descending), None]


@pytest.mark.parametrize("path", ["/sla/uf", "/productivity/uf", "/lateness/uf", "/backlog/uf"])
async def test_of_equal_values_the_one_without_a_state_comes_last(
    client: httpx.AsyncClient, connection: asyncpg.Connection, path: str
) -> None:
    await store(
        connection, [visit("Ana", p, "2021-05-02", "2021-05-03T10:00:00") for p in ("NADA", "SP - X", "CE - Y")]
    )
    await store(connection, [visit("Ana", p, "2021-05-02", None) for p in ("NADA", "SP - X", "CE - Y")])
    for descending in (True, False):
        body = await ask(client, path, desc=descending, sort_field="total")
        assert [row["uf"] for row in rows_of(body)] == ["CE", "SP", None]


def on_time_of(angel: str, on_time: int, total: int) -> list[Visit]:
    early = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-05T00:00:00")
    late = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-06T00:00:00")
    return [early] * on_time + [late] * (total - on_time)


async def test_rows_are_sorted_by_the_exact_value_and_not_by_what_is_shown(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    angels = {"A": (2, 993), "B": (2, 992), "C": (3, 1488), "D": (1, 500), "E": (1, 496)}
    await store(connection, [v for angel, counts in angels.items() for v in on_time_of(angel, *counts)])
    exact = {angel: Fraction(*counts) for angel, counts in angels.items()}
    assert len({two_decimals(100 * n, d) for n, d in angels.values()}) < len(set(exact.values()))
    for descending in (True, False):
        sign = -1 if descending else 1
        shown = [r["angel"] for r in rows_of(await ask(client, "/sla/angel", sort_field="sla", desc=descending))]
        assert shown == sorted(exact, key=lambda angel: (sign * exact[angel], angel))
        late = {angel: 1 - share for angel, share in exact.items()}
        by_late = await ask(client, "/lateness/angel", sort_field="percentual", desc=descending)
        assert [r["angel"] for r in rows_of(by_late)] == sorted(late, key=lambda a: (sign * late[a], a))


@pytest.mark.parametrize("field", ["avg_time", "produtividade"])
async def test_productivity_is_sorted_by_the_exact_value(
    client: httpx.AsyncClient, connection: asyncpg.Connection, field: str
) -> None:
    visits = [
        Visit(f"Angel {n:02d}", "CE - SOBRAL", date(2021, 5, 5), datetime(2021, 5, 4, 12, 0, n % 3) + timedelta(i))
        for n in range(30)
        for i in range(1 + n % 4)
    ]
    await store(connection, visits)
    values: dict[str, Fraction] = {}
    for angel in {v.angel for v in visits}:
        own = [v for v in attended(visits) if v.angel == angel]
        seconds = sum(
            int((datetime(2021, 5, 5) - v.data_de_atendimento).total_seconds())  # type: ignore[operator, misc]
            for v in own
        )
        values[angel] = Fraction(len(own)) if field == "produtividade" else Fraction(seconds, len(own))
    for descending in (True, False):
        shown = [r["angel"] for r in rows_of(await ask(client, "/productivity", sort_field=field, desc=descending))]
        assert shown == sorted(values, key=lambda a: (-values[a] if descending else values[a], a))


async def test_a_trend_of_more_points_than_an_answer_bears_sums_the_rest(
    client: httpx.AsyncClient, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = random_visits(42, 3000)
    await store(connection, visits)
    whole = await ask(client, "/trend", bucket="month")
    assert (whole["nomes"], whole["nomes_em_demais"]) == (12, 0)
    assert not any(point["demais"] for point in whole["tendencia"])
    buckets = len({point["inicio"] for point in whole["tendencia"]})
    monkeypatch.setattr(trend, "MOST_POINTS", 5 * buckets)
    for params, own in (({}, 4), ({"top": 2}, 2), ({"top": 9}, 4)):
        body = await ask(client, "/trend", bucket="month", tolerance_days=1, **params)
        assert (body["nomes"], body["nomes_em_demais"]) == (12, 12 - own)
        counts: dict[str, int] = defaultdict(int)
        for v in attended(visits):
            counts[v.angel] += 1
        named = sorted(sorted(counts), key=lambda name: -counts[name])[:own]
        sums: dict[tuple[str | None, str], list[int]] = defaultdict(lambda: [0, 0])
        for v in attended(visits):
            assert v.data_de_atendimento is not None
            first = max(v.data_de_atendimento.date().replace(day=1), date.fromisoformat(body["start_date"]))
            entry = sums[v.angel if v.angel in named else None, first.isoformat()]
            entry[0] += 1
            entry[1] += (v.data_de_atendimento.date() - v.data_limite).days <= 1
        shown = {(p["angel"], p["inicio"]): (p["total_de_atendimentos"], p["valor"]) for p in body["tendencia"]}
        assert len(shown) == len(body["tendencia"]) == (own + 1) * buckets
        for key, (total, value) in shown.items():
            there, on_time = sums[key]
            assert (total, value) == (there, float(two_decimals(100 * on_time, there)) if there else None)
        for point in body["tendencia"]:
            assert point["demais"] == (body["nomes_em_demais"] if point["angel"] is None else 0)
            assert (point["visitas"] is None) == (point["angel"] is None)


async def test_a_trend_with_its_defaults_answers_whatever_the_data(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    moments = [f"{year}-{month:02d}-15T10:00:00" for year in range(2014, 2022) for month in (1, 12)]
    await store(
        connection, [visit(f"Angel {n:04d}", "CE - SOBRAL", "2021-05-02", moments[n % 16]) for n in range(1500)]
    )
    body = await ask(client, "/trend")
    assert body["nomes"] == 1500
    assert body["nomes_em_demais"] > 0
    assert sum(point["total_de_atendimentos"] for point in body["tendencia"]) == 1500
    assert len(body["tendencia"]) <= trend.MOST_POINTS
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", f"{y}-01-01T10:00:00") for y in (1900, 2199)])
    body = await ask(client, "/trend")
    assert sum(point["total_de_atendimentos"] for point in body["tendencia"]) == 1502


@pytest.mark.parametrize("metric", ["sla", "total", "produtividade"])
async def test_a_point_without_what_its_figure_is_of_is_null_and_comes_last(
    client: httpx.AsyncClient, connection: asyncpg.Connection, metric: str
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-04-23T10:00:00")])  # a Friday
    query = {"metric": metric, "bucket": "day", "start_date": "2021-04-21", "end_date": "2021-04-25"}
    values = [p["valor"] for p in (await ask(client, "/trend", **query))["tendencia"]]
    expected = {
        "sla": [None, None, 100.0, None, None],
        "total": [0, 0, 1, 0, 0],
        "produtividade": [None, 0, 1.0, None, None],  # Tiradentes, Thursday, Friday, the weekend
    }
    assert values == expected[metric]
    for descending in (True, False):
        body = await ask(client, "/trend", sort_field="valor", desc=descending, **query)
        shown = [p["valor"] for p in body["tendencia"]]
        valued = sorted((v for v in values if v is not None), reverse=descending)
        assert shown == valued + [None] * (len(values) - len(valued))


async def test_the_best_and_the_worst_share_nobody_and_no_worst_is_without_a_late_visit(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    counts = {"A": (40, 40), "B": (50, 50), "C": (30, 40), "D": (35, 40), "E": (10, 40)}
    await store(connection, [v for angel, numbers in counts.items() for v in on_time_of(angel, *numbers)])

    async def lists(**params: Any) -> tuple[list[str], list[str]]:
        body = await ask(client, "/summary", **params)
        best, worst = ([row["angel"] for row in body[key]] for key in ("melhores", "piores"))
        return best, worst

    assert await lists(top=1) == (["B"], ["E"])
    assert await lists(top=2) == (["B", "A"], ["E", "C"])
    assert await lists(top=5) == (["B", "A", "D"], ["E", "C"])
    assert await lists(angel="A") == (["A"], [])
    assert await lists(angel="E") == (["E"], [])
    # with a week of grace nobody is late, so that nobody is a worst
    assert (await lists(top=5, tolerance_days=7))[1] == []


async def test_a_real_state_beats_none_and_ties_go_to_the_first_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    day = "2021-03-02T10:00:00"
    where = {
        "More without": {"SEM ESTADO": 5, "CE - SOBRAL": 1},
        "Tie of states": {"SP - SANTOS": 2, "CE - SOBRAL": 2},
        "Two beat one": {"SP - SANTOS": 1, "SP - CAMPINAS": 1, "CE - SOBRAL": 1, "SEM ESTADO": 9},
        "Nowhere": {"SEM ESTADO": 1},
    }
    visits = [visit(a, p, "2021-03-02", day) for a, polos in where.items() for p, n in polos.items() for _ in range(n)]
    await store(connection, visits)
    query = {"start_date": "2021-03-01", "end_date": "2021-03-31", "calendario": "uf"}
    days = {row["angel"]: row["dias_uteis"] for row in rows_of(await ask(client, "/productivity", **query))}
    assert days == {"More without": 21, "Tie of states": 21, "Two beat one": 23, "Nowhere": 23}
    trend_rows = (await ask(client, "/trend", metric="produtividade", **query))["tendencia"]
    for point in trend_rows:
        number = sum(where[point["angel"]].values())
        assert point["valor"] == float(two_decimals(number, days[point["angel"]]))


async def test_a_summary_says_whose_calendar_it_counted(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    day = "2021-03-02T10:00:00"
    places = ["CE - SOBRAL", "CE - SOBRAL", "SP - SANTOS", "SEM ESTADO", "SEM ESTADO", "SEM ESTADO"]
    await store(connection, [visit("Ana", polo, "2021-03-02", day) for polo in places])
    query = {"start_date": "2021-03-01", "end_date": "2021-03-31"}
    asked = [
        ({}, "nacional", 23),
        ({"calendario": "uf"}, "nacional", 23),
        ({"calendario": "uf", "uf": "CE"}, "CE", 21),
        ({"uf": "CE"}, "nacional", 23),
        ({"calendario": "uf", "polo": "CE - SOBRAL"}, "CE - SOBRAL", 21),
        ({"calendario": "uf", "polo": "SEM ESTADO"}, "SEM ESTADO", 23),
        ({"calendario": "uf", "angel": "Ana"}, "CE - SOBRAL", 21),
        ({"calendario": "uf", "angel": "Ana", "uf": "SP"}, "SP - SANTOS", 23),
        ({"calendario": "uf", "angel": "nobody"}, "nacional", 23),
    ]
    for params, calendar, days in asked:
        period = (await ask(client, "/summary", **query, **params))["periodo"]
        assert (period["calendario"], period["dias_uteis"]) == (calendar, days), params
        if "angel" in params and params["angel"] == "Ana":
            rows = rows_of(await ask(client, "/productivity", **query, **params))
            assert rows[0]["dias_uteis"] == days
            assert rows[0]["produtividade"] == period["produtividade"]


async def test_rows_without_a_value_go_by_name(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    names = ["SP - A", "BA - B", "RJ - C"]
    await store(connection, [visit("ANA", polo, "2021-12-25", "2020-12-25 10:00") for polo in names for _ in polo])
    await store(connection, [visit("ANA", "RJ - C", "2021-12-25", "2020-12-25 10:00")])
    holiday = {"start_date": "2020-12-25", "end_date": "2020-12-25", "sort_field": "produtividade"}
    for desc in (True, False):
        body = await ask(client, "/productivity/polo", **holiday, desc=desc)
        assert [row["polo"] for row in rows_of(body)] == sorted(names)


async def test_the_backlog_is_sorted_by_its_date_and_links_to_nothing_that_cannot_be(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    days = {"A": "2021-03-01", "B": "2021-01-01", "C": "2021-02-01"}
    await store(connection, [visit("ANA", polo, day, None) for polo, day in days.items()])
    body = await ask(client, "/backlog/polo", as_of="2020-01-01", sort_field="mais_antigo", desc=True)
    assert [row["polo"] for row in rows_of(body)] == ["B", "C", "A"]
    assert {row["dias_de_atraso_do_mais_antigo"] for row in rows_of(body)} == {0}
    for as_of, status in (("1900-01-01", None), ("1900-01-02", 200)):
        row = rows_of(await ask(client, "/backlog/polo", as_of=as_of))[0]
        link = row["visitas_atrasadas"]
        assert (link and (await client.get(link)).status_code) == status


@pytest.mark.parametrize("bucket", ["day", "week"])
async def test_a_trend_has_up_to_5000_buckets(
    client: httpx.AsyncClient, connection: asyncpg.Connection, bucket: str
) -> None:
    await store(connection, [visit("ANA", "SP - A", "2015-01-05", "2015-01-05 10:00")])
    first = date(2015, 1, 5) if bucket == "day" else date(1930, 1, 6)
    for number, status in ((5000, 200), (5001, 422)):
        last = first + (number * timedelta(days=1 if bucket == "day" else 7)) - timedelta(days=1)
        asked = {"bucket": bucket, "start_date": first.isoformat(), "end_date": last.isoformat()}
        answer = await client.get(f"{INDICATORS}/trend", params=asked)
        assert answer.status_code == status, answer.text[:200]


async def test_what_moves_no_figure_leaves_the_version(client: httpx.AsyncClient, client_as: Any) -> None:
    admin = await client_as("admin")
    customer = (await client.post("/v1/customers", json={"nome": "A", "email": "a@mail.com"})).json()["id"]
    body = {"id_cliente": customer, "angel": "ANA", "polo": "SP - A", "data_limite": "2021-06-30"}
    service = (await client.post("/v1/services", json=body)).json()["id"]
    before = (await client.get(f"{INDICATORS}/sla/polo")).headers["etag"]
    assert (await client.put(f"/v1/services/{service}", json=body | {"data_de_atendimento": None})).status_code == 200
    polo = (await client.get("/v1/polos")).json()["polos"][0]["id"]
    assert (await admin.put(f"/v1/polos/{polo}", json={"uf": "SP"})).status_code == 200
    assert (await client.get(f"{INDICATORS}/sla/polo")).headers["etag"] == before
    assert (await admin.put(f"/v1/polos/{polo}", json={"uf": "RJ"})).status_code == 200
    assert (await client.get(f"{INDICATORS}/sla/polo")).headers["etag"] != before


async def test_a_name_whose_visits_were_all_taken_away_is_in_no_trend_before_they_are_merged(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    stay = [visit("Ana", polo, "2016-03-01", "2016-03-01T10:00:00") for polo in ("PB - P00", "PB - P01")]
    gone = [visit("Um", "GO - VAI", "2016-03-01", "2016-03-01T10:00:00")]
    await store(connection, stay + gone)
    await merge_everything(connection)
    await record(connection, by_hand(), removed=gone)
    day = {"start_date": "2016-03-01", "end_date": "2016-03-01", "bucket": "day", "metric": "total"}
    for by in BY:
        assert sum(row["valor"] for row in rows_of(await ask(client, "/trend", by=by, **day))) == 2
        assert rows_of(await ask(client, "/trend", by=by, angel="Um", **day)) == []


async def test_ends_of_intervals_that_are_exactly_alike_are_settled_by_name(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    late, early = "2021-05-09T10:00:00", "2021-05-01T10:00:00"
    none = [("A um", 1), ("B tres", 3), ("C doze", 12)]
    every = [("D dez", 10), ("E quatro", 4), ("F um", 1)]
    for names, made in ((none, late), (every, early)):
        for name, number in names:
            await store(connection, [visit(name, "ES - EMPATE", "2021-05-03", made)] * number)
    query = {"polo": "ES - EMPATE", "desc": "false"}
    lowest = (await ask(client, "/sla/angel", sort_field="sla_minimo", **query))["sla_angel"]
    assert [row["angel"] for row in lowest][:3] == ["A um", "B tres", "C doze"]
    query["desc"] = "true"
    highest = (await ask(client, "/sla/angel", sort_field="sla_maximo", **query))["sla_angel"]
    assert [row["angel"] for row in highest][:3] == ["D dez", "E quatro", "F um"]
