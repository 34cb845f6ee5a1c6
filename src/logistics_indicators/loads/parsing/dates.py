"""The date spellings of the contract, and no other.

`parse_moment` is the grammar, one string at a time. `parse_column` gives the same answers for a whole column:
the date in front of the time is looked up (a year has few of them), the time is cut from fixed places, and
whatever does not fit that goes through `parse_moment`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from threading import Lock

import polars as pl

DAY_FIRST = re.compile(r"(\d{1,2})( *+)/( *+)(\d{1,2})( *+)(/?)( *+)(\d{4}|\d{2})", re.ASCII)
YEAR_FIRST = re.compile(r"(\d{4}) *+- *+(\d{1,2}) *+- *+(\d{1,2})", re.ASCII)
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)([.,]\d{1,9})?)?", re.ASCII)
MONTH_FIRST = r"^\s*(?:0?[1-9]|1[0-2]) */ *(?:1[3-9]|2[0-9]|3[01]) */ *(?:[0-9]{4}|[0-9]{2})(?:[ T].*)?$"
"""No date here, and evidence of a file that writes months first."""

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""A year outside them is a slip of the pen; the JSON routes draw the same line."""

ISO = "YYYY-MM-DD"
FAST_TIME = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"
SEPARATOR = re.compile(r"(?<=[\d])(?: +|T)(?=\d{1,2}:)", re.ASCII)
ONE_DIGIT_HOUR = r"([ T])([0-9]:[0-5][0-9])"
FRACTION = r"(:[0-5][0-9]:[0-5][0-9])[.,][0-9]{1,9}$"
"""Of a second; it is dropped."""


@dataclass(frozen=True)
class Day:
    """A date as it was spelled. `ambiguous`: day and month could be swapped."""

    day: date
    spelling: str
    ambiguous: bool

    @property
    def year_first(self) -> bool:
        return self.spelling.startswith(ISO[:4])


@dataclass(frozen=True)
class Moment:
    """`at` is None where the text has no time."""

    day: date
    at: time | None
    spelling: str
    ambiguous: bool


LONGEST_REMEMBERED = 64
"""Characters: of longer texts, which are no dates but for their blanks, the process keeps none."""


def parse_day(text: str) -> Day | None:
    """A date without a time; None where it is not one of the spellings or not in the calendar."""
    return _remembered_day(text) if len(text) <= LONGEST_REMEMBERED else _read_day(text)


def _read_day(text: str) -> Day | None:
    if found := DAY_FIRST.fullmatch(text):
        day, month, year = found[1], found[4], found[8]
        if not found[6] and (len(month) != 2 or len(year) != 4 or found[5] or found[7]):
            return None
        parts = ("D", "M") if len(day + month) < 4 else ("DD", "MM")
        blank = " " if found[2] or found[3] or found[5] or found[7] else ""
        second = f"{blank}/" if found[6] else ""
        spelling = f"{parts[0]}{blank}/{parts[1]}{second}{'YYYY' if len(year) == 4 else 'YY'}"
        return _day(year if len(year) == 4 else f"20{year}", month, day, spelling, day_first=True)
    if found := YEAR_FIRST.fullmatch(text):
        spelling = "YYYY-M-D" if len(found[2] + found[3]) < 4 else ISO
        return _day(found[1], found[2], found[3], spelling, day_first=False)
    return None


_remembered_day = lru_cache(maxsize=65536)(_read_day)


def _day(year: str, month: str, day: str, spelling: str, *, day_first: bool) -> Day | None:
    try:
        value = date(int(year), int(month), int(day))
    except ValueError:
        return None
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        return None
    ambiguous = day_first and value.day <= 12 and value.day != value.month
    return Day(value, spelling, ambiguous)


