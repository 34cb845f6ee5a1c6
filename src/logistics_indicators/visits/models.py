"""What a service (a visit to a customer) looks like on the wire, and the bounds of its fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..http.field_types import AnsweredTimestamp, Day, Id, SentId, SentTimestamp, TextRule
from ..http.paging import PageModel
from ..indicators.models import SUGGESTED, Suggestions
from ..rollup.dimensions import COLUMN_OF, Dimension

Angel = Annotated[str, TextRule(COLUMN_OF[Dimension.angel].longest), Field(examples=["Íris da Silva"])]
Polo = Annotated[str, TextRule(COLUMN_OF[Dimension.polo].longest), Field(examples=["CE - JUAZEIRO DO NORTE"])]


class NewService(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_cliente: SentId
    angel: Angel
    polo: Polo
    data_limite: Day
    data_de_atendimento: SentTimestamp | None = Field(None, description="null: not visited yet")


class ChangedService(NewService):
    """The whole service. A data_de_atendimento that is left out is null: not visited yet."""

    id: SentId | None = Field(None, description="May be sent along; must be the path's")


class Service(BaseModel):
    id: Id
    id_cliente: Id
    angel: str
    polo: str
    data_limite: Day
    data_de_atendimento: AnsweredTimestamp | None


class ServicePage(PageModel):
    atendimentos: list[Service]
    sugestoes: Suggestions = SUGGESTED
