"""An Excel workbook is loaded as its table would be as CSV: its dates and ids, its rows' numbers, its rejects."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest
from load_client import Report, counts, empty_tables, finished, load_file, rejects_of, send
from openpyxl.styles import numbers
from workbooks import Rows, by_openpyxl, by_xlsxwriter, packed, parts, row_of, saved

CUSTOMERS: list[list[Any]] = [
    ["id", "nome", "email", "telefone"],
    [1, 'José "Zé"; Conceição', "jose@mail.com", 11987654321],
    [2.0, "Íris\nde Sá", "iris@mail.com", None],
    ["0003", "  Zoë  & Cia <x>", "zoe@mail.com", "+55 11"],
]
VISITS: list[list[Any]] = [
    ["id_atendimento", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"],
    [10, 1, "Ana", "SP - CAMPINAS", date(2021, 6, 30), datetime(2021, 6, 29, 10, 15, 27)],
    [11, 2, "Bia", "RS - X", date(1900, 2, 28), datetime(2021, 12, 31, 23, 59, 59)],
    [12, 3, "Ana", "RS - X", date(2024, 2, 29), None],
    [13, 3, "Ana", "RS - X", date(2024, 2, 29), "-"],
    [14, 3, "Ana", "RS - X", "29/02/2024", "2024-02-28 09:28"],
]
CSV = {
    "customers": 'id;nome;email;telefone\n1;"José ""Zé""; Conceição";jose@mail.com;11987654321\n'
    "2;Íris de Sá;iris@mail.com;\n0003;Zoë  & Cia <x>;zoe@mail.com;+55 11\n",
    "services": "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"
    "10;1;Ana;SP - CAMPINAS;30/06/2021;29/06/2021 10:15:27\n11;2;Bia;RS - X;28/02/1900;31/12/2021 23:59:59\n"
    "12;3;Ana;RS - X;29/02/2024;\n13;3;Ana;RS - X;29/02/2024;-\n14;3;Ana;RS - X;29/02/2024;28/02/2024 09:28\n",
}
WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "openpyxl": by_openpyxl,
    "openpyxl, row by row": lambda rows: by_openpyxl(rows, in_passing=True),
    "xlsxwriter": by_xlsxwriter,
    "xlsxwriter, row by row": lambda rows: by_xlsxwriter(rows, in_passing=True),
    "xlsxwriter, days since 1904": lambda rows: by_xlsxwriter(rows, since_1904=True),
}


async def everything(connection: asyncpg.Connection) -> list[list[tuple[Any, ...]]]:
    names = "id, nome, email, telefone", "id, id_cliente, angel, polo, data_limite, data_de_atendimento"
    tables = zip(names, ("customers", "visits"), strict=True)
    return [[tuple(r) for r in await connection.fetch(f"SELECT {c} FROM {t} ORDER BY id")] for c, t in tables]


@pytest.mark.parametrize("writer", WRITERS)
async def test_the_same_rows_as_csv_and_as_workbook_give_the_same_load(
    client: httpx.AsyncClient, connection: asyncpg.Connection, writer: str
) -> None:
    as_csv = [await load_file(client, kind, CSV[kind]) for kind in ("customers", "services")]
    wanted = await everything(connection)
    assert (len(wanted[0]), len(wanted[1])) == (3, 5)
    await empty_tables(connection)
    since_1904 = "1904" in writer  # where 1900 is no number
    visits = [row if not since_1904 or row[0] != 11 else [*row[:4], "28/02/1900", row[5]] for row in VISITS]
    as_workbook = [
        await load_file(client, "customers", WRITERS[writer](CUSTOMERS)),
        await load_file(client, "services", WRITERS[writer](visits)),
    ]
    assert await everything(connection) == wanted
    for one, other in zip(as_csv, as_workbook, strict=True):
        assert counts(one) == counts(other)
        assert one["columns"].keys() == other["columns"].keys()
        assert (other["format"], other["sheet"], other["warnings"]) == ("xlsx", other["sheet"], one["warnings"])


async def test_a_workbook_s_size_and_hash_are_its_own(client: httpx.AsyncClient) -> None:
    content = by_xlsxwriter(CUSTOMERS)
    load = await load_file(client, "customers", content)
    assert (load["bytes"], len(load["sha256"])) == (len(content), 64)
    again = await load_file(client, "customers", content)
    assert (counts(again), again["sha256"]) == ((3, 0, 0, 3, 0), load["sha256"])


async def test_a_number_is_a_date_only_where_its_cell_is_formatted_as_one(client: httpx.AsyncClient) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"])
    formats = {
        2: ("General", 44377.427, True),
        3: ("0.00", 44377, True),
        4: ("[h]:mm", 44377.5, True),
        5: ('"dia" 0', 44377, True),
        6: ("dd/mm/yyyy", 60, True),  # 29 February 1900
        7: ("dd/mm/yyyy", -1, True),
        8: ("dd/mm/yyyy", 0.5, True),
        9: ("dd/mm/yyyy", 44377, False),
        10: ("[$-416]d\\ \\d\\e\\ mmmm\\ \\d\\e\\ yyyy;@", 44377, False),
        11: (numbers.FORMAT_DATE_DATETIME, 44377.427, False),
        12: ("[$-F400]h:mm:ss AM/PM", 44377.427, False),
        13: ("yyyy-mm-dd;[Red]0", 44377, False),
    }
    for number, (code, value, _) in formats.items():
        sheet.append([number, 1, "Ana", "SP", "30/06/2021", value])
        sheet.cell(number, 6).number_format = code
    await load_file(client, "customers", "1;Ana;a@mail.com;\n")
    load = await load_file(client, "services", saved(book))
    rejected = [line for line, _, _, _ in await rejects_of(client, load["id"])]
    assert rejected == [number for number, (_, _, is_rejected) in formats.items() if is_rejected]
    assert load["rejects"] == [{"reason": "invalid_date", "rows": 7, "first_line": 2}]
    moments = {(await client.get(f"/v1/services/{number}")).json()["data_de_atendimento"] for number in (9, 10, 11)}
    assert moments == {"2021-06-30T00:00:00", "2021-06-30T10:14:52"}


async def test_every_second_of_a_day_comes_back_from_its_fraction(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    moments = [datetime(2021, 6, 30, n // 3600, n // 60 % 60, n % 60) for n in range(1, 86_400, 7)]
    rows = [[n, 1, "Ana", "SP", date(2021, 6, 30), moment] for n, moment in enumerate(moments, 1)]
    await load_file(client, "customers", "1;Ana;a@mail.com;\n")
    load = await load_file(client, "services", by_xlsxwriter([VISITS[0], *rows]))
    assert load["rows_inserted"] == len(moments)
    stored = await connection.fetch("SELECT data_de_atendimento FROM services ORDER BY id")
    assert [row[0] for row in stored] == moments


async def test_titles_that_are_merged_over_the_table_and_empty_rows_are_passed_over(client: httpx.AsyncClient) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"] = "Relatório de clientes", date(2021, 6, 30)
    sheet.merge_cells("A1:D1")
    for column, name in enumerate(("Código", "Razão Social", "E-mail", "Telefone"), 1):
        sheet.cell(5, column, name)
    customers: dict[int, tuple[Any, ...]] = {
        6: (1, "Ana", "a@mail.com"),
        9: ("x", "Bia", "b@mail.com"),
        12: (3, "Rui", "r@mail.com"),
    }
    for row, customer in customers.items():
        for column, value in enumerate(customer, 1):
            sheet.cell(row, column, value)
    load = await load_file(client, "customers", saved(book))
    assert counts(load) == (3, 2, 0, 0, 1)
    assert load["columns"]["nome"] == "Razão Social"
    assert await rejects_of(client, load["id"]) == [(9, "id", "invalid_id", "x")]


async def test_the_line_of_a_reject_is_its_row_and_the_rejects_file_is_csv_in_the_sheet_s_columns(
    client: httpx.AsyncClient,
) -> None:
    rows: list[list[Any]] = [
        ["Obs", "Código", "Nome", "E-mail"],
        ["duas\nlinhas\r\nou três", 1, "Ana", "a@mail.com"],
        ['diz "sim"; e não', "x2", "Bia; filha\nda Ana", "b@mail.com"],
        [None, 3, "Rui", "nobody"],
        ["fim", 4, "Zoë", "z@mail.com", "além da tabela"],
    ]
    for writer in (by_openpyxl, by_xlsxwriter):
        load = await load_file(client, "customers", writer(rows))
        assert load["ignored"] == ["Obs", "column 5"]
        assert [reject[0] for reject in await rejects_of(client, load["id"])] == [3, 4]
        file = (await client.get(f"/v1/loads/{load['id']}/rejects?format=csv")).content
        assert file.decode("utf-8-sig").splitlines() == [
            "line;column;reason;Obs;Código;Nome;E-mail;",
            '3;id;invalid_id;"diz ""sim""; e não";x2;"Bia; filha da Ana";b@mail.com;',
            "4;email;invalid_email;;3;Rui;nobody;",
        ]
        again = await load_file(client, "customers", file)
        assert (await client.get(f"/v1/loads/{again['id']}/rejects?format=csv")).content == file
        mended = await load_file(client, "customers", file.replace(b"x2", b"2").replace(b"nobody", b"r@mail.com"))
        assert (mended["rows_rejected"], mended["status"]) == (0, "completed")


async def test_a_cell_far_beyond_the_table_costs_its_row_alone(client: httpx.AsyncClient) -> None:
    rows = [row_of(1, "id", "nome", "email")]
    rows += [row_of(n, n, f"Ana {n}", f"a{n}@mail.com") for n in range(2, 1500)]
    rows[1400] = rows[1400].replace("</row>", '<c r="XFD1401"><v>1</v></c></row>')
    load = await load_file(client, "customers", packed(parts("".join(rows))))
    assert counts(load) == (1498, 1497, 0, 0, 1)
    assert load["rejects"] == [{"reason": "extra_column", "rows": 1, "first_line": 1401}]


def book_of_sheets() -> bytes:
    book = openpyxl.Workbook()
    hidden, first, second = book.active, book.create_sheet("Março"), book.create_sheet("Abril")
    assert hidden is not None
    hidden.title, hidden.sheet_state = "Parâmetros", "hidden"
    book.create_chartsheet("Gráfico", 0)
    book.active = 2
    for number, sheet in enumerate((hidden, first, second), 1):
        for row in (["id", "nome", "email"], [number, sheet.title, f"a{number}@mail.com"]):
            sheet.append(row)
    return saved(book)


@pytest.mark.parametrize(
    ("asked", "read"), [(None, "Março"), ("Abril", "Abril"), ("ABRIL", "Abril"), ("Parâmetros", "Parâmetros")]
)
async def test_the_first_sheet_that_is_visible_is_read_or_the_one_that_is_named(
    client: httpx.AsyncClient, connection: asyncpg.Connection, asked: str | None, read: str
) -> None:
    load = await load_file(client, "customers", book_of_sheets(), **({"sheet": asked} if asked else {}))
    assert (load["sheet"], await connection.fetchval("SELECT nome FROM customers")) == (read, read)
    others = {"Março", "Abril"} - {read}
    (warning,) = load["warnings"]
    assert all(name in warning for name in others)


async def test_a_sheet_that_is_not_there_is_told_with_those_that_are(client: httpx.AsyncClient) -> None:
    answer = await send(client, "customers", book_of_sheets(), sheet="Maio")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", "sheet"]
    assert "Parâmetros, Março, Abril" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("id;nome;email\n1;Ana;a@mail.com\n", {"sheet": "Plan1"}),
        (by_openpyxl(CUSTOMERS), {"delimiter": ";"}),
        (by_openpyxl(CUSTOMERS), {"encoding": "utf-8"}),
    ],
)
async def test_what_the_form_of_the_file_does_not_have_cannot_be_asked(
    client: httpx.AsyncClient, content: bytes | str, query: dict[str, str]
) -> None:
    answer = await send(client, "customers", content, **query)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", next(iter(query))])


async def test_the_key_of_a_workbook_stands_for_its_sheet_too(client: httpx.AsyncClient) -> None:
    content = book_of_sheets()

    async def again(**query: str) -> httpx.Response:
        return await client.post(
            "/v1/customers/batch",
            files={"file": ("c.xlsx", content, "application/octet-stream")},
            params=query,
            headers={"Idempotency-Key": "k"},
        )

    first = await again()
    assert (await again()).json()["load"]["id"] == (await again(sheet="Março")).json()["load"]["id"]
    assert (first.status_code, (await again(sheet="Abril")).status_code) == (202, 422)


async def test_a_workbook_is_taken_as_the_bare_body_and_by_any_name(client: httpx.AsyncClient) -> None:
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    content = by_openpyxl(CUSTOMERS)
    answer = await client.post("/v1/customers/batch", content=content, headers={"Content-Type": media_type})
    assert (await finished(client, answer.json()["load"]["id"]))["rows_inserted"] == 3
    named = await client.post("/v1/customers/batch", files={"file": ("clientes.csv", content, "text/csv")})
    assert (await finished(client, named.json()["load"]["id"]))["rows_unchanged"] == 3


ODD_TEXTS = (
    "<si><t>id</t></si><si><t>nome</t></si><si><t>email</t></si>"
    '<si><r><t>An</t></r><r><rPr><b/></rPr><t xml:space="preserve">a </t></r><r><t>Sá</t></r>'
    '<rPh sb="0" eb="1"><t>not this</t></rPh></si>'
    "<si><t>duas_x000D_&#10;linhas _x005F_x0041_</t></si>"
)
ODD_ROWS = (
    '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    '<row r="3" hidden="1"><c r="A3" s="0"><f>1+0</f><v> 1.0 </v></c><c r="B3" t="s"><v>3</v></c>'
    '<c r="C3" t="str"><f>"a"&amp;"@mail.com"</f><v>a@mail.com</v></c></row>\n'
    '<row r="4">\n <c r="A4"><v>2E0</v></c>\n <c r="B4" t="s"><v>4</v></c>\n <c r="C4" t="inlineStr"><is>'
    "<r><t>b@</t></r>\n<r><t>mail.com</t></r></is></c>\n</row>"
    '<row r="5"><c r="A5"><v>3</v></c><c r="B5" t="b"><v>1</v></c><c r="C5" t="str"><v>c@mail.com</v></c></row>'
    '<row r="6"><c r="A6"><v>4</v></c><c r="B6" t="e"><v>#N/A</v></c><c r="C6" t="str"><v>d@mail.com</v></c></row>'
)
EMAIL = '<c t="str"><v>x@mail.com</v></c>'


@pytest.mark.parametrize("prefix", ["", "x:"])
async def test_what_other_programs_write_is_read(
    client: httpx.AsyncClient, connection: asyncpg.Connection, prefix: str
) -> None:
    files = parts(ODD_ROWS, ODD_TEXTS)
    if prefix:
        for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"):
            text = (
                files[name].replace("xmlns=", "xmlns:x=").replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
            )
            files[name] = text
    load = await load_file(client, "customers", packed(files))
    assert counts(load) == (4, 3, 0, 0, 1)
    assert await rejects_of(client, load["id"]) == [(6, "nome", "empty_field", "#N/A")]
    stored = [tuple(row) for row in await connection.fetch("SELECT id, nome, email FROM customers ORDER BY id")]
    assert stored == [(1, "Ana Sá", "a@mail.com"), (2, "duas linhas _x0041_", "b@mail.com"), (3, "TRUE", "c@mail.com")]


@pytest.mark.parametrize("ref", ["1:3", "$A$1:$C$3", "", "A1", "A:C", "A1:ZZZZ9", "nonsense"])
async def test_a_range_that_says_nothing_of_the_sheet_does_no_harm(client: httpx.AsyncClient, ref: str) -> None:
    files = parts(ODD_ROWS, ODD_TEXTS)
    name = "xl/worksheets/sheet1.xml"
    files[name] = files[name].replace("<sheetData>", f'<dimension ref="{ref}"/><sheetData>')
    assert counts(await load_file(client, "customers", packed(files))) == (4, 3, 0, 0, 1)


async def test_odd_cells_are_what_they_show(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    """How a text is spoken does not show; a number that is none is a text; texts of nothing make no further column."""
    spoken = '<c t="inlineStr"><is><r><t>京</t></r><rPh sb="0" eb="1"><t>きょう</t></rPh><r><t>子</t></r></is></c>'
    endless = '<c s="1"><v>1E999</v></c>'
    no_number = "<c><v>1-2</v></c>"
    nothing = '<c t="s"><v>5</v></c>' * 2
    names = (spoken, endless, no_number)
    rows = [
        f"<row><c><v>{n}</v></c>{name}{EMAIL.replace('x@', f'x{n}@')}{nothing}</row>" for n, name in enumerate(names, 1)
    ]
    content = packed(parts(ODD_ROWS.split("<row r")[0] + "".join(rows), ODD_TEXTS + "<si><t/></si>"))
    assert counts(await load_file(client, "customers", content)) == (3, 3, 0, 0, 0)
    stored = await connection.fetch("SELECT nome FROM customers ORDER BY id")
    assert [nome for (nome,) in stored] == ["京子", "1E999", "1-2"]


async def test_a_cell_of_the_type_error_has_no_value_whatever_the_error_is_called(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    errors = ["#GETTING_DATA", "#FIELD!", "#CAMPO!", "#PYTHON!", "#new!", "Ana", "-"]
    rows = [f'<row><c><v>{n}</v></c><c t="e"><v>{error}</v></c>{EMAIL}</row>' for n, error in enumerate(errors, 1)]
    load = await load_file(client, "customers", packed(parts(ODD_ROWS.split("<row r")[0] + "".join(rows), ODD_TEXTS)))
    assert [reject[1:] for reject in await rejects_of(client, load["id"])] == [
        ("nome", "empty_field", error if error[-1] in "A!" and error.isupper() else "#VALUE!") for error in errors
    ]
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0


async def test_a_workbook_that_the_service_exports_is_loaded_again_unchanged(client: httpx.AsyncClient) -> None:
    for kind in ("customers", "services"):
        await load_file(client, kind, CSV[kind])
    for kind, rows in (("customers", 3), ("services", 5)):
        exported = await client.get(f"/v1/{kind}", params={"format": "xlsx"})
        load: Report = await load_file(client, kind, exported.content)
        assert counts(load) == (rows, 0, 0, rows, 0)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not there")
async def test_a_workbook_of_libreoffice_is_read(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(CSV["customers"])
    command = ["soffice", "--headless", "--convert-to", "xlsx", "--infilter=CSV:59,34,76", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "c.csv")], check=True, timeout=120)
    load = await load_file(client, "customers", tmp_path / "c.xlsx")
    assert counts(load) == (3, 3, 0, 0, 0)
