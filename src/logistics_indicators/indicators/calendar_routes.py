"""/v1/calendar: days without work."""

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..accounts.current_user import Analyst, Viewer
from ..database import ConnectionOfRequest
from ..errors import problems
from ..field_types import FIRST_DAY, LAST_DAY, Day, text_of
from .calendar import STATES, CalendarDay, add_local_day, list_days, remove_local_day
from .parameters import StateLetters

Name = Annotated[str, text_of(200)]

router = APIRouter(prefix="/v1/calendar", tags=["calendar"])

LARGEST_ID = 2**31 - 1


class NewCalendarDay(BaseModel):
    """A local holiday: of one polo, or of a whole state."""

    model_config = ConfigDict(extra="forbid")

    polo: Name | None = Field(None, examples=["CE - JUAZEIRO DO NORTE"])
    uf: str | None = Field(None, examples=["CE"], json_schema_extra={"enum": list(STATES)})
    day: Day
    name: Name = Field(examples=["Nossa Senhora das Dores"])

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.polo is None) == (self.uf is None):
            raise ValueError("give polo or uf, and only one of them")
        if self.uf is not None and self.uf not in STATES:
            raise ValueError(f"uf is one of {', '.join(STATES)}")
        return self


class CalendarDayAnswer(BaseModel):
    id: int
    uf: str | None = Field(description="The state whose day it is; null for a national or a polo's day")
    polo: str | None = Field(description="The polo whose day it is; null for a national or a state's day")
    day: date
    name: str
    source: str = Field(description="oficial, facultativo or local", examples=["oficial"])


class CalendarAnswer(BaseModel):
    calendario: list[CalendarDayAnswer]


def _wire(day: CalendarDay) -> CalendarDayAnswer:
    uf = day.scope if day.kind == "uf" else None
    polo = day.scope if day.kind == "polo" else None
    return CalendarDayAnswer(id=day.id, uf=uf, polo=polo, day=day.day, name=day.name, source=day.source)


@router.get("", operation_id="list_calendar", summary="Days without work of a year", responses=problems(401, 422, 503))
async def list_calendar(
    _: Viewer,
    connection: ConnectionOfRequest,
    ano: Annotated[int, Query(ge=FIRST_DAY.year, le=LAST_DAY.year, description="Year", examples=[2021])],
    uf: StateLetters | None = None,
) -> CalendarAnswer:
    """The days without work of a year: all, or those that count for a state and its polos."""
    return CalendarAnswer(calendario=[_wire(day) for day in await list_days(connection, ano, uf)])


@router.post(
    "",
    status_code=201,
    operation_id="create_calendar_day",
    summary="Add a local holiday",
    responses=problems(401, 403, 409, 422, 503),
)
async def create_calendar_day(_: Analyst, connection: ConnectionOfRequest, body: NewCalendarDay) -> CalendarDayAnswer:
    """Add a local holiday. It counts where an indicator is asked with calendario=uf."""
    kind, scope = ("polo", body.polo) if body.polo is not None else ("uf", body.uf)
    assert scope is not None
    return _wire(await add_local_day(connection, kind, scope, body.day, body.name))


@router.delete(
    "/{day_id}",
    status_code=204,
    response_class=Response,
    operation_id="delete_calendar_day",
    summary="Remove a local holiday",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def delete_calendar_day(
    _: Analyst, connection: ConnectionOfRequest, day_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]
) -> None:
    """Remove a local holiday."""
    await remove_local_day(connection, day_id)
