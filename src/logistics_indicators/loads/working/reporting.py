"""What a load's report says beside the counts: rejects by reason, and warnings."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from ..merging.waiting_rows import REASON

EXCEL_ROWS = 1_048_575
"""Data rows of a full Excel sheet with a header."""


def add_rejects(summary: list[dict[str, Any]], rejects: pl.DataFrame) -> list[dict[str, Any]]:
    """[{reason, rows, first_line}], most rows first."""
    grouped = rejects.group_by("reason").agg(pl.len().alias("rows"), pl.col("line").min().alias("first_line"))
    return add_counts(summary, grouped.iter_rows())


def add_counts(summary: list[dict[str, Any]], counts: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """`counts`: (reason, rows, first line) of further rejects."""
    counted = {entry["reason"]: (entry["rows"], entry["first_line"]) for entry in summary}
    for reason, rows, first_line in counts:
        before = counted.get(reason, (0, first_line))
        counted[reason] = (before[0] + rows, min(before[1], first_line))
    ordered = sorted(counted.items(), key=lambda item: (-item[1][0], item[0]))
    return [{"reason": reason, "rows": rows, "first_line": line} for reason, (rows, line) in ordered]


def warnings_of(load: Any) -> list[str]:
    """What a reader of the finished load should know beside the counts."""
    warnings = list(load["warnings"])
    if load["rows_read"] == EXCEL_ROWS:
        warnings.append(
            "The file has exactly 1,048,575 data rows, as many as an Excel sheet holds: it may have been cut."
        )
    unknown = sum(entry["rows"] for entry in load["rejects"] if entry["reason"] == REASON)
    if load["unknown_customer"] == "wait" and unknown:
        warnings.append(
            f"{unknown} visits of unknown customers do not wait: others take all the room that there is for it."
        )
    warnings = told_of_kept(warnings, load["rejects_stored"], load["rows_rejected"])
    if load["rows_read"] and load["rows_unchanged"] == load["rows_read"]:
        warnings.append("Every row was stored already, with the same values: nothing changed.")
    if load["rows_rejected"] == load["rows_read"]:
        warnings.append("Every row was rejected: nothing of the file was taken. `rejects` says why.")
    return warnings


NOT_ALL_KEPT = " rejected rows are kept; all are counted."


def told_of_kept(warnings: Iterable[str], stored: int, rejected: int) -> list[str]:
    """The warnings with how many rejects are kept, where that is not all; what they said of it before is gone."""
    others = [warning for warning in warnings if not warning.endswith(NOT_ALL_KEPT)]
    return [*others, f"The first {stored} of {rejected}{NOT_ALL_KEPT}"] if stored < rejected else others
