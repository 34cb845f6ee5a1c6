"""Which cells of a workbook are dates, and which moment a number is in one of them (ECMA-376, part 1, 18.8.30)."""

import re
from datetime import date, timedelta

from .package import Package
from .records import number

DATE_FORMATS = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)}
"""Excel's own that show a date or a time of day; 46 is a length of time."""

LONGEST_CODE = 255
"""Characters that Excel lets a format have. A longer one is no date's."""

NOT_CODES = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*(?:\]|\Z)')
"""A bracket that nobody closes reaches to the end: were it none, the rest would be read again for each that follows."""
LENGTH_OF_TIME = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
DATE_CODES = re.compile(r"[ymdhs]", re.IGNORECASE)

PARTS_OF_STYLES = {
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"),
    *("colors", "extLst"),
}

DAY = 86_400_000
"""Milliseconds: a number of Excel is exact to less than one."""

DAYS_BEFORE_1904 = 1462
NO_DAY = 60
"""29 February 1900, which Excel counts and which was none."""

LAST_DAY = 2_958_465


def date_styles(package: Package, name: str | None) -> list[bool]:
    """By the number of a style: whether a number in it is a date."""
    formats: dict[str, bool] = {}
    styles: list[bool] = []
    part = ""
    for element, attributes in package.elements(name) if name else ():
        if element in PARTS_OF_STYLES:
            part = element
        elif element == "numFmt" and part == "numFmts":
            formats[attributes.get("numFmtId", "")] = shows_a_date(attributes.get("formatCode", ""))
        elif element == "xf" and part == "cellXfs":
            styles.append(_is_date(attributes.get("numFmtId", "0"), formats))
    return styles


def _is_date(number_format: str, formats: dict[str, bool]) -> bool:
    """`formats`: the workbook's own, by number, and whether they are a date's: many styles have the same."""
    if number_format in formats:
        return formats[number_format]
    return len(number_format) <= LONGEST_CODE and number_format.isdecimal() and int(number_format) in DATE_FORMATS


def shows_a_date(code: str) -> bool:
    if len(code) > LONGEST_CODE:
        return False
    code = re.sub(r'"[^"]*"|\\.', "", code).split(";", 1)[0]
    if LENGTH_OF_TIME.search(code):
        return False
    return DATE_CODES.search(NOT_CODES.sub("", code)) is not None


class Moments:
    """Dates as they are written in CSV; what is no date in Excel's calendar stays the number that it is."""

    def __init__(self, *, since_1904: bool) -> None:
        self._first_day = DAYS_BEFORE_1904 if since_1904 else 0
        self._days: dict[int, str] = {}

    def text_of(self, serial: float) -> str:
        day, rest = divmod(round(serial * DAY), DAY)
        written = self._days.get(day) or self._day(day)
        if not written:
            return number(serial)
        if not rest:
            return written
        minutes, seconds = divmod(rest // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{written} {hours:02}:{minutes:02}:{seconds:02}"

    def _day(self, day: int) -> str:
        counted = day + self._first_day
        if not 1 <= counted <= LAST_DAY or counted == NO_DAY:
            return ""
        moved = counted if counted > NO_DAY else counted + 1
        self._days[day] = str(date(1899, 12, 30) + timedelta(moved))
        return self._days[day]
