"""One chunk's clean rows into the tables, exactly once and as if the file were read row by row.

Rows that are new for certain are written at once, beside other workers. Then the chunk waits for its turn: all
that depends on earlier rows (a key seen before, counts, the commit itself) happens in the file's order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import polars as pl

from ...copying import copy_frame
from ...database import Connection, Pool
from ...errors import first_error
from ...rollup.commits import Act, Commit
from ...texts import email_key
from ..kinds import COLUMNS, KEYS, KINDS, Kind, Reference
from ..parsing.checking import REJECT_SCHEMA
from ..parsing.chunk import ParsedChunk
from ..parsing.findings import Findings, SaneDays, findings_of
from .arrays import array_of
from .following import Changes, Following
from .resolving import Resolution, Stored, Values
from .rows_of_kind import ROWS
from .tables import Target, key_of, move_sequence_on, positions_of
from .waiting_rows import COLUMN, REASON, how_many_fit, waiting_schema


@dataclass(frozen=True)
class LoadRules:
    """What a merge must know of its load. `into_empty`: the table had no rows when the load began."""

    load_id: int
    target: Target
    update: bool
    into_empty: bool
    pool: Pool
    """For what is to be committed before the chunk is."""
    absent: frozenset[str]
    """Columns that the file does not have: kept as they are stored, and no part of "the same values"."""
    sane_days: SaneDays
    skip_row_checks: bool
    """The role may set session_replication_role, so that the foreign key is checked set-wise only."""
    wait: bool = False
    """Rows that refer to unknown ones wait, and are not rejected."""
    waiting_bytes: int | None = None
    """How much of the user's may wait; None for rows that wait already."""


@dataclass(frozen=True)
class ChunkOutcome:
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    rejects: pl.DataFrame
    waiting: pl.DataFrame
    """Columns of waiting_schema."""
    ledger: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: Findings = field(default_factory=dict)


DUPLICATES = {"duplicate_id": "id", "duplicate_email": "email"}
"""Reasons that depend on other rows, and their columns."""

EMAIL = COLUMNS[Kind.customers].index("email") - 1

TOUCHED = {"load_id": pl.Int32, "id": pl.Int64}

COUNT_KNOWN = "SELECT count(*) FROM {table} t WHERE t.id = ANY($1::text::bigint[])"
FIND_UNKNOWN = """
SELECT wanted.id FROM unnest($1::text::bigint[]) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.id = wanted.id)
"""


