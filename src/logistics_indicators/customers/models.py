"""What a customer looks like on the wire, and the bounds of its fields (the batch load keeps the same ones)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..http.field_types import Id, SentId, TextRule
from ..http.paging import PageModel
from ..texts import BLANK, FORBIDDEN, INVISIBLE, NUL, OTHER_CONTROLS

NOME_MAX = 200
EMAIL_MAX = 254
TELEFONE_MAX = 40

NOT_OF_MAIL = r'"<>()\[\],;:\\'
"""Characters that stand around a mail address (in a name, a link, a list) and never in it."""

NOT_OF_DOMAIN = r"!#$%&'*+/=?^`{|}~"
"""Signs of an address's first part alone; and there, a quote is around the address where it is the first."""


def _pattern(nowhere: str) -> str:
    """`nowhere`: characters that stand nowhere in an address, beside those that say where its parts end."""
    word, sign = f"[^@.{nowhere}]", f"@.{NOT_OF_DOMAIN}{nowhere}"
    label = f"[^{sign}-](?:[^{sign}]*[^{sign}-])?"
    return rf"^[^@.'{nowhere}]{word}*(?:\.{word}+)*@{label}(?:\.{label})+$"


EMAIL_PATTERN = _pattern(rf"\s{NUL}{OTHER_CONTROLS}{NOT_OF_MAIL}")
"""One @, words between dots, no blanks. Means the same to Python, to Rust (polars, pydantic) and to PostgreSQL."""

EMAIL_DOCUMENT_PATTERN = _pattern(f"{FORBIDDEN}{BLANK}{INVISIBLE}{NOT_OF_MAIL}")

Nome = Annotated[str, TextRule(NOME_MAX), Field(examples=["Íris da Silva"])]
Email = Annotated[
    str,
    TextRule(EMAIL_MAX, EMAIL_PATTERN, "is no mail address", EMAIL_DOCUMENT_PATTERN),
    Field(examples=["iris@example.com"], json_schema_extra={"format": "idn-email"}),
]
Telefone = Annotated[str, TextRule(TELEFONE_MAX, or_null=True), Field(examples=["11987654321"])]


class NewCustomer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    nome: Nome
    email: Email
    telefone: Telefone | None = None


class ChangedCustomer(BaseModel):
    """The whole customer. A telefone that is left out stays as it is; null clears it."""

    model_config = ConfigDict(extra="forbid")

    id: SentId | None = Field(None, description="May be sent along; must be the path's")
    nome: Nome
    email: Email
    telefone: Telefone | None = None


class Customer(BaseModel):
    id: Id
    nome: str
    email: str = Field(json_schema_extra={"format": "idn-email"})
    telefone: str | None


class CustomerPage(PageModel):
    clientes: list[Customer]


class Total(BaseModel):
    total: int = Field(ge=0)


class Message(BaseModel):
    message: str
