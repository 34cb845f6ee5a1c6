"""What a load did to the figures, as it is on the wire."""

from datetime import date
from typing import NamedTuple, Self

from pydantic import BaseModel, Field

from ..indicators.figures import sla
from ..rollup.dimensions import Dimension

MOVED_BY = (Dimension.polo, Dimension.angel)
"""Whom a load moved most is told of these: in the fields below, from columns of load_cells."""


class Standing(NamedTuple):
    """Visits made, those on time, open ones, those overdue."""

    total: int = 0
    on_time: int = 0
    open: int = 0
    overdue: int = 0

    @property
    def is_share(self) -> bool:
        """False for no visit, and where others changed the load's visits before it ended: a side may be below 0."""
        return 0 <= self.on_time <= self.total != 0

    def plus(self, other: "Standing", times: int = 1) -> "Standing":
        return Standing(*(mine + times * theirs for mine, theirs in zip(self, other, strict=True)))


class EffectFigures(BaseModel):
    total_de_atendimentos: int
    total_de_atendimentos_no_prazo: int
    sla: str | None = Field(description="null where there is no visit", examples=["97.35%"])
    sla_percentual: float | None
    total_em_aberto: int = Field(description="Visits not made yet")

    @classmethod
    def of(cls, standing: Standing, **more: int) -> Self:
        text, percent = sla(standing.on_time, standing.total) if standing.is_share else (None, None)
        return cls(
            total_de_atendimentos=standing.total,
            total_de_atendimentos_no_prazo=standing.on_time,
            sla=text,
            sla_percentual=percent,
            total_em_aberto=standing.open,
            **more,
        )


class WholeFigures(EffectFigures):
    total_atrasado: int = Field(description="Of the open ones, those whose data_limite lies before as_of")


class Moved(BaseModel):
    name: str
    before: EffectFigures
    after: EffectFigures


class Effect(BaseModel):
    """The figures of all visits, and of those that the load moved most, without the load and with it."""

    as_of: date = Field(description="The day of the load's end")
    before: WholeFigures
    after: WholeFigures
    days_touched: int = Field(description="By the day of the visit; by data_limite where it was not made yet")
    first_day: date | None
    last_day: date | None
    polos_moved: int
    polos: list[Moved] = Field(description="The polos that it moved most")
    angels_moved: int
    angels: list[Moved] = Field(description="The angels that it moved most")
