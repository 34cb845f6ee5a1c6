"""The OpenAPI document as bytes, in JSON and in YAML: made once for each prefix that the service is asked under."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import yaml
from fastapi import FastAPI

NUMBER_TO_SOME = re.compile(r"[-+.]?[0-9]")
"""How a text begins that some reader of YAML, 1.1 or 1.2, might take for a number or a date."""


@dataclass(frozen=True)
class Published:
    body: bytes
    packed: bytes
    """By gzip."""
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "Published":
        return cls(body, gzip.compress(body), media_type, f'"{hashlib.blake2s(body, digest_size=12).hexdigest()}"')


class PublishedDocument:
    """What /openapi.json and /openapi.yaml answer. The prefix is a setting, so there are two in all."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = asyncio.Lock()
        self._made: dict[tuple[str, str], Published] = {}

    async def json(self, prefix: str) -> Published:
        return await self._once("json", prefix, orjson.dumps)

    async def yaml(self, prefix: str) -> Published:
        return await self._once("yaml", prefix, as_yaml)

    async def _once(self, form: str, prefix: str, write: Callable[[dict[str, Any]], bytes]) -> Published:
        """Made by the first who asks, while the others wait: it takes seconds."""
        if (form, prefix) not in self._made:
            async with self._making:
                if (form, prefix) not in self._made:
                    self._made[form, prefix] = await asyncio.to_thread(self._make, form, prefix, write)
        return self._made[form, prefix]

    def _make(self, form: str, prefix: str, write: Callable[[dict[str, Any]], bytes]) -> Published:
        return Published.of(write(self._document(prefix)), f"application/{form}")

    def _document(self, prefix: str) -> dict[str, Any]:
        document: dict[str, Any] = self._app.openapi()
        return document | {"servers": [{"url": prefix}]} if prefix else document


class _Dumper(yaml.CSafeDumper):
    """No anchors, which few readers of OpenAPI follow."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else '"' if NUMBER_TO_SOME.match(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: dict[str, Any]) -> bytes:
    """The same values in the same order, for readers of YAML 1.1 and 1.2."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, encoding="utf-8")
