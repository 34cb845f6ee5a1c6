"""By operationId, a request that must succeed, with what it needs already stored."""

import asyncio
import time
from typing import Any

import asyncpg
import httpx
from command_line import PASSWORD
from tus import BYTES, RESUMABLE, metadata

CUSTOMERS = "id;nome;email;telefone\n900001;Rui;rui@example.com;\n"
CUSTOMERS_TOO = "id;nome;email;telefone\n900002;Lia;lia@example.com;\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n1;900001;Íris;CE - A;30/06/2021;29/06/2021\n"

Requests = dict[str, dict[str, Any]]

HAND_OVER_UPLOAD = "UPDATE uploads SET user_id = $1 WHERE id = $2"
# A stranger has no account that could have one.
HAND_OVER_TOKEN = "UPDATE api_tokens SET user_id = $1 WHERE id = $2 AND EXISTS (SELECT FROM users WHERE id = $1)"
HAND_OVER_LOAD = "UPDATE loads SET user_id = $1 WHERE id = $2 AND EXISTS (SELECT FROM users WHERE id = $1)"
NUMBER_LOADS_FROM = "SELECT setval(pg_get_serial_sequence('loads', 'id'), $1)"


class Store:
    """Stores what requests need, as an admin, and hands over what is to be the own one of the user who asks."""

    def __init__(self, client: httpx.Client, database_url: str, asker: int) -> None:
        self._client, self._database_url, self._asker = client, database_url, asker

    def run(self, statement: str, *values: object) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(self._database_url)
            await connection.execute(statement, *values)
            await connection.close()

        asyncio.run(execute())

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json()

    def made(self, path: str, body: object) -> Any:
        return self.ask("POST", path, json=body)

    def user(self, name: str) -> int:
        return int(self.made("/users", {"username": name, "email": f"{name}@example.com", "password": PASSWORD})["id"])

    def refresh_token(self, name: str) -> str:
        return str(self.made("/auth/login", {"username": name, "password": PASSWORD})["refresh_token"])

    def customer(self, number: int) -> int:
        return int(self.made("/customers", {"nome": "Íris", "email": f"c{number}@example.com"})["id"])

    def load(self, text: str, **query: Any) -> int:
        headers = {"Content-Type": "text/csv"}
        load = self.ask("POST", "/customers/batch", content=text, headers=headers, params=query)["load"]
        while load["status"] in ("received", "loading"):
            time.sleep(0.05)
            load = self.ask("GET", f"/loads/{load['id']}")
        assert load["status"] == "completed", load
        return int(load["id"])

    def own_load(self) -> int:
        load_id = self.load(CUSTOMERS_TOO, validate_only=True)
        self.run(HAND_OVER_LOAD, self._asker, load_id)
        return load_id

    def own_token(self) -> int:
        token_id = int(self.made("/tokens", {"name": "to be revoked"})["id"])
        self.run(HAND_OVER_TOKEN, self._asker, token_id)
        return token_id

    def own_upload(self) -> str:
        headers = RESUMABLE | {"Upload-Length": str(len(CUSTOMERS))} | metadata(kind="customers")
        upload_id = str(self.ask("POST", "/uploads", headers=headers)["id"])
        self.run(HAND_OVER_UPLOAD, self._asker, upload_id)
        return upload_id


def requests_that_succeed(store: Store) -> Requests:
    store.run(NUMBER_LOADS_FROM, 1_000)  # the document's examples name small ids, which are to be none of ours
    parts = (_of_sessions, _of_users, _of_rows, _of_files, _of_uploads, _of_loads, _of_settings)
    return {operation: request for part in parts for operation, request in part(store).items()}


def at(name: str, value: object, **more: Any) -> dict[str, Any]:
    """With a parameter of the path."""
    return {"path_parameters": {name: value}, **more}


