"""The OpenAPI document breaks no client of the last release, but for what is written down; each kind of break is found.

docs/openapi/released.json is the document of the last release. The day of a release: scripts/write_openapi.py
docs/openapi/released.json, and BROKEN is empty again.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from breaking import breaks

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

RELEASED = json.loads((Path(__file__).parents[1] / "docs/openapi/released.json").read_text())
STILL_TAKEN = "taken as before; in words alone, since generators of clients take one type of body"
AN_EVENT = "the same text; generators of clients made an object of it"
BROKEN = {
    "POST /v1/auth/login body: application/x-www-form-urlencoded is gone": STILL_TAKEN,
    "POST /v1/customers/batch body: text/csv is gone": STILL_TAKEN,
    "POST /v1/services/batch body: text/csv is gone": STILL_TAKEN,
    "GET /v1/loads/{load_id}/events 200: it was object, and is anything": AN_EVENT,
    "GET /v1/loads/{load_id}/events 200: the property data is gone": AN_EVENT,
    "GET /v1/loads/{load_id}/events 200: the property event is gone": AN_EVENT,
}
"""What the next release breaks, with the reason, which stands in the CHANGELOG too."""

Json = dict[str, Any]


def test_no_client_of_the_last_release_breaks() -> None:
    assert breaks(RELEASED, create_app(Settings()).openapi()) == sorted(BROKEN)


def operation(document: Json, path: str = "/v1/customers", method: str = "get") -> Json:
    found: Json = document["paths"][path][method]
    return found


def model(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def without_operation(document: Json) -> None:
    del document["paths"]["/v1/customers"]["get"]


def without_parameter(document: Json) -> None:
    found = operation(document)
    found["parameters"] = [p for p in found["parameters"] if p["name"] != "limit"]


def with_required_parameter(document: Json) -> None:
    operation(document)["parameters"].append(
        {"in": "query", "name": "novo", "required": True, "schema": {"type": "string"}}
    )


def with_parameter_of_another_type(document: Json) -> None:
    for parameter in operation(document)["parameters"]:
        if parameter["name"] == "limit":
            parameter["schema"] = {"type": "string"}


def without_property_of_an_answer(document: Json) -> None:
    del model(document, "Customer")["properties"]["telefone"]
    model(document, "Customer")["required"].remove("telefone")


def with_property_of_another_type(document: Json) -> None:
    model(document, "Customer")["properties"]["nome"] = {"type": "integer"}


def with_property_that_may_be_null(document: Json) -> None:
    model(document, "Customer")["properties"]["nome"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def with_property_that_may_be_missing(document: Json) -> None:
    model(document, "Customer")["required"].remove("nome")


def without_property_of_a_body(document: Json) -> None:
    del model(document, "NewCustomer")["properties"]["telefone"]


def with_required_property(document: Json) -> None:
    model(document, "NewCustomer")["properties"]["cpf"] = {"type": "string"}
    model(document, "NewCustomer")["required"].append("cpf")


def without_value_of_an_enum(document: Json) -> None:
    model(document, "Role")["enum"].remove("analyst")


def with_another_operation_id(document: Json) -> None:
    operation(document)["operationId"] = "find_customers"


def without_success(document: Json) -> None:
    del operation(document)["responses"]["200"]


def with_another_media_type(document: Json) -> None:
    content = operation(document)["responses"]["200"]["content"]
    content["application/xml"] = content.pop("application/json")


def with_body_that_is_required(document: Json) -> None:
    operation(document, "/v1/auth/refresh", "post")["requestBody"]["required"] = True


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without_operation, "GET /v1/customers is gone"),
        (without_parameter, "GET /v1/customers: the parameter limit is gone"),
        (with_required_parameter, "GET /v1/customers: the parameter novo is required now"),
        (with_parameter_of_another_type, "GET /v1/customers limit: it was integer, and is string"),
        (without_property_of_an_answer, "POST /v1/customers 201: the property telefone is gone"),
        (with_property_of_another_type, "POST /v1/customers 201.nome: it was string, and is integer"),
        (with_property_that_may_be_null, "POST /v1/customers 201.nome: it was string, and is null or string"),
        (with_property_that_may_be_missing, "POST /v1/customers 201: the property nome may be missing now"),
        (without_property_of_a_body, "POST /v1/customers body: the property telefone is gone"),
        (with_required_property, "POST /v1/customers body: the property cpf is required now"),
        (without_value_of_an_enum, "POST /v1/users body.role: the value analyst is gone"),
        (with_another_operation_id, "GET /v1/customers: operationId list_customers is find_customers"),
        (without_success, "GET /v1/customers: the answer 200 is gone"),
        (with_another_media_type, "GET /v1/customers 200: application/json is gone"),
        (with_body_that_is_required, "POST /v1/auth/refresh: a body is required now"),
    ],
)
def test_a_change_that_breaks_clients_is_found(change: Callable[[Json], None], expected: str) -> None:
    changed = copy.deepcopy(RELEASED)
    change(changed)
    assert expected in breaks(RELEASED, changed)


def with_optional_parameter(document: Json) -> None:
    operation(document)["parameters"].append({"in": "query", "name": "novo", "schema": {"type": "string"}})


def with_optional_property(document: Json) -> None:
    model(document, "NewCustomer")["properties"]["cpf"] = {"type": "string"}


def with_property_of_an_answer(document: Json) -> None:
    model(document, "Customer")["properties"]["cpf"] = {"type": "string"}


def with_more_types_of_a_parameter(document: Json) -> None:
    for parameter in operation(document)["parameters"]:
        if parameter["name"] == "limit":
            parameter["schema"] = {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def with_operation(document: Json) -> None:
    document["paths"]["/v1/novo"] = {"get": operation(document)}


@pytest.mark.parametrize(
    "change",
    [
        with_optional_parameter,
        with_optional_property,
        with_property_of_an_answer,
        with_more_types_of_a_parameter,
        with_operation,
    ],
)
def test_a_change_that_breaks_nobody_is_none(change: Callable[[Json], None]) -> None:
    changed = copy.deepcopy(RELEASED)
    change(changed)
    assert breaks(RELEASED, changed) == []
