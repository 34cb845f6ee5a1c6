"""An indicator: figures of each angel, polo or state. Its declaration gives columns, rows, order and models."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from types import NoneType
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from ..exports.columns import Column
from ..rollup.dimensions import COLUMN_OF, Dimension
from .answers import Row, SlicedRows, Table
from .figures import Integers, Ratio, with_null
from .links import VisitLinks
from .long_work import off_the_loop
from .ordering import SortColumn, by_name, by_ratio, order_rows
from .parameters import Ordering

Sums: TypeAlias = Mapping[str, Integers]
"""What figures are made of: columns of whole numbers, a row a name."""


@dataclass(frozen=True)
class Figure:
    """Stands beside a field's type: its values, and under which name and by what the rows are sorted by it."""

    values: Callable[[Sums], Iterable[object]]
    sort: str | None = None
    exact: Callable[[Sums], SortColumn] | None = None


def whole(column: str, *, sort: str | None = None, null_without: str | None = None) -> Figure:
    """A column as it is; null where that other one is 0."""

    def values(sums: Sums) -> Iterable[int | None]:
        shown: list[int] = sums[column].tolist()
        return shown if null_without is None else with_null(shown, sums[null_without] == 0)

    def exact(sums: Sums) -> SortColumn:
        return SortColumn([sums[column]], None if null_without is None else sums[null_without] == 0)

    return Figure(values, sort, exact)


def quotient(numerator: str, denominator: str, *, times: int = 1, sort: str | None = None) -> Figure:
    """With 2 decimals, a half to the even one; null where the denominator is 0. Sorted by the exact value."""

    def ratio(sums: Sums) -> Ratio:
        return Ratio(times * sums[numerator], sums[denominator])

    return Figure(lambda sums: ratio(sums).decimals(), sort, lambda sums: by_ratio(ratio(sums)))


def percent(numerator: str, denominator: str, *, sort: str | None = None) -> Figure:
    return quotient(numerator, denominator, times=100, sort=sort)


@dataclass(frozen=True)
class Indicator:
    """summary, description, row (what one tells): for the document, `{}` being the dimension's word.

    figures: a row beside its name; a field without a Figure is a URL. about: what stands beside the rows, whose key is
    `rows`. unnamed: the dimension that path and key do not name. no_name: what a null name means, for the document,
    `{}` being whom it stands for.
    """

    name: str
    rows: str
    summary: str
    description: str
    row: str
    figures: type[BaseModel]
    about: type[BaseModel]
    default_sort: str
    unnamed: Dimension | None = None
    no_name: str | None = None

    def path(self, by: Dimension) -> str:
        return f"/{self.name}" if by is self.unnamed else f"/{self.name}/{by.value}"

    def key(self, by: Dimension) -> str:
        return self.rows if by is self.unnamed else f"{self.rows}_{by.value}"

    @cached_property
    def _figures(self) -> dict[str, Figure]:
        fields = self.figures.model_fields.items()
        return {name: mark for name, field in fields for mark in field.metadata if isinstance(mark, Figure)}

    @cached_property
    def _sorts(self) -> dict[str, Callable[[Sums], SortColumn]]:
        return {figure.sort: figure.exact for figure in self._figures.values() if figure.sort and figure.exact}

    def sort_fields(self, by: Dimension) -> list[str]:
        """The default one first, then the others in the order of their fields, then the name."""
        return [self.default_sort, *(sort for sort in self._sorts if sort != self.default_sort), by.value]

    def columns(self, by: Dimension) -> list[Column]:
        return [Column(by.value, str), *figure_columns(self.figures)]

    def answer_model(self, by: Dimension) -> type[BaseModel]:
        dimension, title = (word.title().replace("_", "") for word in (by.value, self.name))
        unnamed = COLUMN_OF[by].unnamed
        meaning = self.no_name.format(unnamed) if self.no_name and unnamed else None
        name: Any = (str | None if unnamed else str, Field(description=meaning))
        words = self.row.format(COLUMN_OF[by].word)
        row: Any = create_model(f"{dimension}{title}", __doc__=words, __base__=self.figures, **{by.value: name})
        rows: Any = (list[row], ...)
        return create_model(f"{title}{dimension}Answer", __base__=self.about, **{self.key(by): rows})

    async def table(
        self,
        by: Dimension,
        names: Sequence[str | None],
        sums: Sums,
        ordering: Ordering,
        links: Mapping[str, VisitLinks],
        about: Mapping[str, object],
    ) -> Table:
        """Of rows in order of name. links: by field."""
        rows = await off_the_loop(len(names), self.sorted_rows, by, names, sums, ordering, links)
        return Table(self.key(by), self.columns(by), rows, about)

    def sorted_rows(
        self,
        by: Dimension,
        names: Sequence[str | None],
        sums: Sums,
        ordering: Ordering,
        links: Mapping[str, VisitLinks],
    ) -> SlicedRows:
        keys = [by.value, *self.figures.model_fields]

        def make(positions: Integers) -> list[Row]:
            part = {name: column[positions] for name, column in sums.items()}
            named = [names[position] for position in positions.tolist()]
            fields: list[Iterable[object]] = [
                self._figures[field].values(part) if field in self._figures else links[field].of_each(named)
                for field in self.figures.model_fields
            ]
            return list(map(dict, map(zip, repeat(keys), zip(named, *fields, strict=True))))

        exact = self._sorts.get(ordering.field)
        return SlicedRows(order_rows(ordering, exact(sums) if exact else by_name(names)), make)


def figure_columns(model: type[BaseModel]) -> list[Column]:
    return [_column(name, field) for name, field in model.model_fields.items()]


def _column(name: str, field: FieldInfo) -> Column:
    """Only names come from outside: a text among the figures is ours."""
    (kind,) = {*(get_args(field.annotation) or [field.annotation])} - {NoneType}
    return Column(name, kind, computed=kind is str)
