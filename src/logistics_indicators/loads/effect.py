"""What a load did to the figures, told at its end: the figures with it and without it, and whom it moved most.

The figures are those of the moment when the load ended, from one snapshot; the load's own part of them is the sum of
what its chunks changed. Of a check they are the figures as they are, and as they would be.
"""

from typing import Any, NamedTuple

from ..database import Connection
from ..rollup.dimensions import Dimension
from ..rollup.reading import fetch_standing
from .effect_models import MOVED_BY, Effect, EffectFigures, Moved, Standing, WholeFigures

MOST_MOVED = 5

AS_OF = "SELECT (now() AT TIME ZONE time_zone)::date FROM indicator_settings"
OWN = """
SELECT COALESCE(sum(total) FILTER (WHERE day IS NULL), 0)::bigint,
       COALESCE(sum(on_time) FILTER (WHERE day IS NULL), 0)::bigint,
       COALESCE(sum(open) FILTER (WHERE day IS NULL), 0)::bigint,
       COALESCE(sum(open) FILTER (WHERE day < $2), 0)::bigint,
       count(DISTINCT day), min(day), max(day)
FROM load_cells WHERE load_id = $1
"""
OWN_OF = """
SELECT {by} AS name, total, on_time, open, count(*) OVER () AS moved
FROM (
    SELECT {by}, sum(total)::bigint AS total, sum(on_time)::bigint AS on_time, sum(open)::bigint AS open
    FROM load_cells WHERE load_id = $1 AND {by} IS NOT NULL GROUP BY {by}
) AS sums
WHERE total <> 0 OR on_time <> 0 OR open <> 0
ORDER BY GREATEST(abs(total), abs(on_time), abs(open)) DESC, {by} LIMIT $2
"""
KEEP = "UPDATE loads SET effect = $2 WHERE id = $1"


class Sides(NamedTuple):
    before: Standing
    after: Standing


async def keep_effect(connection: Connection, load: Any) -> None:
    """At the end of a load of visits. `load`: id and validate_only."""
    effect = await _effect(connection, load["id"], is_stored=not load["validate_only"])
    await connection.execute(KEEP, load["id"], effect.model_dump(mode="json"))


async def _effect(connection: Connection, load_id: int, *, is_stored: bool) -> Effect:
    as_of = await connection.fetchval(AS_OF)
    *own, days, first, last = await connection.fetchrow(OWN, load_id, as_of)
    parts = {by: await connection.fetch(OWN_OF.format(by=by.value), load_id, MOST_MOVED) for by in MOVED_BY}
    names = {by: [part["name"] for part in listed] for by, listed in parts.items()}
    now = {(by, name): Standing(*sums) for by, name, *sums in await fetch_standing(connection, names, as_of)}

    def sides(by: Dimension | None, name: str | None, *own: int) -> Sides:
        stored, part = now.get((by, name), Standing()), Standing(*own)
        return Sides(stored.plus(part, -1), stored) if is_stored else Sides(stored, stored.plus(part))

    whole = sides(None, None, *own)
    moved: dict[str, Any] = {}
    for by, listed in parts.items():
        moved[f"{by}s_moved"] = listed[0]["moved"] if listed else 0
        moved[f"{by}s"] = [_moved(name, sides(by, name, *sums)) for name, *sums, _ in listed]
    return Effect(
        as_of=as_of,
        before=WholeFigures.of(whole.before, total_atrasado=whole.before.overdue),
        after=WholeFigures.of(whole.after, total_atrasado=whole.after.overdue),
        days_touched=days,
        first_day=first,
        last_day=last,
        **moved,
    )


def _moved(name: str, sides: Sides) -> Moved:
    return Moved(name=name, before=EffectFigures.of(sides.before), after=EffectFigures.of(sides.after))
