"""/v1/calendar: days without work."""

from datetime import date
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ...accounts.audit import Action, Actor, ActorOfRequest, audit
from ...accounts.current_user import Admin, Viewer
from ...database import Connection, ConnectionOfRequest
from ...errors import problems
from ...http.field_types import FIRST_DAY, LAST_DAY, Day, OwnId, TextRule
from ...states import STATES, known_state
from ..parameters import StateLetters
from .business_days import city_scope
from .days import CalendarDay, add_day, list_days, remove_day, take_day_away

Name = Annotated[str, TextRule(200)]

router = APIRouter(prefix="/v1/calendar", tags=["calendar"])


_NULL: JsonValue = {"type": "null"}
_TEXT: JsonValue = {"type": "string"}
ONE_PLACE: dict[str, JsonValue] = {
    "anyOf": [
        {"required": ["scope"], "properties": {"scope": _TEXT, "polo": _NULL, "uf": _NULL, "cidade": _NULL}},
        {"required": ["polo"], "properties": {"scope": _NULL, "polo": _TEXT, "uf": _NULL, "cidade": _NULL}},
        {"required": ["uf"], "properties": {"scope": _NULL, "polo": _NULL, "uf": _TEXT}},
    ]
}
NAME_TO_ADD: dict[str, JsonValue] = {
    "anyOf": [
        {"required": ["name"], "properties": {"name": _TEXT}},
        {"required": ["kind"], "properties": {"kind": {"const": "remove"}}},
    ]
}
"""NewCalendarDay's rules, for readers of the document."""


class NewCalendarDay(BaseModel):
    """A change to the calendar of a polo, a city, a state or the whole country."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "allOf": [ONE_PLACE, NAME_TO_ADD],
            "examples": [
                {"polo": "CE - JUAZEIRO DO NORTE", "day": "2021-09-15", "name": "Nossa Senhora das Dores"},
                {"uf": "CE", "cidade": "Juazeiro do Norte", "day": "2021-09-15", "name": "Nossa Senhora das Dores"},
                {"scope": "nacional", "day": "2021-11-02", "kind": "remove"},
            ],
        },
    )

    scope: Literal["nacional"] | None = Field(None, description="nacional: the whole country, with no other place")
    polo: Name | None = None
    cidade: Name | None = Field(None, description="With uf: all polos of the city")
    uf: Annotated[str, AfterValidator(known_state)] | None = Field(None, json_schema_extra={"enum": list(STATES)})
    day: Day
    kind: Literal["add", "remove"] = Field("add", description="remove: the day is a business day there")
    name: Name | None = Field(
        None, description="Required to add; else that of the day taken away", validate_default=True
    )

    @field_validator("name")
    @classmethod
    def _called_something(cls, name: str | None, others: ValidationInfo) -> str | None:
        if name is None and others.data.get("kind") == "add":
            raise ValueError("what the day is called")
        return name

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = (self.scope is not None, self.polo is not None, self.uf is not None)
        if sum(places) != 1 or (self.cidade is not None and self.uf is None):
            raise ValueError("give one place: polo, uf, cidade with its uf, or scope nacional")
        return self

    @property
    def place(self) -> tuple[str, str]:
        """(kind, scope) of the calendar that is changed."""
        if self.polo is not None:
            return "polo", self.polo
        if self.uf is None:
            return "nacional", ""
        return ("uf", self.uf) if self.cidade is None else ("cidade", city_scope(self.uf, self.cidade))


class CalendarDayAnswer(BaseModel):
    id: int
    scope: str = Field(description="Whose day it is: nacional, uf, cidade or polo", examples=["uf"])
    uf: str | None = Field(description="The state whose day it is, or whose city's; null for a national or a polo's")
    cidade: str | None = Field(description="The city whose day it is")
    polo: str | None = Field(description="The polo whose day it is")
    day: date
    name: str
    source: str = Field(description="oficial, facultativo or local", examples=["oficial"])
    kind: str = Field(description="add: a day without work. remove: a business day there all the same")


class CalendarAnswer(BaseModel):
    calendario: list[CalendarDayAnswer]


def _wire(day: CalendarDay) -> CalendarDayAnswer:
    return CalendarDayAnswer(
        id=day.id,
        scope=day.kind,
        uf=day.scope[:2] if day.kind in ("uf", "cidade") else None,
        cidade=day.scope[5:] if day.kind == "cidade" else None,
        polo=day.scope if day.kind == "polo" else None,
        day=day.day,
        name=day.name,
        source=day.source,
        kind="remove" if day.works else "add",
    )


@router.get("", operation_id="list_calendar", summary="Days without work of a year", responses=problems(401, 422, 503))
async def list_calendar(
    _: Viewer,
    connection: ConnectionOfRequest,
    ano: Annotated[int, Query(ge=FIRST_DAY.year, le=LAST_DAY.year, description="Year", examples=[2021])],
    uf: StateLetters | None = None,
) -> CalendarAnswer:
    """The days without work of a year, and those taken away: all, or those that count for a state and its polos."""
    return CalendarAnswer(calendario=[_wire(day) for day in await list_days(connection, ano, uf)])


@router.post(
    "",
    status_code=201,
    operation_id="create_calendar_day",
    summary="Add a day without work, or take one away",
    responses=problems(401, 403, 409, 422, 503),
)
async def create_calendar_day(
    _: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest, body: NewCalendarDay
) -> CalendarDayAnswer:
    """Add a day without work, or take one away, for the country, a state, a city or a polo: the narrowest counts.

    Days of states, cities and polos count where an indicator is asked with calendario=uf.
    """
    async with connection.transaction():
        if body.kind == "remove":
            day = await take_day_away(connection, *body.place, body.day, body.name)
        else:
            assert body.name is not None
            day = await add_day(connection, *body.place, body.day, body.name)
        action: Action = "calendar_day_taken_away" if day.works else "calendar_day_added"
        await _audit(connection, actor, action, day)
    return _wire(day)


@router.delete(
    "/{day_id}",
    status_code=204,
    response_class=Response,
    operation_id="delete_calendar_day",
    summary="Undo a change to the calendar, or take an official day away",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def delete_calendar_day(
    _: Admin,
    actor: ActorOfRequest,
    connection: ConnectionOfRequest,
    day_id: OwnId,
) -> None:
    """Undo an added day or one taken away; an official day is taken away where it counts."""
    async with connection.transaction():
        day = await remove_day(connection, day_id)
        action: Action = "calendar_change_undone" if day.source == "local" else "calendar_day_taken_away"
        await _audit(connection, actor, action, day)


async def _audit(connection: Connection, actor: Actor, action: Action, day: CalendarDay) -> None:
    await audit(connection, actor, action, scope=day.kind, place=day.scope, day=day.day.isoformat())
