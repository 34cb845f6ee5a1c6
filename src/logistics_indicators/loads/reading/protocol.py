"""What the service and its reading process tell each other.

The process gets a Request as JSON in its arguments and the file as its standard input. It writes a Head as a line of
JSON and then records of CSV, and may end with a Tail; or it ends with a status that says why not.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

REFUSED, OUT_OF_MEMORY = 3, 4
"""Statuses of the process. With the first, what to tell the sender is on its standard error."""


@dataclass(frozen=True)
class Told:
    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Request(Told):
    form: str
    """One of READERS in __main__."""
    memory: int
    """Bytes of address space."""
    seconds: int
    """Of processor time."""
    most_bytes: int
    """Of what is packed in the file, unpacked."""
    sheet: str | None = None


@dataclass(frozen=True)
class Head(Told):
    """What is known of the table before its first record."""

    sheet: str | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Tail(Told):
    """On its standard error, once all is read: what is known of the table then."""

    lacking: list[int] = field(default_factory=list)
    """Places, from 0, of columns that some rows do not have."""


@dataclass(frozen=True)
class Refusal(Told):
    detail: str
    too_large: bool = False
    about: str = ""
    """The query's parameter that is wrong, if one is."""


class Refused(Exception):
    def __init__(self, detail: str, *, too_large: bool = False, about: str = "") -> None:
        super().__init__(detail)
        self.refusal = Refusal(detail, too_large, about)
