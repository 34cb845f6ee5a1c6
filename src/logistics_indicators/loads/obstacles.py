"""What stands against the undo of a load, with how many rows, and what to do about it."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from ..database import Connection
from ..last_change import BY_HAND
from .kinds import KINDS, Kind

SECONDS = 600
MOST_NAMED = 10
"""Loads, or ids of rows, in one sentence."""

DELETED = -1
FINAL = -2
"""Beside BY_HAND in the place of a load's id: the row is gone; a load wrote it that failed, or is not kept any more."""

KEPT = "SELECT count(*) FROM {kind}_before WHERE load_id = $1"
CHANGED_SINCE = f"""
SELECT COALESCE(changed.updated_by_load, {DELETED}) AS by, count(*) AS rows FROM (
    SELECT updated_by_load FROM {{kind}} WHERE load_id = $1 AND updated_by_load IS NOT NULL
    UNION ALL
    SELECT k.updated_by_load FROM {{kind}}_before b LEFT JOIN {{kind}} k ON k.id = b.id
    WHERE b.load_id = $1 AND k.updated_by_load IS DISTINCT FROM $1
) AS changed
GROUP BY 1 ORDER BY 1
"""
REFERRED_TO = f"""
SELECT COALESCE(o.updated_by_load, o.load_id, {BY_HAND}) AS by, count(*) AS rows
FROM {{other}} o JOIN {{kind}} k ON k.id = o.{{column}} WHERE k.load_id = $1
GROUP BY 1 ORDER BY 1
"""
"""By whoever wrote them last, which has to be undone before whoever wrote them first."""

GONE_SINCE = """
SELECT count(*) AS rows, array_agg(DISTINCT b.{column}) AS ids FROM {kind}_before b
WHERE b.load_id = $1 AND NOT EXISTS (SELECT FROM {other} o WHERE o.id = b.{column})
"""
TAKEN_SINCE = """
SELECT count(*) AS rows, array_agg(DISTINCT o.id) AS ids
FROM {kind}_before b JOIN {kind} o ON lower(o.{column}) = lower(b.{column})
WHERE b.load_id = $1 AND o.id <> b.id AND o.{column}_twin = b.{column}_twin
    AND o.load_id IS DISTINCT FROM $1 AND o.updated_by_load IS DISTINCT FROM $1
"""
"""The load's own rows make room."""

CAN_BE_UNDONE = "SELECT id FROM loads WHERE id = ANY($1::integer[]) AND status NOT IN ('failed', 'undone')"
"""Or can be, once they have ended."""

NOT_COMPLETED = {
    "received": "Wait until it has ended.",
    "loading": "Wait until it has ended.",
    "failed": "What it wrote was taken back when it failed; its `error` says what could not be.",
    "undone": "Nothing of it is left to take back.",
}
"""What to do about a load that cannot be undone for its status."""

BY_ONESELF = "put its rows right one by one, or with a file of them and on_conflict=update."
WORDS = {BY_HAND: "by hand", DELETED: "by being deleted", FINAL: "by loads that cannot be undone"}


async def obstacles(connection: Connection, kind: Kind, load: Any) -> AsyncIterator[str]:
    load_id = load["id"]

    async def ask(query: str, **names: str) -> Sequence[Any]:
        found: Sequence[Any] = await connection.fetch(query.format(kind=kind, **names), load_id, timeout=SECONDS)
        return found

    if load["rows_updated"] > (await ask(KEPT))[0]["count"]:
        before = f"Load {load_id} updated rows before this release, which did not keep their values: it stays."
        yield f"{before} Instead, {BY_ONESELF}"
    if changed := await ask(CHANGED_SINCE):
        yield changed_since(load_id, await _by_whom(connection, changed))
    for other, declared in KINDS.items():
        for column in (column for column, reference in declared.refers_to.items() if reference.kind is kind):
            if referring := await ask(REFERRED_TO, other=other, column=column):
                yield referred_to(load_id, other, kind, await _by_whom(connection, referring))
    for column, reference in KINDS[kind].refers_to.items():
        (gone,) = await ask(GONE_SINCE, other=reference.kind, column=column)
        if gone["rows"]:
            yield gone_since(load_id, gone["rows"], reference.kind, gone["ids"])
    for column in KINDS[kind].unique:
        (taken,) = await ask(TAKEN_SINCE, column=column)
        if taken["rows"]:
            yield taken_since(load_id, taken["rows"], column, kind, taken["ids"])


async def _by_whom(connection: Connection, found: Sequence[Any]) -> Mapping[int, int]:
    """Rows by the load that wrote them, or by what WORDS has."""
    loads = await connection.fetch(CAN_BE_UNDONE, [row["by"] for row in found if row["by"] not in WORDS])
    there = {load["id"] for load in loads}
    rows: Counter[int] = Counter()
    for row in found:
        rows[row["by"] if row["by"] in there or row["by"] in WORDS else FINAL] += row["rows"]
    return rows


def changed_since(load_id: int, by: Mapping[int, int]) -> str:
    said = f"{counted(sum(by.values()))} of load {load_id} changed since: {_parts(by)}."
    if by.keys().isdisjoint(WORDS):
        return f"{said} {_undo_first(by)}"
    not_all = "Not all of that can" if by.keys() - WORDS.keys() else "That cannot"
    return f"{said} {not_all} be undone, so the load stays: {BY_ONESELF}"


def referred_to(load_id: int, other: Kind, kind: Kind, by: Mapping[int, int]) -> str:
    number = sum(by.values())
    said = f"{counted(number)} of {other} point{'s' if number == 1 else ''} at {kind} of load {load_id}: {_parts(by)}."
    undo = f" {_undo_first(by)}" if by.keys() - WORDS.keys() else ""
    change = "" if by.keys().isdisjoint(WORDS) else f" Those that no load can take back need other {kind} first."
    return f"{said}{undo}{change}"


def gone_since(load_id: int, rows: int, other: Kind, ids: Collection[int]) -> str:
    said = f"{counted(rows)} of load {load_id} belonged to {other} that are gone: {_named(sorted(ids))}."
    return f"{said} Load those again first, with the same ids."


def taken_since(load_id: int, rows: int, column: str, kind: Kind, ids: Collection[int]) -> str:
    said = f"{counted(rows)} of load {load_id} had an {column} before that another has now."
    return f"{said} Change that of these {kind} first: {_named(sorted(ids))}."


def _parts(by: Mapping[int, int]) -> str:
    """Those that are no loads first, then the latest loads."""
    order = sorted(by, key=lambda each: (each not in WORDS, -each))
    parts = [f"{by[each]} {WORDS.get(each) or f'by load {each}'}" for each in order]
    more = len(parts) - MOST_NAMED
    return ", ".join(parts) if more <= 0 else f"{', '.join(parts[:MOST_NAMED])} and so on"


def _undo_first(by: Mapping[int, int]) -> str:
    loads = sorted(by.keys() - WORDS.keys(), reverse=True)
    if len(loads) == 1:
        return f"Undo load {loads[0]} first."
    return f"Undo these loads first, in this order: {_named(loads)}."


def _named(ids: Sequence[int]) -> str:
    more = len(ids) - MOST_NAMED
    return ", ".join(map(str, ids[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")


def counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
