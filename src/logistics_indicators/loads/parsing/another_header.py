"""A header further down in a file, as where several were put one behind the other. Pure."""

import polars as pl

from ..formats import Layout
from ..kinds import Kind
from .headers import fields_of, key_of, known_names
from .quoting import RecordRule


class AnotherHeader(Exception):
    """Behind it the file's columns stand in another order than before."""

    def __init__(self, line: int) -> None:
        super().__init__(
            f"Line {line} is another header, with other columns or in another order than the file's first. "
            "Nothing was kept of the file: send its parts one by one."
        )


def refuse_another_header(
    kind: Kind, layout: Layout, header: str | None, rejects: pl.DataFrame, first_row: int | None
) -> None:
    """Among the rejected rows of a chunk. The file's own header repeated is a bad row. Raises AnotherHeader.

    `first_row`: line of the first row of a file that is said to have no header; it may be one all the same.
    """
    rule, columns = RecordRule(layout.delimiter), layout.of_records().columns
    own = [] if header is None else [key_of(field) for field in fields_of(rule, header)]
    own = own[len(own) - len(columns) :]
    known = set(known_names(kind)) | set(own) - {""}
    if first_row is not None:
        rejects = rejects.filter(pl.col("line") > first_row)
    is_header = pl.col("row").str.contains(r"^[^0-9]{5,2000}$")
    for line, row in rejects.filter(is_header).select("line", "row").iter_rows():
        keys = [key_of(field) for field in fields_of(rule, row)]
        named = sum(key in known for key in keys)
        # rows of another width are rejected anyway
        if len(keys) == len(columns) and named * 2 > len(keys) and keys != own and not _same_order(kind, keys, columns):
            raise AnotherHeader(line)


def _same_order(kind: Kind, keys: list[str], columns: tuple[str | None, ...]) -> bool:
    known = known_names(kind)
    return all(column is None or known.get(key) == column for key, column in zip(keys, columns, strict=True))
