"""The OpenAPI document: complete, valid, and fit for SDK generators."""

import re
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from logistics_indicators.app import create_app
from logistics_indicators.http.field_types import DAY_SCHEMA, FIRST_DAY, LAST_DAY
from logistics_indicators.settings import Settings

CONTRACT = """
GET /v1/setup 200
POST /v1/demo 202 401 403 409
POST /v1/auth/register 201 409 422
POST /v1/auth/login 200 401 422
POST /v1/auth/refresh 200 401
POST /v1/auth/logout 204
POST /v1/auth/session 200 401 403 422 429
POST /v1/auth/session/refresh 200 401 403
DELETE /v1/auth/session 204 401 403
GET /v1/auth/me 200 401
GET /v1/users 200 401 403
POST /v1/users 201 401 403 409 422
GET /v1/users/{user_id} 200 401 403 404
PATCH /v1/users/{user_id} 200 401 403 404 422
DELETE /v1/users/{user_id} 401 403 404
POST /v1/tokens 201 401 403 409 422
GET /v1/tokens 200 401 403 422
DELETE /v1/tokens/{token_id} 204 401 403 404
POST /v1/customers 201 401 403 409 422
GET /v1/customers 200 401 422 429
GET /v1/customers/total 200 401 422
GET /v1/customers/{customer_id} 200 401 404 422
PUT /v1/customers/{customer_id} 200 401 403 404 409 422
DELETE /v1/customers/{customer_id} 200 401 403 404 409
POST /v1/customers/batch 200 202 401 403 413 415 422
POST /v1/services 201 401 403 422
GET /v1/services 200 401 422
GET /v1/services/total 200 401 422
GET /v1/services/{service_id} 200 401 404 422
PUT /v1/services/{service_id} 200 401 403 404 422
POST /v1/services/batch 200 202 401 403 413 415 422
GET /v1/loads 200 401
GET /v1/loads/{load_id} 200 401 404
GET /v1/loads/{load_id}/rejects 200 401 404 429
GET /v1/loads/{load_id}/events 200 401 404 429
DELETE /v1/loads/{load_id} 401 403 404 409
GET /v1/loads/{load_id}/preview 200 401 404 409
POST /v1/loads/{load_id}/confirm 202 401 403 404 409
GET /v1/events 200 401 429
GET /v1/indicators/productivity 200 304 401 422
GET /v1/indicators/sla/angel 200 304 401 422
GET /v1/indicators/sla/polo 200 304 401 422
GET /v1/services/{service_id}/origin 200 401 404 422
GET /v1/indicators/changes 200 304 401 422
GET /v1/health 200 503
GET /v1/ready 200 503
GET /v1/metrics 200 401
GET /metrics 200 401
"""

CUSTOMER_FILTERS = {"id", "nome", "email", "telefone", "nome_contem", "nome_comeca", "email_contem"}
PAGES = {"sort", "fields", "limit", "offset", "cursor", "format", "safe"}
PARAMETERS = {
    "list_customers": CUSTOMER_FILTERS | PAGES,
    "count_customers": CUSTOMER_FILTERS,
    "list_services": PAGES | {
        "id", "id_cliente", "angel", "polo", "angel_contem", "polo_contem", "uf",
        "data_limite", "data_limite_de", "data_limite_ate",
        "data_de_atendimento", "data_de_atendimento_de", "data_de_atendimento_ate", "aberto",
        "dias_de_atraso_de", "dias_de_atraso_ate", "load_id", "updated_by_load",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


async def test_the_document_is_served_and_valid(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(answer.json()).validate()
    again = await anonymous.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_route_of_the_contract_is_in_the_document(operations: dict[str, dict[str, Any]]) -> None:
    for line in CONTRACT.strip().splitlines():
        method, path, *statuses = line.split()
        responses = set(operations[f"{method} {path}"]["responses"])
        assert set(statuses) <= responses, line


def test_filters_and_pages_are_in_the_document(operations: dict[str, dict[str, Any]]) -> None:
    by_id = {operation["operationId"]: operation for operation in operations.values()}
    for operation_id, names in PARAMETERS.items():
        assert {p["name"] for p in by_id[operation_id]["parameters"] if p["in"] == "query"} == names


def test_operation_ids_are_short_and_unique(operations: dict[str, dict[str, Any]]) -> None:
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    for operation_id in ids:
        assert re.fullmatch(r"[a-z]+(_[a-z]+){0,5}", operation_id), operation_id
        assert len(operation_id) <= 40


def test_every_operation_has_one_tag_that_is_described_and_a_summary(
    document: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in operations.items():
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= described, name
        assert operation["summary"], name


def test_every_answer_has_a_model_and_every_error_is_a_problem(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            if status == "default" or int(status) >= 400:
                problem = {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}
                assert problem in content.values() or _is_own_model(content), (name, status)
            elif status not in {"204", "304"}:
                assert content, (name, status)
                assert all(media["schema"] not in ({}, None) for media in content.values()), (name, status)


def _is_own_model(content: dict[str, Any]) -> bool:
    """An error answer with a body of its own, as health's 503."""
    return any("$ref" in media["schema"] for media in content.values())


def test_every_reference_leads_somewhere_and_nothing_of_fastapis_own_errors_is_left(document: dict[str, Any]) -> None:
    text = repr(document)
    for kind, name in re.findall(r"'#/components/(\w+)/([\w.-]+)'", text):
        assert name in document["components"][kind], name
    assert "HTTPValidationError" not in text
    assert set(document["components"]["schemas"]["ProblemDetail"]["properties"]) >= {
        "type", "title", "status", "detail", "errors",
    }  # fmt: skip


def test_every_answer_documents_its_request_id(operations: dict[str, dict[str, Any]]) -> None:
    for operation in operations.values():
        for response in operation["responses"].values():
            assert "X-Request-ID" in response["headers"]


def test_the_batch_routes_take_a_multipart_file_and_say_that_it_may_be_the_body(
    operations: dict[str, dict[str, Any]],
) -> None:
    for kind in ("customers", "services"):
        operation = operations[f"POST /v1/{kind}/batch"]
        form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert form["properties"]["file"].items() >= {"type": "string", "format": "binary"}.items()
        assert "`text/csv`" in operation["description"]


def test_the_document_tells_what_the_service_is_and_how_to_sign_in(document: dict[str, Any]) -> None:
    assert "tour" in document["info"]["description"]
    assert document["info"]["license"]["identifier"] == "MIT"
    assert document["servers"] == [{"url": "/", "description": "This server"}]
    flow = document["components"]["securitySchemes"]["bearer"]["flows"]["password"]
    assert flow["tokenUrl"] == "/v1/auth/login"


def test_the_days_that_the_document_allows_are_those_that_are_taken() -> None:
    allowed = re.compile(str(DAY_SCHEMA["pattern"]))
    taken = {(FIRST_DAY + timedelta(n)).isoformat() for n in range((LAST_DAY - FIRST_DAY).days + 1)}
    tried = {f"{y:04}-{m:02}-{d:02}" for y in (0, *range(1890, 2210), 9999) for m in range(14) for d in range(33)}
    assert {day for day in tried if allowed.match(day)} == taken
    assert date(2000, 2, 29).isoformat() in taken


def test_a_renewal_needs_no_header_where_the_body_has_the_token(operations: dict[str, dict[str, Any]]) -> None:
    for name in ("POST /v1/auth/refresh", "POST /v1/auth/logout"):
        assert operations[name]["security"] == [{"refresh_token": []}, {}]
