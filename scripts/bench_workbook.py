#!/usr/bin/env python
"""Loads the operation's full file as an Excel workbook and tells the time and the memory of all of it.

The workbook is written as Excel writes it: texts shared, dates as styled numbers, 1,048,575 rows under a header. With
`--inline` its cells hold their texts, as those of libraries that write row by row do. Prints a JSON line: seconds until
the 202 and until the load has completed, and the peak of the service's and its reading process's memory together.
"""

import argparse
import csv
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from xml.sax.saxutils import escape

import psutil
from bench_load import Bench, make_files, service

from logistics_indicators.loads.kinds import Kind

EPOCH = datetime(1899, 12, 30)
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
PARTS = {
    "[Content_Types].xml": '<Types><Override PartName="/xl/workbook.xml" ContentType="sheet.main+xml"/></Types>',
    "_rels/.rels": f'<Relationships {PACKAGE}><Relationship Id="r" Type="{RELS}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELS}"><sheets><sheet name="Plan1" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f"<Relationships {PACKAGE}>"
    f'<Relationship Id="rId1" Type="{RELS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{RELS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{RELS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>",
}
DATES = (("%Y-%m-%d %H:%M:%S", 2), ("%Y-%m-%d", 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", type=Kind, choices=list(Kind), default=Kind.services)
    parser.add_argument("--inline", action="store_true", help="texts in their cells")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "logistics-indicators-bench")
    parser.add_argument("--port", type=int, default=8598)
    arguments = parser.parse_args()
    files = make_files(arguments.folder / "scale-1", 1)
    book = arguments.folder / f"{arguments.kind}{'-inline' if arguments.inline else ''}.xlsx"
    if not book.exists():
        write_workbook(files[f"{arguments.kind}.tsv"], files[arguments.kind], book, inline=arguments.inline)
    with service(arguments.folder / "data-workbook", arguments.port) as bench:
        for _ in range(arguments.runs):
            print(json.dumps(run(bench, arguments.kind, files, book)), flush=True)


def run(bench: Bench, kind: Kind, files: dict[str, Path], book: Path) -> dict[str, float | int | str]:
    bench.settle()
    if kind is Kind.services:
        bench.timed_load(Kind.customers, files[Kind.customers])
        bench.wait_for_merge()
    memory = Memory(bench.process.pid)
    memory.start()
    load, seconds, received, _ = bench.timed_load(kind, book)
    memory.ended.set()
    memory.join()
    return {
        "bench": "workbook",
        "file": book.name,
        "rows": load["rows_read"],
        "received_s": round(received, 1),
        "completed_s": round(seconds, 1),
        "peak_mb": round(memory.peak / 2**20),
        "reading_process_peak_mb": round(memory.peak_of_reader / 2**20),
    }


class Memory(threading.Thread):
    """Looks at the service's and its children's memory as long as a load goes on."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.service = psutil.Process(pid)
        self.peak = self.peak_of_reader = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            readers = [child for child in self.service.children() if is_reader(child)]
            of_readers = sum(used(child) for child in readers)
            self.peak_of_reader = max(self.peak_of_reader, of_readers)
            self.peak = max(self.peak, of_readers + used(self.service))


def is_reader(process: psutil.Process) -> bool:
    try:
        return "logistics_indicators.loads.reading" in process.cmdline()
    except psutil.Error:
        return False


def used(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def write_workbook(rows: Path, source: Path, book: Path, *, inline: bool) -> None:
    """`rows`: normalised, tabs between; `source` has the header."""
    texts: dict[str, int] = {}
    started = time.monotonic()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, part)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet {MAIN}><dimension ref="A1"/><sheetData>'.encode())
            for number, cells in enumerate(table(rows, source), 1):
                line = "".join(cell(f"{chr(65 + n)}{number}", text, texts, inline) for n, text in enumerate(cells))
                sheet.write(f'<row r="{number}" spans="1:6">{line}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(f"<sst {MAIN}>".encode())
            for text in texts:
                shared.write(f"<si><t>{escape(text)}</t></si>".encode())
            shared.write(b"</sst>")
    print(f"{book}: {book.stat().st_size} bytes, written in {time.monotonic() - started:.0f} s", flush=True)


def table(rows: Path, source: Path) -> Iterator[list[str]]:
    with source.open(encoding="utf-8", errors="replace") as file:
        yield next(csv.reader(file, delimiter=";"))
    with rows.open(encoding="utf-8") as file:
        for line in file:
            yield ["" if text == "\\N" else text for text in line.rstrip("\n").split("\t")]


def cell(place: str, text: str, texts: dict[str, int], inline: bool) -> str:
    if text.isdecimal() and len(text) < 15:
        return f'<c r="{place}"><v>{text}</v></c>'
    if text[:2] in ("19", "20") and (dated := as_moment(text)):
        return dated.format(place)
    if inline:
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
    return f'<c r="{place}" t="s"><v>{texts.setdefault(text, len(texts))}</v></c>'


def as_moment(text: str) -> str | None:
    for pattern, style in DATES:
        try:
            serial = (datetime.strptime(text, pattern) - EPOCH).total_seconds() / 86400
        except ValueError:
            continue
        return f'<c r="{{}}" s="{style}"><v>{serial:.15g}</v></c>'
    return None


if __name__ == "__main__":
    main()
