"""What more than one answer says, and what the upkeep of the sums does.

Here is every model that has a field for each dimension; tests/test_dimensions.py says which one was forgotten.
"""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")


class Suggestions(BaseModel):
    """By filter, names that are there."""

    angel: list[str] = Field([], json_schema_extra=_without_default, examples=[["Íris da Silva"]])
    polo: list[str] = Field([], json_schema_extra=_without_default, examples=[["CE - JUAZEIRO DO NORTE"]])


SUGGESTED: Any = Field(
    Suggestions(),
    description="Only where nothing was found and a filter has a name that no visit ever had: names near to it",
    json_schema_extra=_without_default,
)
"""Of the field `sugestoes` of an answer."""


class OfOneName(BaseModel):
    """A row of any dimension: it has the field of its own."""

    angel: str | None = None
    polo: str | None = None
    uf: str | None = None


class IndicatorAnswer(BaseModel):
    start_date: date | None = Field(description="First day counted; null where the range has no day")
    end_date: date | None = Field(description="Last day counted; null where the range has no day")
    data_version: int = Field(description="Changes with each committed change; also the ETag")
    sugestoes: Suggestions = SUGGESTED


class RollupDifference(BaseModel):
    level: str = Field(examples=["month"])
    block: date
    polo: str
    angel: str
    days_late: int | None = None
    expected: list[int] = Field(description="Recomputed from the rows; per level: visits, on time, seconds")
    found: list[int] = Field(description="What the indicators answer from")


class VerifyAnswer(BaseModel):
    data_version: int
    visits: int = Field(description="Visits compared, open ones included")
    differences: int = Field(description="How many cells differ; 0 is as it should be")
    examples: list[RollupDifference] = Field(description="The first of them")


class RebuildAnswer(BaseModel):
    data_version: int
    visits: int
