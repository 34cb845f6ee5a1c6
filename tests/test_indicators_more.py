"""Trend, backlog, lateness, summary, links to visits, exports: against a plain loop over the visits."""

import csv
import io
from collections import Counter
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import openpyxl
import pyarrow.parquet
import pytest
from visits import KEY, Visit, attended, by_hand, random_visits, record, sla_by, store, two_decimals, uf, visit

from logistics_indicators.rollup.merging import merge_everything

INDICATORS = "/v1/indicators"
FIRST, LAST = date(2020, 2, 10), date(2020, 11, 5)
RANGE = {"start_date": FIRST.isoformat(), "end_date": LAST.isoformat()}


async def ask(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{INDICATORS}{path}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture(params=["folded", "half folded"])
async def visits(request: pytest.FixtureRequest, connection: asyncpg.Connection) -> list[Visit]:
    stored = random_visits(3, 2000)
    await store(connection, stored[:1000])
    await merge_everything(connection)
    await store(connection, stored[1000:])
    if request.param == "folded":
        await merge_everything(connection)
    return stored


def bucket_start(day: date, bucket: str) -> date:
    start = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
    }[bucket]
    return max(start, FIRST)


@pytest.mark.parametrize("bucket", ["day", "week", "month"])
@pytest.mark.parametrize("by", ["angel", "polo", "uf"])
async def test_trend_has_every_bucket_of_every_name_and_no_sla_where_no_visit_is(
    client: httpx.AsyncClient, visits: list[Visit], bucket: str, by: str
) -> None:
    body = await ask(client, "/trend", bucket=bucket, by=by, metric="sla", tolerance_days=1, **RANGE)
    points = body["tendencia"]
    counted = attended(visits, FIRST, LAST)
    starts = sorted({bucket_start(FIRST + timedelta(days=i), bucket) for i in range((LAST - FIRST).days + 1)})
    names = {KEY[by](v) for v in counted}
    assert len(points) == len(starts) * len(names)
    assert [p["inicio"] for p in points] == sorted(p["inicio"] for p in points)
    assert points[-1]["fim"] == LAST.isoformat()
    expected = {}
    for start in starts:
        inside = [v for v in counted if bucket_start(v.data_de_atendimento.date(), bucket) == start]  # type: ignore[union-attr]
        for name, (total, _, shown) in sla_by(by, inside, 1).items():
            expected[name, start.isoformat()] = (total, float(shown[:-1]))
    for point in points:
        told = (point["total_de_atendimentos"], point["valor"])
        assert told == expected.get((point[by], point["inicio"]), (0, None))


async def test_trend_with_top_0_is_one_series_of_all(client: httpx.AsyncClient, visits: list[Visit]) -> None:
    body = await ask(client, "/trend", bucket="month", by="angel", metric="sla", top=0, **RANGE)
    counted = attended(visits, FIRST, LAST)
    for point in body["tendencia"]:
        inside = [v for v in counted if str(v.data_de_atendimento)[:7] == point["inicio"][:7]]
        on_time = sum(v.data_de_atendimento.date() <= v.data_limite for v in inside)  # type: ignore[union-attr]
        assert (point["angel"], point["total_de_atendimentos"]) == (None, len(inside))
        assert point["demais"] == body["nomes"] == len({v.angel for v in counted})
        assert point["valor"] == (round(100 * on_time / len(inside), 2) if inside else None)
    assert len({point["inicio"] for point in body["tendencia"]}) == len(body["tendencia"]) > 1


