"""Lateness: by how many days the late visits were late."""

from collections.abc import Sequence

import numpy as np

from ..exports.columns import Column
from .answers import Row, Table
from .figures import ratio
from .links import attended_between
from .ordering import SortColumn, by_ratio, order_rows
from .packing import Integers
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Days, Filters, fetch_late_cells, sum_by
from .totals import DateRange, Dimension, key_of, resolve_range, totals_by

LATENESS_FIELDS = ("atrasados", "total", "percentual", "media", "p50", "p90")
BANDS = ("percentual_1_dia", "percentual_2_dias", "percentual_3_a_5_dias", "percentual_mais_de_5_dias")
"""Columns: shares of the late visits."""

BAND_OF_DAYS = (0, 0, 1, 2, 2, 2)
"""Days late up to five; more are in the last band."""

LONGEST = 1 << 20
"""Days late are below this, so that (name, days late) is one number."""

Spread = Sequence[tuple[int, int]]
"""(days late, visits) of one row, in order of days."""


async def lateness_table(
    snapshot: Snapshot, by: Dimension, asked: DateRange, filters: Filters, ordering: Ordering
) -> Table:
    days = await resolve_range(snapshot, asked)
    totals = await totals_by(snapshot, by, days, filters)
    spreads = {} if days is None else await _spreads(snapshot, by, days, filters)
    link = attended_between(by, filters, asked)
    rows: list[Row] = [
        {by.value: name, **_figures(total, spreads.get(name, ())), "visitas": link.of(name)}
        for name, total in zip(totals.names, totals.total.tolist(), strict=True)
    ]
    lost = np.array([sum(late * n for late, n in spreads.get(name, ())) for name in totals.names], np.int64)
    order = order_rows(ordering, _sort_columns(rows, totals.total, lost), totals.names).tolist()
    about = {"start_date": days and days.first, "end_date": days and days.last}
    return Table(f"lateness_{by.value}", lateness_columns(by), [rows[row] for row in order], about)


async def _spreads(
    snapshot: Snapshot, by: Dimension, days: Days, filters: Filters
) -> dict[str | None, list[tuple[int, int]]]:
    cells = await fetch_late_cells(snapshot, days, filters)
    if cells is None:
        return {}
    key = await key_of(snapshot, by, cells.angel_id if by is Dimension.angel else cells.polo_id)
    pairs, totals = sum_by(key.numbers.astype(np.int64) * LONGEST + cells.days_late, cells.total)
    names = await key.names(pairs // LONGEST)
    spreads: dict[str | None, list[tuple[int, int]]] = {}
    for name, late, total in zip(names, (pairs % LONGEST).tolist(), totals.tolist(), strict=True):
        spreads.setdefault(name, []).append((late, total))
    return spreads


def _figures(total: int, spread: Spread) -> Row:
    late = lost_days = 0
    bands = [0] * len(BANDS)
    for days, visits in spread:
        late += visits
        lost_days += days * visits
        bands[BAND_OF_DAYS[days] if days < len(BAND_OF_DAYS) else -1] += visits
    return {
        "total_de_atendimentos": total,
        "total_de_atrasados": late,
        "percentual_de_atrasados": ratio(100 * late, total),
        "media_de_dias_de_atraso": ratio(lost_days, late) if late else None,
        "p50_de_dias_de_atraso": percentile(spread, late, 50),
        "p90_de_dias_de_atraso": percentile(spread, late, 90),
        **{name: ratio(100 * band, late) if late else None for name, band in zip(BANDS, bands, strict=True)},
    }


def percentile(spread: Spread, total: int, percent: int) -> int | None:
    """By nearest rank: the least number of days that at least this share of the late visits kept within."""
    seen = 0
    for days, visits in spread:
        seen += visits
        if 100 * seen >= percent * total:
            return days
    return None


def _sort_columns(rows: list[Row], total: Integers, lost_days: Integers) -> dict[str, SortColumn]:
    """By LATENESS_FIELDS; rows without a late visit have no mean and no percentile."""

    def column(name: str) -> Integers:
        return np.array([row[name] or 0 for row in rows], np.int64)

    late = column("total_de_atrasados")
    none_late = late == 0
    return {
        "atrasados": SortColumn([late]),
        "total": SortColumn([total]),
        "percentual": by_ratio(late, total),
        "media": by_ratio(lost_days, np.maximum(late, 1), none_late),
        "p50": SortColumn([column("p50_de_dias_de_atraso")], none_late),
        "p90": SortColumn([column("p90_de_dias_de_atraso")], none_late),
    }


def lateness_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("total_de_atendimentos", int),
        Column("total_de_atrasados", int),
        Column("percentual_de_atrasados", float),
        Column("media_de_dias_de_atraso", float),
        Column("p50_de_dias_de_atraso", int),
        Column("p90_de_dias_de_atraso", int),
        *(Column(name, float) for name in BANDS),
        Column("visitas", str, computed=True),
    ]
