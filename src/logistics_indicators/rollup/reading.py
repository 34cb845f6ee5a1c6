"""Questions to the rollup: one statement each, over the merged cells and the recent ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from ..database import Connection
from .blocks import MERGED_LEVELS, Grain, Levels, Span, spans_of, whole_spans
from .dimensions import COLUMN_OF, Dimension, ids_in_sql
from .tables import DAY_TOTAL, LATE, OPEN, ROLLUP, SumTable


class Days(NamedTuple):
    """Both included."""

    first: date
    last: date


class Filters(dict[Dimension, tuple[str, ...]]):
    """Exact values, any of them; a dimension that is not there takes everything."""


CONDITIONS = {
    by: f"{column.id} = ANY (ARRAY(SELECT id FROM {column.table} WHERE {column.name} = ANY ({{value}}::text[])))"
    for by, column in COLUMN_OF.items()
}


@dataclass(frozen=True)
class Cover:
    """Some days, and how blocks of given levels add up to them."""

    days: Days
    by: Callable[[Levels], Sequence[Span]]

    def merged(self) -> Sequence[Span]:
        return self.by(MERGED_LEVELS)

    def recent(self, table: SumTable) -> Sequence[Span]:
        """Of the table's cells that are not merged yet."""
        if [*table.recent] == [Grain.day]:
            return [Span(table.recent[Grain.day], *self.days)]
        return [replace(span, grain=table.recent[Grain(span.grain)]) for span in self.by(tuple(table.recent))]


def cover_of(days: Days) -> Cover:
    return Cover(days, lambda levels: spans_of(*days, levels))


def cover_of_each(buckets: Sequence[Days]) -> Cover:
    """No block belongs to two of these ranges, which follow one another."""
    return Cover(Days(buckets[0].first, buckets[-1].last), lambda levels: whole_spans(buckets, levels))


RECENT = "rollup_recent"

SPANS = """unnest({grains}::smallint[], {firsts}::date[], {lasts}::date[], {signs}::integer[])
    AS span (grain, first, last, sign)
JOIN {table} AS cell ON cell.grain = span.grain AND cell.block BETWEEN span.first AND span.last"""


