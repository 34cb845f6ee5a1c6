"""Backlog: visits not made yet, and how many of them are overdue on a day."""

from collections.abc import Callable
from datetime import date

import numpy as np

from ..exports.columns import Column
from .answers import Row, Table
from .links import still_open
from .ordering import SortColumn, order_rows
from .parameters import Ordering
from .snapshot import Snapshot
from .sums import Filters
from .totals import Dimension, name_key

BACKLOG_FIELDS = ("total", "atrasados", "mais_antigo")
SORT_COLUMNS: dict[str, Callable[[Row], int]] = {
    "total": lambda row: row["total_em_aberto"],
    "atrasados": lambda row: row["total_atrasado"],
    "mais_antigo": lambda row: -row["data_limite_mais_antiga"].toordinal(),
}

OPEN_VISITS = """
SELECT names.name, sums.total, sums.overdue, sums.oldest
FROM (
    SELECT {id} AS id, sum(total)::bigint AS total,
           COALESCE(sum(total) FILTER (WHERE data_limite < $1), 0)::bigint AS overdue, min(data_limite) AS oldest
    FROM {cells} AS cells
    WHERE ($2::text IS NULL OR angel_id = (SELECT id FROM angels WHERE name = $2))
      AND ($3::text IS NULL OR polo_id = (SELECT id FROM polos WHERE name = $3))
      AND ($4::text IS NULL OR polo_id = ANY (ARRAY(SELECT id FROM polos WHERE uf = $4)))
    GROUP BY 1
) AS sums
JOIN {table} AS names ON names.id = sums.id
"""

CELLS_WITH_DELTAS = """(
    SELECT polo_id, angel_id, data_limite, sum(total) AS total
    FROM (
        SELECT polo_id, angel_id, data_limite, total FROM rollup_open
        UNION ALL
        SELECT c.polo_id, c.angel_id, c.day, c.visits
        FROM rollup_deltas d,
             unnest(d.day, d.open, d.polo_id, d.angel_id, d.visits) AS c (day, open, polo_id, angel_id, visits)
        WHERE c.open
    ) AS parts
    GROUP BY 1, 2, 3 HAVING sum(total) <> 0
)"""

OpenVisits = tuple[str, int, int, date]


async def fetch_open_visits(
    snapshot: Snapshot, by: Dimension, as_of: date, filters: Filters
) -> list[tuple[str | None, int, int, date]]:
    """(name, open, overdue, earliest data_limite): overdue ones had to be made before as_of."""
    angel = by is Dimension.angel
    sql = OPEN_VISITS.format(
        id="angel_id" if angel else "polo_id",
        table="angels" if angel else "polos",
        cells=CELLS_WITH_DELTAS if snapshot.has_deltas else "rollup_open",
    )
    found = await snapshot.connection.fetch(sql, as_of, filters.angel, filters.polo, filters.uf)
    rows: list[OpenVisits] = [tuple(row) for row in found]
    if by is not Dimension.uf:
        return list(rows)
    uf_of = await snapshot.states_of(name for name, *_ in rows)
    by_uf: dict[str | None, OpenVisits] = {}
    for polo, total, overdue, oldest in rows:
        _, before, overdue_before, oldest_before = by_uf.get(uf_of(polo), ("", 0, 0, date.max))
        by_uf[uf_of(polo)] = ("", before + total, overdue_before + overdue, min(oldest, oldest_before))
    return [(uf, total, overdue, oldest) for uf, (_, total, overdue, oldest) in by_uf.items()]


async def backlog_table(snapshot: Snapshot, by: Dimension, as_of: date, filters: Filters, ordering: Ordering) -> Table:
    visits, late = still_open(by, filters), still_open(by, filters, overdue_on=as_of)
    rows: list[Row] = [
        {
            by.value: name,
            "total_em_aberto": total,
            "total_atrasado": overdue,
            "data_limite_mais_antiga": oldest,
            "dias_de_atraso_do_mais_antigo": max((as_of - oldest).days, 0),
            "visitas": visits.of(name),
            "visitas_atrasadas": late.of(name),
        }
        for name, total, overdue, oldest in await fetch_open_visits(snapshot, by, as_of, filters)
    ]
    rows.sort(key=lambda row: name_key(row[by.value]))
    columns = {
        field: SortColumn([np.array([exact(row) for row in rows], np.int64)]) for field, exact in SORT_COLUMNS.items()
    }
    order = order_rows(ordering, columns, [row[by.value] for row in rows]).tolist()
    return Table(
        f"backlog_{by.value}",
        backlog_columns(by),
        [rows[row] for row in order],
        {"as_of": as_of, "time_zone": snapshot.time_zone},
    )


def backlog_columns(by: Dimension) -> list[Column]:
    return [
        Column(by.value, str),
        Column("total_em_aberto", int),
        Column("total_atrasado", int),
        Column("data_limite_mais_antiga", date),
        Column("dias_de_atraso_do_mais_antigo", int),
        Column("visitas", str, computed=True),
        Column("visitas_atrasadas", str, computed=True),
    ]
