"""What `loads`, `rejects` and `undo` ask and show."""

from collections.abc import Mapping
from pathlib import Path

import httpx

from .connecting import body_of
from .lists import rows_of
from .loading import save_rejects
from .streams import is_standard_output
from .tables import counted, print_answer, print_json, print_line, print_rows
from .typed import as_typed

LOAD_COLUMNS = (
    *("id", "kind", "mends", "confirms", "status", "filename", "rows_read", "rows_inserted", "rows_updated"),
    *("rows_unchanged", "rows_rejected", "rows_waiting", "received_at", "user"),
)
SELDOM = {"mends", "confirms"}
"""Shown where a load of the list has one: most are of files that were sent."""

REJECT_COLUMNS = ("load", "line", "kind", "reason", "column", "value", "state", "row")


async def list_loads(client: httpx.AsyncClient, limit: int, as_json: bool) -> None:
    loads = await rows_of(client, "/v1/loads", "loads", {}, limit)
    if as_json:
        print_json({"loads": loads})
    elif loads:
        print_rows(loads, [n for n in LOAD_COLUMNS if n not in SELDOM or any(load[n] for load in loads)])
    else:
        print_line("There are no loads yet.")


async def show_load(client: httpx.AsyncClient, load_id: int, as_json: bool) -> None:
    load = body_of(await client.get(f"/v1/loads/{load_id}"))
    if as_json:
        print_json(load)
    else:
        print_answer({**load, "warnings": [as_typed(warning) for warning in load["warnings"]]})


async def list_rejects(client: httpx.AsyncClient, asked: Mapping[str, object], limit: int, as_json: bool) -> None:
    rejects = await rows_of(client, "/v1/rejects", "rejects", asked, limit)
    if as_json:
        print_json({"rejects": rejects})
    elif rejects:
        print_rows(rejects, REJECT_COLUMNS)
    else:
        print_line("There are no such rejected rows.")


async def count_rejects(client: httpx.AsyncClient, asked: Mapping[str, object], limit: int, as_json: bool) -> None:
    query = {name: str(value) for name, value in asked.items() if value is not None}
    answer = body_of(await client.get("/v1/rejects/counts", params={**query, "limit": str(min(limit, 1000))}))
    if as_json:
        print_json(answer)
        return
    if answer["counts"]:
        print_rows(answer["counts"], ("reason", "column", "value", "rows"))
    print_line(f"{counted(answer['rows'], 'row')} in {counted(answer['groups'], 'group')}")


async def rejects_of_load(client: httpx.AsyncClient, load_id: int, target: Path, as_json: bool, *, force: bool) -> None:
    load = body_of(await client.get(f"/v1/loads/{load_id}"))
    instead = await save_rejects(client, load, target, force=force)
    kept = {"load": load_id, "file": str(target), "rows": load["rejects_stored"]}
    if as_json:
        print_json(kept)
    elif not is_standard_output(target):
        print_line(f"{target}: {counted(load['rejects_stored'], 'row')} of load {load_id}{instead}")


async def undo_load(client: httpx.AsyncClient, load_id: int, as_json: bool) -> None:
    load = body_of(await client.delete(f"/v1/loads/{load_id}"))
    if as_json:
        print_json(load)
    else:
        print_line(f"Load {load_id} is undone.")
