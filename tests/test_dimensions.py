"""Models with a field for each dimension say them one by one, to be read. None is forgotten."""

from dataclasses import fields

import pytest
from pydantic import BaseModel

from logistics_indicators.indicators.models import RollupDifference
from logistics_indicators.indicators.summary import SummaryRank
from logistics_indicators.indicators.trend import TrendPoint
from logistics_indicators.indicators.verification import Difference
from logistics_indicators.rollup.dimensions import CELL_DIMENSIONS, COLUMN_OF, IDS, Dimension
from logistics_indicators.rollup.names import INSERT_NAMES, NAMED_SCHEMA, Visit
from logistics_indicators.rollup.near_names import COMPARED, Suggestions
from logistics_indicators.rollup.reading import Filters
from logistics_indicators.rollup.tables import APART, names_of


def test_every_dimension_is_declared_with_where_its_names_are() -> None:
    assert list(COLUMN_OF) == list(Dimension)


def test_the_id_of_every_dimension_tells_cells_apart() -> None:
    assert {column.id for column in COLUMN_OF.values()} == set(IDS)


def test_visits_can_be_filtered_by_every_dimension() -> None:
    assert [field.name for field in fields(Filters)] == list(Dimension)


@pytest.mark.parametrize("model", [TrendPoint, SummaryRank])
def test_a_row_of_any_dimension_has_a_field_for_each(model: type[BaseModel]) -> None:
    assert set(Dimension) <= set(model.model_fields)


def test_a_difference_says_what_tells_its_cell_apart() -> None:
    apart = {*CELL_DIMENSIONS, *names_of(APART)}
    assert apart <= set(RollupDifference.model_fields)
    assert {field.name for field in fields(Difference)} == set(RollupDifference.model_fields)


def test_every_dimension_that_tells_cells_apart_has_names_that_visits_bring_and_that_are_suggested() -> None:
    assert set(INSERT_NAMES) == set(COMPARED) == set(CELL_DIMENSIONS) == set(Suggestions.model_fields)
    assert [field.name for field in fields(Visit)] == list(NAMED_SCHEMA)
