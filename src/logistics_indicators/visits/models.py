"""What a service (a visit to a customer) looks like on the wire, and the bounds of its fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..http.field_types import AnsweredTimestamp, Day, Id, SentId, SentTimestamp, TextRule
from ..http.paging import PageModel
from ..rollup.near_names import SUGGESTED, Suggestions
from ..texts import ANGEL_MAX, POLO_MAX

Angel = Annotated[str, TextRule(ANGEL_MAX), Field(examples=["Íris da Silva"])]
Polo = Annotated[str, TextRule(POLO_MAX), Field(examples=["CE - JUAZEIRO DO NORTE"])]


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
