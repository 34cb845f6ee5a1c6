"""What a sender may ask of a load, in the query of a batch route or wherever else a file comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Header, Query
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from ..errors import FieldError, Unprocessable
from ..http.field_types import Spelled
from ..http.field_words import said_of
from . import words
from .formats import named_encoding
from .kinds import KINDS, Kind
from .models import UnknownCustomer
from .receiving.opening import NAMED_DELIMITERS, OpeningOptions, mapped_columns
from .receiving.receiver import LoadOptions

Delimiter = Annotated[
    words.Delimiter | None, Query(description="Of the file; taken from its header where it is not given")
]
Encoding = Annotated[
    words.Encoding | None,
    BeforeValidator(named_encoding),
    Query(description="Of the file; seen from its bytes where it is not given. Aliases (latin1, cp1252) are taken"),
]
HeaderOption = Annotated[
    words.Header | None, Query(description="none: the first row is data already, and columns go by position")
]
SheetOption = Annotated[
    str | None,
    Query(min_length=1, max_length=100, description="Of an Excel workbook; its first visible sheet where not given"),
]
PAIR = r"\s*[a-z_]+\s*:[^,\u0000]*[^,\s\u0000][^,\u0000]*"
ColumnsOption = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="Names of the file's columns by hand, ours first, as angel:Agente,polo:Hub",
        json_schema_extra={"pattern": f"^{PAIR}(,{PAIR})*$"},
        examples=["id:Código"],
    ),
]
OnConflict = Annotated[
    words.OnConflict, Query(description="What becomes of a row whose id is stored with other values")
]
ValidateOnly = Annotated[bool, Query(description="Only report what a load would do; nothing is written")]
UnknownCustomerOption = Annotated[
    UnknownCustomer | None,
    Query(description="What becomes of a visit whose customer is not there: wait, until it comes. Else as is set"),
]
MaxRejects = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="With more rejected rows the load fails and writes nothing")
]
NO_PRESET = "none"
PRESET_NAME = "^[a-z0-9][a-z0-9_-]{0,59}$"
OF_PRESETS = Spelled(PRESET_NAME, "a preset's name has up to 60 lower-case letters, digits, - and _, no sign first")
PresetOption = Annotated[
    Annotated[str, OF_PRESETS] | None,
    Query(
        description="Name of a preset, which says what is not said here: delimiter, encoding, columns and so on. "
        "Where it is left out, the one that is for the file's header; none: not that either",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="The same key and file again: the first load's answer"),
]


@dataclass(frozen=True)
class Asked:
    """What the query and the headers of a batch route may ask for."""

    delimiter: Delimiter = None
    encoding: Encoding = None
    header: HeaderOption = None
    columns: ColumnsOption = None
    sheet: SheetOption = None
    on_conflict: OnConflict = "reject"
    validate_only: ValidateOnly = False
    max_rejects: MaxRejects = None
    preset: PresetOption = None
    idempotency_key: IdempotencyKey = None

    def of(self, kind: Kind, address: str | None) -> LoadOptions:
        if self.columns and self.header == "none":
            msg = "columns names those of a header, which header=none says is not there"
            raise Unprocessable.field("query", "columns", msg=msg)
        return LoadOptions(
            OpeningOptions(
                kind,
                NAMED_DELIMITERS[self.delimiter] if self.delimiter else None,
                self.encoding,
                self.header != "none",
                mapped_columns(kind, self.columns) if self.columns else {},
            ),
            self.on_conflict,
            self.validate_only,
            self.max_rejects,
            self.idempotency_key,
            address,
            preset=None if self.preset == NO_PRESET else self.preset,
            sheet=self.sheet,
        )


@dataclass(frozen=True)
class AskedOfReferring(Asked):
    """Of a kind whose rows refer to another's."""

    unknown_customer: UnknownCustomerOption = None

    def of(self, kind: Kind, address: str | None) -> LoadOptions:
        return replace(super().of(kind, address), unknown_customer=self.unknown_customer)


ASKED = {kind: AskedOfReferring if declared.refers_to else Asked for kind, declared in KINDS.items()}
ADAPTERS: Mapping[Kind, TypeAdapter[Asked]] = {kind: TypeAdapter(asked) for kind, asked in ASKED.items()}

Explicit = Mapping[str, str]
"""What is asked, by the names of Asked, as texts of a query; a preset's words beside them."""

OF_PRESET = "of_preset"
"""Among these texts: names, with commas between, of those that are a preset's words alone. No query has it."""


def asked_of(kind: Kind, explicit: Explicit) -> Asked:
    """Raises Unprocessable, as a route does for its query."""
    try:
        return ADAPTERS[kind].validate_python(dict(explicit))
    except ValidationError as error:
        errors = [FieldError(loc=["query", *e["loc"]], msg=said_of(e)) for e in error.errors(include_context=False)]
        raise Unprocessable("The request has fields that cannot be taken; see errors.", errors=errors) from None


def options_of(kind: Kind, explicit: Explicit, address: str | None) -> LoadOptions:
    """As asked. Where no preset is named, the one for the file's header goes behind what is asked."""
    of_preset = frozenset(explicit.get(OF_PRESET, "").split(","))
    explicit = {name: text for name, text in explicit.items() if name != OF_PRESET}
    options = asked_of(kind, explicit).of(kind, address)
    options = replace(options, opening=replace(options.opening, of_preset=of_preset))
    if "preset" in explicit or not options.opening.header:
        return options
    return replace(
        options,
        with_preset=lambda name, preset: options_of(kind, {**preset, **explicit, "preset": name}, address),
    )
