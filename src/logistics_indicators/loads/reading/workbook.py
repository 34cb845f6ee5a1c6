"""An Excel workbook (.xlsx): which of its sheets is read, and how."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .named import listed
from .package import BROKEN, Package
from .protocol import Head, Refused, Request
from .sheet import Meaning, records
from .styles import Moments, date_styles
from .texts import shared_texts

MACROS = "The workbook holds macros (.xlsm). Save it as an Excel workbook without macros (.xlsx), and send that."
NO_WORKBOOK = (
    "The file looks like an Office document that is no Excel workbook (.xlsx). Send its table as .xlsx or CSV."
)
BINARY = "The file looks like a binary Excel workbook (.xlsb). Save it as .xlsx or CSV, and send that."


LONGEST_SHEET_NAME = 255
"""Characters of a sheet's name that count; Excel has 31."""


class _Sheet(NamedTuple):
    name: str
    part: str
    is_visible: bool


def read(file: BinaryIO, request: Request) -> Iterator[bytes]:
    package = Package(file, request.most_bytes)
    workbook = _workbook_part(package)
    sheets, since_1904 = _sheets(package, workbook)
    sheet = _chosen(sheets, request.sheet)
    others = [other.name for other in sheets if other.is_visible and other is not sheet]
    yield (Head(sheet.name, _not_read(sheet.name, others)).as_json() + "\n").encode()
    parts = {kind: part for _, kind, part in package.relations(workbook) if part in package}
    meaning = Meaning(
        shared_texts(package, parts.get("sharedStrings")),
        date_styles(package, parts.get("styles")),
        Moments(since_1904=since_1904),
    )
    yield from records(package, sheet.part, meaning)


def _workbook_part(package: Package) -> str:
    part = next((part for _, kind, part in package.relations("") if kind == "officeDocument"), None)
    if part is None or part not in package:
        raise Refused(BROKEN if "xl/workbook.xml" in package else NO_WORKBOOK)
    if part.lower().endswith(".bin"):
        raise Refused(BINARY)
    if _has_macros(package):
        raise Refused(MACROS)
    if next(iter(package.elements(part)), ("", {}))[0] != "workbook":
        raise Refused(NO_WORKBOOK)
    return part


def _has_macros(package: Package) -> bool:
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in package.names):
        return True
    if "[Content_Types].xml" not in package:
        raise Refused(BROKEN)
    return any(
        "macroenabled" in found.get("ContentType", "").lower() for _, found in package.elements("[Content_Types].xml")
    )


def _sheets(package: Package, workbook: str) -> tuple[list[_Sheet], bool]:
    """(those with cells, in the order of their tabs; whether days are counted from 1904 on)"""
    worksheets = {rel: part for rel, kind, part in package.relations(workbook) if kind == "worksheet"}
    sheets: list[_Sheet] = []
    since_1904 = False
    for element, found in package.elements(workbook):
        if element == "workbookPr":
            since_1904 = found.get("date1904") in ("1", "true")
        elif element == "sheet" and (part := worksheets.get(found.get("id", ""))):
            name = found.get("name", "")[:LONGEST_SHEET_NAME]
            sheets.append(_Sheet(name, part, found.get("state", "visible") == "visible"))
    return sheets, since_1904


def _chosen(sheets: list[_Sheet], name: str | None) -> _Sheet:
    """The first that is visible, or the one with the name, whose case counts only where two differ by it."""
    if not sheets:
        raise Refused(BROKEN)
    if name is None:
        return next((sheet for sheet in sheets if sheet.is_visible), sheets[0])
    for wanted, names in ((name, str), (name.casefold(), str.casefold)):
        for sheet in sheets:
            if names(sheet.name) == wanted:
                return sheet
    raise Refused(
        f"The workbook has no sheet of that name; there are: {listed([s.name for s in sheets])}.", about="sheet"
    )


def _not_read(name: str, others: list[str]) -> list[str]:
    if not others:
        return []
    return [f"Only the sheet {listed([name])} was read, not {listed(others)}: ?sheet= names another."]
