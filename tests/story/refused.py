"""The story's other part: each kind of error, as it is really answered."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import patch

from fastapi import FastAPI
from tus import BYTES, CUSTOMERS, RESUMABLE, checksum, created, metadata

from logistics_indicators.customers import service as customers
from logistics_indicators.errors import InsufficientStorage
from logistics_indicators.loads.receiving import room
from logistics_indicators.settings import Settings

from .recording import Recorder
from .usual import PASSWORD

NOBODY = 999_999
MISSING: dict[str, dict[str, object]] = {
    "get_customer": {"customer_id": NOBODY},
    "delete_customer": {"customer_id": NOBODY},
    "get_service": {"service_id": NOBODY},
    "get_service_origin": {"service_id": NOBODY},
    "get_load": {"load_id": NOBODY},
    "undo_load": {"load_id": NOBODY},
    "list_rejects": {"load_id": NOBODY},
    "watch_load": {"load_id": NOBODY},
    "list_waiting": {"load_id": NOBODY},
    "cancel_waiting": {"load_id": NOBODY},
    "get_user": {"user_id": NOBODY},
    "delete_user": {"user_id": NOBODY},
    "issue_password_reset": {"user_id": NOBODY},
    "revoke_token": {"token_id": NOBODY},
    "get_preset": {"name": "nowhere"},
    "delete_preset": {"name": "nowhere"},
    "delete_calendar_day": {"day_id": NOBODY},
    "get_upload": {"upload_id": "00000000-0000-4000-8000-000000000000"},
}


async def tell(recorder: Recorder, app: FastAPI) -> None:
    await not_allowed(recorder)
    await not_there(recorder)
    await in_the_way(recorder)
    await not_taken(recorder, app)
    await of_uploads(recorder)
    await in_trouble(recorder, app)
    await unknown_parameters(recorder)


async def not_allowed(recorder: Recorder) -> None:
    ask = recorder.ask
    await ask("get_me", "No token", by="nobody", expect=401)
    await ask("login", "A wrong password", by="nobody", json={"username": "ana", "password": "wrong"}, expect=401)
    await ask("refresh", "A spent token", by="nobody", json={"refresh_token": "spent"}, expect=401)
    await ask("refresh_session", "No cookie", by="nobody", expect=401)
    customer = {"nome": "Gil Prado", "email": "gil2@example.com"}
    await ask("create_customer", "A viewer", by="bia", json=customer, expect=403)
    await ask("list_users", "A viewer", by="bia", expect=403)
    wrong = {"current_password": "wrong", "new_password": PASSWORD + "!"}
    await ask("change_password", "A wrong password", by="bia", json=wrong, expect=403)


async def not_there(recorder: Recorder) -> None:
    answer = await recorder.clients["ana"].put("/v1/loads")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    recorder.keep_error(answer)
    for operation_id, path in MISSING.items():
        await recorder.ask(operation_id, "It is not there", path=path, expect=404)


async def in_the_way(recorder: Recorder) -> None:
    ask = recorder.ask
    ana = {"username": "Ána", "email": "ana2@example.com", "password": PASSWORD}
    await ask("register", "The name is taken", by="nobody", json=ana, expect=409)
    await ask("change_user", "The last admin", path={"user_id": 1}, json={"active": False}, expect=409)
    await ask("delete_user", "The last admin", path={"user_id": 1}, expect=409)
    taken = {"nome": "Gil Prado", "email": "gil@example.com"}
    await ask("create_customer", "The mail is taken", json=taken, expect=409)
    await ask("delete_customer", "Services point at it", path={"customer_id": 1}, expect=409)
    await ask("undo_load", "It is undone already", path={"load_id": 2}, expect=409)
    await ask("create_calendar_day", "It is one already", expect=409,
              json={"scope": "nacional", "day": "2021-12-25", "name": "Natal"})  # fmt: skip


async def not_taken(recorder: Recorder, app: FastAPI) -> None:
    ask = recorder.ask
    settings: Settings = app.state.settings
    visit = {"id_cliente": NOBODY, "angel": "Bia Reis", "polo": "SP - CAMPINAS", "data_limite": "30/06/2021"}
    await ask("create_service", "Not a date", json=visit, expect=422)
    await ask("create_service", "No such customer", json=visit | {"data_limite": "2021-06-30"}, expect=422)
    common = {"username": "eva", "email": "eva@example.com", "password": "password1"}
    await ask("register", "A common password", by="nobody", json=common, expect=422)
    await ask("load_services", "No header that is known", files={"file": ("a.csv", b"a;b\nc;d\n")}, expect=422)
    await ask("load_customers", "A picture", content=b"\x89PNG\r\n\x1a\n" + bytes(64), expect=415,
              headers={"Content-Type": "image/png"})  # fmt: skip
    await ask("login", "Another type", by="nobody", content=b"<a/>", headers={"Content-Type": "text/xml"}, expect=415)
    await ask("create_customer", "Too large", content=b" " * (settings.body_max_bytes + 1), expect=413)
    await ask("create_customer", "Too slow", content=stalled(), expect=408)


async def stalled() -> AsyncIterator[bytes]:
    """A body that never ends."""
    yield b"{"
    await asyncio.Event().wait()


async def of_uploads(recorder: Recorder) -> None:
    ask, client = recorder.ask, recorder.clients["ana"]
    length = RESUMABLE | {"Upload-Length": str(len(CUSTOMERS))} | metadata(kind="customers")
    await ask("create_upload", "No version of tus", headers={"Upload-Length": "9"}, expect=412)
    await ask(
        "create_upload", "A length that is not said yet", headers=length | {"Upload-Defer-Length": "1"}, expect=400
    )
    upload = {"upload_id": (await created(client, len(CUSTOMERS))).rpartition("/")[2]}
    start = BYTES | {"Upload-Offset": "0"}
    await ask("append_to_upload", "Another checksum", path=upload, content=CUSTOMERS,
              headers=start | checksum(b"other bytes"), expect=460)  # fmt: skip
    await ask("append_to_upload", "Another offset", path=upload, content=CUSTOMERS[7:],
              headers=BYTES | {"Upload-Offset": "7"}, expect=409)  # fmt: skip
    begun, end = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield CUSTOMERS[:9]
        begun.set()
        await end.wait()
        yield CUSTOMERS[9:]

    first = asyncio.create_task(
        client.patch(recorder.routes["append_to_upload"][1].format(**upload), content=body(), headers=start)
    )
    await begun.wait()
    await ask("append_to_upload", "Another request is at it", path=upload, content=CUSTOMERS, headers=start, expect=423)
    end.set()
    assert (await first).status_code == 204


async def in_trouble(recorder: Recorder, app: FastAPI) -> None:
    """Nothing is wrong with these requests; the service is brought into trouble."""
    ask = recorder.ask
    wrong = {"username": "zoe", "password": "wrong"}
    for _ in range(app.state.settings.login_attempts_per_account):
        assert (await recorder.clients["nobody"].post("/v1/auth/login", json=wrong)).status_code == 401
    await ask("login", "Too many attempts", by="nobody", json=wrong, expect=429)
    with patch.object(app.state.export_slots, "locked", lambda: True):
        await ask("list_customers", "Other exports run", params={"format": "csv"}, expect=503)
    with patch.object(customers, "get_customer", broken):
        await ask("get_customer", "A fault of ours", path={"customer_id": 1}, expect=500)
    with patch.object(app.state.receiver.room, "check", full_disk):
        files = {"file": ("customers.csv", b"id;nome;email;telefone\n")}
        await ask("load_customers", "The disk is full", files=files, expect=507)
    with patch.object(app.state.health, "database_answers", no_database):
        await ask("check_health", "The database is away", by="nobody", expect=503)
    with patch.object(app.state.draining, "begun", True):
        await ask("check_readiness", "The process is about to end", by="nobody", expect=503)


async def broken(*_: object) -> None:
    raise RuntimeError("of this test")


async def full_disk(*_: object) -> None:
    raise InsufficientStorage(room.DISK_IS_FULL)


async def no_database() -> bool:
    return False


async def unknown_parameters(recorder: Recorder) -> None:
    """Of every operation: nothing is ignored."""
    for operation_id, (_, template) in recorder.routes.items():
        names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
        path = {name: recorder.parameters_of(operation_id).get(name, 1) for name in names}
        upload = RESUMABLE | {"Upload-Length": "9", "Upload-Offset": "0"} if "/uploads" in template else {}
        await recorder.ask(
            operation_id, "An unknown parameter", path=path, params={"filtro": "x"}, headers=upload, expect=422
        )
