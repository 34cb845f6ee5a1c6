"""What of an OpenAPI document would break a client that was written against an earlier one."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
DEEPEST = 12
"""Levels of a schema that are compared; no model of ours is as deep."""


def breaks(before: Json, after: Json) -> list[str]:
    """Empty where every request that was right is right still, and every answer can be read as before."""
    return sorted(set(_Comparison(before, after).found()))


class _Comparison:
    def __init__(self, before: Json, after: Json) -> None:
        self.before, self.after = before, after

    def found(self) -> Iterator[str]:
        later = {_places(path): item for path, item in self.after["paths"].items()}
        for path, item in self.before["paths"].items():
            for method in METHODS:
                if method in item:
                    name = f"{method.upper()} {path}"
                    now = later.get(_places(path), {}).get(method)
                    if now is None:
                        yield f"{name} is gone"
                    else:
                        yield from self._operation(name, item[method], now)

    def _operation(self, name: str, was: Json, now: Json) -> Iterator[str]:
        if was["operationId"] != now["operationId"]:
            yield f"{name}: operationId {was['operationId']} is {now['operationId']}"
        yield from self._parameters(name, was, now)
        yield from self._body(name, was.get("requestBody"), now.get("requestBody"))
        for status, answer in was["responses"].items():
            if status.startswith("2") and status not in now["responses"]:
                yield f"{name}: the answer {status} is gone"
            elif status.startswith("2"):
                yield from self._content(f"{name} {status}", answer, now["responses"][status], sent=False)

    def _parameters(self, name: str, was: Json, now: Json) -> Iterator[str]:
        earlier, later = _parameters_of(was), _parameters_of(now)
        for key, parameter in later.items():
            if parameter.get("required") and not earlier.get(key, {}).get("required"):
                yield f"{name}: the parameter {key[1]} is required now"
        for key, parameter in earlier.items():
            if key not in later:
                yield f"{name}: the parameter {key[1]} is gone"
            else:
                now_schema = _single(later[key]["schema"]) if key[0] == "query" else later[key]["schema"]
                schema = _single(parameter["schema"]) if key[0] == "query" else parameter["schema"]
                yield from self._schema(f"{name} {key[1]}", schema, now_schema, sent=True, depth=0)

    def _body(self, name: str, was: Json | None, now: Json | None) -> Iterator[str]:
        if now is not None and now.get("required") and not (was or {}).get("required"):
            yield f"{name}: a body is required now"
        if was is not None:
            yield from self._content(f"{name} body", was, now or {}, sent=True)

    def _content(self, where: str, was: Json, now: Json, *, sent: bool) -> Iterator[str]:
        later = now.get("content", {}) | now.get("x-other-content", {})
        for media_type, media in was.get("content", {}).items():
            if media_type not in later:
                yield f"{where}: {media_type} is gone"
            else:
                schema = later[media_type]["schema"]
                yield from self._schema(where, media["schema"], schema, sent=sent, depth=0)

    def _schema(self, where: str, was: Json, now: Json, *, sent: bool, depth: int) -> Iterator[str]:
        was, now = _resolved(self.before, was), _resolved(self.after, now)
        if depth > DEEPEST:
            return
        yield from _types(where, was, now, sent=sent)
        yield from _enums(where, was, now, sent=sent)
        yield from _required(where, was, now, sent=sent)
        for name, field in was.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{where}: the property {name} is gone"
            else:
                inner = now["properties"][name]
                yield from self._schema(f"{where}.{name}", field, inner, sent=sent, depth=depth + 1)
        if "items" in was and "items" in now:
            yield from self._schema(f"{where}[]", was["items"], now["items"], sent=sent, depth=depth + 1)


def _places(path: str) -> str:
    """What a part of a path is called is nothing that a client sends."""
    return re.sub(r"{[^}]*}", "{}", path)


def _parameters_of(operation: Json) -> dict[tuple[str, str], Json]:
    """Those of the path are in its places; headers are called the same in any case."""
    found = (p for p in operation.get("parameters", []) if p["in"] != "path")
    return {(p["in"], p["name"].lower() if p["in"] == "header" else p["name"]): p for p in found}


def _single(schema: Json) -> Json:
    """Of a parameter that may be there several times: that of each time."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") == "array"]
    found: Json = kinds[0]["items"] if kinds else schema
    return found


def _resolved(document: Json, schema: Json) -> Json:
    """Without its reference, and where null is all that stands beside one kind, that kind."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) == 1 and "properties" not in schema:
        null = {"x-null": True} if len(kinds) < len(schema["anyOf"]) else {}
        return {**{word: schema[word] for word in ("enum",) if word in schema}, **_resolved(document, kinds[0]), **null}
    return schema


def types_of(schema: Json) -> set[str]:
    """Empty: any."""
    if "anyOf" in schema and "properties" not in schema:
        parts = [types_of(kind) for kind in schema["anyOf"]]
        return set().union(*parts) if all(parts) else set()
    if "enum" in schema and "type" not in schema:
        return {"string"}
    found = {schema["type"]} if "type" in schema else set()
    return found | ({"null"} if schema.get("x-null") and found else set())


def _types(where: str, was: Json, now: Json, *, sent: bool) -> Iterator[str]:
    """What is sent may be of more types than before, what is answered of fewer."""
    earlier, later = types_of(was), types_of(now)
    narrower, wider = (later, earlier) if sent else (earlier, later)
    if "number" in narrower:
        narrower = narrower | {"integer"}
    if (narrower and not wider) or not (wider <= narrower or not narrower):
        was_kinds, now_kinds = (" or ".join(sorted(types)) or "anything" for types in (earlier, later))
        yield f"{where}: it was {was_kinds}, and is {now_kinds}"


def _enums(where: str, was: Json, now: Json, *, sent: bool) -> Iterator[str]:
    earlier, later = was.get("enum"), now.get("enum")
    if sent and later is not None:
        gone = [value for value in earlier if value not in later] if earlier is not None else ["any other value"]
        for value in gone:
            yield f"{where}: the value {value} is gone"


def _required(where: str, was: Json, now: Json, *, sent: bool) -> Iterator[str]:
    earlier, later = set(was.get("required", [])), set(now.get("required", []))
    for name in sorted(later - earlier if sent else set()):
        yield f"{where}: the property {name} is required now"
    for name in sorted(earlier - later if not sent and now.get("properties") else set()):
        if name in now["properties"]:
            yield f"{where}: the property {name} may be missing now"
