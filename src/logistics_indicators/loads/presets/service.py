"""Presets as rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...accounts.audit import Actor, audit
from ...database import Connection, Pool
from ...errors import Conflict, FieldError, NotFound, Unprocessable
from ..asked import NO_PRESET, OF_PRESET, Explicit, asked_of
from ..kinds import Kind
from ..parsing.headers import BadHeader, named_as_in_a_file, read_opening
from ..reading.records import DELIMITER, cell
from .models import Preset, SentPreset

MOST_PRESETS = 500

LIST = "SELECT name, kind, options, for_header, changed_at, changed_by FROM presets ORDER BY name"
FIND = "SELECT name, kind, options, for_header, changed_at, changed_by FROM presets WHERE name = $1"
LOCK = "LOCK TABLE presets IN SHARE ROW EXCLUSIVE MODE"
"""What is looked at before one is kept holds until it is."""

SAME_HEADER = "SELECT name FROM presets WHERE kind = $1 AND for_header = $2 AND name <> $3"
KEEP = """
INSERT INTO presets (name, kind, options, for_header, changed_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, options = excluded.options, for_header = excluded.for_header,
    changed_at = clock_timestamp(), changed_by = excluded.changed_by
RETURNING name, kind, options, for_header, changed_at, changed_by
"""
OTHERS = "SELECT count(*) FROM presets WHERE name <> $1"
DELETE = "DELETE FROM presets WHERE name = $1 RETURNING name"


async def list_presets(connection: Connection) -> list[Preset]:
    return [_as_preset(row) for row in await connection.fetch(LIST)]


async def find_preset(connection: Connection, name: str) -> Preset:
    """Raises NotFound."""
    row = await connection.fetchrow(FIND, name)
    if row is None:
        raise NotFound(f"There is no preset {name}.")
    return _as_preset(row)


async def keep_preset(connection: Connection, actor: Actor, name: str, sent: SentPreset) -> Preset:
    """Raises Unprocessable for what a batch route would not take.

    And Conflict where there are as many as may be, or where another one is for files with the same header.
    """
    _judge(name, sent)
    header = named_as_in_a_file(sent.for_header) if sent.for_header else None
    async with connection.transaction():
        await connection.execute(LOCK)
        if other := await connection.fetchval(SAME_HEADER, sent.kind, header, name):
            raise Conflict(f"The preset {other} is for files with this header already.")
        if await connection.fetchval(OTHERS, name) >= MOST_PRESETS:
            raise Conflict(f"There are {MOST_PRESETS} presets already.")
        row = await connection.fetchrow(KEEP, name, sent.kind, sent.options, header, actor.username)
        await audit(connection, actor, "preset_kept", name=name, kind=str(sent.kind))
    return _as_preset(row)


def _judge(name: str, sent: SentPreset) -> None:
    if name == NO_PRESET:
        raise Unprocessable.field("path", "name", msg=f"?preset={NO_PRESET} is said for no preset at all")
    with _told_of_the_body():
        options = asked_of(sent.kind, sent.options).of(sent.kind, None).opening
    if sent.for_header is None:
        return
    if not options.header:
        raise Unprocessable.field(
            "body", "for_header", msg="for_header is that of files that have one; header=none says otherwise"
        )
    line = DELIMITER.join(map(cell, sent.for_header)) + "\n"
    try:
        opening = read_opening(sent.kind, line, DELIMITER, options.columns)
    except BadHeader as error:
        raise Unprocessable.field("body", "for_header", msg=str(error)) from None
    if opening is None or opening.header is None:
        raise Unprocessable.field("body", "for_header", msg="for_header is no header")


@contextmanager
def _told_of_the_body() -> Iterator[None]:
    """What is judged as a query was sent in the body."""
    try:
        yield
    except Unprocessable as error:
        errors = [FieldError(loc=["body", *e.loc[1:]], msg=e.msg) for e in error.errors]
        raise Unprocessable(error.detail, errors=errors) from None


async def delete_preset(connection: Connection, actor: Actor, name: str) -> None:
    """Raises NotFound."""
    async with connection.transaction():
        if await connection.fetchval(DELETE, name) is None:
            raise NotFound(f"There is no preset {name}.")
        await audit(connection, actor, "preset_deleted", name=name)


def _as_preset(row: Any) -> Preset:
    named = {name: row[name] for name in ("name", "kind", "for_header", "changed_at", "changed_by")}
    return Preset(**named, **row["options"])


async def with_preset(connection: Connection | Pool, kind: Kind, explicit: Explicit) -> dict[str, str]:
    """What is asked for, and behind it what the preset that is named asks. Raises Unprocessable."""
    name = explicit.get("preset")
    if name is None or name == NO_PRESET:
        return dict(explicit)
    row = await connection.fetchrow(FIND, name)
    if row is None or row["kind"] != kind:
        msg = f"there is no preset of this name for {kind}; /v1/presets names those that there are"
        raise Unprocessable.field("query", "preset", msg=msg)
    of_preset = [name for name in row["options"] if name not in explicit]
    return {**row["options"], **explicit, OF_PRESET: ",".join(of_preset)}
