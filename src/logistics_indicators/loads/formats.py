"""What a file may look like: its delimiter, its encoding, its columns' order."""

import codecs
import re
from dataclasses import dataclass

from .kinds import Kind

DELIMITERS = (";", ",", "\t")
LONGEST_ROW = 64 * 1024
"""Bytes. A longer row is rejected as too_long."""

PYTHON_CODECS = {
    "utf-8": "utf-8",
    "windows-1252": "cp1252",
    "iso-8859-1": "latin-1",
    "cp850": "cp850",
    "utf-16": "utf-8",
}
"""Of what is spooled, by the encoding that a load names: UTF-16 is spooled as UTF-8."""

CODE_PAGE = re.compile("^cp[-_ ]", re.IGNORECASE)
WITH_MARK_OR_ORDER = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
"""Python's names of what the file's own bytes say beside its encoding."""

ENCODINGS = {codecs.lookup(name).name: name for name in PYTHON_CODECS} | WITH_MARK_OR_ORDER


def named_encoding(name: object) -> object:
    """Our name of an encoding, of any that it goes by; what has none stays as it is."""
    try:
        return ENCODINGS.get(codecs.lookup(CODE_PAGE.sub("cp", name)).name, name) if isinstance(name, str) else name
    except (LookupError, ValueError):
        return name


@dataclass(frozen=True)
class Form:
    """What a file was sent as."""

    name: str
    title: str
    has_header: bool = True
    """A row of it may be one. Else its columns have names beside the rows, and the first row is the first line."""


CSV = Form("csv", "CSV")
XLSX = Form("xlsx", "an Excel workbook")
JSON = Form("json", "JSON", has_header=False)
NDJSON = Form("ndjson", "NDJSON", has_header=False)
PARQUET = Form("parquet", "Parquet", has_header=False)
FORMS = (CSV, XLSX, JSON, NDJSON, PARQUET)

REPORT_COLUMNS = ("line", "column", "reason")
"""Ours, in front of each record of a file of rejects; a load passes over them."""


@dataclass(frozen=True)
class Layout:
    """How to read a row: `columns` are the file's, by our names; None is a column that we do not know.

    `has_header`: the first row that was spooled is the header.
    """

    delimiter: str
    columns: tuple[str | None, ...]
    has_header: bool = False
    is_rejects_file: bool = False
    """The file begins each record with REPORT_COLUMNS."""
    unnamed: int = 0
    """Columns at the end of a file of rejects that have no name: a spreadsheet pads the header to the widest row."""

    def of_records(self) -> "Layout":
        """Of the records without REPORT_COLUMNS."""
        if not self.is_rejects_file:
            return self
        return Layout(self.delimiter, self.columns[len(REPORT_COLUMNS) :], self.has_header, unnamed=self.unnamed)


@dataclass(frozen=True)
class FileFormat:
    kind: Kind
    layout: Layout
    encoding: str


@dataclass
class EncodingCensus:
    """Decides a file's encoding from counts that do not depend on where it was cut.

    The file is UTF-8 if it decodes, or if its letters have as many continuation bytes as there are rows
    that are not UTF-8: then those rows are rejected, and the others keep their accents. Else it is Windows-1252.
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
                letters = row.decode(errors="ignore")  # those of a row that is cut, or bad at another place
                self.multibyte += len(letters.encode()) - len(letters)

    @property
    def is_mixed(self) -> bool:
        """Read as Windows-1252, though some of it says more as UTF-8."""
        return self.encoding != "utf-8" and self.multibyte > 0

    @property
    def encoding(self) -> str:
        return "utf-8" if not self.invalid or self.multibyte >= self.invalid else "windows-1252"
