"""Rows whose customer, or whatever else they refer to, is not there yet, and that are not rejected for it."""

import polars as pl

from ..kinds import COLUMNS, KINDS, SCHEMAS, DataType, Kind

TEXTS: dict[str, DataType] = {"row": pl.String, "origin_line": pl.Int64, "earlier_reason": pl.String}
"""What is known of a row beside its line and its values: they are needed where it is rejected in the end."""


KIND = Kind.services
"""The kind whose rows may wait."""

((COLUMN, _reference),) = KINDS[KIND].refers_to.items()
REASON = _reference.reason
"""For which they are rejected where they do not."""


def waiting_schema(kind: Kind) -> dict[str, DataType]:
    return {"line": pl.Int64} | {name: SCHEMAS[kind][name] for name in COLUMNS[kind]} | TEXTS
