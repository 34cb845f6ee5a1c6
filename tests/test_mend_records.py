"""Rejected records of any shape are mended in the file's own columns, and told by the file's own lines."""

import random
from typing import Any

import asyncpg
import httpx
import load_reference
import pytest
from chance import times
from fault_service import seeded
from load_client import assert_indicators_are_exact, client_with, counts, load_file, rejects_of
from mending import HEADER, VISITS, ask, lines, mended, tracked
from test_load_property import INSERT_CUSTOMERS

from logistics_indicators.loads.kinds import KINDS, Kind

ODD = {
    "a field too few": ("5;Ana", {"email": "a@mail.com", "telefone": "1"}),
    "a field too many": ("5;Ana;Lima;a@mail.com;1", {"id": 5, "nome": "Ana", "email": "a@mail.com", "telefone": 1}),
    "an open quote": ('5;"Ana;a@mail.com;1', {"nome": "Ana"}),
    "an open quote at the end": ('5;Ana;a@mail.com;"1', {"telefone": "1"}),
    "a quote that goes on": ('5;"Ana" x;nobody;1', {"nome": "Ana", "email": "a@mail.com"}),
    "a control character": ("5;\x1bAna;a@mail.com;1", {"nome": "Ana"}),
    "a byte that is no text": ("5;\ufffd;a@mail.com;1", {"nome": "Ana"}),
    "a row that is too long": (
        f"5;{'x' * 70_000};a@mail.com;1",
        {"id": "5", "nome": "Ana", "email": "a@mail.com", "telefone": "1"},
    ),
    "blanks around": (" 5 ; Ana ; nobody ; 1 ", {"email": "a@mail.com"}),
    "nothing": ("5;;;", {"nome": "Ana", "email": "a@mail.com", "telefone": 1}),
    "a formula": ("=1+1;Ana;a@mail.com;1", {"id": 5}),
}


@pytest.mark.parametrize("name", ODD)
async def test_a_record_of_any_shape_can_be_mended(client: httpx.AsyncClient, name: str) -> None:
    row, cells = ODD[name]
    load = await load_file(client, "customers", f'{HEADER}90;Zoe;zoe@mail.com;\n{row}\nx;"O";o@mail.com;"\n')
    mend = await mended(client, load, {"edits": {"3": cells}})
    assert counts(mend) == (1, 1, 0, 0, 0), await rejects_of(client, mend["id"])
    answer = (await client.get("/v1/customers/5")).json()
    assert answer == {"id": 5, "nome": "Ana", "email": "a@mail.com", "telefone": "1"}


async def test_cells_that_are_not_named_stay_as_they_were_sent(client: httpx.AsyncClient) -> None:
    row = 'x;" Ana ""Bela""\n;Lima";a@mail.com;"1"'
    load = await load_file(client, "customers", f"{HEADER}{row}\n")
    mend = await mended(client, load, {"edits": {"2": {"telefone": '9;"9"'}}})
    assert await rejects_of(client, mend["id"]) == [(2, "id", "invalid_id", "x")]
    assert counts(await mended(client, load, {"edits": {"2": {"id": 1}}})) == (1, 1, 0, 0, 0)
    answer = (await client.get("/v1/customers/1")).json()
    assert (answer["nome"], answer["telefone"]) == ('Ana "Bela" ;Lima', '9;"9"')


async def test_a_cell_whose_quote_is_open_must_be_given(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", f'{HEADER}1;"Ana;nobody;1\n')
    refused = await ask(client, load, {"edits": {"2": {"email": "a@mail.com"}}})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"loc": ["body", "edits", 2], "msg": "the quote of nome is left open; say what nome is"}
    ]
    assert counts(await mended(client, load, {"edits": {"2": {"email": "a@mail.com", "nome": "Ana"}}}))[1] == 1


