"""Mending rejects of the app under test."""

from typing import Any

import httpx
from load_client import Report, finished

HEADER = "id;nome;email;telefone\n"
VISITS = "id;id_cliente;angel;polo;data_limite;data_de_atendimento\n"


async def ask(client: httpx.AsyncClient, load: Report, body: dict[str, Any], **query: Any) -> httpx.Response:
    return await client.post(f"/v1/loads/{load['id']}/mend", json=body, params=query)


async def mended(client: httpx.AsyncClient, load: Report, body: dict[str, Any], **query: Any) -> Report:
    """The mend, once it has ended."""
    answer = await ask(client, load, body, **query)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/loads/{answer.json()['load']['id']}"
    return await finished(client, answer.json()["load"]["id"])


async def tracked(client: httpx.AsyncClient, load: Report, state: str = "open") -> list[dict[str, Any]]:
    answer = await client.get("/v1/rejects", params={"load": load["id"], "state": state, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rejects"])


async def lines(client: httpx.AsyncClient, load: Report, state: str = "open") -> list[int]:
    return [reject["line"] for reject in await tracked(client, load, state)]
