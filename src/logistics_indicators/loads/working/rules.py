"""How a load is to be merged: what its sender asked, and what its process brings."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...database import Pool
from ..formats import Layout
from ..kinds import COLUMNS
from ..merging.chunk import LoadRules
from ..merging.tables import Target
from ..parsing.findings import SaneDays
from ..parsing.headers import unnamed_columns
from ..rejects import RejectBounds


@dataclass(frozen=True)
class LoadSettings:
    """What a process brings to a load: its pool for load work, what its database role may, what is kept, which dates
    are sane."""

    pool: Pool
    skip_row_checks: bool
    reject_bounds: RejectBounds
    first_sane_day: date
    sane_years_ahead: int
    waiting_bytes: int
    """Of a user, that may wait."""

    @property
    def sane_days(self) -> SaneDays:
        return SaneDays(self.first_sane_day, years_after(date.today(), self.sane_years_ahead))


def years_after(day: date, years: int) -> date:
    """The same day, or the last of its February."""
    year = min(day.year + years, date.max.year)
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def rules_of(load: Any, settings: LoadSettings, target: Target, *, into_empty: bool) -> LoadRules:
    """`load`: LOAD_COLUMNS."""
    return LoadRules(
        load["id"],
        target,
        update=load["on_conflict"] == "update",
        into_empty=into_empty,
        pool=settings.pool,
        sane_days=settings.sane_days,
        absent=frozenset(COLUMNS[target.kind]) - frozenset(layout_of(load).columns),
        skip_row_checks=settings.skip_row_checks and not target.overlay,
        wait=load["unknown_customer"] == "wait",
        waiting_bytes=settings.waiting_bytes,
    )


def layout_of(load: Any) -> Layout:
    columns = tuple(column or None for column in load["columns"])
    unnamed = unnamed_columns(load["header"], load["delimiter"]) if load["is_rejects_file"] else 0
    return Layout(load["delimiter"], columns, load["has_header"], load["is_rejects_file"], unnamed)