async def test_trend_of_productivity_counts_the_business_days_of_each_bucket(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    days = ["2021-04-19", "2021-04-20", "2021-04-24"]
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", f"{day}T10:00:00") for day in days])
    query = {"metric": "produtividade", "start_date": "2021-04-19", "end_date": "2021-05-02"}
    weeks = (await ask(client, "/trend", bucket="week", **query))["tendencia"]
    assert [(p["inicio"], p["fim"], p["valor"]) for p in weeks] == [
        ("2021-04-19", "2021-04-25", 0.75),  # Tiradentes is no business day
        ("2021-04-26", "2021-05-02", 0),
    ]
    saturday = (await ask(client, "/trend", bucket="day", **query))["tendencia"][5]
    assert (saturday["total_de_atendimentos"], saturday["valor"]) == (1, None)


async def test_trend_refuses_more_points_than_an_answer_bears(client: httpx.AsyncClient, visits: list[Visit]) -> None:
    params = {"bucket": "day", "start_date": "1900-01-01", "end_date": "2199-12-31"}
    answer = await client.get(f"{INDICATORS}/trend", params=params)
    assert answer.status_code == 422
    assert "larger bucket" in answer.json()["errors"][0]["msg"]


async def test_trend_cannot_be_sorted_by_a_name_that_its_rows_lack(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{INDICATORS}/trend?by=polo&sort_field=angel")
    assert answer.status_code == 422


@pytest.mark.parametrize("by", ["angel", "polo", "uf"])
async def test_backlog_counts_open_and_overdue_visits(client: httpx.AsyncClient, visits: list[Visit], by: str) -> None:
    as_of = date(2020, 8, 1)
    for only in ({}, {"uf": "SP"}, {"angel": "Angel 04"}):
        body = await ask(client, f"/backlog/{by}", as_of=as_of.isoformat(), **only)
        assert body["as_of"] == as_of.isoformat()
        shown = {
            r[by]: (r["total_em_aberto"], r["total_atrasado"], date.fromisoformat(r["data_limite_mais_antiga"]))
            for r in body[f"backlog_{by}"]
        }
        waiting = [v for v in visits if v.data_de_atendimento is None]
        waiting = [v for v in waiting if all(KEY[k](v) == value for k, value in only.items())]
        limits: dict[str | None, list[date]] = {}
        for v in waiting:
            limits.setdefault(KEY[by](v), []).append(v.data_limite)
        assert shown == {
            name: (len(days), sum(day < as_of for day in days), min(days)) for name, days in limits.items()
        }


async def test_backlog_follows_a_visit_that_is_made(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    waiting = visit("Ana", "CE - SOBRAL", "2021-05-02", None)
    await store(connection, [waiting])
    for _ in range(2):
        row = (await ask(client, "/backlog/angel", as_of="2021-05-05"))["backlog_angel"][0]
        assert (row["total_em_aberto"], row["total_atrasado"], row["dias_de_atraso_do_mais_antigo"]) == (1, 1, 3)
        await merge_everything(connection)
    await record(
        connection,
        by_hand(),
        removed=[waiting],
        added=[visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-02T10:00:00")],
    )
    for _ in range(2):
        assert (await ask(client, "/backlog/angel"))["backlog_angel"] == []
        assert (await ask(client, "/sla/angel"))["sla_angel"][0]["sla"] == "100.00%"
        await merge_everything(connection)


async def test_the_oldest_visit_that_waits_is_one_that_waits_still(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    first, second = (visit("Ana", "CE - SOBRAL", day, None) for day in ("2021-05-02", "2021-05-04"))
    await store(connection, [first, second])
    await record(connection, by_hand(), removed=[first], added=[])
    for _ in range(2):
        for by, name in (("angel", "Ana"), ("polo", "CE - SOBRAL"), ("uf", "CE")):
            row = (await ask(client, f"/backlog/{by}", as_of="2021-05-05"))[f"backlog_{by}"][0]
            assert (row[by], row["total_em_aberto"], row["data_limite_mais_antiga"]) == (name, 1, "2021-05-04")
        await merge_everything(connection)


async def test_the_backlog_of_another_day_has_another_etag(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    await store(connection, [visit("Ana", "CE - SOBRAL", "2021-05-02", None)])
    first = await client.get(f"{INDICATORS}/backlog/angel?as_of=2021-05-02")
    other = await client.get(
        f"{INDICATORS}/backlog/angel?as_of=2021-05-03", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (other.status_code, other.json()["backlog_angel"][0]["total_atrasado"]) == (200, 1)


@pytest.mark.parametrize("by", ["angel", "polo", "uf"])
async def test_lateness_describes_the_late_visits(client: httpx.AsyncClient, visits: list[Visit], by: str) -> None:
    rows = (await ask(client, f"/lateness/{by}", **RANGE))[f"lateness_{by}"]
    groups: dict[str | None, list[int]] = {}
    for v in attended(visits, FIRST, LAST):
        assert v.data_de_atendimento is not None
        groups.setdefault(KEY[by](v), []).append((v.data_de_atendimento.date() - v.data_limite).days)
    assert {row[by] for row in rows} == set(groups)
    for row in rows:
        days = groups[row[by]]
        late = sorted(d for d in days if d >= 1)
        bands = Counter("1" if d == 1 else "2" if d == 2 else "3" if d <= 5 else "6" for d in late)
        assert row["total_de_atendimentos"] == len(days)
        assert row["total_de_atrasados"] == len(late)
        assert row["percentual_de_atrasados"] == float(two_decimals(100 * len(late), len(days)))
        assert row["media_de_dias_de_atraso"] == float(two_decimals(sum(late), len(late)))
        assert row["p50_de_dias_de_atraso"] == late[-(-50 * len(late) // 100) - 1]
        assert row["p90_de_dias_de_atraso"] == late[-(-90 * len(late) // 100) - 1]
        shares = ["percentual_1_dia", "percentual_2_dias", "percentual_3_a_5_dias", "percentual_mais_de_5_dias"]
        assert [row[s] for s in shares] == [float(two_decimals(100 * bands[b], len(late))) for b in "1236"]
        assert [row[s.replace("percentual", "atrasados")] for s in shares] == [bands[b] for b in "1236"]


async def test_lateness_without_a_late_visit_has_no_figures(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    on_time = visit("Ana", "CE - SOBRAL", "2021-05-02", "2021-05-02T10:00:00")
    late = visit("Bia", "CE - SOBRAL", "2021-05-02", "2021-05-03T10:00:00")
    await store(connection, [on_time, late])
    rows = (await ask(client, "/lateness/angel", sort_field="media", desc=False))["lateness_angel"]
    assert [(r["angel"], r["total_de_atrasados"], r["media_de_dias_de_atraso"]) for r in rows] == [
        ("Bia", 1, 1.0),
        ("Ana", 0, None),
    ]


async def test_summary_ranks_by_what_the_sla_surely_reaches(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    def made(angel: str, on_time: int, late: int) -> list[Visit]:
        early = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-05T10:00:00")
        over = visit(angel, "CE - SOBRAL", "2021-05-05", "2021-05-06T10:00:00")
        return [early] * on_time + [over] * late

    await store(connection, made("Three of three", 3, 0) + made("Many", 980, 20) + made("Worse", 60, 40))
    body = await ask(client, "/summary", min_total=3)
    assert [row["angel"] for row in body["melhores"]] == ["Many", "Three of three"]
    assert [row["angel"] for row in body["piores"]] == ["Worse"]
    three = next(row for row in body["melhores"] if row["angel"] == "Three of three")
    assert (three["sla"], three["sla_minimo"], three["sla_maximo"]) == ("100.00%", 43.85, 100.0)
    best = (await ask(client, "/sla/angel", sort_field="sla_minimo"))["sla_angel"]
    assert [(r["angel"], r["sla_minimo"]) for r in best] == [
        ("Many", 96.93),
        ("Worse", 50.2),
        ("Three of three", 43.85),
    ]
    worst = (await ask(client, "/sla/angel", sort_field="sla_maximo", desc=False, limit=2))["sla_angel"]
    assert [row["angel"] for row in worst] == ["Worse", "Many"]
    hundred = await ask(client, "/summary", min_total=100)
    assert [[row["angel"] for row in hundred[key]] for key in ("melhores", "piores")] == [["Many"], ["Worse"]]
    assert len((await ask(client, "/summary", min_total=1, top=1))["piores"]) == 1


async def test_summary_compares_with_the_period_before(client: httpx.AsyncClient, visits: list[Visit]) -> None:
    body = await ask(client, "/summary", start_date="2020-06-01", end_date="2020-06-30", as_of="2020-07-01")
    june = attended(visits, date(2020, 6, 1), date(2020, 6, 30))
    before = attended(visits, date(2020, 5, 1), date(2020, 5, 31))
    now, then = body["periodo"], body["periodo_anterior"]
    assert (then["start_date"], then["end_date"]) == ("2020-05-01", "2020-05-31")
    assert (now["total_de_atendimentos"], then["total_de_atendimentos"]) == (len(june), len(before))
    assert now["dias_uteis"] == 22  # Corpus Christi, the 11th, is no national holiday
    assert body["variacao"]["total_de_atendimentos"] == len(june) - len(before)
    assert body["variacao"]["sla_pontos"] == pytest.approx(now["sla_percentual"] - then["sla_percentual"], abs=0.005)
    waiting = [v for v in visits if v.data_de_atendimento is None]
    assert body["em_aberto"]["total_em_aberto"] == len(waiting)
    assert body["em_aberto"]["total_atrasado"] == sum(v.data_limite < date(2020, 7, 1) for v in waiting)


async def test_summary_without_any_visit_has_no_figures(client: httpx.AsyncClient) -> None:
    body = await ask(client, "/summary")
    assert (body["periodo"]["total_de_atendimentos"], body["periodo"]["sla"], body["melhores"]) == (0, None, [])


LINKED = [
    ("/sla/angel", "sla_angel", "visitas", "total_de_atendimentos"),
    ("/sla/polo", "sla_polo", "visitas", "total_de_atendimentos"),
    ("/sla/uf", "sla_uf", "visitas", "total_de_atendimentos"),
    ("/productivity", "produtividade", "visitas", "total_de_atendimentos"),
    ("/lateness/polo", "lateness_polo", "visitas", "total_de_atendimentos"),
    ("/trend", "tendencia", "visitas", "total_de_atendimentos"),
    ("/summary", "melhores", "visitas", "total_de_atendimentos"),
    ("/backlog/angel", "backlog_angel", "visitas", "total_em_aberto"),
    ("/backlog/polo", "backlog_polo", "visitas_atrasadas", "total_atrasado"),
]


@pytest.mark.parametrize(("path", "key", "link", "count"), LINKED)
async def test_a_row_links_to_as_many_visits_as_it_counts(
    client: httpx.AsyncClient, visits: list[Visit], path: str, key: str, link: str, count: str
) -> None:
    questions: list[dict[str, str]] = [{}, {"uf": "SP"}]
    if path == "/backlog/polo":
        questions = [{"as_of": "2020-08-01"}]
    elif path != "/backlog/angel":
        questions.append(RANGE | {"polo": "CE - SOBRAL"})
    for params in questions:
        rows = (await ask(client, path, **params))[key]
        assert rows
        for row in rows[:12]:
            if row[link] is None:
                assert row["uf"] is None
                continue
            total = await client.get(row[link].replace("/v1/services?", "/v1/services/total?"))
            assert total.json()["total"] == row[count], row


EXPORTED = [
    ("/sla/angel", "sla_angel", "sla_angel"),
    ("/sla/uf", "sla_uf", "sla_uf"),
    ("/productivity", "produtividade", "produtividade"),
    ("/productivity/polo", "produtividade_polo", "produtividade_polo"),
    ("/trend?bucket=month&by=uf", "tendencia", "tendencia_sla"),
    ("/backlog/polo", "backlog_polo", "backlog_polo"),
    ("/lateness/angel", "lateness_angel", "lateness_angel"),
    ("/trend?bucket=month&by=uf&metric=total", "tendencia", "tendencia_total"),
]


@pytest.mark.parametrize(("path", "key", "file"), EXPORTED)
async def test_exports_hold_what_the_json_holds(
    client: httpx.AsyncClient, visits: list[Visit], path: str, key: str, file: str
) -> None:
    rows = (await client.get(f"{INDICATORS}{path}")).json()[key]
    glue = "&" if "?" in path else "?"
    text = await client.get(f"{INDICATORS}{path}{glue}format=csv")
    assert f'filename="{file}-' in text.headers["content-disposition"]
    assert text.headers["etag"]
    read = list(csv.DictReader(io.StringIO(text.text)))
    plain = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    unescaped = [{k: v.removeprefix("'") for k, v in row.items()} for row in read]
    assert unescaped == plain
    sheet = await client.get(f"{INDICATORS}{path}{glue}format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    names, *cells = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    assert names == list(rows[0])
    assert len(cells) == len(rows)
    assert [row[0] for row in cells] == [row[names[0]] for row in rows]
    table = await client.get(f"{INDICATORS}{path}{glue}format=parquet")
    frame = pyarrow.parquet.read_table(io.BytesIO(table.content)).to_pylist()
    assert [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in frame] == rows


async def test_a_polo_without_a_state_has_the_state_null(client: httpx.AsyncClient, visits: list[Visit]) -> None:
    rows = (await ask(client, "/sla/uf"))["sla_uf"]
    nowhere = next(row for row in rows if row["uf"] is None)
    assert nowhere["visitas"] is None
    assert nowhere["total_de_atendimentos"] == sum(uf(v.polo) is None for v in attended(visits))


ROUTES = [
    *(f"/{name}/{by}" for name in ("backlog", "lateness") for by in ("angel", "polo", "uf")),
    "/trend",
    "/summary",
]


@pytest.mark.parametrize("path", ROUTES)
async def test_every_other_indicator_wants_a_user_and_knows_its_parameters(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, path: str
) -> None:
    assert (await anonymous.get(f"{INDICATORS}{path}")).status_code == 401
    assert (await client.get(f"{INDICATORS}{path}?angle=Ana")).status_code == 422
    answer = await client.get(f"{INDICATORS}{path}")
    again = await client.get(f"{INDICATORS}{path}", headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code) == (200, 304)