class ChunkMerge:
    """Merges one parsed chunk inside the caller's transaction."""

    def __init__(self, connection: Connection, rules: LoadRules, chunk: ParsedChunk) -> None:
        self._connection = connection
        self._rules = rules
        self._rows = chunk.rows
        self._chunk = chunk
        self._commit = Commit(Act.load, rules.load_id)
        self._rejects = [chunk.rejects]
        self._would_wait: pl.DataFrame | None = None
        self._waiting = pl.DataFrame(schema=waiting_schema(rules.target.kind))
        self._otherwise: list[pl.DataFrame] = []
        """Rows sent again that are rejected for a duplicate, though not the one of the time before."""

    async def run(self, doubtful: pl.Series | None, wait_for_turn: Callable[[], Awaitable[None]]) -> ChunkOutcome:
        """`doubtful` marks the rows that may share a key with an earlier row; None: any may."""
        known = await self._reject_unknown()
        if doubtful is not None:
            doubtful = doubtful.filter(known)
        fresh, doubted = await self._split(doubtful)
        fresh = await self._with_ids(fresh)
        async with first_error(), asyncio.TaskGroup() as group:
            following = group.create_task(self._following(fresh))
            written = await self._write_fresh(fresh)
        if written:
            await following.result().write(self._connection, self._commit)
        else:
            fresh, doubted = fresh.clear(), self._rows
        await wait_for_turn()
        return await self._settle(fresh, doubted)

    async def _reject_unknown(self) -> pl.Series:
        """Takes rows that refer to unknown ones out, such as visits of unknown customers; True for each that stays."""
        rows = self._rows
        everyone = pl.Series([True]).new_from_index(0, rows.height)
        if not rows.height:
            return everyone
        for column, reference in KINDS[self._rules.target.kind].refers_to.items():
            unknown_ids = await self._unknown(rows[column], reference)
            if unknown_ids:
                is_known = ~rows[column].is_in(unknown_ids)
                unknown = rows.filter(everyone & ~is_known)
                if self._rules.wait:
                    self._would_wait = unknown
                else:
                    self._reject(unknown, column, reference.reason)
                everyone &= is_known
                self._rows = rows.filter(everyone)
        return everyone

    async def _unknown(self, ids: pl.Series, reference: Reference) -> list[int]:
        """Those that the reference's table does not have. To count the others costs half of looking for these."""
        distinct = await asyncio.to_thread(lambda: ids.unique().sort())
        wanted = await asyncio.to_thread(array_of, distinct)
        if await self._connection.fetchval(COUNT_KNOWN.format(table=reference.kind), wanted) == distinct.len():
            return []
        found = await self._connection.fetch(FIND_UNKNOWN.format(table=reference.kind), wanted)
        return [record[0] for record in found]

    async def _let_wait(self, rows: pl.DataFrame) -> None:
        """As many as there is room for; the others are rejected."""
        rules, rows = self._rules, rows.sort("line")
        waiting = rows.hstack(self._chunk.texts_of(rows)).select(*self._waiting.columns)
        fitting = rows.height
        if rules.waiting_bytes is not None:
            fitting = await how_many_fit(self._connection, rules.load_id, waiting, rules.waiting_bytes)
            self._reject(rows.tail(rows.height - fitting), COLUMN, REASON)
        self._waiting = waiting.head(fitting)

    def _reject(self, rows: pl.DataFrame, column: str, reason: str) -> None:
        texts = self._chunk.texts_of(rows)
        self._rejects.append(
            rows.select(
                "line",
                pl.lit(column).alias("column"),
                pl.lit(reason).alias("reason"),
                pl.col(column).cast(pl.String).alias("value"),
            )
            .hstack(texts)
            .select(*REJECT_SCHEMA)
        )
        other = texts["earlier_reason"].is_in(DUPLICATES) & (texts["earlier_reason"] != reason)
        if reason in DUPLICATES and other.any():
            self._otherwise.append(rows.hstack(texts["earlier_reason"].to_frame()).filter(other))

    async def _split(self, doubtful: pl.Series | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(rows that are new for certain, the others), each in file order."""
        if doubtful is None:
            return self._rows.clear(), self._rows
        if not self._rules.into_empty and self._rows.height:
            doubtful = doubtful | await self._rules.target.matching(self._connection, self._rows)
        return self._rows.filter(~doubtful), self._rows.filter(doubtful)

    async def _write_fresh(self, fresh: pl.DataFrame) -> bool:
        """False where a row was not new after all: somebody else wrote its key in the meantime."""
        if not fresh.height:
            return True
        try:
            async with self._connection.transaction():
                await self._copy(fresh)
        except asyncpg.UniqueViolationError:
            return False
        return True

    async def _copy(self, rows: pl.DataFrame) -> None:
        """The sequence goes first: else a POST may take the next of our ids meanwhile, again and again."""
        rules = self._rules
        if not rules.target.overlay:
            await move_sequence_on(self._connection, rules.target.kind, rows["id"])
        async with _RowChecksOff(self._connection, rules.skip_row_checks):
            await rules.target.copy(self._connection, rows, rules.load_id)

    async def _settle(self, fresh: pl.DataFrame, doubted: pl.DataFrame) -> ChunkOutcome:
        """In turn: what becomes of the doubted rows, then everything that goes with the chunk."""
        if self._would_wait is not None:
            await self._let_wait(self._would_wait)
        new, resolution, looked_at = await self._resolve(doubted)
        for position, column, reason in resolution.rejected:
            self._reject(looked_at[position], column, reason)
        updated = self._kept(positions_of(looked_at, [position for position, _ in resolution.updated]), resolution)
        updated = await self._with_ids(updated)
        inserted = await self._with_ids(pl.concat([new, positions_of(looked_at, resolution.inserted)]))
        await self._write_settled(inserted, updated, resolution)
        before = await self._with_ids(self._visits([values for _, values in resolution.updated]))
        following = await self._following(pl.concat([inserted, updated]), before)
        await following.write(self._connection, self._commit)
        rejects = pl.concat([r.cast(REJECT_SCHEMA) for r in self._rejects]).sort("line")  # type: ignore[arg-type]
        if self._otherwise:
            rejects = await self._with_earlier_reasons(rejects, pl.concat(self._otherwise))
        return ChunkOutcome(
            rows_read=self._chunk.rows_read,
            inserted=fresh.height + inserted.height,
            updated=updated.height,
            unchanged=resolution.unchanged,
            rejects=rejects.with_columns(storable("value", "row")),
            waiting=self._waiting.with_columns(storable("row")),
            ledger=self._chunk.ledger,
            findings=await asyncio.to_thread(self._findings, rejects),
        )

    async def _with_earlier_reasons(self, rejects: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """A row may share its id with one row and its address with another: the reason that it had stays, if true."""
        stored = await self._rules.target.stored(self._connection, rows, self._rules.load_id, update=False)
        owners = {email_key(values.values[EMAIL]): row_id for row_id, values in stored.items()}
        earlier = [
            (line, DUPLICATES[reason], reason, email if reason == "duplicate_email" else str(row_id))
            for line, row_id, email, reason in rows.select("line", "id", "email", "earlier_reason").rows()
            if (row_id in stored if reason == "duplicate_id" else owners.get(email_key(email), row_id) != row_id)
        ]
        names = ("line", "column", "reason", "value")
        changes = pl.DataFrame(earlier, schema={name: REJECT_SCHEMA[name] for name in names}, orient="row")
        return rejects.update(changes, on="line")

    def _lost_before(self, rows: pl.DataFrame, stored: dict[int, Stored]) -> None:
        """A row that lost its id to an earlier row of its file has lost it still when it is sent again."""
        if not self._chunk.layout.is_rejects_file:
            return
        lost = self._chunk.texts_of(rows)["earlier_reason"] == "duplicate_id"
        for row_id in rows.filter(lost)["id"]:
            if row_id in stored:
                stored[row_id].touched = True

    def _findings(self, rejects: pl.DataFrame) -> Findings:
        rows = self._chunk.rows
        taken = rows.filter(~pl.col("line").is_in(rejects["line"].implode())) if rejects.height else rows
        return findings_of(taken, self._chunk.spellings, self._chunk.notes, self._rules.sane_days)

    async def _resolve(self, doubted: pl.DataFrame) -> tuple[pl.DataFrame, Resolution, pl.DataFrame]:
        """(rows that are new after all, the outcome of the others, those others)."""
        rules = self._rules
        unchanged = 0
        if not rules.update:
            doubted, unchanged = await self._settle_stored(doubted)
        if not doubted.height:
            return doubted, Resolution(unchanged=unchanged), doubted
        alone = ~await rules.target.matching(self._connection, doubted)
        shared = pl.Series([False]).new_from_index(0, doubted.height)
        for key in KEYS[rules.target.kind]:
            shared = shared | key_of(doubted, key).is_duplicated()
        new, others = doubted.filter(alone & ~shared), doubted.filter(~alone | shared)
        if not others.height:
            return new, Resolution(unchanged=unchanged), others
        stored = await rules.target.stored(self._connection, others, rules.load_id, update=rules.update)
        if rules.update:
            self._lost_before(others, stored)
        resolve = ROWS[rules.target.kind].resolve
        rows = ((index, row[0], row[1:]) for index, row in enumerate(self._completed(others, stored).rows()))
        resolution = await asyncio.to_thread(lambda: resolve(rows, stored, update=rules.update))
        resolution.unchanged += unchanged
        return new, resolution, others

    def _completed(self, rows: pl.DataFrame, stored: dict[int, Stored]) -> pl.DataFrame:
        """The rows' values; those of columns that the file does not have are the stored row's."""
        kind, absent = self._rules.target.kind, self._rules.absent
        names = COLUMNS[kind]
        if not absent:
            return rows.select(names)
        known = {row_id: dict(zip(names[1:], row.values, strict=True)) for row_id, row in stored.items()}
        kept = [
            pl.Series(name, [known[i][name] if i in known else None for i in rows["id"].to_list()], rows.schema[name])
            for name in sorted(absent)
        ]
        return rows.with_columns(kept).select(names)

    def _kept(self, updated: pl.DataFrame, resolution: Resolution) -> pl.DataFrame:
        places = {name: index for index, name in enumerate(COLUMNS[self._rules.target.kind][1:])}
        return updated.with_columns(
            pl.Series(name, [before[places[name]] for _, before in resolution.updated], updated.schema[name])
            for name in sorted(self._rules.absent)
        )

    async def _settle_stored(self, doubted: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """(rows whose id is not stored, unchanged ones). Where nothing is updated, a stored id settles a row alone.

        The same outcome as resolving row by row, at the price of a join: a file sent again is all such rows.
        """
        if not doubted.height:
            return doubted, 0
        stored = await self._rules.target.stored_frame(self._connection, doubted["id"].unique().sort())
        if not stored.height:
            return doubted, 0
        names = [name for name in COLUMNS[self._rules.target.kind][1:] if name not in self._rules.absent]
        same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_stored")) for name in names)
        both = doubted.join(
            stored.with_columns(found=True), on="id", how="left", suffix="_stored", maintain_order="left"
        )
        both = both.with_columns(pl.col("found").is_not_null(), same.alias("same"))
        found, is_same = both["found"], both["same"]
        self._reject(doubted.filter(found & ~is_same), "id", "duplicate_id")
        return doubted.filter(~found), int((found & is_same).sum())

    async def _write_settled(self, inserted: pl.DataFrame, updated: pl.DataFrame, resolution: Resolution) -> None:
        rules, connection = self._rules, self._connection
        if updated.height:
            async with _RowChecksOff(connection, rules.skip_row_checks):
                await rules.target.update(connection, updated, rules.load_id)
        if inserted.height:
            await self._copy(inserted)
        if resolution.touched_ids:
            touched = pl.DataFrame({"load_id": rules.load_id, "id": resolution.touched_ids}, schema=TOUCHED)
            await copy_frame(connection, "load_touched_ids", touched)

    async def _following(self, added: pl.DataFrame, removed: pl.DataFrame | None = None) -> Following:
        changes = Changes(self._rules.load_id, self._rules.target.overlay, added, removed)
        return await asyncio.to_thread(ROWS[self._rules.target.kind].follow, changes)

    async def _with_ids(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What a check tries gets no ids: names that are only tried are not stored."""
        rules = self._rules
        if rules.target.overlay:
            return rows
        return await ROWS[rules.target.kind].with_ids(self._connection, rows, rules.pool)

    def _visits(self, values: list[Values]) -> pl.DataFrame:
        names = COLUMNS[self._rules.target.kind][1:]
        return pl.DataFrame(values, schema={name: self._rows.schema[name] for name in names}, orient="row")


def storable(*names: str) -> pl.Expr:
    """PostgreSQL's texts have no NUL."""
    return pl.col(*names).str.replace_all("\x00", "\ufffd", literal=True)


class _RowChecksOff:
    """For one statement, foreign keys are not checked row by row; the chunk's were checked set-wise, under a lock."""

    def __init__(self, connection: Connection, may: bool) -> None:
        self._connection, self._may = connection, may

    async def __aenter__(self) -> None:
        if self._may:
            await self._connection.execute("SET LOCAL session_replication_role = replica")

    async def __aexit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if self._may and error_type is None:  # an error ends the (sub)transaction, and the setting with it
            await self._connection.execute("SET LOCAL session_replication_role = origin")
