"""Presets: kept by admins, chosen by name, judged as a batch route judges its query."""

import json
from typing import Any

import asyncpg
import httpx
import polars as pl
import pytest
from conftest import ClientAs
from load_client import counts, finished, load_file, send
from test_load_named_forms import by_polars
from tus import append, create, created, load_id_of
from workbooks import by_openpyxl

FILE = "Nome|Número|Endereço\n".replace("|", "\t") + "Íris\t1\ti@mail.com\nRui\t2\tr@mail.com\n"
OPTIONS = {
    "delimiter": "tab", "encoding": "cp850", "columns": "id:Número,email:Endereço", "on_conflict": "update",
}  # fmt: skip


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    return await client_as("admin")


async def keep(admin: httpx.AsyncClient, name: str = "matriz", **body: Any) -> httpx.Response:
    return await admin.put(f"/v1/presets/{name}", json={"kind": "customers"} | body)


async def test_a_file_is_read_as_the_preset_says_and_the_load_names_it(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert (await send(client, "customers", FILE.encode("cp850"))).status_code == 422
    assert (await keep(admin, **OPTIONS)).status_code == 200
    load = await load_file(client, "customers", FILE.encode("cp850"), preset="matriz")
    assert (load["preset"], load["encoding"], load["delimiter"], load["on_conflict"]) == (
        "matriz", "cp850", "\t", "update",
    )  # fmt: skip
    assert load["columns"] == {"nome": "Nome", "id": "Número", "email": "Endereço"}
    assert counts(load) == (2, 2, 0, 0, 0)
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Íris"
    assert (await load_file(client, "customers", "id;nome;email\n1;Íris;i@mail.com\n"))["preset"] is None


async def test_what_the_sender_asks_goes_before_what_the_preset_says(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **OPTIONS)
    await load_file(client, "customers", FILE.encode("cp850"), preset="matriz")
    changed = FILE.replace("Íris", "Ísis")
    load = await load_file(
        client, "customers", changed.encode(), preset="matriz", on_conflict="reject", encoding="utf8"
    )
    assert counts(load) == (2, 0, 0, 1, 1)
    load = await load_file(client, "customers", changed.encode("cp850"), preset="matriz")
    assert counts(load) == (2, 0, 1, 1, 0)


NAMES = ["Nome", "Número", "Endereço"]
ROW = ["Íris", 1, "i@mail.com"]
OTHER_FORMS = {
    "xlsx": by_openpyxl([NAMES, ROW]),
    "ndjson": (json.dumps(dict(zip(NAMES, ROW, strict=True))) + "\n").encode(),
    "parquet": by_polars(pl.DataFrame([ROW], schema=NAMES, orient="row")),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
async def test_delimiter_and_encoding_of_a_preset_are_for_csv_and_other_forms_are_read_without(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, form: str
) -> None:
    await keep(admin, **OPTIONS)
    load = await load_file(client, "customers", OTHER_FORMS[form], preset="matriz")
    assert (load["format"], load["preset"], load["on_conflict"]) == (form, "matriz", "update")
    assert counts(load) == (1, 1, 0, 0, 0)
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Íris"
    address = await created(client, len(OTHER_FORMS[form]), preset="matriz")
    again = await finished(client, load_id_of(await append(client, address, 0, OTHER_FORMS[form])))
    assert counts(again) == (1, 0, 0, 1, 0)
    for asked in ({"delimiter": "tab"}, {"encoding": "cp850"}):
        refused = await send(client, "customers", OTHER_FORMS[form], preset="matriz", **asked)
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["query", *asked])


async def test_objects_of_json_are_read_by_a_preset_of_csv_too(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, delimiter="tab", encoding="cp850", on_conflict="update")
    for name in ("Íris", "Ísis"):
        row = {"id": 1, "nome": name, "email": "i@mail.com", "telefone": None}
        answer = await client.post("/v1/customers/batch?preset=matriz", json=[row])
        assert (answer.status_code, answer.json()["load"]["rows_rejected"]) == (200, 0), answer.text
    assert (await client.get("/v1/customers/1")).json()["nome"] == "Ísis"


async def test_a_resumable_upload_takes_a_preset_as_it_was_when_it_began(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **OPTIONS)
    content = FILE.encode("cp850")
    address = await created(client, len(content), preset="matriz")
    assert (await admin.delete("/v1/presets/matriz")).status_code == 204
    load = await finished(client, load_id_of(await append(client, address, 0, content)))
    assert (load["preset"], counts(load)) == ("matriz", (2, 2, 0, 0, 0))
    refused = await create(client, 10, preset="matriz")
    assert refused.json()["errors"][0]["loc"] == ["header", "Upload-Metadata", "preset"]


async def test_a_preset_that_there_is_not_or_of_another_kind_is_422(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, kind="services")
    for name in ("matriz", "filial"):
        answer = await send(client, "customers", "1;Ana;a@mail.com;\n", preset=name)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["query", "preset"]
    assert (await client.get("/v1/loads")).json()["loads"] == []


@pytest.mark.parametrize(
    ("body", "msg"),
    [
        ({"columns": "anjo:Agente"}, "unknown column anjo"),
        ({"columns": "id:Código,id:Número"}, "is mapped twice"),
        ({"columns": "id:Código", "header": "none"}, "which header=none says is not there"),
        ({"delimiter": "|"}, "Input should be"),
        ({"encoding": "ebcdic"}, "Input should be"),
        ({"kind": "polos"}, "Input should be"),
        ({"colums": "id:Código"}, "unknown field; there are: columns"),
    ],
)
async def test_a_preset_that_no_file_could_be_read_by_is_not_kept(
    admin: httpx.AsyncClient, body: dict[str, str], msg: str
) -> None:
    answer = await keep(admin, **body)
    assert answer.status_code == 422
    assert msg in answer.json()["errors"][0]["msg"]
    assert (await admin.get("/v1/presets")).json() == {"presets": []}


async def test_presets_are_kept_changed_and_taken_away_by_admins_and_seen_by_all(
    client_as: ClientAs, admin: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    viewer = await client_as("viewer")
    for name, body in (("b", OPTIONS), ("a", {}), ("a", {"encoding": "latin1"})):
        assert (await keep(admin, name, **body)).status_code == 200
    presets = (await viewer.get("/v1/presets")).json()["presets"]
    assert [(preset["name"], preset["encoding"]) for preset in presets] == [("a", "iso-8859-1"), ("b", "cp850")]
    assert (await viewer.get("/v1/presets/b")).json() == presets[1]
    assert presets[1].items() >= OPTIONS.items()
    for method in ("PUT", "DELETE"):
        refused = await viewer.request(method, "/v1/presets/a", json={"kind": "customers"})
        assert refused.status_code == 403
    assert (await admin.delete("/v1/presets/a")).status_code == 204
    assert (await viewer.get("/v1/presets/a")).status_code == 404
    assert (await admin.delete("/v1/presets/a")).status_code == 404
    found = await connection.fetch("SELECT action, detail FROM audit_log WHERE action LIKE 'preset%' ORDER BY id")
    told = [(row["action"], row["detail"]["name"]) for row in found]
    assert told == [("preset_kept", "b"), ("preset_kept", "a"), ("preset_kept", "a"), ("preset_deleted", "a")]


# -- chosen by the header ----------------------------------------------------------------------------------

HEADER = ["Nome", "Número", "Endereço"]
MADE_FOR: dict[str, Any] = OPTIONS | {"for_header": HEADER}


async def read_by(client: httpx.AsyncClient, content: str | bytes, **query: str) -> tuple[str | None, str]:
    """(the preset, what becomes of a stored id): of a load of customers."""
    load = await load_file(client, "customers", content, **query)
    return load["preset"], load["on_conflict"]


async def test_a_file_with_exactly_its_header_is_read_by_a_preset_that_nobody_named(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    kept = await keep(admin, **MADE_FOR)
    assert (kept.status_code, kept.json()["for_header"]) == (200, HEADER)
    content = FILE.encode("cp850")
    load = await load_file(client, "customers", content)
    assert (load["preset"], load["encoding"], load["on_conflict"]) == ("matriz", "cp850", "update")
    assert counts(load) == (2, 2, 0, 0, 0)
    changed = await load_file(client, "customers", content.replace(b"Rui", b"Raul"))
    assert counts(changed) == (2, 0, 1, 1, 0)
    assert (await client.get("/v1/customers/2")).json()["nome"] == "Raul"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Nome;Id;Email\nRui;2;r@mail.com\n", "other names"),
        ("Nome;Email;Id\nRui;r@mail.com;2\n", "another order"),
        ("Nome;Id;Email;Obs\nRui;2;r@mail.com;x\n", "a column more"),
        ("NOME;Id;E-mail\nRui;2;r@mail.com\n", "another case"),
        ("2;Rui;r@mail.com;\n", "no header"),
    ],
)
async def test_a_file_with_another_header_is_not(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, content: str, why: str
) -> None:
    await keep(admin, on_conflict="update", for_header=["Nome", "Id", "E-mail"])
    assert await read_by(client, content) == (None, "reject"), why
    assert await read_by(client, "Nome;Id;E-mail\nRui;2;r@mail.com\n") == ("matriz", "update")


async def test_what_the_sender_asks_goes_first_and_none_asks_for_no_preset(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    header = ["Nome", "Id", "E-mail"]
    await keep(admin, on_conflict="update", for_header=header)
    await keep(admin, "filial", on_conflict="reject", encoding="cp850")
    content = "Nome;Id;E-mail\nÍris;2;r@mail.com\n"
    assert await read_by(client, content, on_conflict="reject") == ("matriz", "reject")
    assert await read_by(client, content, preset="none") == (None, "reject")
    assert await read_by(client, content.encode("cp850"), preset="filial") == ("filial", "reject")
    assert (await keep(admin, "none")).status_code == 422


async def test_titles_before_a_header_and_our_columns_in_a_file_of_rejects_do_not_hide_it(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **MADE_FOR)
    body = FILE.replace("r@mail.com", "nobody")
    load = await load_file(client, "customers", ("Clientes da matriz\n" + body).encode("cp850"))
    assert (load["preset"], counts(load)) == ("matriz", (2, 1, 0, 0, 1))
    rejects = (await client.get(f"/v1/loads/{load['id']}/rejects?format=csv")).text
    mended = await load_file(client, "customers", rejects.replace("nobody", "r@mail.com"))
    assert (mended["preset"], mended["encoding"], counts(mended)) == ("matriz", "utf-8", (1, 1, 0, 0, 0))


async def test_a_workbook_is_known_by_its_header_and_has_no_encoding(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **MADE_FOR)
    content = by_openpyxl([HEADER, ["Íris", 1, "i@mail.com"]])
    load = await load_file(client, "customers", content)
    assert (load["format"], load["preset"], load["on_conflict"]) == ("xlsx", "matriz", "update")
    assert counts(load) == (1, 1, 0, 0, 0)


async def test_a_resumable_upload_and_a_key_that_is_used_again_know_it_too(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **MADE_FOR)
    content = FILE.encode("cp850")
    address = await created(client, len(content))
    load = await finished(client, load_id_of(await append(client, address, 0, content)))
    assert (load["preset"], counts(load)) == ("matriz", (2, 2, 0, 0, 0))
    for preset, name in (("none", None), ("matriz", "matriz")):
        address = await created(client, len(content), preset=preset, columns=OPTIONS["columns"], encoding="cp850")
        assert (await finished(client, load_id_of(await append(client, address, 0, content))))["preset"] == name
    headers = {"Idempotency-Key": "one", "Content-Type": "text/csv"}
    answers = [await client.post("/v1/customers/batch", content=content, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["load"]["id"] == answers[1].json()["load"]["id"]


async def test_no_two_presets_of_a_kind_are_for_one_header(admin: httpx.AsyncClient) -> None:
    assert (await keep(admin, **MADE_FOR)).status_code == 200
    assert (await keep(admin, **MADE_FOR)).status_code == 200
    refused = await keep(admin, "filial", columns=OPTIONS["columns"], for_header=["Nome ", "Número", "Endereço"])
    assert (refused.status_code, "matriz" in refused.json()["detail"]) == (409, True)
    assert (await keep(admin, "filial", for_header=["Nome", "Id", "E-mail"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "msg"),
    [
        ({"for_header": ["Nome", "Número", "Endereço"]}, "No header with the columns"),
        ({"for_header": ["id", "nome", "email"], "header": "none"}, "header=none says otherwise"),
        ({"for_header": ["1", "Ana", "ana@mail.com", "1"]}, "is no header"),
        ({"for_header": []}, "at least 1 item"),
    ],
)
async def test_a_header_that_the_preset_could_not_read_is_not_kept(
    admin: httpx.AsyncClient, body: dict[str, Any], msg: str
) -> None:
    answer = await keep(admin, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "for_header"]
    assert msg in answer.json()["errors"][0]["msg"]


async def test_a_header_that_two_presets_read_in_two_encodings_is_asked_about(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    columns = "id:Número,email:Endereço"
    await keep(admin, "um", encoding="cp850", columns=columns, for_header=HEADER)
    as_windows = [name.encode("cp850").decode("cp1252") for name in HEADER]
    read_so = f"id:{as_windows[1]},email:{as_windows[2]}"
    await keep(admin, "dois", encoding="cp1252", columns=read_so, for_header=as_windows)
    answer = await send(client, "customers", FILE.encode("cp850"))
    assert answer.status_code == 422
    assert "dois, um" in answer.json()["errors"][0]["msg"]
    assert await read_by(client, FILE.encode("cp850"), preset="um") == ("um", "reject")


async def test_columns_of_a_preset_are_for_files_and_a_batch_has_our_names(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await keep(admin, **OPTIONS)
    row = {"id": 1, "nome": "Bia", "email": "b@mail.com"}
    answer = await client.post("/v1/customers/batch", json=[row], params={"preset": "matriz"})
    assert answer.status_code in (200, 202), answer.text
    load = await finished(client, answer.json()["load"]["id"])
    assert (load["preset"], counts(load)) == ("matriz", (1, 1, 0, 0, 0))
    asked = await client.post("/v1/customers/batch", json=[row], params={"columns": "nome:Nome"})
    assert asked.json()["errors"][0]["loc"] == ["query", "columns"]
