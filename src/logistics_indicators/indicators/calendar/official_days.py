"""Brazil's official days: those of the package holidays, corrected by the laws that it does not know."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from ...http.field_types import FIRST_DAY, LAST_DAY
from ...states import STATES

YEARS = range(FIRST_DAY.year, LAST_DAY.year + 1)

OPTIONAL_DAYS = {"carnaval": "Carnaval", "corpus_christi": "Corpus Christi"}
"""Values of the setting optional_days, and what the package calls these days."""

CORRECTIONS_REVISION = 1
"""One more with every change to the tables below: a start then brings the database's days up to date."""


class Added(NamedTuple):
    uf: str
    day: date
    name: str
    law: str


class Dropped(NamedTuple):
    """day: in that year alone. Without one: month_day, in every year."""

    uf: str
    day: date | None
    month_day: tuple[int, int] | None
    law: str


SP_2020 = "Lei 17.264/2020"
BA_2020 = "state law of 23 May 2020"
SE_2020 = "moved by the state, May 2020"
MA_2020 = "moved by the state, May 2020"
MA_2021 = "Medida Provisória 343/2021"
PB_2021 = "Medida Provisória 295/2021"
RJ_2021 = "Lei 9.224/2021"

ADDED = (
    Added("SP", date(2020, 5, 25), "Revolução Constitucionalista (antecipado)", SP_2020),
    Added("BA", date(2020, 5, 25), "São João (antecipado)", BA_2020),
    Added("BA", date(2020, 5, 26), "Independência da Bahia (antecipado)", BA_2020),
    Added("SE", date(2020, 5, 22), "Emancipação política de Sergipe (antecipado)", SE_2020),
    Added("MA", date(2020, 5, 15), "Adesão do Maranhão à independência do Brasil (antecipado)", MA_2020),
    Added("MA", date(2021, 3, 26), "Adesão do Maranhão à independência do Brasil (antecipado)", MA_2021),
    Added("PB", date(2021, 3, 29), "Feriado excepcional", PB_2021),
    Added("PB", date(2021, 3, 30), "Tiradentes (antecipado)", PB_2021),
    Added("PB", date(2021, 3, 31), "Corpus Christi (antecipado)", PB_2021),
    Added("PB", date(2021, 4, 1), "Fundação do Estado (antecipado)", PB_2021),
    Added("RJ", date(2021, 3, 26), "Feriado excepcional", RJ_2021),
    Added("RJ", date(2021, 3, 29), "Tiradentes (antecipado)", RJ_2021),
    Added("RJ", date(2021, 3, 30), "São Jorge (antecipado)", RJ_2021),
    Added("RJ", date(2021, 3, 31), "Feriado excepcional", RJ_2021),
    Added("RJ", date(2021, 4, 1), "Feriado excepcional", RJ_2021),
    Added("SP", date(2023, 11, 20), "Dia da Consciência Negra", "Lei 17.746/2023"),
)

DROPPED = (
    Dropped("RN", None, (8, 7), "Lei 7.831/2000 names the day, and makes it no holiday"),
    Dropped("GO", None, (10, 24), "a holiday of the city of Goiânia, not of the state"),
    Dropped("SP", date(2020, 7, 9), None, SP_2020),
    Dropped("BA", date(2020, 7, 2), None, BA_2020),
    Dropped("SE", date(2020, 7, 8), None, SE_2020),
    Dropped("MA", date(2020, 7, 28), None, MA_2020),
    Dropped("MA", date(2021, 7, 28), None, MA_2021),
    Dropped("PB", date(2021, 8, 5), None, PB_2021),
    Dropped("RJ", date(2021, 4, 23), None, RJ_2021),
)
"""A state cannot move a national holiday: 21 April 2021 stays one in PB and RJ (Lei 662/1949)."""

DROPPED_ONCE = {(drop.uf, drop.day) for drop in DROPPED if drop.day is not None}
DROPPED_YEARLY = {(drop.uf, drop.month_day) for drop in DROPPED if drop.month_day is not None}


class DayKey(NamedTuple):
    """kind: nacional, uf, cidade or polo; scope: of which one."""

    kind: str
    scope: str
    day: date


Days = Mapping[DayKey, tuple[str, str]]
"""{key: (name, source)}, in Portuguese whatever the locale."""


def official_days(optional: frozenset[str] = frozenset(), years: range = YEARS) -> Days:
    """The national, optional and state days. Of all years they take a second or more, the first time: for a thread."""
    return {**national_days(optional, years), **_state_days(years)}


def national_days(optional: frozenset[str], years: range) -> Days:
    """Those of the whole country alone, optional ones included: some hundredths of a second for all years."""
    days = {DayKey("nacional", "", day): (name, "oficial") for day, name in _named_days(years).items()}
    names = {OPTIONAL_DAYS[key] for key in optional}
    for day, name in _named_days(years, categories=("optional",)).items():
        if name in names:
            days.setdefault(DayKey("nacional", "", day), (name, "facultativo"))
    return days


@lru_cache(maxsize=32)
def _state_days(years: range) -> Days:
    national, days = _named_days(years), dict[DayKey, tuple[str, str]]()
    for state in STATES:
        for day, name in _named_days(years, subdiv=state).items():
            if day not in national and not _is_dropped(state, day):
                days[DayKey("uf", state, day)] = (name, "oficial")
    for uf, day, name, _ in ADDED:
        if day.year in years:
            days.setdefault(DayKey("uf", uf, day), (name, "oficial"))
    return MappingProxyType(days)


def _named_days(years: range, **which: Any) -> Mapping[date, str]:
    """The package's days. It ends at 2100, but its rules do not."""
    from holidays.countries.brazil import Brazil  # 11 MB, for what a start of the same version never asks

    class BrazilForEver(Brazil):
        end_year = LAST_DAY.year

    days: Mapping[date, str] = BrazilForEver(years=years, language="pt_BR", **which)
    return days


def _is_dropped(uf: str, day: date) -> bool:
    return (uf, day) in DROPPED_ONCE or (uf, (day.month, day.day)) in DROPPED_YEARLY
