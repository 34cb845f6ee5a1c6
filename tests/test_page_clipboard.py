"""What the sheet of rejected rows gives a spreadsheet and takes from one, in a real browser."""

import csv
import io
from typing import Any

from browsing import surfing_app
from fastapi import FastAPI
from one_browser import needs_browser

from logistics_indicators.exports.csv_text import FORMULA_START

Table = list[list[str]]

COPIED: dict[str, tuple[Table, str]] = {
    "plain": ([["1", "Ana"], ["2", "Bia"]], "1\tAna\n2\tBia"),
    "tab": ([["a\tb", "c"]], '"a\tb"\tc'),
    "line ends": ([["a\nb", "c\r\nd"]], '"a\nb"\t"c\r\nd"'),
    "quotes": ([['"', 'Ana "A"']], '""""\t"Ana ""A"""'),
    "formulas": ([["=1", "@SUM(1)", "+55", "-"]], "'=1\t'@SUM(1)\t'+55\t'-"),
    "formula with quotes": ([['=HYPERLINK("x")']], '"\'=HYPERLINK(""x"")"'),
    "formula behind blanks": ([["  =1", "\t=1", "\r=1"]], '\'  =1\t"\'\t=1"\t"\'\r=1"'),
    "apostrophes": ([["'Ana", "d'Ana", "'=1", "''=1"]], "'Ana\td'Ana\t''=1\t'''=1"),
    "no formulas": ([["a=1", "10-20", "ana@example.com"]], "a=1\t10-20\tana@example.com"),
    "empty": ([[""]], "\n"),
    "empty at the end": ([["a"], [""]], "a\n\n"),
    "empty at the ends": ([["", "a", ""], ["", "", ""]], "\ta\t\n\t\t"),
}
PASTED: dict[str, tuple[str, Table]] = {
    "quotes and a line end": ('"Ana ""A"""\t"x\ny"\tz', [['Ana "A"', "x\ny", "z"]]),
    "ends of Windows": ('a\t"b\nc"\r\nd\te\r\n', [["a", "b\nc"], ["d", "e"]]),
    "ends of old Macs": ("a\rb\r", [["a"], ["b"]]),
    "quotes inside": ('5" x 3"\tb""c', [['5" x 3"', 'b""c']]),
    "a quote that nothing closes": ('"Ana\tb\nc', [['"Ana', "b"], ["c"]]),
    "text behind the quote": ('"Ana" e Bia\tb', [['"Ana" e Bia', "b"]]),
    "apostrophes of others": ("'Ana\t'\t''", [["'Ana", "'", "''"]]),
    "empty lines": ("a\n\nb", [["a"], [""], ["b"]]),
    "quoted and empty": ('""\ta', [["", "a"]]),
}

STARTS, THEN, ENDS = ("a", "'", '"', "\n", *FORMULA_START), ("", *"=' -\"\r\n"), ("", *"x@'\"\t\n")
MANY = [[start + then + end for end in ENDS] for start in STARTS for then in THEN]
"""Every way in which these signs meet."""

IN_THE_PAGE = """async ({ tables, texts }) => {
    const { copied, pasted, shown } = await import("/assets/now/views/mending/edits.js");
    const columns = [..."01234567"];
    const rows = Array.from({ length: 200 }, (_, line) => ({ load: 1, line, cells: {} }));
    const corner = { top: 0, bottom: 0, left: 0, right: 0 };
    const copy = (table) => {
        const rejects = table.map((cells, line) => ({ load: 1, line, cells: { ...cells } }));
        const block = { ...corner, bottom: table.length - 1, right: table[0].length - 1 };
        return copied(new Map(), rejects, columns, block);
    };
    const paste = (text) => {
        const { edits } = pasted(new Map(), rows, columns, corner, text);
        return rows.filter(({ line }) => edits.has(`1:${line}`)).map((row) =>
            columns.filter((column) => edits.get(`1:${row.line}`).cells[column] !== undefined)
                .map((column) => shown(edits, row, column)));
    };
    const copies = tables.map(copy);
    return { copies, again: copies.map(paste), pastes: texts.map(paste) };
}"""


def in_a_spreadsheet(text: str) -> Table:
    return list(csv.reader(io.StringIO(text, newline=""), "excel-tab"))


def from_a_spreadsheet(table: Table) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, "excel-tab").writerows(table)
    return text.getvalue()


@needs_browser
async def test_cells_go_to_a_spreadsheet_inert_and_whole_and_come_back_as_they_were(app: FastAPI) -> None:
    tables = [*(table for table, _ in COPIED.values()), MANY]
    texts = [*(text for text, _ in PASTED.values()), from_a_spreadsheet(MANY), ""]
    async with surfing_app(app) as surf:
        page = await surf.open(await surf.context())
        found: dict[str, Any] = await page.evaluate(IN_THE_PAGE, {"tables": tables, "texts": texts})
    *copies, many = found["copies"]
    assert dict(zip(COPIED, copies, strict=True)) == {name: text for name, (_, text) in COPIED.items()}
    assert [cell for cells in in_a_spreadsheet(many) for cell in cells if runs(cell)] == []
    assert found["again"] == tables
    *pastes, by_others, nothing = found["pastes"]
    assert dict(zip(PASTED, pastes, strict=True)) == {name: table for name, (_, table) in PASTED.items()}
    assert by_others == [[without_ours(cell) for cell in cells] for cells in MANY]
    assert nothing == []


def runs(cell: str) -> bool:
    return cell.lstrip(" ").startswith(FORMULA_START)


def without_ours(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and runs(cell.lstrip("'")) else cell
