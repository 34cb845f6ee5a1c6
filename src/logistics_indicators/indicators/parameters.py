"""Query parameters that the indicators share, checked: anything else is 422."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, Field

from ..errors import Unprocessable
from ..http.field_types import Day, FilterText
from ..lists.filters import several
from ..rollup.dimensions import COLUMN_OF, Dimension
from ..rollup.reading import Filters
from ..states import STATES, known_state
from .calendar.business_days import CalendarKind
from .totals import DateRange

LARGEST_LIMIT = 2**31 - 1

State = Annotated[str, AfterValidator(known_state), Field(json_schema_extra={"enum": list(STATES)}, examples=["CE"])]
THE_STATE = "The polo's state, as its name says or an admin has set (GET /v1/polos)"
StateLetters = Annotated[State, Query(description=THE_STATE)]


EXACT = several("Exact name")
Angels = Annotated[list[Annotated[str, FilterText(COLUMN_OF[Dimension.angel].longest)]] | None, EXACT]
Polos = Annotated[list[Annotated[str, FilterText(COLUMN_OF[Dimension.polo].longest)]] | None, EXACT]
States = Annotated[list[State] | None, several(THE_STATE)]
"""By these names a list of visits is asked for, too."""


async def _filters(angel: Angels = None, polo: Polos = None, uf: States = None) -> Filters:
    asked = {Dimension.angel: angel, Dimension.polo: polo, Dimension.uf: uf}
    return Filters({by: tuple(dict.fromkeys(names)) for by, names in asked.items() if names is not None})


async def _date_range(
    start_date: Annotated[
        Day | None, Query(description="First day of data_de_atendimento, included. Default: the data's first")
    ] = None,
    end_date: Annotated[
        Day | None, Query(description="Last day of data_de_atendimento, included. Default: the data's last")
    ] = None,
) -> DateRange:
    if start_date is not None and end_date is not None and start_date > end_date:
        raise Unprocessable.field("query", "end_date", msg="end_date lies before start_date")
    return DateRange(start_date, end_date)


@dataclass(frozen=True)
class Ordering:
    """limit: the first rows in that order; None: all."""

    field: str
    descending: bool
    limit: int | None = None


def ordering(fields: Sequence[str], *, largest_first: bool = True) -> Callable[..., Awaitable[Ordering]]:
    """Dependency: sort_field is one of these, the first by default."""

    async def take(
        sort_field: Annotated[
            str, Query(description="Ties go by name", json_schema_extra={"enum": list(fields)})
        ] = fields[0],
        desc: Annotated[bool, Query(description="Largest first")] = largest_first,
        limit: Annotated[
            int | None,
            Query(ge=1, le=LARGEST_LIMIT, description="The first rows in that order, in a file too. Default: all"),
        ] = None,
    ) -> Ordering:
        if sort_field not in fields:
            message = f"this answer has no such field; it can be sorted by {', '.join(fields)}"
            raise Unprocessable.field("query", "sort_field", msg=message)
        return Ordering(sort_field, desc, limit)

    return take


AskedFilters = Annotated[Filters, Depends(_filters)]
AskedRange = Annotated[DateRange, Depends(_date_range)]
ToleranceDays = Annotated[
    int, Query(ge=0, le=365, description="Days after data_limite that still count as on time; the answer says it")
]
AskedCalendar = Annotated[
    CalendarKind,
    Query(
        description="nacional: national holidays. uf: also the state's and local ones; "
        "an angel's state is that of most of its visits in the range"
    ),
]
