"""A preset on the wire."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ...http.field_types import WITHOUT_NUL
from ...http.field_types import AnsweredTimestamp as Timestamp
from .. import words
from ..asked import OF_PRESETS, PAIR
from ..formats import named_encoding
from ..kinds import Kind
from ..parsing.headers import LONGEST_NAME, MOST_COLUMNS

PresetName = Annotated[
    str, StringConstraints(max_length=60), OF_PRESETS, Path(description="Lower-case letters, digits, - and _")
]
HeaderName = Annotated[str, StringConstraints(max_length=LONGEST_NAME), WITHOUT_NUL]
OF_PRESET = ("kind", "for_header")
"""Of the preset itself, and nothing that a file is asked for."""


class SentPreset(BaseModel):
    """What a file of it is asked for, where the sender asks nothing else: the parameters of a batch route."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    delimiter: words.Delimiter | None = None
    encoding: Annotated[words.Encoding | None, BeforeValidator(named_encoding)] = None
    header: words.Header | None = None
    columns: str | None = Field(
        None, max_length=2000, json_schema_extra={"pattern": f"^{PAIR}(,{PAIR})*$"}, examples=["angel:Quem,polo:Onde"]
    )
    on_conflict: words.OnConflict | None = None
    for_header: Annotated[list[HeaderName], Field(min_length=1, max_length=MOST_COLUMNS)] | None = Field(
        None,
        description="Names of all columns of a header, in their order: files with exactly this one are read by the "
        "preset where nobody names one",
        examples=[["Código", "Cliente", "Quem", "Onde", "Prazo", "Feito"]],
    )

    @property
    def options(self) -> dict[str, str]:
        """As a query would have them."""
        return {name: str(value) for name, value in self if value is not None and name not in OF_PRESET}


class Preset(SentPreset):
    name: str
    changed_at: Timestamp
    changed_by: str | None


class PresetList(BaseModel):
    presets: list[Preset]
