"""Whatever is sent is bounded, and the document says how: the linters' rules about it look at answers too."""

from collections.abc import Iterator
from typing import Any

import pytest

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

OF_FIXED_LENGTH = {"date", "date-time", "date-time-local", "uuid"}
STREAMED = {"binary"}
"""Files: bounded in bytes by LOAD_MAX_BYTES, a setting."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = create_app(Settings()).openapi()
    return found


def sent(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema of what a client sends, with where it stands."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "header" and parameter["schema"].get("type") == "string":
                    continue  # all headers together are bounded: tests/test_security_requests.py
                yield f"{method} {path} {parameter['name']}", parameter["schema"]
            for media in operation.get("requestBody", {}).get("content", {}).values():
                yield f"{method} {path} body", media["schema"]


def values(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of plain values and lists within one. Rules in an allOf only narrow what stands beside them."""
    if "$ref" in schema:
        yield from values(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
        return
    yield schema
    if "enum" in schema:
        return
    for part in (*schema.get("anyOf", []), *schema.get("properties", {}).values()):
        yield from values(part, document)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from values(schema[word], document)
    for part in schema.get("patternProperties", {}).values():
        yield from values(part, document)


def is_bounded(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if {"enum", "const"} & value.keys():
        return True
    if kind == "string":
        return "maxLength" in value or value.get("format") in OF_FIXED_LENGTH | STREAMED or has_bounded_pattern(value)
    if kind in ("integer", "number"):
        return {"maximum", "exclusiveMaximum"} & value.keys() != set() and "minimum" in value
    if kind == "array":
        return "maxItems" in value
    return True


def has_bounded_pattern(value: dict[str, Any]) -> bool:
    pattern = value.get("pattern", "*")
    return not {"*", "+"} & set(pattern) and pattern.startswith("^") and pattern.endswith("$")


def test_what_is_sent_is_bounded(document: dict[str, Any]) -> None:
    found = [(where, value) for where, schema in sent(document) for value in values(schema, document)]
    assert len(found) > 300
    assert [(where, value) for where, value in found if not is_bounded(value)] == []
