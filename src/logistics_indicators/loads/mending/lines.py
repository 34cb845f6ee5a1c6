"""The lines of a mend are those of the file that it mends. Pure: no database."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from ..parsing.chunk import ParsedChunk


def in_original_lines(parsed: ParsedChunk, first_line: int, origin_lines: Sequence[int]) -> ParsedChunk:
    """`origin_lines`: of each line of the chunk, which begins at `first_line`, that of the first file."""
    lines = pl.Series(origin_lines, dtype=pl.Int64)

    def traced(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(lines.gather(frame["line"] - first_line).alias("line"))

    notes = {what: (count, origin_lines[line - first_line]) for what, (count, line) in parsed.notes.items()}
    return replace(parsed, rows=traced(parsed.rows), rejects=traced(parsed.rejects), notes=notes)
