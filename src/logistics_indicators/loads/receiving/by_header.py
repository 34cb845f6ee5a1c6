"""A preset that was made for one header is taken for the files that have it, where nobody names a preset."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from ...database import Pool
from ...errors import Unprocessable
from ..formats import CSV, Form
from ..parsing.headers import records_to_seek_in
from .opening import NAMED_DELIMITERS, OF_CSV, OpeningOptions, peeked, shown_text

FIND = "SELECT name, options, for_header FROM presets WHERE kind = $1 AND for_header IS NOT NULL ORDER BY name"


@dataclass(frozen=True)
class Preset:
    name: str
    options: Mapping[str, str]
    header: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What is known of how to read a file: what was asked, and what holds where neither that nor a preset says it."""

    form: Form
    asked: OpeningOptions
    otherwise: OpeningOptions


async def preset_of_header(
    pool: Pool, pieces: AsyncIterator[bytes], told: Told
) -> tuple[Preset | None, AsyncIterator[bytes]]:
    """(the preset for the file's header; all pieces again). Raises Unprocessable where two are for it."""
    presets = await _presets(pool, told)
    if not presets:
        return None, pieces
    head, is_whole, pieces = await peeked(pieces)
    fitting = await asyncio.to_thread(lambda: [p for p in presets if _fits(p, head, told, is_whole=is_whole)])
    if len(fitting) > 1:  # read in two encodings, say
        names = ", ".join(preset.name for preset in fitting)
        raise Unprocessable.field("query", "preset", msg=f"the file's header is that of {names}: say which, or none")
    return (fitting[0] if fitting else None), pieces


async def _presets(pool: Pool, told: Told) -> list[Preset]:
    left_out = () if told.form is CSV else OF_CSV
    return [
        Preset(
            row["name"],
            {name: text for name, text in row["options"].items() if name not in left_out},
            tuple(row["for_header"]),
        )
        for row in await pool.fetch(FIND, told.asked.kind)
    ]


def _fits(preset: Preset, head: bytes, told: Told, *, is_whole: bool) -> bool:
    """What is asked goes before what the preset says, here as later."""
    encoding = told.asked.encoding or preset.options.get("encoding") or told.otherwise.encoding
    of_preset = NAMED_DELIMITERS.get(preset.options.get("delimiter", ""))
    delimiter = told.asked.delimiter or of_preset or told.otherwise.delimiter
    return preset.header in records_to_seek_in(shown_text(head, encoding, is_whole=is_whole), delimiter)
