"""The tables that loads write, and how rows of a frame get into and out of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ...copying import copy_frame
from ...database import COPY_SECONDS, Connection
from ...distributed import is_distributed
from ...next_id import LARGEST_ORDINARY_ID
from ...texts import email_key
from ..kinds import COLUMNS, KEYS, KINDS, SCHEMAS, STORED, Kind
from .arrays import array_of
from .resolving import Stored
from .rows_of_kind import ROWS


def key_of(rows: pl.DataFrame, key: str) -> pl.Series:
    """By what rows are told apart: e-mails without regard to the case of A to Z, as PostgreSQL's lower() sees it."""
    if key == "id":
        return rows[key]
    emails = rows[key]
    lowered = emails.str.to_lowercase()
    beyond = emails.str.len_bytes() != emails.str.len_chars()
    if not beyond.any():
        return lowered
    return lowered.scatter(beyond.arg_true(), [email_key(email) for email in emails.filter(beyond).to_list()])


@dataclass(frozen=True)
class Target:
    """Where a load writes: the real table, or for a check a temporary one that overlays it."""

    kind: Kind
    overlay: bool = False

    @property
    def table(self) -> str:
        return f"checked_{self.kind}" if self.overlay else str(self.kind)

    @property
    def columns(self) -> tuple[str, ...]:
        """That rows are written to. A check knows names that have no ids, and has them as they are."""
        return ("load_id", *(COLUMNS if self.overlay else STORED)[self.kind])

    @property
    def values(self) -> tuple[str, ...]:
        return COLUMNS[self.kind][1:]

    @property
    def _rows(self) -> str:
        return KINDS[self.kind].rows

    async def create_overlay(self, connection: Connection) -> None:
        """A temporary table for the transaction: what the load would have written."""
        await connection.execute(
            f"CREATE TEMPORARY TABLE {self.table} (LIKE {self._rows} INCLUDING DEFAULTS, UNIQUE (id)) ON COMMIT DROP"
        )
        for name in KINDS[self.kind].unique:
            await connection.execute(f"CREATE UNIQUE INDEX ON {self.table} (lower({name}))")

    async def copy(self, connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
        """Write rows that no key of the table contradicts; raises UniqueViolationError where one does."""
        await copy_frame(connection, self.table, await asyncio.to_thread(self._for_copy, rows, load_id))

    def _for_copy(self, rows: pl.DataFrame, load_id: int) -> pl.DataFrame:
        """In the order of the last key: its index takes neighbours in half the time."""
        written = rows.select(pl.lit(load_id, pl.Int32).alias("load_id"), *self.columns[1:])
        key = key_of(rows, KEYS[self.kind][-1])
        return written if key.is_sorted() else written[key.arg_sort()]

    async def matching(self, connection: Connection, rows: pl.DataFrame) -> pl.Series:
        """True for each row whose key is stored."""
        matches = pl.Series([False]).new_from_index(0, rows.height)
        for key in KEYS[self.kind]:
            keys = key_of(rows, key)
            found = await connection.fetch(self._find_keys(key), keys.unique().sort().to_list())
            if found:
                matches = matches | keys.is_in([record[0] for record in found])
        return matches

    def _find_keys(self, key: str) -> str:
        if key == "id":
            overlaid = f" UNION ALL SELECT t.id FROM {self.table} t WHERE t.id = ANY($1::bigint[])"
            return f"SELECT t.id FROM {self.kind} t WHERE t.id = ANY($1::bigint[]){overlaid if self.overlay else ''}"
        type_, stored = "text", f"lower(t.{key})"
        overlaid = f"""
            UNION ALL SELECT wanted.k FROM unnest($1::{type_}[]) AS wanted(k)
            WHERE EXISTS (SELECT FROM {self.table} t WHERE {stored} = wanted.k)"""
        return f"""
            SELECT wanted.k FROM unnest($1::{type_}[]) AS wanted(k)
            WHERE EXISTS (SELECT FROM {self.kind} t WHERE {stored} = wanted.k)
            {overlaid if self.overlay else ""}"""

    async def stored(
        self, connection: Connection, rows: pl.DataFrame, load_id: int, *, update: bool
    ) -> dict[int, Stored]:
        """The stored rows that share a key with these, by id. With `update` they are locked until we commit."""
        keys = [key_of(rows, key).unique().sort().to_list() for key in KEYS[self.kind]]
        touched: set[int] = set()
        if update:
            ids = await self._lock(connection, keys)
            records = await connection.fetch(self._select(self._of_stored, "t.id = ANY($1::bigint[])"), ids)
            found = await connection.fetch(FIND_TOUCHED, load_id, ids)
            touched = {record["id"] for record in found}
        else:
            records = await connection.fetch(self._select(self._of_stored, self._matches), *keys)
        return {
            record["id"]: Stored(tuple(record)[2:], record["load_id"] == load_id or record["id"] in touched)
            for record in records
        }

    async def stored_frame(self, connection: Connection, ids: pl.Series) -> pl.DataFrame:
        """The stored rows with these ids: id and the kind's columns, in no order."""
        literal = f"'{array_of(ids)}'::bigint[]"
        columns = ", ".join(f"t.{name}" for name in COLUMNS[self.kind])
        lines = bytearray()

        async def keep(piece: bytes) -> None:
            lines.extend(piece)

        query = self._select(columns, f"t.id = ANY({literal})")
        await connection.copy_from_query(query, output=keep, format="csv", timeout=COPY_SECONDS)
        schema = {name: SCHEMAS[self.kind][name] for name in COLUMNS[self.kind]}
        if not lines:
            return pl.DataFrame(schema=schema)
        return await asyncio.to_thread(pl.read_csv, bytes(lines), has_header=False, schema=schema)

    async def _lock(self, connection: Connection, keys: list[list[object]]) -> list[int]:
        """The ids of the stored rows with these keys. Until we commit nobody else changes those of the real table.

        In a statement of its own: the next one sees what whoever held a row has made of it, the names included.
        """
        statement = self._select("t.id", self._matches)
        if not self.overlay and self.kind is Kind.services and await is_distributed(connection):
            statement = LOCK_BY_WRITING
        elif not self.overlay:
            statement = f"SELECT t.id FROM {self.kind} t WHERE {self._matches} ORDER BY t.id FOR UPDATE"
        return [record["id"] for record in await connection.fetch(statement, *keys)]

    @property
    def _of_stored(self) -> str:
        return ", ".join(["t.id", "t.load_id", *(f"t.{name}" for name in self.values)])

    @property
    def _matches(self) -> str:
        also = (f" OR lower(t.{name}) = ANY(${place}::text[])" for place, name in enumerate(KINDS[self.kind].unique, 2))
        return f"(t.id = ANY($1::bigint[]){''.join(also)})"

    def _select(self, columns: str, matches: str) -> str:
        """Rows as they stand for this load: an overlaid row hides the real one."""
        if not self.overlay:
            return f"SELECT {columns} FROM {self._rows} t WHERE {matches} ORDER BY t.id"
        if not KINDS[self.kind].unique:
            return f"""
                WITH own AS MATERIALIZED (SELECT t.id FROM {self.table} t WHERE {matches})
                SELECT {columns} FROM {self.table} t WHERE {matches}
                UNION ALL
                SELECT {columns} FROM {self._rows} t
                WHERE {matches} AND NOT EXISTS (SELECT 1 FROM own WHERE own.id = t.id)"""
        return f"""
            SELECT {columns} FROM {self.table} t WHERE {matches}
            UNION ALL
            SELECT {columns} FROM {self._rows} t
            WHERE {matches} AND NOT EXISTS (SELECT FROM {self.table} o WHERE o.id = t.id)"""

    async def update(self, connection: Connection, rows: pl.DataFrame, load_id: int) -> None:
        """Give stored rows new values, in the rows' order (an email may move from one customer to the next)."""
        if not self.overlay:
            await ROWS[self.kind].update(connection, rows, load_id)
            return
        await connection.execute(f"DELETE FROM {self.table} WHERE id = ANY($1::bigint[])", rows["id"].to_list())
        await self.copy(connection, rows, load_id)


LOCK_BY_WRITING = "UPDATE services SET load_id = load_id WHERE id = ANY($1::bigint[]) RETURNING id"
"""No FOR UPDATE reaches rows of several servers."""

FIND_TOUCHED = "SELECT id FROM load_touched_ids WHERE load_id = $1 AND id = ANY($2::bigint[])"


async def move_sequence_on(connection: Connection, kind: Kind, ids: pl.Series) -> None:
    """A POST gets the next free id after a load with explicit ones. Sequences know no rollback; a gap is harmless."""
    largest = ids.filter(ids <= LARGEST_ORDINARY_ID).max()
    if largest is not None:
        move = f"SELECT setval('{kind}_id_seq', $1) FROM {kind}_id_seq WHERE last_value < $1::bigint"
        await connection.execute(move, largest)


def positions_of(frame: pl.DataFrame, positions: Sequence[int]) -> pl.DataFrame:
    return frame[list(positions)] if positions else frame.clear()
