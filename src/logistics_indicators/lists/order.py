"""The order of a list, and the place in it where a page ends, as a cursor says it.

Ties go by id, upwards in either direction; rows without a value come last, in either direction too.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson

Value = int | str | date | datetime

SQL_TYPES: Mapping[type, str] = {int: "bigint", str: "text", date: "date", datetime: "timestamp"}

LONGEST_CURSOR = 2_000
"""A name of 200 characters in four bytes each, written in base64, has some 1,100."""

CURSOR_PATTERN = r"^[0-9]{1,18}(\.[A-Za-z0-9_-]+)?$"
"""The last id of the page before; then, where rows are in another order, the order and that row's value."""


@dataclass(frozen=True)
class Key:
    """What rows can be put in order by. sql: of the value, as an index has it. nullable: a row may have none."""

    type: type[int] | type[str] | type[date] | type[datetime]
    sql: str
    nullable: bool = False


@dataclass(frozen=True)
class Order:
    """name: the key's, `id` included."""

    name: str
    key: Key
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name

    @property
    def is_by_id(self) -> bool:
        return self.name == "id"

    @property
    def direction(self) -> str:
        return " DESC" if self.descending else ""

    @property
    def sql(self) -> str:
        """Of a whole list at once."""
        return f"id{self.direction}" if self.is_by_id else f"{self.key.sql}{self.direction} NULLS LAST, id"


BY_ID = Order("id", Key(int, "id"))


@dataclass(frozen=True)
class Place:
    """The row after which a page begins. value: what it is ordered by; of no meaning where that is the id."""

    id: int
    value: Value | None = None

    def cursor(self, order: Order) -> str:
        if order.is_by_id:
            return str(self.id)
        said = orjson.dumps([str(order), self.value])
        return f"{self.id}.{base64.urlsafe_b64encode(said).rstrip(b'=').decode()}"


def place_of(cursor: str, order: Order) -> Place:
    """Raises ValueError for what is no cursor of this order."""
    row_id, _, said = cursor.partition(".")
    if order.is_by_id != (not said):
        raise ValueError
    return Place(int(row_id)) if order.is_by_id else Place(int(row_id), _value_in(said, order))


def _value_in(said: str, order: Order) -> Value | None:
    try:
        found = orjson.loads(base64.b64decode(f"{said}{'=' * (-len(said) % 4)}", altchars=b"-_", validate=True))
    except binascii.Error as error:
        raise ValueError from error
    if not isinstance(found, list) or len(found) != 2 or found[0] != str(order):
        raise ValueError
    if found[1] is None and order.key.nullable:
        return None
    return _typed(found[1], order.key)


def _typed(value: object, key: Key) -> Value:
    if issubclass(key.type, date) and isinstance(value, str):
        moment = key.type.fromisoformat(value)
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            raise ValueError
        return moment
    if isinstance(value, str) and issubclass(key.type, str) and "\0" not in value:
        return value
    if type(value) is int and issubclass(key.type, int) and abs(value) < 2**63:
        return value
    raise ValueError


@dataclass(frozen=True)
class Run:
    """Rows of a list that follow one another along one index: those for which the clauses hold, in this order.

    A clause comes with its values.
    """

    clauses: Sequence[tuple[str, Sequence[object]]]
    order: str


def runs_of(order: Order, place: Place | None) -> Sequence[Run]:
    """The list from this place on, one run after the other: each finds its first rows by an index."""
    if order.is_by_id:
        after = "<" if order.descending else ">"
        return [Run([] if place is None else [(f"id {after} {{}}::bigint", [place.id])], order.sql)]
    key, upwards = order.key.sql, "id"
    without = Run([(f"{key} IS NULL", [])], upwards)
    later = Run([(f"{key} IS NOT NULL", [])] if order.key.nullable else [], f"{key}{order.direction}, id")
    if place is None:
        return [later, without] if order.key.nullable else [later]
    beyond = ("id > {}::bigint", [place.id])
    if place.value is None:
        return [Run([*without.clauses, beyond], upwards)]
    of_key, after = f"{{}}::{SQL_TYPES[order.key.type]}", "<" if order.descending else ">"
    equal = Run([(f"{key} = {of_key}", [place.value]), beyond], upwards)
    later = Run([(f"{key} {after} {of_key}", [place.value])], later.order)
    return [equal, later, without] if order.key.nullable else [equal, later]