async def test_a_file_of_other_columns_is_mended_in_them(client: httpx.AsyncClient) -> None:
    text = 'Obs,"E-\nmail",Código,Nome,Fim\nàé,nobody,1,José,z\nx,b@mail.com,2,Bia\n'
    load = await load_file(client, "customers", text.encode("cp1252"))
    assert (load["encoding"], await lines(client, load)) == ("windows-1252", [3, 4])
    refused = await ask(client, load, {"edits": {"3": {"telefone": "1"}}})
    assert refused.status_code == 422
    mend = await mended(client, load, {"edits": {"3": {"email": "j@mail.com"}, "4": {}}})
    assert counts(mend) == (2, 2, 0, 0, 0)
    for name in ("columns", "ignored", "header", "delimiter", "filename"):
        assert mend[name] == load[name]
    assert (await client.get("/v1/customers/1")).json()["nome"] == "José"


async def test_rejects_that_were_sent_again_are_mended_too(client: httpx.AsyncClient) -> None:
    first = await load_file(client, "customers", HEADER + "1;Ana;nobody;\n1;Ana\n")
    file = (await client.get(f"/v1/loads/{first['id']}/rejects", params={"format": "csv"})).content
    load = await load_file(client, "customers", file)
    assert await lines(client, load) == [2, 3]
    mend = await mended(client, load, {"edits": {"2": {"email": "a@mail.com"}, "3": {"id": 3, "email": "b@mail.com"}}})
    assert counts(mend) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, mend["id"]) == [(3, "telefone", "missing_column", None)]
    assert counts(await mended(client, load, {"edits": {"3": {"telefone": None}}})) == (1, 1, 0, 0, 0)


async def test_a_mend_speaks_of_the_lines_of_the_file_however_it_is_cut(
    connection: asyncpg.Connection, database_url: str
) -> None:
    good = "".join(f"{n};N;n{n}@mail.com;\n" for n in range(100, 120))
    tall = "".join(f'{n};"N\nN\n";nobody{n};"1\n"\n' for n in range(1, 30))
    async with client_with(connection, database_url, load_chunk_bytes=64) as client:
        load = await load_file(client, "customers", HEADER + good + tall)
        bad = await lines(client, load)
        assert bad == list(range(22, 22 + 4 * 29, 4))
        edits = {str(line): {"email": f"m{line}@mail.com" if line % 3 else "x"} for line in bad}
        mend = await mended(client, load, {"edits": edits})
        failing = [line for line in bad if not line % 3]
        assert counts(mend) == (29, 29 - len(failing), 0, 0, len(failing))
        assert [line for line, *_ in await rejects_of(client, mend["id"])] == failing
        assert mend["rejects"] == [{"reason": "invalid_email", "rows": len(failing), "first_line": failing[0]}]
        assert await lines(client, load) == failing
        assert all(reject["value"] == "x" for reject in await tracked(client, load))


