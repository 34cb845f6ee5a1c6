"""Models with a field for each dimension say them one by one, to be read. None is forgotten."""

import inspect
from typing import get_args

import pytest
from pydantic import BaseModel

from logistics_indicators.indicators.models import OfOneName, RollupDifference, Suggestions
from logistics_indicators.indicators.parameters import AskedFilters
from logistics_indicators.indicators.summary import SummaryRank
from logistics_indicators.indicators.trend import TrendPoint
from logistics_indicators.loads.effect_models import MOVED_BY, Effect
from logistics_indicators.rollup.dimensions import CELL_DIMENSIONS, COLUMN_OF, IDS, NAMED, Dimension
from logistics_indicators.rollup.tables import APART, names_of
from logistics_indicators.visits.models import NewService, Service
from logistics_indicators.visits.service import SERVICES, VisitFilter


def test_every_dimension_is_declared_with_where_its_names_are() -> None:
    assert list(COLUMN_OF) == list(Dimension)


def test_the_id_of_every_dimension_tells_cells_apart() -> None:
    assert {column.id for column in COLUMN_OF.values()} == set(IDS)


def test_visits_can_be_filtered_by_every_dimension() -> None:
    (asked,) = get_args(AskedFilters)[1:]
    assert list(inspect.signature(asked.dependency).parameters) == list(Dimension)
    assert {*Dimension, *(f"{by}_contem" for by in NAMED)} <= set(VisitFilter.__dataclass_fields__)


def test_a_visit_has_every_name_that_visits_bring() -> None:
    assert set(NAMED) <= set(NewService.model_fields) <= set(Service.model_fields)
    assert list(Service.model_fields) == list(SERVICES.columns)


@pytest.mark.parametrize("model", [OfOneName, TrendPoint, SummaryRank])
def test_a_row_of_any_dimension_has_a_field_for_each(model: type[BaseModel]) -> None:
    assert set(Dimension) <= set(model.model_fields)


def test_a_difference_says_what_tells_its_cell_apart() -> None:
    assert {*CELL_DIMENSIONS, *names_of(APART)} <= set(RollupDifference.model_fields)


def test_names_that_visits_bring_are_suggested() -> None:
    assert {by for by in Dimension if COLUMN_OF[by].is_key} == set(NAMED) == set(Suggestions.model_fields)


def test_whom_a_load_moved_is_told_of_each_that_it_is_counted_for() -> None:
    told = {name for name in Effect.model_fields if name.endswith("_moved")}
    assert told == {f"{by}s_moved" for by in MOVED_BY}
    assert {f"{by}s" for by in MOVED_BY} <= set(Effect.model_fields)
