"""Where a filter's name is not there, an empty answer has those that are near: by case, accents, spelling, a part."""

from typing import Any

import httpx
import pytest
from load_client import load_file

from logistics_indicators.rollup.near_names import LONGEST_COMPARED, compared

NAMES = [
    ("Íris da Silva", "São Paulo"),
    ("Iris Souza", "CE - JUAZEIRO DO NORTE"),
    ("Zé", "SP - Campinas"),
]


@pytest.fixture
async def visits(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "id;nome;email\n1;Ana;a@b.co\n")
    header = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
    rows = [f"{i};1;{angel};{polo};2021-06-30;2021-06-29 10:00:00\n" for i, (angel, polo) in enumerate(NAMES, 1)]
    await load_file(client, "services", header + "".join(rows))


async def suggested(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, list[str]] | None:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] | None = answer.json().get("sugestoes")
    return found


@pytest.mark.usefixtures("visits")
async def test_an_empty_list_of_visits_tells_the_names_that_are_near(client: httpx.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], dict[str, list[str]] | None]] = [
        ({"polo": "Sao paulo"}, {"polo": ["São Paulo"]}),
        ({"polo": "SÃO PAULO"}, {"polo": ["São Paulo"]}),
        ({"polo": "São Palo"}, {"polo": ["São Paulo"]}),
        ({"polo": "Juazeiro"}, {"polo": ["CE - JUAZEIRO DO NORTE"]}),
        ({"polo": "ce-juazeiro do nrote"}, {"polo": ["CE - JUAZEIRO DO NORTE"]}),
        ({"angel": "Iris da Silva"}, {"angel": ["Íris da Silva"]}),
        ({"angel": "ZE", "polo": "campinas"}, {"angel": ["Zé"], "polo": ["SP - Campinas"]}),
        ({"polo": ["sao paulo", "campinas", "São Paulo"], "aberto": "true"}, {"polo": ["São Paulo", "SP - Campinas"]}),
        ({"polo": "Manaus"}, None),
        ({"polo": "São Paulo", "aberto": "true"}, None),
        ({"polo": "!"}, None),
        ({"polo": ""}, None),
        ({"id": 99}, None),
    ]
    for query, expected in cases:
        assert await suggested(client, "/v1/services", **query) == expected, query


@pytest.mark.usefixtures("visits")
async def test_nothing_is_suggested_beside_rows_or_behind_the_first_page(client: httpx.AsyncClient) -> None:
    assert await suggested(client, "/v1/services", polo=["sao paulo", "São Paulo"]) is None
    assert await suggested(client, "/v1/services", polo="sao paulo", offset=1) is None
    assert await suggested(client, "/v1/services", polo="sao paulo", cursor="1") is None
    assert (await client.get("/v1/services?polo=sao%20paulo&format=csv")).text.count("\n") == 1


@pytest.mark.usefixtures("visits")
async def test_polos_and_indicators_tell_them_too(client: httpx.AsyncClient) -> None:
    near = {"polo": ["São Paulo"]}
    assert await suggested(client, "/v1/polos", polo="sao paulo") == near
    for path in ("sla/polo", "sla/angel", "productivity", "backlog/polo", "lateness/uf", "trend", "summary"):
        assert await suggested(client, f"/v1/indicators/{path}", polo="sao paulo") == near, path
        assert await suggested(client, f"/v1/indicators/{path}", polo="São Paulo") is None, path
    assert await suggested(client, "/v1/indicators/sla/polo", polo="São Paulo", end_date="2020-01-01") is None


@pytest.mark.usefixtures("visits")
async def test_a_suggestion_is_gone_as_soon_as_the_name_is_there(client: httpx.AsyncClient) -> None:
    path = "/v1/indicators/sla/polo?polo=sao%20paulo"
    first = await client.get(path)
    assert first.json()["sugestoes"] == {"polo": ["São Paulo"]}
    visit = {"id_cliente": 1, "angel": "Zé", "polo": "sao paulo", "data_limite": "2021-06-30"}
    made = await client.post("/v1/services", json=visit | {"data_de_atendimento": "2021-06-29T10:00:00"})
    assert made.status_code == 201
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "sugestoes" not in again.json()
    assert [row["polo"] for row in again.json()["sla_polo"]] == ["sao paulo"]


@pytest.mark.usefixtures("visits")
async def test_figures_are_those_of_any_of_several_names(client: httpx.AsyncClient) -> None:
    both = (await client.get("/v1/indicators/sla/polo?polo=São Paulo&polo=SP - Campinas&polo=x")).json()
    assert {row["polo"] for row in both["sla_polo"]} == {"São Paulo", "SP - Campinas"}
    angels = (await client.get("/v1/indicators/sla/angel?uf=SP&uf=CE")).json()["sla_angel"]
    assert {row["angel"] for row in angels} == {"Zé", "Iris Souza"}
    for row in angels:
        assert "uf=SP&uf=CE" in row["visitas"]
        assert (await client.get(row["visitas"])).json()["total_por_pagina"] == row["total_de_atendimentos"]
    summary = (await client.get("/v1/indicators/summary?polo=São Paulo&polo=SP - Campinas&calendario=uf")).json()
    assert summary["periodo"]["calendario"] == "nacional"
    of_sp = (await client.get("/v1/indicators/summary?uf=SP&polo=SP - Campinas&polo=SP - X&calendario=uf")).json()
    assert of_sp["periodo"]["calendario"] != "nacional"


@pytest.mark.parametrize("sign", ["a", "Ã", "\ufdfa", "ß", "½", "!"])
def test_of_a_name_that_unfolds_to_many_letters_the_first_are_compared(sign: str) -> None:
    assert len(compared(sign * 200)) <= LONGEST_COMPARED
    assert compared("São Paulo") == "saopaulo"