def parse_moment(text: str) -> Moment | None:
    """A date with or without a time. `text` is trimmed."""
    parts = SEPARATOR.split(text, maxsplit=1)
    day = parse_day(parts[0])
    if day is None:
        return None
    if len(parts) == 1:
        return Moment(day.day, None, day.spelling, day.ambiguous)
    clock = TIME.fullmatch(parts[1])
    if clock is None:
        return None
    between = "T" if "T" in text else " "
    if between == "T" and not day.year_first:
        return None
    clock_spelling = f"{'H' * len(clock[1])}:MM{':SS' if clock[3] else ''}{'.f' if clock[4] else ''}"
    spelling = f"{day.spelling}{between}{clock_spelling}"
    at = time(int(clock[1]), int(clock[2]), int(clock[3] or 0))
    return Moment(day.day, at, spelling, day.ambiguous)


PARSED = pl.Struct({"day": pl.Date, "seconds": pl.Int32, "spelling": pl.String, "ambiguous": pl.Boolean})
"""`seconds` since midnight, null without a time. All null where the text is no date."""


def parse_column(texts: pl.Series) -> pl.DataFrame:
    """A frame with PARSED's fields, a row for each text (trimmed; null gives nulls)."""
    return _with_the_rest(_with_loose_times(_read_by_place(texts)))


def _read_by_place(texts: pl.Series) -> pl.DataFrame:
    """text and PARSED's fields, which are null where the time does not stand in its usual places."""
    text, at, clock = pl.col("text"), pl.col("at"), pl.col("t")
    wide = text.str.len_bytes() - text.str.len_chars()  # find counts bytes, and slice characters; a time has none
    clock_at = text.str.find(":", literal=True).cast(pl.Int64) - wide.cast(pl.Int64) - 2
    split = pl.LazyFrame({"text": texts}).with_columns(clock_at.alias("at"))
    frame = split.select(
        "text",
        pl.when(at >= 0).then(text.str.slice(0, at)).otherwise(text).alias("d"),
        pl.when(at >= 0).then(text.str.slice(at)).alias("t"),
    ).collect()
    seconds = pl.when(clock.str.contains(FAST_TIME)).then(_seconds(clock))
    tail = pl.when(clock.str.len_bytes() > 5).then(pl.lit("HH:MM:SS")).otherwise(pl.lit("HH:MM"))
    spelling = pl.when(clock.is_null()).then("spelling").otherwise(pl.concat_str("spelling", tail))
    days = _days_of(frame["d"].unique()).lazy()
    fields = frame.lazy().join(days, on="d", how="left", maintain_order="left")
    fields = fields.select(
        "text", "day", seconds.alias("seconds"), spelling.alias("spelling"), "ambiguous", "separated", clock.is_null()
    )
    fits = (pl.col("separated") != clock) & (clock | pl.col("seconds").is_not_null())
    return fields.select("text", *(pl.when(fits).then(name).alias(name) for name in PARSED.to_schema())).collect()


def _with_loose_times(fields: pl.DataFrame) -> pl.DataFrame:
    """As they are, with those whose hour has one digit, or whose second has a fraction."""
    left = (fields["day"].is_null() & fields["text"].is_not_null()).arg_true()
    texts = fields["text"].gather(left)
    padded = texts.str.replace(ONE_DIGIT_HOUR, "${1}0${2}")
    whole = padded.str.replace(FRACTION, "${1}")
    loose = whole != texts
    if not loose.any():
        return fields
    changed = {"short": (padded != texts).filter(loose), "fraction": (whole != padded).filter(loose)}
    spelling = pl.col("spelling")
    short = pl.when("short").then(spelling.str.replace("HH", "H", literal=True)).otherwise(spelling)
    spelled = pl.when("fraction").then(short + ".f").otherwise(short)
    found = _read_by_place(whole.filter(loose)).with_columns(**changed).with_columns(spelled.alias("spelling"))
    places = left.filter(loose)
    return fields.with_columns(fields[name].scatter(places, found[name]) for name in PARSED.to_schema())


def parse_repeated(texts: pl.Series) -> pl.DataFrame:
    """As parse_column, for a column in which the same texts come again and again."""
    found = pl.DataFrame({"text": texts}).join(
        _repeated.of(texts.unique()), on="text", how="left", maintain_order="left"
    )
    return found.select(*PARSED.to_schema())


