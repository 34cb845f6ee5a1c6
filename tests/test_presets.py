"""Presets: kept by admins, chosen by name, judged as a batch route judges its query."""

from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import counts, finished, load_file, send
from tus import append, create, created, load_id_of

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
