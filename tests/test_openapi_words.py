"""The document says what everything is: operations, models, properties, parameters, headers, statuses."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest

from logistics_indicators.app import create_app
from logistics_indicators.documentation.words import IN_ENGLISH, IN_PORTUGUESE, OF_MODELS, OF_ONE_MODEL
from logistics_indicators.indicators.sla import SLA
from logistics_indicators.rollup.dimensions import Dimension
from logistics_indicators.settings import Settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = create_app(Settings()).openapi()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def properties(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for model, schema in document["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            yield model, name, field


def test_every_operation_says_more_than_its_summary(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert len(operation["description"]) >= 40, name
        assert operation["description"] != operation["summary"], name


def test_every_model_and_every_property_is_described(document: dict[str, Any]) -> None:
    assert all(schema["description"] for schema in document["components"]["schemas"].values())
    assert [(model, name) for model, name, field in properties(document) if not field.get("description")] == []


def test_every_parameter_and_every_header_is_described(document: dict[str, Any]) -> None:
    assert all(header["description"] for header in document["components"]["headers"].values())
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])
        for response in operation["responses"].values():
            assert all(header.get("description") or "$ref" in header for header in response["headers"].values()), name


def test_an_indicator_of_two_words_has_models_named_as_those_of_one() -> None:
    answer = replace(SLA, name="late_share").answer_model(Dimension.angel)
    (row,) = get_args(answer.model_fields["sla_angel"].annotation)
    assert (answer.__name__, row.__name__) == ("LateShareAngelAnswer", "AngelLateShare")


def test_no_word_is_for_a_name_that_is_not_there(document: dict[str, Any]) -> None:
    models = document["components"]["schemas"]
    parameters = {p["name"] for _, operation in operations(document) for p in operation.get("parameters", [])}
    names = {name for _, name, _ in properties(document)} | parameters
    assert {*IN_PORTUGUESE, *IN_ENGLISH} <= names
    assert OF_MODELS.keys() <= models.keys()
    assert OF_ONE_MODEL.keys() <= {f"{model}.{name}" for model, name, _ in properties(document)}


def test_what_may_come_for_every_request_of_its_kind_is_in_the_document(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        statuses = operation["responses"].keys()
        assert {"422", "500", "503", "default"} <= statuses, name
        assert not operation["security"] or {"401", "403"} <= statuses, name
        assert "requestBody" not in operation or {"408", "413"} <= statuses, name


def test_a_refusal_says_which_token_is_wanted_and_when_to_ask_again(document: dict[str, Any]) -> None:
    found = {"401": "WWW-Authenticate", "429": "Retry-After", "default": "Allow"}
    for name, operation in operations(document):
        for status, header in found.items():
            if status in operation["responses"]:
                assert header in operation["responses"][status]["headers"], (name, status)


def test_an_answer_with_an_etag_can_be_asked_for_by_it(document: dict[str, Any]) -> None:
    with_versions = 0
    for name, operation in operations(document):
        asked = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        assert ("If-None-Match" in asked) == ("304" in operation["responses"]), name
        if "304" in operation["responses"]:
            assert "ETag" in operation["responses"]["200"]["headers"], name
            with_versions += 1
    assert with_versions > 10
