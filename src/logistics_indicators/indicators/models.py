"""What more than one answer says, and what the upkeep of the sums does."""

from datetime import date

from pydantic import BaseModel, Field

from ..rollup.near_names import SUGGESTED, Suggestions


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
