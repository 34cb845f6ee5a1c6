"""Whether a file that comes with a key is the one that the key was first used for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import Unprocessable
from ..parsing.headers import key_by_hand
from .opening import OpeningOptions
from .tables import Table

if TYPE_CHECKING:
    from .receiver import LoadOptions


def same_file(first: Any, options: "LoadOptions", table: Table) -> int:
    """Id of the load that the key was first used for. The key stands for the file and for what was asked of it."""
    if first["sha256"] != table.fingerprint.sha256 or first["kind"] != options.kind:
        raise Unprocessable.field("header", "Idempotency-Key", msg="The key was used for another file.")
    for name in ("validate_only", "on_conflict", "max_rejects", "unknown_customer"):
        if first[name] != getattr(options, name):
            msg = f"The key was used for this file with another {name}. Take a new key."
            raise Unprocessable.field("header", "Idempotency-Key", msg=msg)
    for name in _read_otherwise(first, options.opening, table.sheet):
        msg = f"The key was used for this file, which was read with another {name}. Take a new key."
        raise Unprocessable.field("header", "Idempotency-Key", msg=msg)
    return int(first["id"])


def _read_otherwise(first: Any, asked: OpeningOptions, sheet: str | None) -> Iterator[str]:
    """What is asked for now and is not how the first load read the file."""
    if sheet != first["sheet"]:
        yield "sheet"
    if asked.delimiter not in (None, first["delimiter"]):
        yield "delimiter"
    if asked.encoding not in (None, first["encoding"]):
        yield "encoding"
    if not asked.header and first["header"] is not None:
        yield "header"
    if any(
        key_by_hand(first["column_names"].get(ours, "")) != key_by_hand(theirs)
        for ours, theirs in asked.columns.items()
    ):
        yield "columns"
