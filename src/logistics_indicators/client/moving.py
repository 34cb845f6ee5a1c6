"""What `move-to` does: this machine's database to another server, with readers served meanwhile."""

import asyncio
from pathlib import Path

from ..running.client_programs import without_password
from ..running.local_database import CommandFailed
from ..running.moving import compare, copy_database, finish, make_ready, opened
from ..running.reaching import reached
from ..running.writers_held import IS_SHUT, open_gate, refuse_what_was_moved, shut_for_good, writers_held
from .database import on_database, print_outcome, verified
from .running_work import errors
from .working import working

NEXT = """{rows:,} rows and {visits:,} visits are at {where}, the same as here.
Next: stop the service, and start it with DATABASE_URL set to that database, and JWT_SECRET_KEY to what signs tokens
now: the file jwt_secret_key in the data folder holds it, where the service made its own. The old database answers
questions until then, and takes no changes any more. To go back to it instead: logistics-indicators move-to --reopen"""

REOPENED = "The database takes changes again."
NEVER_SHUT = "Nothing to do: no move shut this database, and it takes changes as ever."


def run_move(url: str, data_dir: Path | None, as_json: bool) -> int:
    def work(source: str) -> int:
        moved = asyncio.run(_move(source, url, data_dir))
        where = without_password(url)
        print_outcome({"moved_to": where, **moved}, NEXT.format(where=where, **moved), as_json)
        return 0

    return on_database(data_dir, work)


def run_reopen(data_dir: Path | None, as_json: bool) -> int:
    def work(source: str) -> int:
        was_shut = asyncio.run(_reopen(source))
        print_outcome({"reopened": was_shut}, REOPENED if was_shut else NEVER_SHUT, as_json)
        return 0

    return on_database(data_dir, work)


async def _move(source: str, target: str, data_dir: Path | None) -> dict[str, int]:
    """How many rows and visits there are. Raises CommandFailed, and leaves the source as it was then."""
    async with opened(source) as here, reached(target) as there:
        await refuse_what_was_moved(here)
        await make_ready(there, target)
        _say("Waiting for writes under way. Who reads is served; who begins to write is told 503, and to try again.")
        async with writers_held(here):
            with working("Copying", in_bytes=True) as told:
                await copy_database(source, target, told)
            _say("Copied. Comparing both, row by row.")
            with working("Comparing row by row"):
                rows = await compare(here, there)
            _say("The same. Comparing the indicators there with the visits.")
            found = await verified(data_dir, target)
            if found["differences"]:
                raise CommandFailed(f"{found['differences']} sums differ: `rebuild` mends them here; then move again.")
            async with here.transaction():
                await shut_for_good(here, without_password(target))
                await finish(there)
    return {"rows": rows, "visits": found["visits"]}


async def _reopen(source: str) -> bool:
    """Whether it was shut."""
    async with opened(source) as here:
        was_shut = bool(await here.fetchval(IS_SHUT))
        if was_shut:
            await open_gate(here)
    return was_shut


def _say(what: str) -> None:
    errors.print(what, style="dim")
