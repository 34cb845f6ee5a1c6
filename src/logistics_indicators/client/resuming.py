"""Sends a file in pieces, by tus 1.0 (docs/uploads.md); it goes on where it stopped, or a program before it died."""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Any, cast

import httpx

from ..loads.words import Kind
from .connecting import ServiceError, body_of, detail_of
from .loading_options import LoadOptions
from .remembered import ID, Remembered
from .sending import name_to_send

UPLOADS = "/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = 64 * 1024
REQUEST_BYTES = 16 * 1024 * 1024
"""Of one request: proxies bound bodies, and time."""

ATTEMPTS = 10
"""In a row that bring nothing: a minute and a half."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0

PASSING = frozenset({408, 409, 423, 429, 502, 503, 504})
"""Answers that say: not now, or not from there."""
GONE = frozenset({403, 404, 410})
"""Answers to one who asks for an upload that has expired, or is another user's."""
REFUSED = frozenset({400, 413, 415, 422})
"""Answers to a file that can be no load, now or later."""

CAME_TO_NOTHING = ("failed", "undone")

Sent = Callable[[int], None]
"""Is told by how many bytes more, or fewer, have come."""


class NotNow(Exception):
    """Nothing came of a request, and a later one may do better."""

    def __init__(self, why: str, pause: float = 0) -> None:
        super().__init__(why)
        self.pause = pause


class Uploads:
    """The files that one command sends."""

    def __init__(self) -> None:
        self._became_loads: list[Remembered] = []
        self.taken_up: list[tuple[str, dict[str, Any]]] = []
        """Files that an earlier command had sent whole, and the loads that they had become."""

    async def send(
        self, client: httpx.AsyncClient, path: Path, kind: Kind, options: LoadOptions, sent: Sent
    ) -> list[dict[str, Any]]:
        """Its load, once every byte is durable. Raises ServiceError."""
        try:
            with path.open("rb") as file:
                asked = {"kind": str(kind), "filename": name_to_send(path), **options.query(kind)}
                upload = _Upload(client, file, asked, sent)
                load = await upload.loaded()
                self._became_loads.append(upload.remembered)
                if upload.is_an_earlier_one():
                    self.taken_up.append((path.name, load))
                return [load]
        except (ServiceError, httpx.HTTPError, OSError) as error:
            raise ServiceError(f"{path.name}: {error or type(error).__name__}") from error

    def forget(self) -> None:
        """The loads have ended: the same file again is another load. What became none yet is gone on with."""
        for remembered in self._became_loads:
            remembered.forget()


