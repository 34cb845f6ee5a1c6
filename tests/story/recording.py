"""Asks operations by their ids, and keeps what was sent and answered as examples."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from .steady import at_receipt, steady, steady_text

Json = dict[str, Any]

ALWAYS = {
    *("content-length", "content-type", "content-security-policy", "cross-origin-opener-policy", "vary"),
    *("cross-origin-resource-policy", "referrer-policy", "x-content-type-options", "x-frame-options"),
    *("cache-control", "x-accel-buffering", "content-encoding", "accept-ranges", "connection", "x-request-id"),
}
"""Of any answer; the document's introduction tells of them."""

FILES = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.apache.parquet"}


class Recorder:
    def __init__(self, document: Json, clients: dict[str, httpx.AsyncClient]) -> None:
        self.clients = clients
        self.operations: Json = {}
        self.errors: Json = {}
        self.headers: dict[tuple[str, str], set[str]] = {}
        self.bodies = {
            operation["operationId"]: set(operation.get("requestBody", {}).get("content", {}))
            for item in document["paths"].values()
            for operation in item.values()
        }
        self.routes = {
            operation["operationId"]: (method.upper(), path)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }

    async def ask(
        self,
        operation_id: str,
        title: str = "As usual",
        *,
        by: str = "ana",
        expect: int | None = None,
        path: Mapping[str, object] | None = None,
        shown: object = None,
        **request: Any,
    ) -> httpx.Response:
        """shown: the body as the document shows it, where it is no JSON. request: as httpx takes it."""
        method, template = self.routes[operation_id]
        url = template.format(**{name: str(value) for name, value in (path or {}).items()})
        answer = await self.clients[by].request(method, url, **request)
        wanted = [expect] if expect else [200, 201, 202, 204]
        assert answer.status_code in wanted, (operation_id, answer.status_code, answer.text)
        self._keep(operation_id, title, answer, path or {}, request, shown)
        return answer

    def _keep(
        self,
        operation_id: str,
        title: str,
        answer: httpx.Response,
        path: Mapping[str, object],
        request: Json,
        shown: object,
    ) -> None:
        kept = self.operations.setdefault(operation_id, {"parameters": {}, "request": {}, "responses": {}})
        status = str(answer.status_code)
        if answer.is_success:
            for name, value in path.items():
                kept["parameters"].setdefault(name, steady(value, name))
            body = shown if shown is not None else request.get("json")
            sent = answer.request.headers.get("content-type", "").partition(";")[0]
            if body is not None and sent in self.bodies[operation_id]:
                kept["request"][_key(title)] = {"summary": title, "value": steady(body)}
        self.headers.setdefault((operation_id, status), set()).update(name.lower() for name in answer.headers)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if not answer.content or media_type in FILES:
            return
        value = _value(answer, media_type)
        kept["responses"].setdefault(status, {}).setdefault(media_type, {})[_key(title)] = {
            "summary": title,
            "value": value,
        }
        if media_type == "application/problem+json":
            self.keep_error(answer)

    def parameters_of(self, operation_id: str) -> Json:
        """Of the path, as they were asked with."""
        found: Json = self.operations.get(operation_id, {}).get("parameters", {})
        return found

    def keep_error(self, answer: httpx.Response) -> None:
        """The first one of its status, for all operations that may answer it."""
        value = _value(answer, "application/problem+json")
        self.errors.setdefault(str(answer.status_code), {"summary": value["title"], "value": value})

    def recorded(self) -> Json:
        ordered = {name: self.operations[name] for name in self.routes if name in self.operations}
        return {"operations": ordered, "errors": dict(sorted(self.errors.items()))}


def _value(answer: httpx.Response, media_type: str) -> Any:
    if media_type.endswith("json"):
        body = steady(json.loads(answer.content))
        return at_receipt(body) if answer.status_code == 202 else body
    return steady_text(answer.text, media_type)


def _key(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
