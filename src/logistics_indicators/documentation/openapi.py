"""The OpenAPI document: FastAPI's own, with the parts that hold for every route written in."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from ..errors import ProblemDetail
from .answers import HEADERS, JSON, complete
from .examples import illustrate
from .words import describe

TOUR = (Path(__file__).parent / "tour.md").read_text()

TAGS = [
    {"name": "accounts", "description": "Register, sign in, renew and end a session."},
    {"name": "users", "description": "Roles and who may sign in; for administrators."},
    {"name": "tokens", "description": "API tokens, for machines: a scheduler, a BI tool, a scraper."},
    {"name": "customers", "description": "Who is visited."},
    {"name": "services", "description": "The visits: who went where, by when it was due, when it was done."},
    {"name": "polos", "description": "The bases that visits start from, and the states that they are in."},
    {"name": "loads", "description": "Whole CSV files: send them, watch them, mend what was refused, undo them."},
    {"name": "uploads", "description": "Files that come in pieces, and go on where they stopped (tus 1.0)."},
    {"name": "presets", "description": "What is asked of the files of one sender, under a name."},
    {"name": "indicators", "description": "SLA and productivity, exact at every moment."},
    {"name": "calendar", "description": "Days without work, which business days are counted by."},
    {"name": "monitoring", "description": "Is it well, and how much does it do."},
    {"name": "audit", "description": "Who did what; for administrators."},
]


def install_openapi(app: FastAPI) -> None:
    """Makes app.openapi() give the document below, built on its first use."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def build_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=TOUR,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": "/", "description": "This server"}],
        contact={"name": "The operators of this service"},
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    components = document.setdefault("components", {})
    components["headers"] = dict(HEADERS)
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_problem_schemas())
    for item in document["paths"].values():
        for operation in item.values():
            _name_the_body(operation, schemas)
            complete(operation)
            operation.setdefault("security", [])  # public, and not forgotten
            for parameter in operation.get("parameters", []):
                _leave_null_out(parameter)
                if parameter["in"] == "header":
                    parameter["name"] = parameter["name"].title()
    for schema in schemas.values():
        _keep_rules_apart(schema)
    describe(document)
    illustrate(document)
    return document


def _problem_schemas() -> dict[str, Any]:
    """Of ProblemDetail and what it refers to; no route names it as a model, only its media type."""
    _, definitions = models_json_schema([(ProblemDetail, "serialization")], ref_template="#/components/schemas/{model}")
    return dict(definitions["$defs"])


def _name_the_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A model that a route reads by itself stands in the route; it gets a name, as those have that FastAPI reads."""
    media = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if media and "properties" in media["schema"]:
        schema = media["schema"]
        schemas[schema["title"]] = schema
        media["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}


def _keep_rules_apart(schema: dict[str, Any]) -> None:
    """Rules beside the properties move into an allOf: generators take an anyOf for the whole, and lose the rest."""
    rules = [{word: schema.pop(word)} for word in ("anyOf", "oneOf") if word in schema and "properties" in schema]
    if rules:
        schema["allOf"] = [*schema.get("allOf", []), *rules]


def _leave_null_out(parameter: dict[str, Any]) -> None:
    """A parameter is there or it is not; only FastAPI's reading of `str | None` makes it null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        parameter["schema"] = schema | kinds[0]
