"""What a file may look like: its kind's columns, its delimiter, its header and its encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

DELIMITERS = (";", ",", "\t")
LONGEST_ROW = 64 * 1024
"""Bytes. A longer row is rejected as too_long, and cut here already when it is received."""


class Kind(StrEnum):
    customers = "customers"
    services = "services"


COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.customers: ("id", "nome", "email", "telefone"),
    Kind.services: ("id", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"),
}
OPTIONAL_COLUMNS = {"telefone"}
ALIASES: Mapping[Kind, Mapping[str, str]] = {
    Kind.customers: {"id_cliente": "id"},
    Kind.services: {"id_atendimento": "id"},
}


class BadHeader(Exception):
    """The file's header does not name a column that the load needs."""

    def __init__(self, missing: Sequence[str], repeated: Sequence[str]) -> None:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"repeats {', '.join(repeated)}"] if repeated else []
        super().__init__(f"The file's header {' and '.join(parts)}.")


@dataclass(frozen=True)
class Layout:
    """How to read a row: `columns` are the file's, by our names; None is a column that we do not know."""

    delimiter: str
    columns: tuple[str | None, ...]
    has_header: bool


@dataclass(frozen=True)
class FileFormat:
    kind: Kind
    layout: Layout
    encoding: str


def detect_layout(kind: Kind, first_row: str, delimiter: str | None) -> Layout:
    """Layout from the first row that is not blank. Raises BadHeader."""
    for candidate in [delimiter] if delimiter else DELIMITERS:
        names = _header(kind, first_row, candidate)
        if names is not None:
            _check_header(kind, names)
            return Layout(candidate, names, True)
    return Layout(delimiter or _likeliest_delimiter(kind, first_row), COLUMNS[kind], False)


def _header(kind: Kind, row: str, delimiter: str) -> tuple[str | None, ...] | None:
    """The file's columns where the row is a header: it names at least two columns of the kind."""
    fields = [field.strip().strip('"').strip().lower() for field in row.split(delimiter)]
    known = {name: name for name in COLUMNS[kind]} | dict(ALIASES[kind])
    names = tuple(known.get(field) for field in fields)
    return names if sum(name is not None for name in names) >= 2 else None


def _check_header(kind: Kind, names: tuple[str | None, ...]) -> None:
    missing = [name for name in COLUMNS[kind] if name not in names and name not in OPTIONAL_COLUMNS]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if missing or repeated:
        raise BadHeader(missing, repeated)


def _likeliest_delimiter(kind: Kind, row: str) -> str:
    expected = len(COLUMNS[kind]) - 1
    exact = [d for d in DELIMITERS if row.count(d) == expected]
    return exact[0] if exact else max(DELIMITERS, key=row.count)


@dataclass
class EncodingCensus:
    """Decides a file's encoding from counts that do not depend on where it was cut.

    The file is UTF-8 if it decodes, or if the continuation bytes in its valid rows outnumber the rows that are
    not UTF-8: then those rows are rejected, and the others keep their accents. Else it is Windows-1252.
    """

    multibyte: int = 0
    invalid: int = 0

    def add(self, rows: bytes) -> None:
        """Count whole rows."""
        if rows.isascii():
            return
        try:
            text = rows.decode()
        except UnicodeDecodeError:
            self._count_row_by_row(rows)
        else:
            self.multibyte += len(rows) - len(text)

    def _count_row_by_row(self, rows: bytes) -> None:
        for row in rows.split(b"\n"):
            try:
                self.multibyte += len(row) - len(row.decode())
            except UnicodeDecodeError:
                self.invalid += 1

    @property
    def encoding(self) -> str:
        return "utf-8" if not self.invalid or self.multibyte > self.invalid else "windows-1252"
