"""Customers: their list and its filters, and the rules of single rows. (Whole files are the loads' business.)"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import asyncpg

from ..accounts.audit import Actor, audit
from ..database import Connection, constraints_translated
from ..distributed import lock_as_trigger_does
from ..errors import Conflict, NotFound
from ..http.field_types import AskedId, FilterText
from ..last_change import BY_HAND
from ..lists.filters import BEGINS, CONTAINS, LONGEST_PART, SHORTEST_PART, Begins, Contains, OneOf, several
from ..lists.order import Key
from ..lists.rows import Listed
from ..next_id import insert_with_next_id
from ..texts import email_key
from .arrivals import announce_arrivals
from .models import EMAIL_MAX, NOME_MAX, TELEFONE_MAX, ChangedCustomer, Customer, NewCustomer

CUSTOMERS = Listed(
    "clientes",
    "customers",
    {"id": int, "nome": str, "email": str, "telefone": str},
    {"nome": Key(str, "nome"), "email": Key(str, "lower(email)"), "telefone": Key(str, "telefone", nullable=True)},
)


Nome = Annotated[str, FilterText(NOME_MAX)]
Email = Annotated[str, FilterText(EMAIL_MAX)]
Telefone = Annotated[str, FilterText(TELEFONE_MAX)]
PartOfNome = Annotated[str, FilterText(LONGEST_PART, SHORTEST_PART)]
StartOfNome = Annotated[str, FilterText(NOME_MAX, 1)]
PartOfEmail = Annotated[str, FilterText(LONGEST_PART, SHORTEST_PART)]


@dataclass(frozen=True)
class CustomerFilter:
    id: Annotated[list[AskedId] | None, several("Its number"), OneOf("id", "bigint")] = None
    nome: Annotated[list[Nome] | None, several("Exact name"), OneOf("nome", "text")] = None
    email: Annotated[list[Email] | None, several("In any case"), OneOf("lower(email)", "text", email_key)] = None
    telefone: Annotated[list[Telefone] | None, several("Exact"), OneOf("telefone", "text")] = None
    nome_contem: Annotated[PartOfNome | None, CONTAINS, Contains("nome")] = None
    nome_comeca: Annotated[StartOfNome | None, BEGINS, Begins("nome")] = None
    email_contem: Annotated[PartOfEmail | None, CONTAINS, Contains("email")] = None


def _places(names: Iterable[str]) -> dict[str, str]:
    """Of a customer's fields in the statements below; the id is $1."""
    return {name: f"${place}" for place, name in enumerate(names, start=2)}


FIELDS = _places(NewCustomer.model_fields)
INSERT = f"INSERT INTO customers (id, {', '.join(FIELDS)}) VALUES ($1, {', '.join(FIELDS.values())})"
UPDATE = f"""
UPDATE customers SET ({{columns}}) = ROW ({{values}}),
    updated_by_load = CASE
        WHEN ROW ({{columns}}) IS NOT DISTINCT FROM ROW ({{values}}) THEN updated_by_load ELSE {BY_HAND}
    END,
    email_twin = CASE WHEN lower(email) = lower({{email}} COLLATE "C") THEN email_twin ELSE 0 END
WHERE id = $1 RETURNING id, {", ".join(FIELDS)}
"""
DELETE = "DELETE FROM customers WHERE id = $1 RETURNING id"


async def create_customer(connection: Connection, new: NewCustomer) -> Customer:
    """Raises Conflict where another customer has the email."""
    with constraints_translated():
        async with connection.transaction():
            new_id = await insert_with_next_id(connection, "customers", lambda id: _insert(connection, id, new))
            await announce_arrivals(connection, f"{{{new_id}}}")
    return Customer(id=new_id, **new.model_dump())


async def _insert(connection: Connection, new_id: int, new: NewCustomer) -> int:
    await connection.execute(INSERT, new_id, *new.model_dump().values())
    return new_id


async def get_customer(connection: Connection, customer_id: int) -> Customer:
    row = await connection.fetchrow(f"{CUSTOMERS.select} WHERE id = $1", customer_id)
    if row is None:
        raise _unknown(customer_id)
    return Customer(**row)


async def change_customer(connection: Connection, customer_id: int, changed: ChangedCustomer) -> Customer:
    """Fields that are left out stay. Raises Conflict where another customer has the email."""
    sent = changed.model_dump(exclude={"id"}, exclude_unset=True)
    places = _places(sent)
    update = UPDATE.format(columns=", ".join(places), values=", ".join(places.values()), email=places["email"])
    with constraints_translated():
        row = await connection.fetchrow(update, customer_id, *sent.values())
    if row is None:
        raise _unknown(customer_id)
    return Customer(**row)


async def delete_customer(connection: Connection, customer_id: int, actor: Actor) -> None:
    """Raises Conflict while services point at the customer."""
    async with connection.transaction():
        await lock_as_trigger_does(connection, "customers")
        if not await _delete(connection, customer_id):
            raise _unknown(customer_id)
        await audit(connection, actor, "customer_deleted", customer_id=customer_id)


async def _delete(connection: Connection, customer_id: int) -> bool:
    try:
        return await connection.fetchval(DELETE, customer_id) is not None
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        raise Conflict(f"Services point at customer {customer_id}; it stays.") from None


def _unknown(customer_id: int) -> NotFound:
    return NotFound(f"There is no customer {customer_id}.")
