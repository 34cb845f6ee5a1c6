"""Workbooks for the tests, as several programs write them, and as none does."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import xlsxwriter

Rows = Sequence[Sequence[Any]]

DATE_FORMATS: dict[type, str] = {date: "dd/mm/yyyy", datetime: "dd/mm/yyyy hh:mm:ss"}


def by_openpyxl(rows: Rows, *, in_passing: bool = False) -> bytes:
    """`in_passing`: its mode for large sheets."""
    book = openpyxl.Workbook(write_only=in_passing)
    sheet = book.create_sheet("Plan1") if in_passing else book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(rows: Rows, *, in_passing: bool = False, since_1904: bool = False) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": in_passing, "date_1904": since_1904}) as book:
        formats = {kind: book.add_format({"num_format": code}) for kind, code in DATE_FORMATS.items()}
        sheet = book.add_worksheet("Plan1")
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value, formats.get(type(value)))
    return out.getvalue()


RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
STYLES = f"""<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs>
</styleSheet>"""


def parts(sheet: str, texts: str = "", content_type: str = WORKBOOK_TYPE, sheets: Iterable[str] = ()) -> dict[str, str]:
    """Of a workbook whose sheet is this XML, and whose shared texts are this."""
    names = "".join(f'<sheet name="{name}" sheetId="9" r:id="rIdX"/>' for name in sheets)
    return {
        "[Content_Types].xml": f'<Types><Override PartName="/xl/workbook.xml" ContentType="{content_type}"/></Types>',
        "_rels/.rels": f'<Relationships {PACKAGE}><Relationship Id="r" Type="{RELS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELS}"><sheets><sheet name="Plan1" sheetId="1" r:id="rId1"/>'
        f"{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships {PACKAGE}>"
        f'<Relationship Id="rId1" Type="{RELS}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{RELS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId3" Type="{RELS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst {MAIN}>{texts}</sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>",
    }


def packed(files: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def row_of(number: int, *texts: object) -> str:
    """XML of a row whose cells hold their texts themselves."""
    cells = "".join(
        f'<c r="{chr(ord("A") + column)}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for column, text in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'
