"""What changed the visits since a version or a time: by load, by user, or write by write."""

import re
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from ..database import Connection
from ..errors import Unprocessable
from ..http.field_types import DAY_OR_TIMESTAMP_SCHEMA, AnsweredTimestamp, parse_day_or_timestamp
from ..http.paging import PageModel
from ..rollup.commits import Act

LARGEST_VERSION = 10**18 - 1
VERSION = re.compile(r"[0-9]{1,18}", re.ASCII)


def _version_or_time(value: object) -> object:
    if isinstance(value, str) and VERSION.fullmatch(value):
        return int(value)
    return parse_day_or_timestamp(value)


Since = Annotated[
    int | datetime | date,
    BeforeValidator(_version_or_time),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": LARGEST_VERSION}, DAY_OR_TIMESTAMP_SCHEMA]}),
]
"""A data_version, or a time by the clock that loads go by."""


class ChangesBy(StrEnum):
    load = "load"
    user = "user"
    write = "write"


GROUPS = {
    ChangesBy.load: ("act", "load_id", "user_id", "username"),
    ChangesBy.user: ("user_id", "username"),
    ChangesBy.write: ("id", "act", "load_id", "user_id", "username"),
}
"""What is one row of the answer. An undo is another one than its load; a user's writes by hand are one."""

SHOWN = ("act", "load_id", "username")


class Change(BaseModel):
    """A visit that was changed is removed as it was, and added as it is."""

    act: Act | None = Field(description="load; undo of a load; failure of one, whose rows went; hand. null by user")
    load_id: int | None
    user: str | None
    writes: int = Field(ge=1, description="Transactions")
    data_version: int = Field(description="The data's version with the last of them")
    first_at: AnsweredTimestamp
    last_at: AnsweredTimestamp
    added: int = Field(description="Visits that came, open ones too")
    removed: int
    on_time_added: int = Field(description="Those of them that were made on time")
    on_time_removed: int
    open_added: int = Field(description="Those of them that are not made yet")
    open_removed: int
    first_day: date | None = Field(
        description="First day touched, by the day of the visit; by data_limite where it was not made yet"
    )
    last_day: date | None


class ChangePage(PageModel):
    """One after the other, an answer's data_version as the next question's since leaves nothing out, nothing twice."""

    changes: list[Change]
    since: int = Field(
        description="The version from which on changes are listed: the one asked for, or the last one before it at "
        "which the service looked; without since, the version from which on changes are kept. Never null"
    )
    data_version: int = Field(description="The version up to which changes are listed; also the ETag")


class Versions(NamedTuple):
    """Changes of versions above `since`, up to `until`."""

    since: int
    until: int


KEPT = "SELECT version, seen_at FROM visit_commits_kept"
LAST_UP_TO = "SELECT max(version) FROM visit_commits WHERE version <= $1"
LAST_SEEN_BY = """
SELECT version FROM visit_commits WHERE seen_at <= $1 ORDER BY seen_at DESC, version DESC LIMIT 1
"""


async def versions_of(connection: Connection, since: date | int | None, until: int | None, current: int) -> Versions:
    """current: the version that the data has, all commits of which have been seen.

    Raises Unprocessable for versions that there are not, and for those before which nothing is kept.
    """
    if until is not None and until > current:
        raise _unknown("until", current)
    last = current if until is None else until
    kept, kept_at = await connection.fetchrow(KEPT)
    if since is None:
        return Versions(kept, last)
    if isinstance(since, int):
        if since > last:
            raise _unknown("since", last)
        is_kept, found = since >= kept, await connection.fetchval(LAST_UP_TO, since)
    else:
        moment = since if isinstance(since, datetime) else datetime.combine(since, time())
        is_kept, found = moment >= kept_at.replace(microsecond=0), await connection.fetchval(LAST_SEEN_BY, moment)
    if not is_kept:
        message = f"changes are kept from data_version {kept} on, {kept_at.isoformat(timespec='seconds')}"
        raise Unprocessable.field("query", "since", msg=message)
    return Versions(max(kept, found or 0), last)


def _unknown(name: str, last: int) -> Unprocessable:
    return Unprocessable.field("query", name, msg=f"there is no such data_version; the last one here is {last}")


LIST = """
SELECT max(id) AS last_id, {shown}, count(*) AS writes, max(version) AS data_version,
       min(written_at) AS first_at, max(written_at) AS last_at, {sums},
       min(first_day) AS first_day, max(last_day) AS last_day
FROM visit_commits WHERE version > $1 AND version <= $2
GROUP BY {groups}
HAVING $3::bigint IS NULL OR max(id) < $3
ORDER BY max(id) DESC LIMIT $4
"""
SUMS = ("added", "removed", "on_time_added", "on_time_removed", "open_added", "open_removed")


async def list_changes(
    connection: Connection, versions: Versions, by: ChangesBy, before: int | None, limit: int
) -> list[Any]:
    """Up to `limit` rows, the last changed first; those of which the last write's id is below `before`."""
    groups = GROUPS[by]
    query = LIST.format(
        shown=", ".join(name if name in groups else f"NULL AS {name}" for name in SHOWN),
        sums=", ".join(f"sum({name})::bigint AS {name}" for name in SUMS),
        groups=", ".join(groups),
    )
    return list(await connection.fetch(query, *versions, before, limit))


def as_change(row: Any) -> Change:
    names = set(Change.model_fields) - {"user"}
    return Change(**{name: row[name] for name in names}, user=row["username"])
