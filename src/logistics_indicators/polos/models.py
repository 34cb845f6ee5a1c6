"""What a polo looks like on the wire."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..http.paging import PageModel
from ..indicators.models import SUGGESTED, Suggestions
from ..states import STATES, known_state


class Polo(BaseModel):
    id: int
    polo: str = Field(examples=["CE - JUAZEIRO DO NORTE"])
    uf: str | None = Field(description="Its state; null: none is known, and no `uf` finds it", examples=["CE"])
    uf_fixada: bool = Field(description="true: set by an admin; false: read from the name")


class PoloPage(PageModel):
    polos: list[Polo]
    sugestoes: Suggestions = SUGGESTED


class StateOfPolo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    uf: str | None = Field(
        description="null: what the name says", examples=["CE"], json_schema_extra={"enum": [*STATES, None]}
    )

    @field_validator("uf")
    @classmethod
    def _one_of_the_states(cls, uf: str | None) -> str | None:
        return None if uf is None else known_state(uf)
