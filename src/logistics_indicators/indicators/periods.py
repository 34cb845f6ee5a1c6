"""Periods that another is compared with, and buckets of days: those of the one stand beside those of the other."""

from datetime import date, timedelta
from enum import StrEnum

from ..rollup.blocks import ONE_DAY, Block, Grain, block_of
from ..rollup.reading import Days


class Bucket(StrEnum):
    day = "day"
    week = "week"
    month = "month"


class Period(StrEnum):
    asked = "asked"
    previous = "previous"
    year_before = "year_before"


def previous_period(days: Days) -> Days | None:
    """Of whole months as many months before, else as many days; None where the calendar ends."""
    if _is_of_whole_months(days):
        count = _months(days.last) - _months(days.first) + 1
        if _months(days.first) - count < _months(date.min):
            return None
        return Days(_first_of(_months(days.first) - count), days.first - ONE_DAY)
    length = days.last - days.first + ONE_DAY
    if days.first - date.min < length:
        return None
    return Days(days.first - length, days.first - ONE_DAY)


def year_before(days: Days) -> Days | None:
    """The same days, whole months if it is of them; 29 February becomes the 28th. None where the calendar ends."""
    if days.first.year == date.min.year:
        return None
    last = _year_before(days.last)
    return Days(_year_before(days.first), _last_of_month(last) if _is_of_whole_months(days) else last)


def period_of(days: Days, period: Period) -> Days | None:
    match period:
        case Period.asked:
            return days
        case Period.previous:
            return previous_period(days)
        case Period.year_before:
            return year_before(days)


def buckets_of(days: Days, bucket: Bucket) -> list[Days]:
    """Days, ISO weeks (Monday first) or months of the range; the first and the last are cut at its ends."""
    buckets = []
    first = days.first
    while first <= days.last:
        last = min(_last_of_bucket(first, bucket), days.last)
        buckets.append(Days(first, last))
        if last == date.max:
            break
        first = last + ONE_DAY
    return buckets


def buckets_beside(days: Days, period: Period, bucket: Bucket) -> list[Days]:
    """Of the period, which begins and ends where `period_of` says: all of its days, each in one bucket.

    Months stand beside months where both periods are cut alike. Else it is cut as `days` would be, had they as many.
    """
    beside = period_of(days, period)
    if beside is None:
        return []
    if bucket is Bucket.month and (period is not Period.previous or _is_of_whole_months(days)):
        return buckets_of(beside, bucket)
    shift = beside.first - days.first
    as_many = Days(days.first, beside.last - shift)
    return [Days(first + shift, last + shift) for first, last in buckets_of(as_many, bucket)]


def _last_of_bucket(day: date, bucket: Bucket) -> date:
    match bucket:
        case Bucket.day:
            return day
        case Bucket.week:
            return day + timedelta(days=6 - day.weekday())
        case Bucket.month:
            return _last_of_month(day)


def _last_of_month(day: date) -> date:
    return Block(Grain.month, block_of(Grain.month, day)).last


def _is_of_whole_months(days: Days) -> bool:
    return days.first.day == 1 and days.last == _last_of_month(days.last)


def _months(day: date) -> int:
    return 12 * day.year + day.month - 1


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def _year_before(day: date) -> date:
    in_february = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if in_february else day.day)
