"""Requests of tus 1.0, made by hand where a client of tus would not make them."""

import base64
import hashlib
from typing import Any

import httpx

RESUMABLE = {"Tus-Resumable": "1.0.0"}
BYTES = RESUMABLE | {"Content-Type": "application/offset+octet-stream"}
ROWS = "".join(f"{n};Ana {n};a{n}@mail.com;\n" for n in range(1, 301)).encode()
CUSTOMERS = b"id;nome;email;telefone\n" + ROWS


def metadata(**values: object) -> dict[str, str]:
    pairs = (f"{name} {base64.b64encode(str(value).encode()).decode()}" for name, value in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


def checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = hashlib.new(algorithm, content).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


async def create(client: httpx.AsyncClient, length: int, *, kind: str = "customers", **asked: object) -> httpx.Response:
    headers = RESUMABLE | {"Upload-Length": str(length)} | metadata(kind=kind, **asked)
    return await client.post("/v1/uploads", headers=headers)


async def created(client: httpx.AsyncClient, length: int, **asked: Any) -> str:
    """Address of a new upload."""
    answer = await create(client, length, **asked)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def append(
    client: httpx.AsyncClient, address: str, offset: int, content: Any, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await client.patch(
        address, content=content, headers=BYTES | {"Upload-Offset": str(offset)} | (headers or {})
    )


async def offset_of(client: httpx.AsyncClient, address: str) -> int:
    answer = await client.head(address, headers=RESUMABLE)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def load_id_of(answer: httpx.Response) -> int:
    """Of the load that an answer's Location names."""
    assert answer.status_code == 204, answer.text
    return int(answer.headers["location"].removeprefix("/v1/loads/"))
