"""What cannot be taken is told so that whoever sent it knows what to do: by field, in words, without Python's own."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_line import Run, run_command
from conftest import ClientAs
from fastapi import FastAPI
from load_client import finished

from logistics_indicators.client.connecting import detail_of

HEADER = b"id;nome;email;telefone\n"
BATCH = "/v1/customers/batch"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def admin(client_as: ClientAs) -> httpx.AsyncClient:
    return await client_as("admin")


async def refused(client: httpx.AsyncClient, content: bytes, **query: str) -> str:
    answer = await client.post(BATCH, content=content, headers=CSV, params=query)
    assert answer.status_code == 422, answer.text
    return str(answer.json()["errors"][0]["msg"])


def fields(answer: httpx.Response) -> list[tuple[list[Any], str]]:
    assert answer.status_code == 422, answer.text
    return [(error["loc"], error["msg"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("as_form", [False, True])
async def test_a_sign_in_names_the_fields_that_it_has(anonymous: httpx.AsyncClient, as_form: bool) -> None:
    body = {"username": "ana", "password": "x", "user": "ana"}
    sent: dict[str, Any] = {"data": body} if as_form else {"json": body}
    answer = await anonymous.post("/v1/auth/login", **sent)
    ((loc, msg),) = fields(answer)
    assert loc == ["body", "user"]
    assert msg.startswith("unknown field; there are: ")
    assert {"username", "password"} <= set(msg.partition(": ")[2].split(", "))


async def test_a_header_that_stands_in_quotes_as_a_whole_is_told(client: httpx.AsyncClient) -> None:
    said = await refused(client, b'"id;nome;email;telefone"\n"1;Ana;ana@mail.com;119"\n')
    assert said.startswith("The file's header stands in quotes as a whole")


async def test_a_delimiter_that_is_not_the_file_s_is_told(client: httpx.AsyncClient) -> None:
    said = await refused(client, HEADER + b"1;Ana;ana@mail.com;119\n", delimiter=",")
    assert said.startswith("With the delimiter , the file's header is one column; with ; its columns are known.")


async def test_a_number_is_no_name_of_a_column(client: httpx.AsyncClient) -> None:
    said = await refused(client, HEADER + b"1;Ana;ana@mail.com;119\n", columns="email:column 3")
    assert "It has no column column 3, which `columns` names." in said
    assert "column 3 is no name of a column: it is what is said of a file without a header" in said


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("customers", "ID do Cliente;Nome;E-mail;Telefone"),
        ("services", "ID Atendimento;ID do Cliente;Angel;Polo;Data Limite;Data de Atendimento"),
    ],
)
async def test_an_id_do_cliente_is_the_customer(client: httpx.AsyncClient, kind: str, header: str) -> None:
    answer = await client.post(f"/v1/{kind}/batch", content=f"{header}\n1;2;3;4;5;6\n".encode(), headers=CSV)
    assert answer.status_code == 202, answer.text
    column = "id" if kind == "customers" else "id_cliente"
    assert answer.json()["load"]["columns"][column] == "ID do Cliente"


def in_multipart(disposition: str, type: str = "text/csv") -> dict[str, Any]:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; {disposition}\r\nContent-Type: {type}\r\n\r\n'
    body = head.encode() + HEADER + b"1;Ana;ana@mail.com;119\n\r\n--b--\r\n"
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


@pytest.mark.parametrize(
    "disposition",
    [
        "filename*=UTF-8''jo%C3%A3o.csv",
        "filename=\"joao.csv\"; filename*=utf-8''jo%C3%A3o.csv",
        "filename*=utf-8'pt'jo%C3%A3o.csv; filename=\"joao.csv\"",
        "filename*=iso-8859-1''jo%E3o.csv",
    ],
)
async def test_a_file_s_name_may_be_told_with_its_encoding(client: httpx.AsyncClient, disposition: str) -> None:
    answer = await client.post(BATCH, **in_multipart(disposition))
    assert answer.status_code == 202, answer.text
    assert answer.json()["load"]["filename"] == "joão.csv"


async def test_a_quote_that_never_closes_hides_what_stands_behind_it(client: httpx.AsyncClient) -> None:
    disposition = 'filename="' + '\\"' * 20 + "; filename*=utf-8''hidden.csv"
    answer = await client.post(BATCH, **in_multipart(disposition))
    assert answer.status_code == 202, answer.text
    assert answer.json()["load"]["filename"] != "hidden.csv"


async def test_the_types_that_are_listed_are_those_that_are_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post(BATCH, **in_multipart('filename="a.csv"', "image/png"))
    assert answer.status_code == 415
    assert "text/csv" in answer.json()["detail"]
    assert "oasis" not in answer.json()["detail"]


async def test_a_tab_behind_a_closing_quote_costs_no_row(client: httpx.AsyncClient) -> None:
    rows = HEADER + b'1;"Ana"\t;ana@mail.com;119\n2;"Bia; a Bela"\t;bia@mail.com;119\n3;Caio;caio@mail.com;119\n'
    load = (await client.post(BATCH, content=rows, headers=CSV)).json()["load"]
    assert (await finished(client, load["id"]))["rows_rejected"] == 0
    names = [row["nome"] for row in (await client.get("/v1/customers")).json()["clientes"]]
    assert names == ["Ana", "Bia; a Bela", "Caio"]


async def test_the_mark_of_dos_behind_the_last_line_is_no_row(client: httpx.AsyncClient) -> None:
    load = (await client.post(BATCH, content=HEADER + b"1;Ana;ana@mail.com;119\r\n\x1a", headers=CSV)).json()["load"]
    done = await finished(client, load["id"])
    assert (done["rows_read"], done["rows_inserted"], done["rows_rejected"]) == (1, 1, 0)


async def test_a_value_is_found_as_it_was_sent_with_blanks_around_it_or_without(client: httpx.AsyncClient) -> None:
    rows = HEADER + b"1;Ana; no-address ;119\n"
    load = (await client.post(BATCH, content=rows, headers=CSV)).json()["load"]
    assert (await finished(client, load["id"]))["rows_rejected"] == 1
    for asked in ("no-address", " no-address ", "no-address  "):
        found = (await client.get("/v1/rejects", params={"value": asked})).json()["rejects"]
        assert [reject["line"] for reject in found] == [2], asked


async def test_a_preset_s_fields_are_told_as_those_of_the_body(admin: httpx.AsyncClient) -> None:
    sent = {"kind": "customers", "columns": "cor:Farbe"}
    ((loc, _),) = fields(await admin.put("/v1/presets/x", json=sent))
    assert loc == ["body", "columns"]


async def test_a_token_that_would_administer_is_refused_in_words(admin: httpx.AsyncClient) -> None:
    ((loc, msg),) = fields(await admin.post("/v1/tokens", json={"name": "x", "role": "admin"}))
    assert (loc, msg) == (["body", "role"], "a token's role is viewer or analyst: machines administer nothing")


async def test_the_command_line_offers_no_token_that_would_administer() -> None:
    outcome = await run_command("tokens", "add", "x", "--role", "admin", "--url", "http://127.0.0.1:9")
    assert outcome.code == 2
    assert "'viewer', 'analyst'" in outcome.err
    assert "<viewer|analyst>" in (await run_command("tokens", "add", "--help")).out


async def test_a_data_folder_beside_a_service_is_refused(tmp_path: Path) -> None:
    outcome = await run_command("loads", "--data-dir", tmp_path, "--url", "http://127.0.0.1:9", LOGISTICS_TOKEN="x")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert outcome.err.startswith("Error: --data-dir names data of this machine, and --url")
    assert list(tmp_path.iterdir()) == []


async def test_one_of_a_thing_is_no_things(locally: Run, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_bytes(HEADER + b"1;Ana;no-address;119\n")
    assert (await locally("load", file)).code == 0
    assert (await locally("rejects", "--counts")).out.splitlines()[-1] == "1 row in 1 group"
    assert (await locally("verify")).out.startswith("0 visits, 0 differences, ")


REGISTRATION = {"username": "ana", "email": "ana@example.com", "password": "a long password"}


@pytest.mark.parametrize(
    ("path", "body", "loc", "msg"),
    [
        ("/v1/auth/register", {"password": "short"}, ["body", "password"], "String should have at least 8 characters"),
        ("/v1/auth/register", {"email": "ana"}, ["body", "email"], "not a mail address; one is ana@example.com"),
        ("/v1/auth/register", {"username": "ana:b"}, ["body", "username"], "takes Latin letters, with or without"),
        ("/v1/tokens", {"addresses": ["home"]}, ["body", "addresses", 0], "no IP address or network, such as"),
        ("/v1/loads/1/mend", {"edits": {"2": {"a-b": "1"}}}, ["body", "edits", "2", "a-b", "[key]"], "unknown column"),
        ("/v1/loads/1/mend", {"edits": {"2": {"nome": []}}}, ["body", "edits", "2", "nome"], "a cell is a text"),
        ("/v1/loads/1/mend", {"edits": {"2": {"nome": "\0"}}}, ["body", "edits", "2", "nome"], "a cell has "),
        ("/v1/loads/1/mend", [], ["body"], "Input should be an object of JSON"),
    ],
)
async def test_a_body_s_field_is_told_in_words_once(
    admin: httpx.AsyncClient, path: str, body: Any, loc: list[Any], msg: str
) -> None:
    whole = {"/v1/auth/register": REGISTRATION, "/v1/tokens": {"name": "x"}}.get(path, {})
    answer = await admin.post(path, json=whole | body if isinstance(body, dict) else body)
    ((place, said),) = fields(answer)
    assert place == loc
    assert said.startswith(msg)


@pytest.mark.parametrize(
    ("asked", "msg"),
    [
        ("services?dias_de_atraso_de=0", "Input should be greater than or equal to 1"),
        ("services?data_limite=ontem", "not a date: YYYY-MM-DD"),
        ("services?aberto=talvez", "Input should be a valid boolean"),
        ("services?aberto=1", "must be true or false"),
        ("services?aberto=True", "must be true or false"),
        ("services?aberto=yes", "must be true or false"),
        ("indicators/sla/angel?desc=on", "must be true or false"),
        ("services?id=1_0", "must be a number in digits alone"),
        ("services?id=7&id=%2B1", "must be a number in digits alone"),
        ("services?load_id=10.0", "must be a number in digits alone"),
        ("customers?limit=%201", "must be a number in digits alone"),
        ("customers?limit=-1", "Input should be greater than or equal to 1"),
        ("indicators/sla/polo?tolerance_days=1_0", "must be a number in digits alone"),
        ("calendar?ano=2021.0", "must be a number in digits alone"),
        ("customers?cursor=Ana", "not a cursor: take it as it stands in proxima_pagina"),
        ("audit?cursor=Ana", "not a cursor: take it as it stands in proxima_pagina"),
        ("audit?username=%01&username=", "given more than once"),
        ("presets/UM", "a preset's name has up to 60 lower-case letters"),
    ],
)
async def test_what_is_asked_is_told_in_words_once(admin: httpx.AsyncClient, asked: str, msg: str) -> None:
    ((_, said),) = fields(await admin.get(f"/v1/{asked}"))
    assert said.startswith(msg)


async def test_every_number_and_truth_in_an_address_has_one_spelling(admin: httpx.AsyncClient, app: FastAPI) -> None:
    """Every route's every parameter of the kind, by the document."""
    tried = 0
    for path, item in app.openapi()["paths"].items():
        for parameter in item.get("get", {}).get("parameters", []):
            schemas = parameter["schema"].get("anyOf", [parameter["schema"]])
            kinds = {schema.get("items", schema).get("type") for schema in schemas} - {"null"}
            wrong = {"integer": "1_0", "boolean": "yes"}.get(kinds.pop(), "") if len(kinds) == 1 else ""
            if parameter["in"] == "query" and wrong:
                answer = await admin.get(re.sub(r"{\w+}", "1", path), params={parameter["name"]: wrong})
                assert (["query", parameter["name"]], True) in [
                    (place, said.startswith("must be ")) for place, said in fields(answer)
                ], (path, parameter["name"], answer.text)
                tried += 1
    assert tried > 50


