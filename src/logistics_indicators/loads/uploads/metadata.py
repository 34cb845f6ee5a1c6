"""Upload-Metadata: what a client says of its file, in pairs of a name and a text in base64.

The names are those of a batch route's query, with the same rules and errors, and `kind` and `filename`.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

from ...database import Connection, Pool
from ...errors import FieldError, Unprocessable
from ..asked import ASKED, options_of
from ..kinds import Kind
from ..presets.service import with_preset
from ..receiving.bodies import safe_filename
from ..receiving.receiver import LoadOptions

HEADER = "Upload-Metadata"
LONGEST = 16 * 1024
"""Characters of the header."""

OF_THE_CLIENT = ("filetype", "name", "relativePath", "type")
"""What browsers' clients say of every file by themselves: `name` is a filename where there is no other."""

OPTIONS = {kind: {field.name for field in fields(asked)} for kind, asked in ASKED.items()}
EVERY_OPTION = frozenset().union(*OPTIONS.values())
KNOWN = (*EVERY_OPTION, "filename", "kind", *OF_THE_CLIENT)


@dataclass(frozen=True)
class Told:
    """What is known of a file before it comes. `options` are texts, as a query would have them."""

    kind: Kind
    filename: str | None
    options: Mapping[str, str]


def read_metadata(header: str | None) -> Told:
    """Raises Unprocessable, as a batch route would for its query."""
    pairs = _pairs(header or "")
    unknown = [name for name in pairs if name not in KNOWN]
    if unknown:
        msg = f"unknown name; there are: {', '.join(sorted(KNOWN))}"
        errors = [FieldError(loc=["header", HEADER, shown(name)], msg=msg) for name in unknown]
        raise Unprocessable("The metadata has names that cannot be taken; see errors.", errors=errors)
    if pairs.get("kind") not in list(Kind):
        raise _refused("kind", f"kind is missing or unknown; there are: {', '.join(Kind)}")
    kind = Kind(pairs["kind"])
    if elsewhere := (EVERY_OPTION - OPTIONS[kind]) & pairs.keys():
        raise _refused(name := min(elsewhere), f"{name} is nothing that can be asked of {kind}")
    told = Told(
        kind,
        safe_filename((pairs.get("filename") or pairs.get("name", "")).encode()),
        {name: text for name, text in pairs.items() if name in EVERY_OPTION},
    )
    load_options(told, None)
    return told


def load_options(told: Told, address: str | None) -> LoadOptions:
    """Raises as read_metadata does."""
    with _told_of_the_header():
        return options_of(told.kind, told.options, address)


async def with_preset_of(connection: Connection | Pool, told: Told) -> Told:
    """With what the preset that it names asks, as it is now. Raises as read_metadata does."""
    with _told_of_the_header():
        told = replace(told, options=await with_preset(connection, told.kind, told.options))
    load_options(told, None)
    return told


@contextmanager
def _told_of_the_header() -> Iterator[None]:
    """Errors of a query are those of the header."""
    try:
        yield
    except Unprocessable as error:
        errors = [FieldError(loc=["header", HEADER, *e.loc[1:]], msg=e.msg) for e in error.errors]
        raise Unprocessable(error.detail, errors=errors) from None


def _pairs(header: str) -> dict[str, str]:
    if len(header) > LONGEST:
        raise _refused("", f"{HEADER} has more than {LONGEST} characters")
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        name, _, encoded = pair.strip().partition(" ")
        if not name or name in pairs:
            raise _refused(name, f"{shown(name)} stands there twice" if name else f"{HEADER} has a pair without a name")
        pairs[name] = _text(name, encoded.strip())
    return pairs


def _text(name: str, encoded: str) -> str:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _refused(name, f"{shown(name)} is no text of UTF-8 in base64") from None
    if "\0" in text:
        raise _refused(name, f"{shown(name)} holds a NUL")
    return text


def shown(name: str) -> str:
    return name[:100]


def _refused(name: str, msg: str) -> Unprocessable:
    return Unprocessable.field("header", HEADER, *([shown(name)] if name else []), msg=msg)
