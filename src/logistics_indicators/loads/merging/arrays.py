"""Ids as text of a bigint[]: asyncpg would encode a list of Python integers one by one, and hold the event loop."""

import polars as pl


def array_of(ids: pl.Series) -> str:
    return f"{{{ids.cast(pl.String).str.join(',').item() or ''}}}"


def array_of_distinct(ids: pl.Series) -> str:
    return array_of(ids.unique().sort())