def _key(client: httpx.AsyncClient, file: IO[bytes], asked: dict[str, str]) -> str:
    """Of what is sent where: the file by what is in it."""
    content = hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
    words = json.dumps([str(client.base_url), content, asked], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()


class _Upload:
    """One file's."""

    def __init__(self, client: httpx.AsyncClient, file: IO[bytes], asked: dict[str, str], sent: Sent) -> None:
        self._client, self._file, self._asked, self._sent = client, file, asked, sent
        self._as_it_was = _state_of(file)
        self._length = file.seek(0, 2)
        file.seek(0)
        self.remembered = Remembered(_key(client, file, asked))
        self._is_taken_up = self.remembered.upload_id() is not None
        self._shown = self._durable = self._failed = self._pieces = 0

    def is_an_earlier_one(self) -> bool:
        """It had come whole before."""
        return self._is_taken_up and self._pieces == 0

    async def loaded(self) -> dict[str, Any]:
        """The load that it became."""
        while True:
            try:
                upload = await self._stands()
                if upload["load_id"] is None:
                    await self._go_on(upload)
                elif (load := await self._load(upload["load_id"])) is not None:
                    return load
            except (NotNow, httpx.TransportError) as error:
                await self._wait(error)

    async def _load(self, load_id: int) -> dict[str, Any] | None:
        """None where it came of an earlier run and came to nothing: then the file is sent anew."""
        load: dict[str, Any] = body_of(await self._ask("GET", f"/v1/loads/{load_id}"))
        if self._is_taken_up and load["status"] in CAME_TO_NOTHING:
            self._is_taken_up = False
            self.remembered.forget()
            return None
        return load

    async def _stands(self) -> dict[str, Any]:
        """How the upload stands: the remembered one, or a new one."""
        if (upload_id := self.remembered.upload_id()) is not None:
            answer = await self._ask("GET", f"{UPLOADS}/{upload_id}", expected=GONE)
            if answer.is_success:
                return self._reached(answer.json())
        answer = await self._ask("POST", UPLOADS, {"Upload-Length": str(self._length), **_metadata(self._asked)})
        upload: dict[str, Any] = body_of(answer)
        if not ID.fullmatch(str(upload.get("id"))):
            raise ServiceError("the answer names no upload.")
        self.remembered.remember(upload["id"])
        return self._reached(upload)

    def _reached(self, upload: dict[str, Any]) -> dict[str, Any]:
        if upload["offset"] > self._durable:
            self._failed = 0
        self._durable = upload["offset"]
        self._show(self._durable)
        return upload

    def _show(self, place: int) -> None:
        self._sent(place - self._shown)
        self._shown = place

    async def _go_on(self, upload: dict[str, Any]) -> None:
        if upload["status"] == "refused":
            self.remembered.forget()
            raise ServiceError(detail_of(httpx.Response(upload["error"]["status"], json=upload["error"])))
        if upload["status"] == "whole":
            raise NotNow("the service has the whole file, and makes the load of it as soon as it can")
        size = min(REQUEST_BYTES, self._length - self._durable)
        headers = {
            "Upload-Offset": str(self._durable),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(size),
        }
        answer = await self._ask("PATCH", f"{UPLOADS}/{upload['id']}", headers, self._bytes(size), expected=GONE)
        if answer.status_code in GONE:
            raise NotNow(detail_of(answer))  # a proxy may forbid it for ever

    async def _bytes(self, size: int) -> AsyncIterator[bytes]:
        """From the last durable byte."""
        place, end = self._durable, self._durable + size
        self._file.seek(place)
        while place < end:
            piece = self._file.read(min(PIECE, end - place))
            if not piece or _state_of(self._file) != self._as_it_was:
                self.remembered.forget()
                raise ServiceError("the file was changed while it was sent; no load was made of it.")
            yield piece
            self._pieces += 1
            place += len(piece)
            self._show(place)

    async def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        content: AsyncIterator[bytes] | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        """A good answer, or an expected one. Raises NotNow, and ServiceError."""
        answer = await self._client.request(method, path, headers=TUS | (headers or {}), content=content)
        if answer.is_success or answer.status_code in expected:
            return answer
        if answer.status_code in PASSING:
            asked = answer.headers.get("Retry-After", "")
            raise NotNow(detail_of(answer), float(asked) if asked.isdigit() else 0)
        if answer.status_code in REFUSED:
            self.remembered.forget()
        raise ServiceError(detail_of(answer))

    async def _wait(self, error: Exception) -> None:
        """Before the next attempt. Raises ServiceError where there were enough."""
        self._failed += 1
        if self._failed > ATTEMPTS:
            why = str(error).rstrip(".") or type(error).__name__
            raise ServiceError(
                f"the upload broke off at {self._durable:,} of {self._length:,} bytes: {why}. The same command again "
                "goes on from there."
            )
        pause = max(FIRST_PAUSE_SECONDS * 2 ** (self._failed - 1), getattr(error, "pause", 0))
        await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))


def _state_of(file: IO[bytes]) -> tuple[int, int]:
    """What changes when somebody writes into it."""
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _metadata(asked: dict[str, str]) -> dict[str, str]:
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in asked.items())
    return {"Upload-Metadata": ",".join(pairs)}
