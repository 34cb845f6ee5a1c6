"""The story's ordinary part: everything that is asked for is done."""

from typing import Any

import httpx
from load_client import finished
from tus import BYTES, RESUMABLE, checksum, metadata

from logistics_indicators.indicators.backlog import BACKLOG
from logistics_indicators.indicators.routes import INDICATORS
from logistics_indicators.rollup.dimensions import Dimension

from .recording import Recorder

PASSWORD = "visitas-no-prazo-2021"
NEW_PASSWORD = "visitas-no-prazo-2022"
CUSTOMERS = """id;nome;email;telefone
101;Íris da Silva;iris@example.com;11987654321
102;Rui Alves;rui@example.com;
103;Lia Souza;lia.example.com;
"""
VISITS = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
1001;101;Caio Lima;CE - JUAZEIRO DO NORTE;30/06/2021;29/06/2021 10:15:27
1002;101;Caio Lima;CE - JUAZEIRO DO NORTE;30/06/2021;01/07/2021 09:00:00
1003;102;Bia Reis;SP - CAMPINAS;30/06/2021;30/06/2021 23:59:59
1004;102;Bia Reis;SP - CAMPINAS;02/07/2021;-
1005;102;Bia Reis;SP - CAMPINAS;A DEFINIR;30/06/2021 08:00:00
"""
FOR_LATER = """id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento
2001;900;Caio Lima;CE - JUAZEIRO DO NORTE;30/06/2021;29/06/2021 11:00:00
"""
FIRST_ROWS = b"id;nome;email;telefone\n201;Davi Rocha;davi@example.com;\n"
LAST_ROWS = b"202;Eva Melo;eva@example.com;\n"
IN_JUNE = {"start_date": "2021-06-01", "end_date": "2021-07-31"}


async def tell(recorder: Recorder) -> None:
    await accounts(recorder)
    await single_rows(recorder)
    await loads(recorder)
    await mends(recorder)
    await waiting_visits(recorder)
    await tried_first(recorder)
    await uploads(recorder)
    await presets(recorder)
    await calendar(recorder)
    await indicators(recorder)
    await monitoring(recorder)


def signed_in(recorder: Recorder, answer: httpx.Response, name: str) -> str:
    """From now on `name` asks with the token of this sign-in. The refresh token."""
    recorder.clients[name].headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return str(answer.json().get("refresh_token"))


async def accounts(recorder: Recorder) -> None:
    ask = recorder.ask
    ana = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}
    await ask("get_setup", by="nobody")
    await ask("register", by="nobody", json=ana)
    credentials = {"username": "ana", "password": PASSWORD}
    token = signed_in(recorder, await ask("login", by="nobody", json=credentials), "ana")
    answer = await ask("refresh", by="nobody", json={"refresh_token": token})
    await ask("logout", by="nobody", json={"refresh_token": answer.json()["refresh_token"]})
    signed_in(recorder, await ask("login", by="nobody", json=credentials), "ana")
    await ask("get_me")
    bia = {"username": "bia", "email": "bia@example.com", "password": PASSWORD, "role": "viewer"}
    await ask("create_user", json=bia)
    await ask(
        "create_user", "An analyst", json=bia | {"username": "caio", "email": "caio@example.com", "role": "analyst"}
    )
    await ask("list_users")
    await ask("get_user", path={"user_id": 2})
    await ask("change_user", path={"user_id": 3}, json={"active": False})
    reset = await ask("issue_password_reset", path={"user_id": 2})
    new = {"reset_token": reset.json()["reset_token"], "new_password": NEW_PASSWORD}
    await ask("reset_password", by="nobody", json=new)
    await ask("delete_user", path={"user_id": 3})
    signed_in(recorder, await ask("login", by="nobody", json={"username": "bia", "password": NEW_PASSWORD}), "bia")
    await ask("change_password", by="bia", json={"current_password": NEW_PASSWORD, "new_password": PASSWORD})
    scheduler = {"name": "night scheduler", "role": "analyst", "scopes": ["read", "load"], "expires_in_days": 365}
    await ask("create_token", json=scheduler)
    await ask("list_tokens")
    await ask("revoke_token", path={"token_id": 1})
    await ask("list_audit", params={"limit": 2})
    await browser(recorder, credentials)


async def browser(recorder: Recorder, credentials: dict[str, str]) -> None:
    await recorder.ask("open_session", by="browser", json=credentials)
    await recorder.ask("refresh_session", by="browser")
    await recorder.ask("end_session", by="browser")


async def single_rows(recorder: Recorder) -> None:
    ask = recorder.ask
    customer = {"nome": "Gil Prado", "email": "gil@example.com", "telefone": "11912345678"}
    await ask("create_customer", json=customer)
    await ask("create_customer", "Without a telephone", json={"nome": "Hugo Dias", "email": "hugo@example.com"})
    await ask("list_customers", params={"limit": 1})
    await ask("list_customers", "A file", params={"format": "csv"})
    await ask("count_customers")
    await ask("get_customer", path={"customer_id": 1})
    await ask("change_customer", path={"customer_id": 1}, json=customer | {"telefone": None})
    await ask("delete_customer", path={"customer_id": 2})
    visit = {"id_cliente": 1, "angel": "Bia Reis", "polo": "SP - CAMPINAS", "data_limite": "2021-06-30"}
    await ask("create_service", "Not made yet", json=visit)
    done = visit | {"data_de_atendimento": "2021-06-29T10:15:27"}
    await ask("create_service", json=done)
    await ask("list_services", params={"limit": 1, "polo": "SP - CAMPINAS"})
    await ask("list_services", "A file", params={"format": "csv"})
    await ask("count_services", params={"aberto": True})
    await ask("get_service", path={"service_id": 2})
    await ask("change_service", path={"service_id": 1}, json=done)
    await ask("list_polos")
    await ask("set_state_of_polo", path={"polo_id": 1}, json={"uf": "SP"})


async def loaded(recorder: Recorder, operation_id: str, title: str, text: str, **query: object) -> int:
    """The id of the load, which has ended."""
    files = {"file": (f"{operation_id.removeprefix('load_')}.csv", text.encode(), "text/csv")}
    answer = await recorder.ask(operation_id, title, files=files, params=query, shown={"file": text})
    load_id = int(answer.json()["load"]["id"])
    await finished(recorder.clients["ana"], load_id)
    return load_id


async def loads(recorder: Recorder) -> None:
    ask = recorder.ask
    load = {"load_id": await loaded(recorder, "load_customers", "A file", CUSTOMERS)}
    await ask("get_load", path=load)
    await ask("list_rejects", path=load)
    await ask("list_rejects", "A file to mend", path=load, params={"format": "csv"})
    await ask("watch_load", path=load)
    few = [{"id": 104, "nome": "Ney Paz", "email": "ney@example.com"}]
    answer = await ask("load_customers", "Few rows as JSON", json=few, expect=200)
    await ask("undo_load", path={"load_id": answer.json()["load"]["id"]})
    await loaded(recorder, "load_services", "A file", VISITS)
    more = {"id": 1006, "id_cliente": 101, "angel": "Bia Reis", "polo": "SP - CAMPINAS", "data_limite": "2021-07-01"}
    more["data_de_atendimento"] = "2021-07-01T18:30:00"
    await ask("load_services", "Few rows as JSON", json=[more], expect=200)
    await ask("get_service_origin", path={"service_id": 1001})
    await ask("list_loads", params={"limit": 1})


async def mends(recorder: Recorder) -> None:
    ask = recorder.ask
    await ask("list_all_rejects")
    await ask("list_all_rejects", "A file", params={"format": "csv"})
    await ask("count_rejects")
    edits = {"edits": {"4": {"email": "lia@example.com"}}}
    answer = await ask("mend_load", "One row", path={"load_id": 1}, json=edits, expect=202)
    await finished(recorder.clients["ana"], answer.json()["load"]["id"])
    await ask("mend_load", "Drop a row", path={"load_id": 3}, json={"drops": [6]}, expect=200)
    await ask("mend_load", "Open it again", path={"load_id": 3}, json={"reopen": [6]}, expect=200)
    where = {"reason": "invalid_date", "column": "data_limite", "value": "A DEFINIR"}
    rule = {"rule": {"where": where, "set": {"data_limite": "2021-06-30"}}}
    answer = await ask("mend_load", "By a rule", path={"load_id": 3}, json=rule, expect=202)
    await finished(recorder.clients["ana"], answer.json()["load"]["id"])


async def waiting_visits(recorder: Recorder) -> None:
    load_id = await loaded(
        recorder, "load_services", "Visits may wait for their customers", FOR_LATER, unknown_customer="wait"
    )
    await recorder.ask("list_waiting", path={"load_id": load_id})
    await recorder.ask("cancel_waiting", path={"load_id": load_id})


async def tried_first(recorder: Recorder) -> None:
    text = "id;nome;email;telefone\n301;Olga Reis;olga@example.com;\n"
    tried = {"load_id": await loaded(recorder, "load_customers", "Only a report", text, validate_only=True)}
    await recorder.ask("preview_load", path=tried)
    answer = await recorder.ask("confirm_load", path=tried)
    await finished(recorder.clients["ana"], int(answer.headers["Location"].rpartition("/")[2]))


async def uploads(recorder: Recorder) -> None:
    ask, length = recorder.ask, len(FIRST_ROWS) + len(LAST_ROWS)
    await ask("ask_uploads", by="nobody")
    headers = RESUMABLE | {"Upload-Length": str(length)} | metadata(kind="customers", filename="clientes.csv")
    answer = await ask("create_upload", headers=headers)
    upload = {"upload_id": answer.json()["id"]}
    await ask("ask_upload", by="nobody", path=upload)
    pieces: list[tuple[str, int, bytes]] = [
        ("The first bytes", 0, FIRST_ROWS),
        ("The rest", len(FIRST_ROWS), LAST_ROWS),
    ]
    for title, offset, piece in pieces:
        headers = BYTES | {"Upload-Offset": str(offset)} | checksum(piece)
        await ask("append_to_upload", title, path=upload, content=piece, headers=headers, shown=piece.decode())
        await ask("get_upload", title, path=upload)
    begun = await ask("create_upload", "With its first bytes", content=FIRST_ROWS, shown=FIRST_ROWS.decode(),
                      headers=BYTES | {"Upload-Length": str(length)} | metadata(kind="customers"))  # fmt: skip
    await ask("end_upload", path={"upload_id": begun.json()["id"]}, headers=RESUMABLE)


async def presets(recorder: Recorder) -> None:
    ask = recorder.ask
    preset: dict[str, Any] = {"kind": "services", "delimiter": ";", "columns": "angel:Quem,polo:Onde"}
    await ask("keep_preset", path={"name": "parceiro-norte"}, json=preset)
    await ask("get_preset", path={"name": "parceiro-norte"})
    await ask("list_presets")
    await ask("delete_preset", path={"name": "parceiro-norte"})


async def calendar(recorder: Recorder) -> None:
    ask = recorder.ask
    await ask("list_calendar", params={"ano": 2021, "uf": "CE"})
    day = {"uf": "CE", "cidade": "Juazeiro do Norte", "day": "2021-09-15", "name": "Nossa Senhora das Dores"}
    made = await ask("create_calendar_day", "A city's holiday", json=day)
    await ask("delete_calendar_day", path={"day_id": made.json()["id"]})
    await ask(
        "create_calendar_day", "Worked all the same", json={"scope": "nacional", "day": "2021-11-02", "kind": "remove"}
    )
    await ask("get_indicator_settings")
    await ask("change_indicator_settings", json={"optional_days": ["carnaval"]})


async def indicators(recorder: Recorder) -> None:
    ask = recorder.ask
    for indicator in INDICATORS:
        for by in Dimension:
            name = f"{indicator.name}_by_{by}"
            params = {"as_of": "2021-07-05"} if indicator is BACKLOG else IN_JUNE
            answer = await ask(name, params=params)
            await ask(name, "A file", params=params | {"format": "csv"})
            same = {"If-None-Match": answer.headers["ETag"]}
            await ask(name, "Nothing new", params=params, headers=same, expect=304)
    await ask("trend", params=IN_JUNE | {"bucket": "month"})
    await ask("trend", "A file", params=IN_JUNE | {"bucket": "month", "format": "csv"})
    await ask("summary", params=IN_JUNE | {"as_of": "2021-07-05", "min_total": 1, "top": 1})
    await ask("summary", "A file", params=IN_JUNE | {"as_of": "2021-07-05", "min_total": 1, "format": "csv"})
    await ask("changes", params={"limit": 2})
    await ask("verify_indicators")
    await ask("rebuild_indicators")


async def monitoring(recorder: Recorder) -> None:
    await recorder.ask("check_health", by="nobody")
    await recorder.ask("check_readiness", by="nobody")
    await recorder.ask("get_metrics")
    await recorder.ask("scrape_metrics")
