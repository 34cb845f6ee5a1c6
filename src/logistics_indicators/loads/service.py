"""Questions about loads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query

from ..accounts.current_user import User, reads_its_own_alone, refuse_what_is_of_others
from ..database import Connection, Pool
from ..errors import NotFound, Unprocessable
from ..http.field_types import MAX_OWN_ID, FilterText
from ..lists.filters import CONTAINS, SHORTEST_PART, Conditions, Contains, OneOf, Where, several
from ..lists.order import Key
from ..lists.rows import Listed
from ..texts import shortened
from .kinds import KINDS, Kind
from .models import Load, Status

SHOWN_HEADER = 2_000
"""Characters of a header that an answer shows; all of it is kept, for the file of rejects."""

SHOWN_NAMES, SHOWN_NAME = 100, 100
"""So many columns that were passed over, with so many characters of each."""

HEADER = f"CASE WHEN length(header) > {SHOWN_HEADER} THEN left(header, {SHOWN_HEADER}) || '…' ELSE header END"
COLUMNS = f"""
    id, kind, status, stage, filename, bytes, sha256, format, sheet, encoding, delimiter, {HEADER} AS header,
    column_names, ignored, validate_only, on_conflict, max_rejects, preset, mends, confirms, unknown_customer,
    rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected, rows_waiting, rejects_stored, rejects,
    date_ledger, warnings, effect, error,
    chunks, chunks_done, received_at, started_at, finished_at, username,
    extract(epoch FROM COALESCE(finished_at, clock_timestamp()::timestamp) - started_at)::float AS seconds
"""
RECEIVED = "status <> 'receiving'"
FIND_LOAD = f"SELECT {COLUMNS} FROM loads WHERE id = $1 AND {RECEIVED}"
NOT_THERE = f"""
SELECT min(id) FROM unnest($1::integer[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM loads WHERE loads.id = asked.id AND {RECEIVED})
"""
PASSES_OF_A_CHECKED_LOAD = 2


async def find_load(connection: Connection | Pool, load_id: int) -> Load:
    row = await connection.fetchrow(FIND_LOAD, load_id)
    if row is None:
        raise NotFound(f"There is no load {load_id}.")
    return as_load(row)


async def refuse_loads_of_others(connection: Connection | Pool, user: User, load_id: int) -> None:
    """Wherever an API token is answered with a load. Raises Forbidden; of a load that is not there the route tells."""
    if reads_its_own_alone(user):
        load = await connection.fetchrow("SELECT user_id FROM loads WHERE id = $1", load_id)
        if load is not None:
            refuse_what_is_of_others(user, load["user_id"])


def refuse_to_wait_for_nobody(kind: Kind, unknown_customer: str | None) -> None:
    """Raises Unprocessable where it is asked of a kind whose rows refer to nothing."""
    if unknown_customer and not KINDS[kind].refers_to:
        msg = f"unknown_customer is nothing that can be asked of {kind}"
        raise Unprocessable.field("query", "unknown_customer", msg=msg)


async def require_loads(connection: Connection, load_ids: Collection[int]) -> None:
    """Raises NotFound."""
    unknown = await connection.fetchval(NOT_THERE, list(load_ids))
    if unknown is not None:
        raise NotFound(f"There is no load {unknown}.")


def as_load(row: Any) -> Load:
    names = set(Load.model_fields) - {"columns", "ignored", "dates", "progress", "rows_per_second", "user"}
    seconds = row["seconds"]
    return Load(
        **{name: row[name] for name in names},
        columns=row["column_names"],
        ignored=_shown_names(row["ignored"]),
        dates=row["date_ledger"],
        progress=progress_of(row),
        rows_per_second=round(row["rows_read"] / seconds) if seconds and row["rows_read"] else None,
        user=row["username"],
    )


def _shown_names(names: Sequence[str]) -> list[str]:
    shown = [shortened(name, SHOWN_NAME) for name in names[:SHOWN_NAMES]]
    return [*shown, "…"] if len(names) > SHOWN_NAMES else shown


LOADS = Listed(
    "loads",
    "loads",
    keys={"received_at": Key(datetime, "received_at"), "finished_at": Key(datetime, "finished_at", nullable=True)},
    sort="-id",
    selected=COLUMNS,
    shape=lambda row: as_load(row).model_dump(mode="json"),
    shown=tuple(Load.model_fields),
    size=f"octet_length(concat({HEADER}, column_names, ignored, rejects, date_ledger, warnings, effect, error))",
)


Name = Annotated[str, FilterText(64)]
Part = Annotated[str, FilterText(200, SHORTEST_PART)]


@dataclass(frozen=True)
class LoadFilter:
    before: Annotated[
        int | None, Query(ge=1, le=MAX_OWN_ID, description="Loads older than this id"), Where("id < {}")
    ] = None
    kind: Annotated[list[Kind] | None, several("What the rows are"), OneOf("kind", "text")] = None
    status: Annotated[list[Status] | None, several("How far it is"), OneOf("status", "text")] = None
    user: Annotated[list[Name] | None, several("Who sent it, exactly"), OneOf("username", "text")] = None
    filename_contem: Annotated[Part | None, CONTAINS, Contains("filename")] = None


def conditions_of(asked: LoadFilter) -> Conditions:
    conditions = Conditions.of(asked)
    conditions.add(RECEIVED)
    return conditions


def progress_of(row: Any) -> float:
    """Share of the chunks that are done; a load that is checked before it is written passes over them twice."""
    if row["status"] not in ("received", "loading"):
        return 1.0
    done, chunks = row["chunks_done"], max(row["chunks"], 1)
    if row["max_rejects"] is not None and not row["validate_only"]:
        done += chunks if row["stage"] == "write" else 0
        chunks *= PASSES_OF_A_CHECKED_LOAD
    return round(float(min(done / chunks, 0.99)), 4)  # 1 is for a load that has ended
