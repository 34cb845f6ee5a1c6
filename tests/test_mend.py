"""POST /v1/loads/{id}/mend: rejected rows are edited, dropped or settled by a rule, and loaded as any other rows."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from conftest import ClientAs
from load_client import assert_indicators_are_exact, counts, finished, load_file, rejects_of
from mending import HEADER, VISITS, ask, lines, mended, tracked

THREE_BAD = HEADER + "1;Ana;ana@mail.com;\n2;Bia;nobody;1\n3;Caio;;1\n4;;dora@mail.com;1\n"


@pytest.fixture
async def load(client: httpx.AsyncClient) -> dict[str, Any]:
    """Of customers: lines 3, 4 and 5 are rejected."""
    return await load_file(client, "customers", THREE_BAD)


async def customer(client: httpx.AsyncClient, customer_id: int) -> dict[str, Any]:
    return dict((await client.get(f"/v1/customers/{customer_id}")).json())


async def test_edits_become_a_load_of_those_rows_alone(client: httpx.AsyncClient, load: dict[str, Any]) -> None:
    body = {"edits": {"3": {"email": "bia@mail.com"}, "4": {"email": "caio@mail.com", "nome": "Caio Lima"}}}
    mend = await mended(client, load, body)
    assert (mend["mends"], mend["status"], counts(mend)) == (load["id"], "completed", (2, 2, 0, 0, 0))
    assert await customer(client, 2) == {"id": 2, "nome": "Bia", "email": "bia@mail.com", "telefone": "1"}
    assert (await customer(client, 3))["nome"] == "Caio Lima"
    assert await lines(client, load) == [5]
    settled = await tracked(client, load, "mended")
    assert [(r["line"], r["mended_by"], r["state"], r["settled_at"] is None) for r in settled] == [
        (3, mend["id"], "mended", False),
        (4, mend["id"], "mended", False),
    ]
    assert (await client.get(f"/v1/loads/{load['id']}")).json()["mends"] is None


async def test_the_report_of_the_load_itself_stays_as_it_was(client: httpx.AsyncClient, load: dict[str, Any]) -> None:
    url = f"/v1/loads/{load['id']}/rejects?format=csv"
    before = (await client.get(url)).text
    await mended(client, load, {"edits": {"3": {"email": "x"}, "4": {"email": "caio@mail.com"}}, "drops": [5]})
    assert (await client.get(url)).text == before
    assert (await client.get(f"/v1/loads/{load['id']}")).json() == load


async def test_what_fails_stays_open_with_its_new_reason_and_with_what_was_mended(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
    load = await load_file(client, "services", VISITS + "1;9;A;SP - X;A DEFINIR;-\n2;1;A;SP - X;A DEFINIR;-\n")
    mend = await mended(client, load, {"rule": {"where": {"value": "A DEFINIR"}, "set": {"data_limite": "2021-06-30"}}})
    assert counts(mend) == (2, 1, 0, 0, 1)
    assert await rejects_of(client, mend["id"]) == [(2, "id_cliente", "unknown_customer", "9")]
    (left,) = await tracked(client, load)
    found = {name: left[name] for name in ("line", "column", "reason", "value", "row", "mended_by", "last_mend")}
    assert found == {
        "line": 2,
        "column": "id_cliente",
        "reason": "unknown_customer",
        "value": "9",
        "row": "1;9;A;SP - X;2021-06-30;-",
        "mended_by": None,
        "last_mend": mend["id"],
    }
    assert [r["load"] for r in (await client.get("/v1/rejects")).json()["rejects"]] == [load["id"]]
    again = await mended(client, load, {"edits": {"2": {"id_cliente": 1}}})
    assert counts(again) == (1, 1, 0, 0, 0)
    assert await lines(client, load) == []
    assert (await client.get("/v1/services/1")).json()["data_limite"] == "2021-06-30"


async def test_a_row_is_tried_again_as_it_is_once_its_customer_has_come(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    visits = VISITS + "1;7;A;SP - X;2021-06-30;2021-06-29 10:00:00\n2;8;B;SP - X;2021-06-30;2021-07-02 10:00:00\n"
    load = await load_file(client, "services", visits)
    await load_file(client, "customers", "7;Ana;ana@mail.com;\n")
    mend = await mended(client, load, {"rule": {"where": {"reason": "unknown_customer"}, "set": {}}})
    assert counts(mend) == (2, 1, 0, 0, 1)
    assert await lines(client, load) == [3]
    sla = (await client.get("/v1/indicators/sla/angel")).json()["sla_angel"]
    assert [(row["angel"], row["total_de_atendimentos"], row["sla"]) for row in sla] == [("A", 1, "100.00%")]
    await assert_indicators_are_exact(client, connection)


async def test_a_rule_settles_its_group_and_no_other(client: httpx.AsyncClient) -> None:
    await load_file(client, "customers", "1;Ana;ana@mail.com;\n")
    dates = ["A DEFINIR", "A DEFINIR", "amanhã", "A DEFINIR", ""]
    rows = "".join(f"{n};1;A;SP - X;{date};-\n" for n, date in enumerate(dates, 1))
    load = await load_file(client, "services", VISITS + rows)
    where = {"reason": "invalid_date", "column": "data_limite", "value": "A DEFINIR"}
    body = {"edits": {"2": {"data_limite": "2021-01-01"}}, "drops": [5]}
    mend = await mended(client, load, body | {"rule": {"where": where, "set": {"data_limite": "2021-06-30"}}})
    assert counts(mend) == (2, 2, 0, 0, 0)
    limits = [(await client.get(f"/v1/services/{n}")).json()["data_limite"] for n in (1, 2)]
    assert limits == ["2021-01-01", "2021-06-30"]
    assert (await lines(client, load), await lines(client, load, "dropped")) == ([4, 6], [5])
    nobody = await ask(client, load, {"rule": {"where": where, "set": {}}})
    assert nobody.status_code == 409


async def test_rows_that_a_rule_cannot_mend_stay_open_and_are_counted(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", f'{HEADER}1;Ana\n2;"Bia;nobody;1\n')
    before = await tracked(client, load)
    assert [reject["reason"] for reject in before] == ["missing_column", "missing_column"]
    rule = {"where": {"reason": "missing_column"}, "set": {"email": "a@mail.com", "telefone": "-"}}
    dry = await ask(client, load, {"rule": rule}, validate_only=True)
    assert (dry.status_code, dry.json()["rows"], dry.json()["left_open"]) == (202, 1, 1)
    answer = (await ask(client, load, {"rule": rule})).json()
    assert (answer["rows"], answer["left_open"]) == (1, 1)
    assert counts(await finished(client, answer["load"]["id"])) == (1, 1, 0, 0, 0)
    assert await tracked(client, load) == before[1:]
    again = await ask(client, load, {"rule": rule})
    assert (again.status_code, again.json()["load"], again.json()["left_open"]) == (200, None, 1)


async def test_of_lines_that_are_named_one_that_cannot_be_mended_refuses_all_beside_a_rule_too(
    client: httpx.AsyncClient,
) -> None:
    load = await load_file(client, "customers", f'{HEADER}1;Ana\n3;Eva\n2;"Bia;nobody;1\n')
    body = {"edits": {"4": {"email": "b@mail.com"}}, "rule": {"where": {"reason": "missing_column"}, "set": {}}}
    refused = await ask(client, load, body)
    assert (refused.status_code, [e["loc"] for e in refused.json()["errors"]]) == (422, [["body", "edits", 4]])
    assert await lines(client, load) == [2, 3, 4]


async def test_a_group_is_dropped_and_opened_again(client: httpx.AsyncClient, load: dict[str, Any]) -> None:
    answer = await ask(client, load, {"rule": {"where": {"column": "email"}, "drop": True}, "drops": [5]})
    body = answer.json()
    assert (answer.status_code, body["load"], body["rows"], body["dropped"]) == (200, None, 0, 3)
    assert "Location" not in answer.headers
    user = (await client.get("/v1/auth/me")).json()["username"]
    assert {(r["line"], r["dropped_by"]) for r in await tracked(client, load, "dropped")} == {
        (3, user),
        (4, user),
        (5, user),
    }
    refused = await ask(client, load, {"edits": {"3": {"email": "b@mail.com"}}})
    assert (refused.status_code, refused.json()["errors"]) == (
        409,
        [{"loc": ["body", "edits", 3], "msg": f"was dropped by {user}"}],
    )
    assert (await ask(client, load, {"reopen": [3, 4]})).json()["reopened"] == 2
    assert await lines(client, load) == [3, 4]
    assert (await ask(client, load, {"reopen": [3]})).status_code == 409
    assert counts(await mended(client, load, {"edits": {"3": {"email": "b@mail.com"}}})) == (1, 1, 0, 0, 0)


async def test_a_dry_run_says_what_a_mend_would_do_and_changes_nothing(
    client: httpx.AsyncClient, connection: asyncpg.Connection, load: dict[str, Any]
) -> None:
    body = {"edits": {"3": {"email": "bia@mail.com"}, "4": {"email": "ana@mail.com"}}, "drops": [5]}
    before = await tracked(client, load, "all")
    dry = await mended(client, load, body, validate_only=True)
    assert (dry["mends"], dry["validate_only"], counts(dry)) == (load["id"], True, (2, 1, 0, 0, 1))
    assert await rejects_of(client, dry["id"]) == [(4, "email", "duplicate_email", "ana@mail.com")]
    assert await tracked(client, load, "all") == before
    assert await connection.fetchval("SELECT count(*) FROM customers") == 1
    assert counts(await mended(client, load, body)) == counts(dry)


async def test_an_edit_of_a_row_that_somebody_mended_meanwhile_is_told_so_and_nothing_of_it_is_done(
    client: httpx.AsyncClient, client_as: ClientAs, load: dict[str, Any]
) -> None:
    other = await client_as("analyst")
    name = (await other.get("/v1/auth/me")).json()["username"]
    mend = await mended(other, load, {"edits": {"4": {"email": "caio@mail.com"}}})
    edits = {"3": {"email": "bia@mail.com"}, "4": {"email": "outro@mail.com"}}
    answer = await ask(client, load, {"edits": edits, "drops": [5]})
    assert answer.status_code == 409
    assert answer.json()["errors"] == [
        {"loc": ["body", "edits", 4], "msg": f"was mended by load {mend['id']} of {name}"}
    ]
    assert await lines(client, load) == [3, 5]
    assert (await customer(client, 3))["email"] == "caio@mail.com"


async def test_of_many_who_mend_the_same_row_at_once_one_does(client: httpx.AsyncClient, load: dict[str, Any]) -> None:
    bodies = [{"edits": {"3": {"email": f"bia{n}@mail.com"}}} for n in range(4)]
    answers = await asyncio.gather(*(ask(client, load, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    (taken,) = [n for n, answer in enumerate(answers) if answer.status_code == 202]
    await mended(client, load, {"edits": {"4": {"email": "caio@mail.com"}}})  # loads go one after the other
    assert (await customer(client, 2))["email"] == f"bia{taken}@mail.com"


async def test_a_stored_id_is_mended_with_on_conflict(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", HEADER + "1;Ana;ana@mail.com;\n1;Anna;anna@mail.com;\n")
    refused = await mended(client, load, {"edits": {"3": {}}})
    assert counts(refused) == (1, 0, 0, 0, 1)
    taken = await mended(client, load, {"edits": {"3": {}}}, on_conflict="update")
    assert (taken["on_conflict"], counts(taken)) == ("update", (1, 0, 1, 0, 0))
    assert (await customer(client, 1))["nome"] == "Anna"
    assert await lines(client, load) == []


async def test_a_mend_that_is_undone_leaves_its_rows_open_again(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    load = await load_file(admin, "customers", THREE_BAD)
    mend = await mended(admin, load, {"edits": {"3": {"email": "bia@mail.com"}}})
    assert (await admin.delete(f"/v1/loads/{mend['id']}")).status_code == 200
    assert await lines(admin, load) == [3, 4, 5]
    again = await mended(admin, load, {"edits": {"3": {"email": "b@mail.com"}}})
    assert counts(again) == (1, 1, 0, 0, 0)
    assert await lines(admin, load) == [4, 5]


async def test_a_mend_that_fails_leaves_its_rows_open(
    client: httpx.AsyncClient, connection: asyncpg.Connection, load: dict[str, Any]
) -> None:
    await connection.execute("ALTER TABLE customers ADD CONSTRAINT never_three CHECK (id <> 3)")
    edits = {"3": {"email": "bia@mail.com"}, "4": {"email": "caio@mail.com"}}
    mend = await mended(client, load, {"edits": edits})
    assert mend["status"] == "failed"
    assert await lines(client, load) == [3, 4, 5]
    await connection.execute("ALTER TABLE customers DROP CONSTRAINT never_three")
    assert counts(await mended(client, load, {"edits": edits})) == (2, 2, 0, 0, 0)
    assert await lines(client, load) == [5]


# -- what cannot be mended ---------------------------------------------------------------------------------


async def test_only_a_completed_load_that_wrote_is_mended(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    body: dict[str, Any] = {"edits": {"3": {"email": "b@mail.com"}}}
    dry = await load_file(admin, "customers", THREE_BAD, validate_only=True)
    failed = await load_file(admin, "customers", THREE_BAD, max_rejects=0)
    undone = await load_file(admin, "customers", THREE_BAD)
    await admin.delete(f"/v1/loads/{undone['id']}")
    for load in (dry, failed, undone):
        assert (await ask(admin, load, body)).status_code == 409
    assert (await ask(admin, {"id": 999}, body)).status_code == 404
    load = await load_file(admin, "customers", THREE_BAD)
    mend = await mended(admin, load, {"edits": {"3": {"email": "x"}}})
    refused = await ask(admin, mend, body)
    assert (refused.status_code, f"load {load['id']}" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"edits": {"2": {"email": "b@mail.com"}}}, ["body", "edits", 2]),
        ({"drops": [3, 99]}, ["body", "drops", 99]),
        ({"edits": {"3": {"angel": "A"}}}, ["body", "edits", 3, "angel"]),
        ({"rule": {"where": {"column": "email"}, "set": {"polo": "x"}}}, ["body", "rule", "set", "polo"]),
        ({"edits": {"3": {"id": None, "nome": "", "email": " ", "telefone": ""}}}, ["body", "edits", 3]),
    ],
)
async def test_a_mend_of_what_is_not_there_is_refused_whole(
    client: httpx.AsyncClient, load: dict[str, Any], body: dict[str, Any], place: list[object]
) -> None:
    answer = await ask(client, load, {"edits": {"4": {"email": "c@mail.com"}}} | body)
    assert (answer.status_code, [error["loc"] for error in answer.json()["errors"]]) == (422, [place])
    assert await lines(client, load) == [3, 4, 5]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"edits": {}},
        {"edit": {"3": {}}},
        {"edits": {"0": {}}},
        {"edits": {"three": {}}},
        {"edits": {"3": {"email": True}}},
        {"edits": {"3": {"email": "x" * 1001}}},
        {"edits": {"3": {"email": "\x00"}}},
        {"edits": {"3": {}}, "drops": [3]},
        {"drops": [3, 3]},
        {"rule": {"where": {}, "set": {}}},
        {"rule": {"where": {"column": "email"}}},
        {"rule": {"where": {"column": "email"}, "set": {}, "drop": True}},
        {"rule": {"where": {"reason": "ugly"}, "set": {}}},
    ],
)
async def test_a_malformed_mend_is_refused(
    client: httpx.AsyncClient, load: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = await ask(client, load, body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert await lines(client, load) == [3, 4, 5]


async def test_half_a_character_is_no_text(client: httpx.AsyncClient, load: dict[str, Any]) -> None:
    body = rb'{"edits": {"3": {"email": "\ud800"}}}'
    json = {"Content-Type": "application/json"}
    answer = await client.post(f"/v1/loads/{load['id']}/mend", content=body, headers=json)
    assert answer.status_code == 422


async def test_the_audit_log_says_who_mended(client_as: ClientAs) -> None:
    admin = await client_as("admin")
    load = await load_file(admin, "customers", THREE_BAD)
    mend = await mended(admin, load, {"edits": {"3": {"email": "bia@mail.com"}}, "drops": [5]})
    (entry,) = (await admin.get("/v1/audit", params={"action": "rejects_mended"})).json()["audit"]
    assert entry["username"] == (await admin.get("/v1/auth/me")).json()["username"]
    assert entry["detail"] == {"load_id": load["id"], "mend_id": mend["id"], "rows": 1, "dropped": 1, "reopened": 0}


async def test_a_mend_of_drops_alone_that_is_only_tried_says_that_nothing_was_done(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", f"{HEADER}1;Ana;nobody;1\n")
    before = await tracked(client, load)
    dry = await ask(client, load, {"drops": [2]}, validate_only=True)
    assert (dry.status_code, dry.json()["dropped"], dry.json()["load"]) == (200, 1, None)
    assert dry.json()["message"] == "tried mend: nothing was dropped or opened again, for validate_only"
    assert await tracked(client, load) == before
    assert (await ask(client, load, {"drops": [2]})).json()["message"] == "received mend"
    assert await tracked(client, load) == []