def _of_sessions(store: Store) -> Requests:
    store.user("ana")
    account = {"username": "ana", "password": PASSWORD}
    reset = store.made(f"/users/{store.user('bea')}/password-reset", None)["reset_token"]
    new = PASSWORD + " again"
    return {
        "register": {"body": {"username": "gil", "email": "gil@example.com", "password": PASSWORD}},
        "login": {"body": account, "media_type": "application/json"},
        "refresh": {"body": {"refresh_token": store.refresh_token("ana")}},
        "logout": {"body": {"refresh_token": store.refresh_token("ana")}},
        "open_session": {"body": account},
        "refresh_session": {"cookies": {"refresh_token": store.refresh_token("ana")}},
        "end_session": {"cookies": {"refresh_token": store.refresh_token("ana")}},
        "change_password": {"body": {"current_password": PASSWORD, "new_password": new}},
        "reset_password": {"body": {"reset_token": reset, "new_password": new}},
    }


def _of_users(store: Store) -> Requests:
    return {
        "create_user": {"body": {"username": "hugo", "email": "hugo@example.com", "password": PASSWORD}},
        "get_user": at("user_id", store.user("caio")),
        "change_user": at("user_id", store.user("davi"), body={"active": False}),
        "delete_user": at("user_id", store.user("eva")),
        "issue_password_reset": at("user_id", store.user("fabio")),
        "create_token": {"body": {"name": "a scheduler", "scopes": ["read"]}},
        "revoke_token": at("token_id", store.own_token()),
    }


def _of_rows(store: Store) -> Requests:
    kept, gone = store.customer(1), store.customer(2)
    visit = {"id_cliente": kept, "angel": "Íris", "polo": "CE - A", "data_limite": "2021-06-30"}
    service_id = store.made("/services", visit | {"data_de_atendimento": "2021-06-29T10:15:27"})["id"]
    return {
        "create_customer": {"body": {"nome": "Íris", "email": "c3@example.com"}},
        "get_customer": at("customer_id", kept),
        "replace_customer": at("customer_id", kept, body={"nome": "Íris", "email": "c4@example.com"}),
        "delete_customer": at("customer_id", gone),
        "create_service": {"body": visit},
        "get_service": at("service_id", service_id),
        "replace_service": at("service_id", service_id, body=visit),
    }


def _of_files(store: Store) -> Requests:
    for name in ("kept", "gone"):
        store.ask("PUT", f"/presets/{name}", json={"kind": "customers"})
    return {
        "load_customers": {"body": {"file": CUSTOMERS}, "media_type": "multipart/form-data"},
        "load_services": {"body": {"file": VISITS}, "media_type": "multipart/form-data"},
        "keep_preset": at("name", "another", body={"kind": "customers"}),
        "get_preset": at("name", "kept"),
        "delete_preset": at("name", "gone"),
    }


def _of_uploads(store: Store) -> Requests:
    first = {"headers": RESUMABLE | {"Upload-Offset": "0"}, "body": CUSTOMERS, "media_type": BYTES["Content-Type"]}
    return {
        "create_upload": {"headers": RESUMABLE | {"Upload-Length": "9"} | metadata(kind="customers")},
        "ask_upload": at("upload_id", store.own_upload()),
        "get_upload": at("upload_id", store.own_upload()),
        "end_upload": at("upload_id", store.own_upload(), headers=RESUMABLE),
        "append_to_upload": at("upload_id", store.own_upload(), **first),
    }


def _of_loads(store: Store) -> Requests:
    with_reject = store.load(CUSTOMERS + "x;Ana;a@example.com;\n")
    tried, looked_at = (store.load(CUSTOMERS_TOO, validate_only=True) for _ in range(2))
    return {
        "get_load": at("load_id", with_reject),
        "list_rejects": at("load_id", with_reject),
        "preview_load": at("load_id", looked_at),
        "confirm_load": at("load_id", tried),
        "mend_load": at("load_id", with_reject, body={"edits": {"3": {}}}),
        "watch_load": at("load_id", with_reject),
        "list_waiting": at("load_id", with_reject),
        "cancel_waiting": at("load_id", with_reject),
        "undo_load": at("load_id", store.own_load()),
    }


def _of_settings(store: Store) -> Requests:
    day = store.made("/calendar", {"uf": "CE", "day": "2021-06-29", "name": "A day"})["id"]
    return {
        "list_calendar": {"query": {"ano": 2021}},
        "create_calendar_day": {"body": {"uf": "CE", "day": "2021-07-01", "name": "Another day"}},
        "delete_calendar_day": at("day_id", day),
        "change_indicator_settings": {"body": {"optional_days": ["carnaval"]}},
    }
