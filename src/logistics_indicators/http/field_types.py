"""Types of the fields that several subjects share: ids, text, dates and timestamps, each bounded."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from ..texts import BLANK, FORBIDDEN, INVISIBLE, MARKS, NUL, fault_of_text, normal_text, stands_for_nothing

MAX_ID = 2**53 - 1
"""Of customers and visits: the largest integer that every JSON reader keeps exact."""

MAX_OWN_ID = 2**31 - 1
"""Of what the service numbers itself: loads, users, polos, days."""


def _digits_alone(value: object) -> object:
    """A number in an address has one spelling."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a number in digits alone")
    return value


DigitsAlone = BeforeValidator(_digits_alone)
OwnId = Annotated[Annotated[int, Field(ge=1, le=MAX_OWN_ID)], DigitsAlone, Path()]
RowId = Annotated[Annotated[int, Field(ge=1, le=MAX_ID)], DigitsAlone, Path()]

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""A date outside of these is a slip of the pen, whatever calendar accepts it."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}", re.ASCII)


_unseen = re.compile(f"[{BLANK}{MARKS}]")

MOST_SENT = 8
"""A text may be sent at this many times the stored length: its normal form drops blanks and marks."""


@dataclass(frozen=True)
class TextRule:
    """Annotation of a text in a body: brought to its normal form, and refused in words where it cannot be stored."""

    longest: int
    pattern: str | None = None
    fault: str = ""
    document_pattern: str | None = None
    """For readers of the document, before the text is brought to its normal form; `pattern` where it is None."""
    or_null: bool = False
    """A text that stands for nothing (see texts.py) becomes null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._taken, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        visible = f"^[^{FORBIDDEN}]*[^{FORBIDDEN}{BLANK}{INVISIBLE}][^{FORBIDDEN}]*$"
        pattern = escaped(self.document_pattern or self.pattern or visible)
        return handler(schema) | {"minLength": 1, "maxLength": self.longest, "pattern": pattern}

    def _taken(self, text: str) -> str | None:
        normal = _normal_of_bounded(text, self.longest)
        if self.or_null and normal and stands_for_nothing(normal):
            return None
        fault = fault_of_text(normal, self.longest)
        if fault is None and self.pattern is not None and not re.search(self.pattern, normal):
            fault = self.fault
        if fault is not None:
            raise ValueError(f"this text {fault}")
        return normal


@dataclass(frozen=True)
class Spelled:
    """Annotation of a text that has this form and no other; `fault` says in words what is wanted."""

    pattern: str
    fault: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._judged, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": escaped(self.pattern)}

    def _judged(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.fault)
        return text


@dataclass(frozen=True)
class FilterText:
    """Annotation of a text in a filter: finds what has the same normal form; refused in words where nothing can.

    shortest: of a part of a text, so many characters that can be seen.
    """

    longest: int
    shortest: int = 0

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._normal, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        visible = f"[^{FORBIDDEN}{BLANK}{INVISIBLE}{MARKS}][^{FORBIDDEN}]*" * self.shortest
        return handler(schema) | {"maxLength": self.longest, "pattern": escaped(f"^[^{FORBIDDEN}]*{visible}$")}

    def _normal(self, text: str) -> str:
        normal = _normal_of_bounded(text, self.longest)
        if len(_unseen.sub("", normal)) < self.shortest:
            raise ValueError(f"this text needs {self.shortest} characters or more that can be seen")
        fault = fault_of_text(normal, self.longest)
        if fault is not None and not stands_for_nothing(normal):
            raise ValueError(f"this text {fault}")
        return normal


def _normal_of_bounded(text: str, longest: int) -> str:
    """Raises ValueError for a text that is too long in any form: Unicode's takes time by the square of its marks."""
    if len(text) > MOST_SENT * longest:
        raise ValueError(f"this text has more than {longest} characters")
    return normal_text(text)


def escaped(characters: str) -> str:
    """A character class as every reader of JSON Schema understands it."""
    return re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", characters)


WITHOUT_NUL = Spelled(f"^[^{NUL}]*$", "this text holds a NUL")
"""Of a text that is only compared with what is stored."""