class Question:
    """Builds a statement from parts and keeps their arguments in order."""

    def __init__(self, filters: Filters, *, has_recent: bool) -> None:
        self.arguments: list[object] = []
        self.has_recent = has_recent
        conditions = [CONDITIONS[by].format(value=self.argument(list(value))) for by, value in filters.items()]
        self.where = " AND ".join(["TRUE", *conditions])

    def argument(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def cells_of(self, table: SumTable, cover: Cover, columns: str, condition: str = "TRUE") -> list[str]:
        """SELECTs of the cells that add up to these days, those not merged yet among them; `sign` is each one's."""
        parts = [self.cells(table.name, cover.merged(), columns, condition)]
        if self.has_recent:
            parts.append(self.cells(RECENT, cover.recent(table), columns, condition))
        return parts

    def cells(self, table: str, spans: Sequence[Span], columns: str, condition: str = "TRUE") -> str:
        """A SELECT of the table's cells in these spans that the filters keep."""
        source = SPANS.format(
            grains=self.argument([span.grain for span in spans]),
            firsts=self.argument([span.first for span in spans]),
            lasts=self.argument([span.last for span in spans]),
            signs=self.argument([span.sign for span in spans]),
            table=table,
        )
        return f"SELECT {ids_in_sql()}, {columns} FROM {source} WHERE {self.where} AND {condition}"

    def cells_of_grain(self, table: str, grain: int, columns: str) -> str:
        """A SELECT of the table's cells of this grain, of whatever block, that the filters keep."""
        return f"SELECT {ids_in_sql()}, {columns} FROM {table} WHERE grain = {grain} AND {self.where}"

    async def ask(self, connection: Connection, statement: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = await connection.fetch(statement, *self.arguments)
        return rows


COUNTS = "sum(total)::bigint AS total, sum(on_time)::bigint AS on_time"
ADDED_AGAIN = "sum(total)::integer AS total"
"""Of counts that are added up once more: PostgreSQL adds bigints up as numerics, which takes twice as long."""

SUMS = f"{COUNTS}, sum(seconds)::bigint AS seconds"

SIGNED = "sign * total AS total, sign * on_time AS on_time, sign * seconds AS seconds"
TOLERATED = "0 AS total, sign * total AS on_time, 0 AS seconds"


def _attended(question: Question, cover: Cover, tolerance_days: int, also: str = "") -> str:
    """Cells of attended visits; on_time counts those up to tolerance_days late. `also`: further columns."""
    parts = question.cells_of(ROLLUP, cover, SIGNED + also)
    if tolerance_days:
        kept = f"days_late <= {question.argument(tolerance_days)}"
        parts += question.cells_of(LATE, cover, TOLERATED + also, kept)
    return "\nUNION ALL\n".join(parts)


class Named(NamedTuple):
    """sums: a statement that sums the cells by key. name, join: the key's name, and what must be joined for it."""

    sums: str
    name: str
    join: str


def named_by(by: Dimension | None, columns: str, sums: str) -> Named:
    """`by`: whose sums; None: those of all together, which have no name.

    `columns`: what the sums are told apart by beside the key, each with a comma after it.
    """
    if by is None:
        return Named(
            f"SELECT NULL::text AS key, {columns} {sums} FROM cells GROUP BY ()" + _after(columns), "sums.key", ""
        )
    column = COLUMN_OF[by]
    by_id = f"SELECT {column.id} AS key, {columns} {sums} FROM cells GROUP BY {column.id}{_after(columns)}"
    names = f"JOIN {column.table} AS names ON names.id = "
    if column.is_key:
        return Named(by_id, f"names.{column.name}", f"{names}sums.key")
    part = f"SELECT names.{column.name} AS key, {columns} {sums} FROM ({by_id}) AS parts {names}parts.key"
    return Named(f"{part} GROUP BY names.{column.name}{_after(columns)}", "sums.key", "")


def _after(columns: str) -> str:
    return f", {columns.strip().rstrip(',')}" if columns else ""


async def fetch_sums(
    connection: Connection,
    by: Dimension | None,
    days: Days,
    filters: Filters,
    tolerance_days: int,
    *,
    seconds: bool,
    at_polos: bool,
    has_recent: bool,
) -> Sequence[Sequence[Any]]:
    """(name, total, on_time, seconds) of everyone with an attended visit in these days, in order of name, None last.

    seconds are 0 unless they are asked for: to add them up exactly takes half as long as all the rest.
    at_polos: of everyone at each of their polos, whose name and uf follow the name.
    """
    question = Question(filters, has_recent=has_recent)
    named = named_by(by, "polo_id," if at_polos else "", SUMS if seconds else f"{COUNTS}, 0 AS seconds")
    polo, join = ("polos.name, polos.uf,", "JOIN polos ON polos.id = polo_id") if at_polos else ("", "")
    return await question.ask(
        connection,
        f"""WITH cells AS ({_attended(question, cover_of(days), tolerance_days)}), sums AS ({named.sums})
        SELECT {named.name}, {polo} total, on_time, seconds FROM sums {named.join} {join}
        WHERE total <> 0 ORDER BY 1""",
    )


async def fetch_series(
    connection: Connection,
    by: Dimension,
    buckets: Sequence[Days],
    shown: Sequence[str | None],
    filters: Filters,
    tolerance_days: int,
    *,
    has_recent: bool,
) -> Sequence[Sequence[Any]]:
    """(place of the name among `shown`, -1 for all others together, place of the bucket, total, on_time).

    Buckets follow one another without a gap. Points without a visit are left out: a name whose visits were all taken
    away still has cells, until they are merged.
    """
    question = Question(filters, has_recent=has_recent)
    named = named_by(by, "bucket,", f"{ADDED_AGAIN}, sum(on_time)::integer AS on_time")
    cover = cover_of_each(buckets)
    starts, listed = question.argument([days.first for days in buckets]), question.argument(list(shown))
    bucket = f", width_bucket(block, {starts}::date[]) - 1 AS bucket"
    return await question.ask(
        connection,
        f"""WITH cells AS ({_attended(question, cover, tolerance_days, bucket)}), sums AS ({named.sums})
        SELECT COALESCE(shown.series - 1, -1)::integer, bucket, sum(total)::bigint, sum(on_time)::bigint
        FROM sums {named.join}
        LEFT JOIN unnest({listed}::text[]) WITH ORDINALITY AS shown (name, series)
            ON COALESCE(shown.name, '') = COALESCE({named.name}, '')
        GROUP BY 1, 2 HAVING sum(total) <> 0""",
    )


LateDays = tuple[str | None, Sequence[int], Sequence[int]]
"""A name, by how many days its late visits were late, how many of them by each."""


async def fetch_late_days(
    connection: Connection, by: Dimension, days: Days, filters: Filters, *, has_recent: bool
) -> Sequence[LateDays]:
    """Of everyone with a late visit in these days."""
    question = Question(filters, has_recent=has_recent)
    cells = " UNION ALL ".join(question.cells_of(LATE, cover_of(days), "days_late, sign * total AS total"))
    named = named_by(by, "days_late,", "sum(total)::bigint AS total")
    rows = await question.ask(
        connection,
        f"""WITH cells AS ({cells}), counted AS ({named.sums}),
        sums AS (
            SELECT key, array_agg(days_late) AS late, array_agg(total) AS visits
            FROM counted WHERE total <> 0 GROUP BY key
        )
        SELECT {named.name}, late, visits FROM sums {named.join}""",
    )
    return [(name, late, visits) for name, late, visits in rows]


async def fetch_open(
    connection: Connection, by: Dimension | None, as_of: date, filters: Filters, *, has_recent: bool
) -> Sequence[Sequence[Any]]:
    """(name, open visits, those that had to be made before as_of, the earliest deadline), in order of name."""
    question = Question(filters, has_recent=has_recent)
    overdue = f"CASE WHEN deadline < {question.argument(as_of)} THEN total ELSE 0 END AS overdue"
    named = named_by(
        by, "", f"{ADDED_AGAIN}, sum(overdue)::integer AS overdue, min(deadline) FILTER (WHERE total <> 0) AS deadline"
    )
    return await question.ask(
        connection,
        f"""WITH open AS ({_open(question)}), cells AS (SELECT *, {overdue} FROM open), sums AS ({named.sums})
        SELECT {named.name}, total, overdue, deadline FROM sums {named.join} WHERE total <> 0 ORDER BY 1""",
    )


def _open(question: Question) -> str:
    """Cells of open visits by deadline. Of those not merged yet, some take others away: they are added up first."""
    merged = question.cells_of_grain(ROLLUP.name, OPEN.number, OPEN_COLUMNS)
    if not question.has_recent:
        return merged
    recent = question.cells_of_grain(RECENT, OPEN.number, OPEN_COLUMNS)
    keys = f"{ids_in_sql()}, deadline"
    return f"SELECT {keys}, {ADDED_AGAIN} FROM ({merged} UNION ALL {recent}) AS cells GROUP BY {keys}"


OPEN_COLUMNS = "block AS deadline, total"


STANDING = """
WITH pairs AS (
    SELECT {ids}, sum(total)::integer AS total, sum(on_time)::integer AS on_time, sum(open)::integer AS open,
           sum(overdue)::integer AS overdue
    FROM ({cells}) AS cells GROUP BY {ids}
)
SELECT NULL AS dimension, NULL AS name, {sums} FROM pairs
"""
STANDING_OF = """
UNION ALL
SELECT '{by}', names.{name}, {sums} FROM {table} AS names LEFT JOIN pairs ON pairs.{id} = names.id
WHERE names.{name} = ANY({listed}::text[]) GROUP BY names.{name}
"""
STANDING_SUMS = ", ".join(f"COALESCE(sum({name}), 0)::bigint" for name in ("total", "on_time", "open", "overdue"))


async def fetch_standing(
    connection: Connection, names: Mapping[Dimension, Sequence[str]], as_of: date
) -> Sequence[Sequence[Any]]:
    """(dimension, name, attended visits, those on time, open visits, those that had to be made before as_of).

    Of all the data, where dimension and name are None; and of each of these names that is known.
    """
    question = Question(Filters(), has_recent=True)
    overdue = f"CASE WHEN block < {question.argument(as_of)} THEN total END AS overdue"
    due = f"0 AS total, 0 AS on_time, total AS open, {overdue}"
    cells = [
        question.cells_of_grain(table, grain, columns)
        for table in (ROLLUP.name, RECENT)
        for grain, columns in ((Grain.year, "total, on_time, 0 AS open, 0 AS overdue"), (OPEN.number, due))
    ]
    parts = [STANDING.format(cells="\nUNION ALL\n".join(cells), ids=ids_in_sql(), sums=STANDING_SUMS)]
    for by, listed in names.items():
        column = COLUMN_OF[by]
        where = {"id": column.id, "table": column.table, "name": column.name, "listed": question.argument(list(listed))}
        parts.append(STANDING_OF.format(by=by.value, sums=STANDING_SUMS, **where))
    return await question.ask(connection, "".join(parts))


FIRST_AND_LAST_DAY = f"SELECT min(block), max(block) FROM {ROLLUP.name} WHERE grain = {DAY_TOTAL.number}"

FIRST_AND_LAST_DAY_WITH_RECENT = f"""
SELECT min(block), max(block)
FROM (
    SELECT block
    FROM (
        SELECT block, total FROM {ROLLUP.name} WHERE grain = {DAY_TOTAL.number}
        UNION ALL
        SELECT block, total FROM {RECENT} WHERE grain = {DAY_TOTAL.number}
    ) AS cells
    GROUP BY block HAVING sum(total) <> 0
) AS days
"""


async def fetch_first_and_last_day(connection: Connection, *, has_recent: bool) -> Days | None:
    """The first and the last day with a visit in the whole data; None where there is no visit."""
    sql = FIRST_AND_LAST_DAY_WITH_RECENT if has_recent else FIRST_AND_LAST_DAY
    first, last = await connection.fetchrow(sql)
    return None if first is None else Days(first, last)


# Days and open visits: some hundred rows, where services has millions.
COUNT_VISITS = f"""
SELECT (SELECT COALESCE(sum(total), 0) FROM {ROLLUP.name} WHERE grain IN ({DAY_TOTAL.number}, {OPEN.number}))
     + (SELECT COALESCE(sum(total), 0) FROM {RECENT} WHERE grain IN ({DAY_TOTAL.number}, {OPEN.number}))
"""


async def count_visits(connection: Connection) -> int:
    return int(await connection.fetchval(COUNT_VISITS))
