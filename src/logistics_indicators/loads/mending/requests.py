"""What a mend may ask for, and what it is answered."""

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ...http.field_types import MAX_ID, WITHOUT_NUL, Spelled
from ..kinds import COLUMNS
from ..models import Load, Reason
from ..parsing.checking import LONGEST_VALUE

MOST_LINES = 10_000
"""Named one by one in a request."""

MOST_COLUMNS = 20

LINE_PATTERN = "^[1-9][0-9]{0,14}$"
"""Of a line as a name in JSON."""

Line = Annotated[int, Field(ge=1, le=10**15 - 1)]
KNOWN_COLUMNS = tuple(dict.fromkeys(name for columns in COLUMNS.values() for name in columns))
UNKNOWN_COLUMN = f"unknown column; there are: {', '.join(KNOWN_COLUMNS)}"
ColumnName = Annotated[
    str, Spelled("^[a-z_]{1,40}$", UNKNOWN_COLUMN), Field(json_schema_extra={"enum": list(KNOWN_COLUMNS)})
]
Value = Annotated[str, StringConstraints(max_length=LONGEST_VALUE), WITHOUT_NUL]


def _as_a_cell(value: object) -> object:
    """pydantic would say for each type why it is not that one."""
    if isinstance(value, str) and (len(value) > LONGEST_VALUE or "\0" in value):
        raise ValueError(f"a cell has {LONGEST_VALUE} characters at most, and no NUL")
    if isinstance(value, str | None) or (type(value) is int and 0 <= value <= MAX_ID):
        return value
    raise ValueError(f"a cell is a text, a whole number from 0 to {MAX_ID}, or null")


Cell = Annotated[Value | Annotated[StrictInt, Field(ge=0, le=MAX_ID)] | None, BeforeValidator(_as_a_cell)]
"""As it would stand in the file; null is an empty cell."""

SentCells = Annotated[
    dict[ColumnName, Cell],
    Field(
        max_length=MOST_COLUMNS,
        json_schema_extra={"propertyNames": {"enum": list(KNOWN_COLUMNS)}, "examples": [{"data_limite": "30/06/2021"}]},
    ),
]
Lines = Annotated[list[Line], Field(max_length=MOST_LINES, json_schema_extra={"uniqueItems": True})]


def named(name: str) -> dict[str, Any]:
    """Says to readers of the document that it must be there, and not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def filled(name: str, keyword: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {keyword: 1}}}


class Group(BaseModel):
    """Open rejects of the load that have all that is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [named("reason"), named("column"), named("value")]},
    )

    reason: Reason | None = None
    column: ColumnName | None = None
    value: Value | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.reason is None and self.column is None and self.value is None:
            raise ValueError("name a reason, a column or a value")
        return self


class Rule(BaseModel):
    """One edit, or drop, for a group of rejects. Lines that are named elsewhere in the request are left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                named("set") | {"not": {"required": ["drop"], "properties": {"drop": {"const": True}}}},
                {"required": ["drop"], "properties": {"drop": {"const": True}, "set": {"type": "null"}}},
            ]
        },
    )

    where: Group
    set: SentCells | None = Field(None, description="Cells by our column; {} tries the rows again as they are")
    drop: bool = False

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if (self.set is None) == (not self.drop):
            raise ValueError("give either set or drop: true")
        return self


class MendRequest(BaseModel):
    """Edits and drops by line of the load's file, a rule for a group of rejects, or all of them together."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                filled("edits", "minProperties"),
                filled("drops", "minItems"),
                filled("reopen", "minItems"),
                named("rule"),
            ],
            "examples": [
                {"edits": {"17": {"data_limite": "30/06/2021"}, "18": {}}, "drops": [21]},
                {
                    "rule": {
                        "where": {"reason": "invalid_date", "column": "data_limite", "value": "A DEFINIR"},
                        "set": {"data_limite": "2021-06-30"},
                    }
                },
                {"rule": {"where": {"reason": "unknown_customer"}, "set": {}}},
            ],
        },
    )

    edits: Annotated[dict[Line, SentCells], Field(max_length=MOST_LINES)] = Field(
        default_factory=dict,
        description="New cells by our column, by line; {} tries the row again as it is",
        json_schema_extra={"propertyNames": {"pattern": LINE_PATTERN}},
    )
    drops: Lines = Field(default_factory=list, description="Lines that nobody will mend")
    reopen: Lines = Field(default_factory=list, description="Lines that were dropped, and are open again")
    rule: Rule | None = None

    @field_validator("drops", "reopen")
    @classmethod
    def _each_line_once(cls, lines: list[int], before: ValidationInfo) -> list[int]:
        """Of all that is asked: what stands before the field is known already."""
        named = {*before.data.get("edits", ()), *before.data.get("drops", ())}
        if len(set(lines)) < len(lines) or not named.isdisjoint(lines):
            raise ValueError("a line is named twice")
        return lines

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.edits or self.drops or self.reopen) and self.rule is None:
            raise ValueError("give edits, drops, reopen or a rule")
        return self


class MendAnswer(BaseModel):
    """`load` has the mended rows: watch it as any other. Without edits there is none."""

    message: str = Field(examples=["received mend"])
    load: Load | None
    rows: int = Field(ge=0, description="Sent to be loaded")
    dropped: int = Field(ge=0)
    reopened: int = Field(ge=0)
    left_open: int = Field(ge=0, description="Rows of the rule's group that it cannot mend: open, as they were")