async def test_warnings_of_a_mend_name_the_lines_of_the_file(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
    good = "".join(f"{n};1;A;SP - X;2021-06-30;-\n" for n in range(1, 9))
    load = await load_file(client, "services", VISITS + good + "10;1;A;SP - X;?;-\n")
    mend = await mended(client, load, {"edits": {"10": {"data_limite": "1900-01-01"}}})
    assert counts(mend) == (1, 1, 0, 0, 0)
    assert any("in line 10" in warning for warning in mend["warnings"])


# -- against a model that reads row by row -----------------------------------------------------------------

ROUNDS = times(8, 100)
IDS = ["1", "2", "3", "7", "x", "", "0009"]
CHOICES: dict[str, dict[str, list[str]]] = {
    "customers": {
        "id": IDS,
        "nome": ["Ana", "", 'Zé "Bom"', "a;b", "x" * 201, "\u200b"],
        "email": ["u1@mail.com", "U1@mail.com", "u2@mail.com", "nobody", ""],
        "telefone": ["1", "", "-", "9" * 41],
    },
    "services": {
        "id": IDS,
        "id_cliente": ["1", "2", "3", "4", "99", "x"],
        "angel": ["Ana", "", "D'Ávila", "a;b", "A  na"],
        "polo": ["SP - X", "CE - Y", "", "x" * 201],
        "data_limite": ["2021-06-30", "A DEFINIR", "29/06/2021", "31/02/2021", ""],
        "data_de_atendimento": ["-", "", "29/06/2021 10:15:27", "2021-07-02T10:31:14", "?"],
    },
}


def written(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ';"\n') else cell


class Model:
    """The rows of a load's rejects as cells, by line, with the edits that they got; and what is stored."""

    def __init__(self, kind: str, stored: dict[int, tuple[Any, ...]]) -> None:
        self.kind, self.stored = kind, stored
        self.open: dict[int, dict[str, str]] = {}

    def load(self, rows: dict[int, dict[str, str]], update: bool) -> load_reference.Outcome:
        """What a load of these rows does; what it rejects is open, by line."""
        header = ";".join(CHOICES[self.kind]) + "\n"
        body = "".join(";".join(map(written, cells.values())) + "\n" for cells in rows.values())
        content = (header + body).encode()
        outcome = load_reference.load(self.kind, content, self.stored, {1, 2, 3, 4}, update, has_header=True)
        lines_of_file = dict(enumerate(rows, 2))
        outcome.rejects = [(lines_of_file[line], column, reason) for line, column, reason in outcome.rejects]
        self.stored = outcome.rows
        self.open |= rows
        rejected = {line for line, _, _ in outcome.rejects}
        self.open = {line: cells for line, cells in self.open.items() if line not in rows or line in rejected}
        return outcome


def random_row(chance: random.Random, kind: str) -> dict[str, str]:
    return {column: chance.choice(choices) for column, choices in CHOICES[kind].items()}


def random_edits(chance: random.Random, model: Model) -> dict[int, dict[str, str]]:
    chosen = sorted(chance.sample(sorted(model.open), chance.randint(1, len(model.open))))
    columns = list(CHOICES[model.kind])
    return {
        line: {name: random_row(chance, model.kind)[name] for name in columns if chance.random() < 0.4}
        for line in chosen
    }


async def stored_rows(connection: asyncpg.Connection, kind: str) -> dict[int, tuple[Any, ...]]:
    columns = ", ".join(CHOICES[kind])
    rows = await connection.fetch(f"SELECT {columns} FROM {KINDS[Kind(kind)].rows}")
    return {row[0]: tuple(row)[1:] for row in rows}


async def check(client: httpx.AsyncClient, report: dict[str, Any], outcome: load_reference.Outcome) -> None:
    expected = (outcome.read, outcome.inserted, outcome.updated, outcome.unchanged, len(outcome.rejects))
    assert counts(report) == expected
    assert expected[0] == sum(expected[1:])
    found = await rejects_of(client, report["id"])
    assert [(line, column, reason) for line, column, reason, _ in found] == outcome.rejects


@pytest.mark.parametrize("chunk_bytes", [64, 4_000_000])
@pytest.mark.parametrize("kind", ["customers", "services"])
async def test_mends_do_what_a_model_that_reads_row_by_row_does(
    connection: asyncpg.Connection, database_url: str, kind: str, chunk_bytes: int
) -> None:
    chance = seeded()
    if kind == "services":
        await connection.execute(INSERT_CUSTOMERS)

    model = Model(kind, {})
    async with client_with(connection, database_url, load_chunk_bytes=chunk_bytes) as client:
        rows = {line: random_row(chance, kind) for line in range(2, 60)}
        rows = {line: cells | {"id": cells["id"] or "x"} for line, cells in rows.items()}  # no blank row
        text = ";".join(CHOICES[kind]) + "\n"
        text += "".join(";".join(map(written, cells.values())) + "\n" for cells in rows.values())
        load = await load_file(client, kind, text)
        await check(client, load, model.load(rows, update=False))
        for _ in range(ROUNDS):
            edits = random_edits(chance, model)
            after = {line: model.open[line] | cells for line, cells in edits.items()}
            after = {line: cells for line, cells in after.items() if any(cells.values())}
            if not after:
                continue
            update = chance.random() < 0.5
            body = {"edits": {str(line): edits[line] for line in after}}
            mend = await mended(client, load, body, on_conflict="update" if update else "reject")
            await check(client, mend, model.load(after, update))
            assert await lines(client, load) == sorted(model.open)
        assert await stored_rows(connection, kind) == model.stored
        await assert_indicators_are_exact(client, connection)
