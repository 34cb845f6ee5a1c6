"""/v1/customers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from ..accounts.audit import ActorOfRequest
from ..accounts.current_user import Analyst, Rewriter, Viewer
from ..database import ConnectionOfRequest
from ..errors import Unprocessable, location_of, problems
from ..exports.list_places import IN_A_PLACE
from ..exports.lists import LIST_ANSWERS, list_response
from ..exports.response import RequestedFormat
from ..http.field_types import RowId
from ..http.made_at_once import made_at_once
from ..lists.asked import page_of
from ..lists.filters import Conditions
from ..lists.rows import Page, count_rows
from ..reading import ReaderOfRequest
from . import service
from .models import ChangedCustomer, Customer, CustomerPage, Message, NewCustomer, Total

router = APIRouter(prefix="/v1/customers", tags=["customers"])

AskedFilter = Annotated[service.CustomerFilter, Depends(made_at_once(service.CustomerFilter))]


async def _filtered(filter: AskedFilter) -> Conditions:
    return Conditions.of(filter)


Filtered = Annotated[Conditions, Depends(_filtered)]


@router.post(
    "",
    status_code=201,
    operation_id="create_customer",
    summary="Store a customer",
    responses={201: location_of("The customer: /v1/customers/{id}"), **problems(401, 403, 409, 422, 503)},
)
async def create_customer(
    new: NewCustomer, user: Analyst, connection: ConnectionOfRequest, request: Request, response: Response
) -> Customer:
    """The id is the next free one. 409 where another customer has the email."""
    customer = await service.create_customer(connection, new)
    response.headers["Location"] = f"{request.url.path}/{customer.id}"
    return customer


@router.get(
    "",
    operation_id="list_customers",
    dependencies=IN_A_PLACE,
    summary="Customers, a page or all of the filter as a file",
    response_model=CustomerPage,
    response_model_exclude_unset=True,
    responses=LIST_ANSWERS,
)
async def list_customers(
    conditions: Filtered,
    page: Annotated[Page, Depends(page_of(service.CUSTOMERS))],
    format: RequestedFormat,
    user: Viewer,
    reader: ReaderOfRequest,
    request: Request,
) -> Response:
    """Filters must all hold. `proxima_pagina` leads to the next page at the same cost as the first; `format` asks for
    all rows of the filter as a file instead.
    """
    return await list_response(request, reader, service.CUSTOMERS, conditions, page, format)


@router.get(
    "/total",
    operation_id="count_customers",
    dependencies=IN_A_PLACE,
    summary="How many customers the filter finds",
    responses=problems(401, 422, 429, 503),
)
async def count_customers(conditions: Filtered, user: Viewer, reader: ReaderOfRequest) -> Total:
    """Takes the filters of the list, and counts all that they find."""
    return Total(total=await count_rows(reader, service.CUSTOMERS, conditions))


@router.get(
    "/{customer_id}",
    operation_id="get_customer",
    summary="One customer",
    responses=problems(401, 404, 422, 503),
)
async def get_customer(customer_id: RowId, user: Viewer, reader: ReaderOfRequest) -> Customer:
    """The customer as it is stored now, whoever wrote it last."""
    return await service.get_customer(reader, customer_id)


@router.put(
    "/{customer_id}",
    operation_id="change_customer",
    summary="Replace a customer; a telefone that is left out is kept",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def change_customer(
    customer_id: RowId, changed: ChangedCustomer, user: Rewriter, connection: ConnectionOfRequest
) -> Customer:
    """Takes the whole customer; only a telefone that is left out stays as it is. 409 where another customer has the
    email.
    """
    if changed.id not in {None, customer_id}:
        raise Unprocessable.field("body", "id", msg="the id is not the one in the path")
    return await service.change_customer(connection, customer_id, changed)


@router.delete(
    "/{customer_id}",
    operation_id="delete_customer",
    summary="Delete a customer that no service points at",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def delete_customer(
    customer_id: RowId, user: Analyst, actor: ActorOfRequest, connection: ConnectionOfRequest
) -> Message:
    """409 while services point at it: change or undo those first."""
    await service.delete_customer(connection, customer_id, actor)
    return Message(message=f"customer {customer_id} deleted")
