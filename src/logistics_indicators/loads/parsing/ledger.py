"""The date ledger: how many dates of each spelling a load brought, and how many pairs were ambiguous."""

import polars as pl

Ledger = dict[str, dict[str, int]]
"""{column: {spelling: rows}}, and "ambiguous" beside the spellings."""


def ledger_of(dates: pl.DataFrame) -> dict[str, int]:
    """One column's counts, of a frame as dates.parse_column gives it."""
    counts: dict[str, int] = dict(dates["spelling"].drop_nulls().value_counts(sort=True).iter_rows())
    ambiguous = int(dates["ambiguous"].sum() or 0)
    return counts | ({"ambiguous": ambiguous} if ambiguous else {})


def add_ledger(before: Ledger, more: Ledger) -> Ledger:
    columns = dict.fromkeys([*before, *more])
    return {
        column: {
            spelling: before.get(column, {}).get(spelling, 0) + more.get(column, {}).get(spelling, 0)
            for spelling in sorted({*before.get(column, {}), *more.get(column, {})})
        }
        for column in columns
    }
