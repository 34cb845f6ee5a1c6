"""What differs from one telling of the story to the next, brought to one value."""

import json
import re
from typing import Any

MOMENT = "2021-07-05T08:00:00"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = {"access_token": TOKEN, "refresh_token": TOKEN, "reset_token": "b25lLXRpbWUtdG9rZW4", "token": "lgi_cmFuZG9t"}
OF_THE_MACHINE: dict[str, Any] = {
    "os": "Linux",
    "release": "6.8.0",
    "machine": "x86_64",
    "processor": "x86_64",
    "usage": 12.5,
    "cores": 4,
    "used_percent": 41.7,
}
OF_A_CALENDAR_DAY = {"day", "scope", "source"}
DAY_ID = 7001
"""After all official days, whose number is the package's to say."""
STEADY: dict[str, Any] = {
    **SECRETS,
    **OF_THE_MACHINE,
    "day_id": DAY_ID,
    "as_of": "2021-07-05",
    "data_version": 42,
    "rows_per_second": 20000,
    "request_id": "1f0c9a52d3b84d0e",
    "version": 1,
}
UPLOAD = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
AT_RECEIPT = {"status": "received", "started_at": None, "finished_at": None, "rows_per_second": None, "progress": 0.0}
MOST_ROWS = 3
"""Of a list in an example; the others are as the first."""


def steady(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        numbered = {"id": DAY_ID} if value.keys() >= OF_A_CALENDAR_DAY else {}
        return {key: steady(part, key) for key, part in (value | numbered).items()}
    if isinstance(value, list):
        return [steady(part) for part in value[:MOST_ROWS]]
    if value is None:
        return None
    if name == "version" and isinstance(value, str):
        return "0.1.0"
    if name in STEADY:
        return STEADY[name]
    if name.endswith("_at"):
        return MOMENT
    return UPLOAD.sub("8d3c1f9e-5b0a-4f6d-9c2e-7a1b3c5d7e9f", value) if isinstance(value, str) else value


def at_receipt(body: dict[str, Any]) -> dict[str, Any]:
    """A load as it is answered before any worker has looked at it."""
    return {name: _received(part) for name, part in body.items()}


def _received(part: Any) -> Any:
    if isinstance(part, list):
        return [_received(each) for each in part]
    if isinstance(part, dict) and "rows_read" in part:
        counted = {name: 0 for name in part if name.startswith("rows_") and isinstance(part[name], int)}
        unknown = {"rejects": [], "dates": {}, "rejects_stored": 0, "warnings": []}
        return {name: value for name, value in (part | counted | unknown | AT_RECEIPT).items() if name != "effect"} | (
            {"effect": None} if "effect" in part else {}
        )
    return part


def steady_text(text: str, media_type: str) -> str:
    if media_type == "text/event-stream":
        return "".join(_steady_line(line) for line in text.splitlines(keepends=True))
    return "".join(text.splitlines(keepends=True)[: MOST_ROWS + 1])


def _steady_line(line: str) -> str:
    if not line.startswith("data: "):
        return line
    return f"data: {json.dumps(steady(json.loads(line[6:])), ensure_ascii=False)}\n"
