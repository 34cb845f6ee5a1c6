"""Links from a row of an indicator to the visits that it counts."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import quote

from ..http.field_types import FIRST_DAY
from ..rollup.dimensions import Dimension
from ..rollup.reading import Filters
from .totals import DateRange

SERVICES = "/v1/services?"
QUOTED = [quote(bytes([byte]), safe="") for byte in range(256)]
"""By byte: quote itself takes twice as long, and long answers are mostly links."""


@lru_cache(maxsize=16_384)
def _quoted(value: str) -> str:
    return "".join(map(QUOTED.__getitem__, value.encode()))


class VisitLinks:
    """`of(name)`, `of_each(names)`: the list of the visits of an angel, polo or state under the same filters.

    None for polos that name no state: no filter of the list selects these.
    """

    def __init__(self, by: Dimension, filters: Filters, fixed: str) -> None:
        others = ((other, values) for other, values in filters.items() if other is not by)
        kept = [f"{other}={_quoted(value)}" for other, values in others for value in values]
        self._before = f"{SERVICES}{by.value}="
        self._after = "".join(f"&{part}" for part in [*kept, fixed])

    def of(self, name: str | None) -> str | None:
        return self.of_each([name])[0]

    def of_each(self, names: Sequence[str | None]) -> list[str | None]:
        before, after = self._before, self._after
        return [None if name is None else f"{before}{_quoted(name)}{after}" for name in names]


class NoLinks(VisitLinks):
    """For visits due before FIRST_DAY: there are none, and no filter can ask for them."""

    def __init__(self) -> None:
        super().__init__(Dimension.uf, Filters(), "")

    def of_each(self, names: Sequence[str | None]) -> list[str | None]:
        return [None] * len(names)


def attended_between(by: Dimension, filters: Filters, asked: DateRange) -> VisitLinks:
    bounds = []
    if asked.first is not None:
        bounds.append(f"data_de_atendimento_de={asked.first.isoformat()}")
    if asked.last is not None:
        bounds.append(f"data_de_atendimento_ate={asked.last.isoformat()}")
    return VisitLinks(by, filters, "&".join(bounds) or "aberto=false")


def still_open(by: Dimension, filters: Filters, *, overdue_on: date | None = None) -> VisitLinks:
    """overdue_on: only those whose deadline lies before that day."""
    fixed = "aberto=true"
    if overdue_on is not None:
        if overdue_on <= FIRST_DAY:
            return NoLinks()
        fixed += f"&data_limite_ate={(overdue_on - timedelta(days=1)).isoformat()}"
    return VisitLinks(by, filters, fixed)