def _parsed(texts: list[str]) -> pl.DataFrame:
    column = pl.Series(texts, dtype=pl.String)
    return parse_column(column).select(column.alias("text"), *PARSED.to_schema())


def moments_of(dates: pl.DataFrame, name: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    """The column's values from parse_column's frame. A text of a column of days may carry a time; its date counts."""
    if dtype == pl.Date:
        return dates["day"].alias(name)
    moment = pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("seconds").fill_null(0))
    return dates.select(moment.alias(name))[name]


def _seconds(clock: pl.Expr) -> pl.Expr:
    hours, minutes = clock.str.slice(0, 2).cast(pl.Int32, strict=False), clock.str.slice(3, 2)
    seconds = clock.str.slice(6, 2).cast(pl.Int32, strict=False).fill_null(0)
    return hours * 3600 + minutes.cast(pl.Int32, strict=False) * 60 + seconds


DAYS_SCHEMA = {"d": pl.String, "day": pl.Date, "spelling": pl.String, "ambiguous": pl.Boolean, "separated": pl.Boolean}

Read = Callable[[list[str]], pl.DataFrame]

MOST_REMEMBERED = 20_000
"""Texts that the process remembers: some years in every spelling, and a bound for a file of nonsense."""


class Remembered:
    """A look-up table by text, which grows as texts are met: read is asked once for each, and gives rows of some."""

    def __init__(self, key: str, read: Read) -> None:
        self._key, self._read = key, read
        self._lock = Lock()
        self._texts: set[str] = set()
        self._frame: pl.DataFrame | None = None  # polars' threads take 20 MB: not before there are texts

    def of(self, texts: pl.Series) -> pl.DataFrame:
        """A table with at least the rows of these texts."""
        with self._lock:
            if self._frame is None:
                self._frame = self._read([])
            new = [text for text in texts.drop_nulls().to_list() if text not in self._texts]
            if not new:
                return self._frame
            rows = self._read(new)
            if len(self._texts) + len(new) > MOST_REMEMBERED:
                return pl.concat([self._frame, rows])
            self._texts.update(text for text in new if len(text) <= LONGEST_REMEMBERED)
            long = pl.col(self._key).str.len_chars() > LONGEST_REMEMBERED
            self._frame = pl.concat([self._frame, rows.filter(~long)])
            return pl.concat([self._frame, rows.filter(long)])


def _day_rows(texts: list[str]) -> pl.DataFrame:
    rows = []
    for text in texts:
        iso = text.endswith("T")
        bare = text.removesuffix("T") if iso else text.rstrip(" ")
        day = parse_day(bare)
        if day is not None and (day.year_first or not iso):
            between = "T" if iso else " " if bare != text else ""
            rows.append((text, day.day, day.spelling + between, day.ambiguous, bare != text))
    return pl.DataFrame(rows, schema=DAYS_SCHEMA, orient="row")


_days_of = Remembered("d", _day_rows).of
"""Of texts in front of a time, with the blank or T that separates it, or alone."""


def _with_the_rest(fields: pl.DataFrame) -> pl.DataFrame:
    """Texts that the fast ways did not take, one by one; most of them are no dates."""
    parsed = fields
    left = fields["day"].is_null() & fields["text"].is_not_null()
    if not left.any():
        return parsed.drop("text")
    rows = []
    for text in parsed["text"].filter(left).unique().to_list():
        moment = parse_moment(text)
        if moment is not None:
            rows.append((text, moment.day, _seconds_of(moment.at), moment.spelling, moment.ambiguous))
    if rows:
        rest = pl.DataFrame(rows, schema={"text": pl.String, **dict(PARSED)}, orient="row")
        parsed = parsed.join(rest, on="text", how="left", maintain_order="left", suffix="_rest").with_columns(
            pl.coalesce(c, f"{c}_rest").alias(c) for c in PARSED.to_schema()
        )
    return parsed.select(*PARSED.to_schema())


def _seconds_of(at: time | None) -> int | None:
    return None if at is None else at.hour * 3600 + at.minute * 60 + at.second


_repeated = Remembered("text", _parsed)
