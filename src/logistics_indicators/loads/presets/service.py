"""Presets as rows."""

from typing import Any

from ...accounts.audit import Actor, audit
from ...database import Connection, Pool
from ...errors import Conflict, NotFound, Unprocessable
from ..asked import Explicit, asked_of
from ..kinds import Kind
from .models import Preset, SentPreset

MOST_PRESETS = 500

LIST = "SELECT name, kind, options, changed_at, changed_by FROM presets ORDER BY name"
FIND = "SELECT name, kind, options, changed_at, changed_by FROM presets WHERE name = $1"
KEEP = """
INSERT INTO presets (name, kind, options, changed_by) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, options = excluded.options,
    changed_at = clock_timestamp(), changed_by = excluded.changed_by
RETURNING name, kind, options, changed_at, changed_by
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
    """Raises Unprocessable for what a batch route would not take, Conflict where there are as many as may be."""
    asked_of(sent.kind, sent.options).of(sent.kind, None)
    async with connection.transaction():
        if await connection.fetchval(OTHERS, name) >= MOST_PRESETS:
            raise Conflict(f"There are {MOST_PRESETS} presets already.")
        row = await connection.fetchrow(KEEP, name, sent.kind, sent.options, actor.username)
        await audit(connection, actor, "preset_kept", name=name, kind=str(sent.kind))
    return _as_preset(row)


async def delete_preset(connection: Connection, actor: Actor, name: str) -> None:
    """Raises NotFound."""
    async with connection.transaction():
        if await connection.fetchval(DELETE, name) is None:
            raise NotFound(f"There is no preset {name}.")
        await audit(connection, actor, "preset_deleted", name=name)


def _as_preset(row: Any) -> Preset:
    named = {name: row[name] for name in ("name", "kind", "changed_at", "changed_by")}
    return Preset(**named, **row["options"])


async def with_preset(connection: Connection | Pool, kind: Kind, explicit: Explicit) -> dict[str, str]:
    """What is asked for, and behind it what the preset that is named asks. Raises Unprocessable."""
    name = explicit.get("preset")
    if name is None:
        return dict(explicit)
    row = await connection.fetchrow(FIND, name)
    if row is None or row["kind"] != kind:
        msg = f"there is no preset of this name for {kind}; /v1/presets names those that there are"
        raise Unprocessable.field("query", "preset", msg=msg)
    return {**row["options"], **explicit}
