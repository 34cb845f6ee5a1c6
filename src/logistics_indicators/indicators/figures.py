"""Figures as they go over the wire, exact: integers in, half to even, no binary fraction in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[Any]
"""Of 64 bits."""

Floats: TypeAlias = npt.NDArray[np.float64]

T = TypeVar("T")


def half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator as a whole number, a half to the even neighbour. The denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    double = rest * 2
    if double > denominator or (double == denominator and quotient & 1):
        quotient += 1
    return quotient


def two_decimals(value: float) -> float:
    """For what is no fraction of whole numbers: the bounds of an interval, the difference of two shown figures."""
    (rounded,) = two_decimals_each(np.array([value]))
    return rounded


def two_decimals_each(values: Floats) -> list[float]:
    rounded: list[float] = values.round(2).tolist()
    return rounded


def half_even_each(numerators: Integers, denominators: Integers | int) -> Integers:
    """As half_even, for columns."""
    quotients, rests = np.divmod(numerators, denominators)
    double = rests * 2
    up = (double > denominators) | ((double == denominators) & (quotients & 1 == 1))
    result: Integers = quotients + up
    return result


def with_null(values: Sequence[T], null: Integers) -> Sequence[T | None]:
    if not null.any():
        return values
    return [None if absent else value for value, absent in zip(values, null.tolist(), strict=True)]


@dataclass(frozen=True)
class Ratio:
    """numerators / denominators, of each row; null where the denominator is 0."""

    numerators: Integers
    denominators: Integers

    @property
    def null(self) -> Integers:
        absent: Integers = self.denominators == 0
        return absent

    @property
    def divisors(self) -> Integers:
        return np.maximum(self.denominators, 1)

    def whole(self) -> Integers:
        """As whole numbers, a half to the even neighbour."""
        return half_even_each(self.numerators, self.divisors)

    def decimals(self) -> Sequence[float | None]:
        """With 2 decimals, as `ratio` gives them."""
        hundredths = half_even_each(100 * self.numerators, self.divisors)
        return with_null((hundredths / 100).tolist(), self.null)


def ratio(numerator: int, denominator: int) -> float:
    """numerator / denominator with 2 decimals: the float that prints as the exact decimal."""
    return half_even(100 * numerator, denominator) / 100


def percent_text(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


PERCENT_TEXTS = tuple(percent_text(hundredths) for hundredths in range(10_001))
"""From 0.00% to 100.00%."""


def sla(on_time: int, total: int) -> tuple[str, float]:
    """("97.35%", 97.35)"""
    hundredths = half_even(10_000 * on_time, total)
    return PERCENT_TEXTS[hundredths], hundredths / 100


def wilson(on_time: int, total: int) -> tuple[float, float]:
    """wilson_bounds as they are shown."""
    (low,), (high,) = wilson_bounds(np.array([on_time]), np.array([total]))
    return two_decimals(float(low)), two_decimals(float(high))


def wilson_bounds(on_time: Integers, total: Integers) -> tuple[Floats, Floats]:
    """Ends of the 95% interval of each share, in percent (Wilson 1927): few visits say little, so it is wide.

    None on time has the lower end 0, all of them the upper end 100, exactly: such ties are settled by name.
    """
    z = 1.959963984540054
    share = on_time / total
    middle = share + z * z / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 100 / (1 + z * z / total)
    low = np.where(on_time == 0, 0.0, (middle - spread) * scale)
    return low, np.where(on_time == total, 100.0, (middle + spread) * scale)


def duration_text(seconds: int) -> str:
    """As Python writes a timedelta: "2 days, 14:33:21", "-1 day, 23:10:00"."""
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    if not days:
        return clock
    return f"{days} day{'' if abs(days) == 1 else 's'}, {clock}"
