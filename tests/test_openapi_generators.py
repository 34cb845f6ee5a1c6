"""What generators of clients stumble over, by rule, so that no new route has it. tests/test_examples.py runs them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

JSON = "application/json"
DERIVED = ("Body", "Params", "Response", "Error", "Errors", "Data", "Result", "Request")
"""What generators append to an operation's name to name its types."""

TIMESTAMP = r"(_at|data_de_atendimento)$"
OF_EMAIL = {"email", "idn-email"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = create_app(Settings()).openapi()
    return found


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def schemas_in(part: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each property with its name, wherever it stands."""
    if isinstance(part, dict):
        for key, value in part.get("properties", {}).items():
            if isinstance(value, dict):
                yield key, value
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from schemas_in(value)


def kinds_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Without null."""
    return [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]


def test_a_request_has_a_body_of_one_type(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        assert len(operation.get("requestBody", {}).get("content", {"none": {}})) == 1, name


def test_an_answer_is_json_alone_where_it_can_be_json_and_files_stand_beside_it(
    operations: dict[str, dict[str, Any]],
) -> None:
    with_files = 0
    for name, operation in operations.items():
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            assert len(content) <= 1, (name, status)
            others = response.get("x-other-content", {})
            assert not others or JSON in content, (name, status)
            with_files += "text/csv" in others
        formats = next((p for p in operation.get("parameters", []) if p["name"] == "format"), None)
        if formats is not None and name.startswith("GET"):
            assert "text/csv" in operation["responses"]["200"]["x-other-content"], name
    assert with_files > 15


def test_a_file_in_a_form_is_binary(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if form is not None:
            files = [field for field in form["schema"]["properties"].values() if field.get("format") == "binary"]
            assert files, name


def test_no_name_of_a_model_is_one_that_generators_make_of_an_operation(
    document: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    models = {name.lower() for name in document["components"]["schemas"]}
    assert len(models) == len(document["components"]["schemas"])
    for operation in operations.values():
        stem = operation["operationId"].replace("_", "")
        assert models.isdisjoint({stem + ending.lower() for ending in DERIVED}), operation["operationId"]


def test_a_body_in_json_is_a_model_with_a_name(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        media = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if media is not None:
            assert "$ref" in media["schema"] or media["schema"].get("anyOf"), name


def test_no_model_has_an_anyof_beside_its_properties(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert not ("properties" in schema and {"anyOf", "oneOf"} & set(schema)), name


def test_moments_and_mail_addresses_say_what_they_are(document: dict[str, Any]) -> None:
    moments = 0
    for name, schema in schemas_in(document["components"]["schemas"]):
        for kind in kinds_of(schema):
            if kind.get("type") != "string":
                continue
            if re.search(TIMESTAMP, name):
                assert kind.get("format") == "date-time-local", (name, kind)
                moments += 1
            if name == "email":
                assert kind["format"] in OF_EMAIL, schema
    assert moments > 10


def test_the_next_page_is_told_the_same_way_everywhere(document: dict[str, Any]) -> None:
    pages = [
        schema
        for schema in document["components"]["schemas"].values()
        if "proxima_pagina" in schema.get("properties", {})
    ]
    assert len(pages) > 5
    for page in pages:
        assert page["properties"]["proxima_pagina"] == pages[0]["properties"]["proxima_pagina"]
        assert "default" not in page["properties"]["proxima_pagina"]
        assert "proxima_pagina" not in page["required"]
        assert "total_por_pagina" in page["required"]


def test_what_a_path_names_has_one_name(document: dict[str, Any]) -> None:
    by_collection: dict[str, set[str]] = {}
    for path in document["paths"]:
        for collection, name in re.findall(r"/(\w+)/\{(\w+)\}", path):
            by_collection.setdefault(collection, set()).add(name)
    for collection, names in by_collection.items():
        assert len(names) == 1, collection
        assert names != {"id"}, f"{collection}: what its id is of"
