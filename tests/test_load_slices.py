"""A chunk is parsed some megabytes at a time, and its odd rows some thousands: nobody can tell where one ends."""

import random

import pytest

from logistics_indicators.loads.formats import FileFormat, Layout
from logistics_indicators.loads.kinds import COLUMNS, Kind
from logistics_indicators.loads.parsing import chunk
from logistics_indicators.loads.parsing.chunk import parse_chunk

PIECES = {
    Kind.services: [
        "{n};5;Ana;SP - SANTOS;2021-05-03;2021-05-03 10:00:00",
        "{n};5;Ana  Bela ;SP - SANTOS;03/05/2021;-",
        "{n};5;Eva;SP -  SANTOS;2021-05-03;2021-05-04T09:15",
        "{n};5;Eva;SP - SANTOS;13/05/21;05/13/21",
        "{n};x;Eva;SP - SANTOS;3/5/21;4/5/21 9:15",
        "{n};5;Eva;SP - SANTOS",
        "{n};5;Eva;SP - SANTOS;2021-05-03;;x",
        "{n};5;Jos\u00e9;;2021-05-03;",
        "",
        " ; ; ; ; ; ",
    ],
    Kind.customers: [
        "{n};Ana;a{n}@mail.com;",
        "{n};Ana  Bela;a{n}@mail.com;123",
        "{n};;a{n}@mail.com;",
        "{n};Jos\u00e9;nobody;",
        "{n};Eva",
        "",
        "{n};Eva;e{n}@mail.com;1;2",
    ],
}
QUOTED = '{n};"Rui;\nx";r{n}@mail.com;'


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("quoted", [False, True])
def test_a_chunk_is_the_same_in_however_many_slices(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, seed: int, quoted: bool
) -> None:
    chance = random.Random(seed)
    pieces = PIECES[kind] + [QUOTED] * quoted
    lines = [chance.choice(pieces).format(n=n) for n in range(1, 80)]
    body = "\n".join([";".join(COLUMNS[kind]), *lines, ""]).encode()
    fmt = FileFormat(kind, Layout(";", tuple(COLUMNS[kind]), has_header=True), "utf-8")
    whole = parse_chunk(body, 7, True, fmt)
    monkeypatch.setattr(chunk, "SLICE_BYTES", 300)
    monkeypatch.setattr(chunk, "ODD_AT_A_TIME", 5)
    sliced = parse_chunk(body, 7, True, fmt)
    assert sliced.rows.equals(whole.rows)
    assert sliced.rejects.equals(whole.rejects)
    assert sliced.texts_of(sliced.rows).equals(whole.texts_of(whole.rows))
    assert all(
        row.startswith(f"{n};") for row, n in zip(sliced.texts_of(sliced.rows)["row"], sliced.rows["id"], strict=True)
    )
    for name in ("rows_read", "layout", "ledger", "spellings", "notes", "first_row"):
        assert getattr(sliced, name) == getattr(whole, name), name
    assert whole.rows.height > 10
    assert whole.rejects.height > 10