async def test_nobody_is_shown_a_regular_expression(admin: httpx.AsyncClient, app: FastAPI) -> None:
    """Every parameter that has a pattern, with what does not fit."""
    asked = 0
    for path, item in app.openapi()["paths"].items():
        for parameter in item.get("get", {}).get("parameters", []):
            if "pattern" in parameter["schema"] and parameter["in"] == "query":
                answer = await admin.get(re.sub(r"\{\w+\}", "1", path), params={parameter["name"]: "@\x01"})
                assert "should match" not in answer.text, (path, parameter["name"])
                asked += answer.status_code == 422
    assert asked > 50


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=b"},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=["a form", "a text", "a multipart form", "nothing", "packed JSON"],
)
async def test_a_body_that_is_not_of_the_documented_type_is_415_on_every_route(
    admin: httpx.AsyncClient, app: FastAPI, headers: dict[str, str]
) -> None:
    routes = {
        (method, re.sub(r"\{\w+\}", "1", path))
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    } - {("post", "/v1/auth/login")}  # which takes a form, and JSON that does not say so
    assert len(routes) > 15
    for method, path in routes:
        answer = await admin.request(method, path, content=b"username=ana", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (415, "Unsupported Media Type"), (method, path)


async def test_a_load_that_is_not_there_has_no_rejects_that_are_none(client: httpx.AsyncClient) -> None:
    expected = (await client.get("/v1/loads/9999")).json()
    assert expected["detail"] == "There is no load 9999."
    for path in ("rejects?load=9999", "rejects/counts?load=9999", "rejects?load=9999&format=csv", "loads/9999/rejects"):
        answer = await client.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()) == (404, expected), path
    load = (await client.post(BATCH, content=HEADER + b"1;Ana;ana@mail.com;119\n", headers=CSV)).json()["load"]
    assert (await client.get(f"/v1/rejects?load={load['id']}")).json()["rejects"] == []
    assert (await client.get(f"/v1/rejects?load={load['id']}&load=9999")).status_code == 404