def whole_number(value: object) -> object:
    """JSON knows no integers: 7.0 is 7. What is no number stays what it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_day(value: object) -> object:
    """YYYY-MM-DD and nothing else; what is no string is left to pydantic's own check."""
    if not isinstance(value, str):
        return _unless_number(value)
    try:
        if DAY.fullmatch(value):
            return _in_bounds(date.fromisoformat(value))
    except ValueError:
        pass
    raise ValueError(f"not a date: YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}")


def parse_timestamp(value: object) -> object:
    """YYYY-MM-DDTHH:MM:SS, or with a blank for the T; no fraction, no zone."""
    if not isinstance(value, str):
        return _unless_number(value)
    try:
        if TIMESTAMP.fullmatch(value):
            return _in_bounds(datetime.fromisoformat(value))
    except ValueError:
        pass
    raise ValueError(f"not a timestamp: YYYY-MM-DDTHH:MM:SS, no zone, from {FIRST_DAY} to {LAST_DAY}")


def parse_sent_timestamp(value: object) -> object:
    """As parse_timestamp; a fraction of a second is dropped, as a load does."""
    whole = re.sub(r"(:\d{2}:\d{2})[.,]\d{1,9}$", r"\1", value) if isinstance(value, str) else value
    return parse_timestamp(whole)


def parse_day_or_timestamp(value: object) -> object:
    return parse_day(value) if isinstance(value, str) and DAY.fullmatch(value) else parse_timestamp(value)


def _unless_number(value: object) -> object:
    """pydantic would take a number for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("not a string")
    return value


def _in_bounds(moment: date) -> date:
    if not FIRST_DAY <= date(moment.year, moment.month, moment.day) <= LAST_DAY:
        raise ValueError
    return moment


_YEAR = "(19|2[01])[0-9]{2}"
_LEAP_YEAR = "((19|2[01])(0[48]|[2468][048]|[13579][26])|2000)"
_MONTH_DAY = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_DAY = f"({_YEAR}-{_MONTH_DAY}|{_LEAP_YEAR}-02-29)"
"""The days from FIRST_DAY to LAST_DAY, each and no other, for readers of the document."""
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

DAY_SCHEMA = {"type": "string", "format": "date", "pattern": f"^{_DAY}$", "examples": ["2021-06-30"]}
TIMESTAMP_SCHEMA = {
    "type": "string",
    "format": "date-time-local",  # of OpenAPI's registry; date-time has a zone, and its readers refuse a moment without
    "pattern": f"^{_DAY}[T ]{_TIME}$",
    "description": "Local wall time, no zone",
    "examples": ["2021-06-29T10:15:27"],
}
SENT_TIMESTAMP_SCHEMA = TIMESTAMP_SCHEMA | {
    "pattern": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.,]\d{1,9})?$",
    "description": "Local wall time, no zone; a fraction of a second is dropped",
}
ANSWERED_TIMESTAMP_SCHEMA = TIMESTAMP_SCHEMA | {"pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
DAY_OR_TIMESTAMP_SCHEMA = {
    "type": "string",
    "format": "date-time-local",  # of OpenAPI's registry; date-time has a zone, and its readers refuse a moment without
    "pattern": f"^{_DAY}([T ]{_TIME})?$",
    "examples": ["2021-06-30", "2021-06-29T10:15:27"],
}

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
AskedId = Annotated[int, Field(ge=1, le=MAX_ID)]
SentId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1], strict=True), BeforeValidator(whole_number)]
Day = Annotated[date, BeforeValidator(parse_day), WithJsonSchema(DAY_SCHEMA)]
Timestamp = Annotated[datetime, BeforeValidator(parse_timestamp), WithJsonSchema(TIMESTAMP_SCHEMA)]
SentTimestamp = Annotated[datetime, BeforeValidator(parse_sent_timestamp), WithJsonSchema(SENT_TIMESTAMP_SCHEMA)]
DayOrTimestamp = Annotated[
    datetime | date, BeforeValidator(parse_day_or_timestamp), WithJsonSchema(DAY_OR_TIMESTAMP_SCHEMA)
]
AnsweredTimestamp = Annotated[
    datetime,
    PlainSerializer(lambda moment: moment.isoformat(timespec="seconds"), return_type=str),
    WithJsonSchema(ANSWERED_TIMESTAMP_SCHEMA),
]
"""Whole seconds and no zone."""
