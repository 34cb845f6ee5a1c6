"""The worked examples of docs/figures.md: the service answers what they say, and their sums come out."""

import ast
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from logistics_indicators.indicators.indicator import Indicator
from logistics_indicators.indicators.routes import INDICATORS
from logistics_indicators.indicators.summary import SummaryChange, SummaryOpen
from logistics_indicators.indicators.trend import TrendPoint
from logistics_indicators.rollup.dimensions import Dimension

SECTION = (Path(__file__).parents[1] / "docs/figures.md").read_text().split("## Worked examples")[1]
VISITS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (\S+) \| ?(\S*) ?\|$", SECTION, re.MULTILINE)
ANSWERS = re.findall(r"`GET (/v1/\S+)`\n\n```json\n(.*?)```", SECTION, re.DOTALL)
SUMS = re.findall(r"`([^`=]+) = (-?[\d.]+)`", SECTION)
FIGURES = (*(indicator.figures for indicator in INDICATORS), TrendPoint, SummaryChange, SummaryOpen)
LINKS = {"visitas", "visitas_atrasadas"}


@pytest.fixture
async def with_the_visits(client: httpx.AsyncClient) -> httpx.AsyncClient:
    customer = {"nome": "Íris", "email": "iris@example.com"}
    customer_id = (await client.post("/v1/customers", json=customer)).json()["id"]
    for _, angel, polo, deadline, made in VISITS:
        visit = {"id_cliente": customer_id, "angel": angel, "polo": polo, "data_limite": deadline}
        answer = await client.post("/v1/services", json=visit | {"data_de_atendimento": made or None})
        assert answer.status_code == 201, answer.text
    return client


def as_far_as(written: Any, answered: Any) -> Any:
    """What was answered, without the fields that the example leaves out."""
    if isinstance(written, dict) and isinstance(answered, dict):
        return {key: as_far_as(written[key], value) for key, value in answered.items() if key in written}
    if isinstance(written, list) and isinstance(answered, list) and len(written) == len(answered):
        return [as_far_as(*pair) for pair in zip(written, answered, strict=True)]
    return answered


async def test_each_example_is_what_the_service_answers(with_the_visits: httpx.AsyncClient) -> None:
    assert len(VISITS) == 8
    assert len(ANSWERS) == SECTION.count("```json") == SECTION.count("`GET ")
    for path, text in ANSWERS:
        written = json.loads(text)
        answer = await with_the_visits.get(path)
        assert answer.status_code == 200, answer.text
        assert as_far_as(written, answer.json()) == written


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda indicator: indicator.name)
def test_each_indicator_has_an_example(indicator: Indicator) -> None:
    asked = {path.partition("?")[0] for path, _ in ANSWERS}
    assert asked & {f"/v1/indicators{indicator.path(by)}" for by in Dimension}


@pytest.mark.parametrize("model", FIGURES)
def test_each_figure_has_an_example(model: type[BaseModel]) -> None:
    written = " ".join(text for _, text in ANSWERS)
    names = set(model.model_fields) - LINKS - {"polo", "uf"}
    assert {name for name in names if f'"{name}"' not in written} == set()


OPERATORS: Mapping[type[ast.AST], Callable[..., float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def value_of(part: ast.AST) -> float:
    """Of the arithmetic that the page uses: four operations, brackets, sqrt."""
    match part:
        case ast.Expression(body=body):
            return value_of(body)
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.BinOp(left=left, op=operator, right=right):
            return OPERATORS[type(operator)](value_of(left), value_of(right))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return math.sqrt(value_of(argument))
    raise ValueError(ast.dump(part))


@pytest.mark.parametrize(("sum_", "result"), SUMS)
def test_a_sum_of_the_page_comes_out(sum_: str, result: str) -> None:
    assert round(value_of(ast.parse(sum_, mode="eval")), 2) == float(result)


def test_the_page_shows_its_sums() -> None:
    assert len(SUMS) >= 15