OF_A_MACHINE = "An API token undoes trials of its own user alone. For any other load an admin signs in."


async def test_who_may_not_undo_a_load_is_told_at_once_who_may(client_as: ClientAs) -> None:
    analyst, viewer = await client_as("analyst"), await client_as("viewer")
    load = (await analyst.post(BATCH, content=HEADER + b"1;Ana;ana@mail.com;119\n", headers=CSV)).json()["load"]
    machine = {"name": "x", "role": "analyst", "scopes": ["load"]}
    token = (await analyst.post("/v1/tokens", json=machine)).json()["token"]
    of_machine = {"Authorization": f"Bearer {token}"}
    for client, headers, told in (
        (viewer, {}, "This needs the role admin; yours is viewer."),
        (analyst, {}, "To undo a load needs the role admin; yours is analyst, for trials of your own alone."),
        (
            analyst,
            of_machine,
            "An API token undoes trials of its own user alone. For any other load an admin signs in.",
        ),
    ):
        answer = await client.delete(f"/v1/loads/{load['id']}", headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (403, told)


DOUBLED = b'{"nome": "Ana", "email": "a@mail.com", "nome": "Bia"}'


async def test_a_name_that_stands_twice_in_a_body_is_told(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    json = {"Content-Type": "application/json"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent: list[tuple[httpx.AsyncClient, str, bytes, dict[str, str], str]] = [
        (client, "/v1/customers", DOUBLED, json, "nome"),
        (client, "/v1/customers", DOUBLED.replace(b'"nome": "Bia"', b'"\\u006eome": "Bia"'), json, "nome"),
        (client, "/v1/loads/1/mend", b'{"edits": {"5": {"nome": "A"}, "5": {"nome": "B"}}}', json, "5"),
        (client, "/v1/loads/1/mend", b'{"edits": {"5": {"nome": "A", "nome": "B"}}}', json, "nome"),
        (anonymous, "/v1/auth/login", b'{"username": "a", "username": "b", "password": "x"}', json, "username"),
        (anonymous, "/v1/auth/login", b"username=a&password=x&password=y", form, "password"),
    ]
    for who, path, body, headers, name in sent:
        answer = await who.post(path, content=body, headers=headers)
        assert fields(answer) == [(["body", name], "this name stands there twice")], body
    assert (await client.get("/v1/customers/total")).json() == {"total": 0}
    same = [{"nome": "Ana", "email": "a@mail.com"}, {"nome": "Bia", "email": "b@mail.com"}]
    for customer in same:
        assert (await client.post("/v1/customers", json=customer)).status_code == 201


def test_the_command_line_names_no_field_for_what_is_wrong_with_a_whole_body() -> None:
    errors = [{"loc": ["body"], "msg": "give one place"}, {"loc": ["body", "uf"], "msg": "no state of Brazil"}]
    answer = httpx.Response(422, json={"detail": "Two things cannot be taken; see errors.", "errors": errors})
    assert detail_of(answer) == "Two things cannot be taken: give one place; uf: no state of Brazil"


async def test_a_rule_of_one_field_is_told_at_it(admin: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    day = {"uf": "CE", "day": "2021-03-10"}
    told: list[tuple[httpx.AsyncClient, str, dict[str, Any], str]] = [
        (client, "/v1/tokens", {"name": "x", "scopes": ["load"], "role": "viewer"}, "scopes"),
        (client, "/v1/loads/1/mend", {"drops": [5, 5]}, "drops"),
        (client, "/v1/loads/1/mend", {"edits": {"5": {}}, "drops": [5]}, "drops"),
        (client, "/v1/loads/1/mend", {"drops": [5], "reopen": [5]}, "reopen"),
        (admin, "/v1/calendar", day, "name"),
        (admin, "/v1/calendar", {**day, "uf": "XX", "name": "x"}, "uf"),
    ]
    for who, path, body, name in told:
        ((loc, _),) = fields(await who.post(path, json=body))
        assert loc == ["body", name], body
    both = await client.post("/v1/tokens", json={"name": "x", "scopes": ["load"], "role": "chief"})
    assert [loc for loc, _ in fields(both)] == [["body", "role"]]
