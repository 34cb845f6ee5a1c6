"""Backlog: visits not made yet, and how many of them are overdue on a day."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from ..rollup.dimensions import Dimension
from ..rollup.reading import Filters, fetch_open
from .answers import Table
from .indicator import Figure, Indicator, Sums, whole
from .links import still_open
from .long_work import off_the_loop
from .models import SUGGESTED, Suggestions
from .ordering import SortColumn
from .parameters import Ordering
from .snapshot import Snapshot


def _deadlines(sums: Sums) -> Iterable[date]:
    return map(date.fromordinal, sums["oldest"].tolist())


class BacklogFigures(BaseModel):
    total_em_aberto: Annotated[int, whole("open", sort="total")] = Field(description="Visits not made yet")
    total_atrasado: Annotated[int, whole("overdue", sort="atrasados")] = Field(
        description="Those whose data_limite lies before as_of"
    )
    data_limite_mais_antiga: Annotated[
        date, Figure(_deadlines, "mais_antigo", lambda sums: SortColumn([-sums["oldest"]]))
    ]
    dias_de_atraso_do_mais_antigo: Annotated[int, whole("days_late")]
    visitas: str | None
    visitas_atrasadas: str | None


class BacklogAnswer(BaseModel):
    as_of: date
    time_zone: str = Field(description="Whose today as_of is, where it was not given")
    data_version: int
    sugestoes: Suggestions = SUGGESTED


BACKLOG = Indicator(
    name="backlog",
    rows="backlog",
    summary="Open visits of each {}",
    description="Visits not made yet and those overdue, for each {}.",
    row="Visits not made yet of one {}",
    figures=BacklogFigures,
    about=BacklogAnswer,
    default_sort="total",
)


async def backlog_table(snapshot: Snapshot, by: Dimension, as_of: date, filters: Filters, ordering: Ordering) -> Table:
    found = await fetch_open(snapshot.connection, by, as_of, filters, has_recent=snapshot.has_recent)
    names, sums = await off_the_loop(len(found), _names_and_sums, found, as_of)
    links = {
        "visitas": still_open(by, filters),
        "visitas_atrasadas": still_open(by, filters, overdue_on=as_of),
    }
    return await BACKLOG.table(by, names, sums, ordering, links, {"as_of": as_of, "time_zone": snapshot.time_zone})


def _names_and_sums(found: Sequence[Sequence[Any]], as_of: date) -> tuple[list[str | None], Sums]:
    names, *counts, deadlines = zip(*found, strict=True) if found else ((), (), (), ())
    total, overdue = (np.array(column, np.int64) for column in counts)
    oldest = np.array([deadline.toordinal() for deadline in deadlines], np.int64)
    days_late = np.maximum(as_of.toordinal() - oldest, 0)
    return list(names), {"open": total, "overdue": overdue, "oldest": oldest, "days_late": days_late}
