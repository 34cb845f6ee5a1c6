"""What `mend` sends, and how it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .connecting import body_of
from .load_tables import print_loads
from .loading import follow_load
from .running_work import FAILED, REJECTED
from .tables import counted, print_json, print_line


@dataclass(frozen=True)
class MendOptions:
    on_conflict: str | None
    unknown_customer: str | None
    validate_only: bool

    @property
    def query(self) -> dict[str, str]:
        asked = {
            "on_conflict": self.on_conflict,
            "unknown_customer": self.unknown_customer,
            "validate_only": "true" if self.validate_only else None,
        }
        return {name: value for name, value in asked.items() if value is not None}


def body_of_mend(
    lines: Sequence[int],
    where: Mapping[str, str | None],
    cells: Sequence[str],
    *,
    again: bool,
    drop: bool,
    reopen: bool,
) -> dict[str, Any]:
    """Raises ValueError with what has to be said instead."""
    if sum((bool(cells), again, drop, reopen)) != 1:
        raise ValueError("Say what is done with the rows, one of: --set, --again, --drop, --reopen.")
    group = {name: value for name, value in where.items() if value is not None}
    if bool(lines) == bool(group):
        raise ValueError("Say which rows: either by --line, or by --reason, --column or --value.")
    edit = dict(map(_cell, cells))
    if group:
        if reopen:
            raise ValueError("--reopen goes with --line.")
        return {"rule": {"where": group, **({"drop": True} if drop else {"set": edit})}}
    if drop or reopen:
        return {"drops" if drop else "reopen": list(lines)}
    return {"edits": {str(line): edit for line in lines}}


def _cell(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r}: write COLUMN=CELL, as data_limite=30/06/2021.")
    return name.strip(), value


async def mend_load(
    client: httpx.AsyncClient, load_id: int, body: dict[str, Any], options: MendOptions, as_json: bool
) -> int:
    answer = body_of(await client.post(f"/v1/loads/{load_id}/mend", json=body, params=options.query))
    if answer["load"] is None:
        if as_json:
            print_json(answer)
        else:
            print_line(f"{counted(answer['dropped'], 'row')} dropped, {answer['reopened']:,} open again.")
        return 0
    load = await follow_load(client, answer["load"], lambda _: None)
    if as_json:
        print_json({**answer, "load": load})
    else:
        print_loads([load], as_json=False)
    if load["status"] != "completed":
        return FAILED
    return REJECTED if load["rows_rejected"] else 0
