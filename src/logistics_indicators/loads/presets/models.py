"""A preset on the wire."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...http.field_types import AnsweredTimestamp as Timestamp
from ..asked import PAIR, PRESET_NAME
from ..formats import named_encoding
from ..kinds import Kind

PresetName = Annotated[str, Path(pattern=PRESET_NAME, max_length=60, description="Lower-case letters, digits, - and _")]


class SentPreset(BaseModel):
    """What a file of it is asked for, where the sender asks nothing else: the parameters of a batch route."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    delimiter: Literal[";", ",", "tab"] | None = None
    encoding: Annotated[
        Literal["utf-8", "windows-1252", "iso-8859-1", "cp850", "utf-16"] | None, BeforeValidator(named_encoding)
    ] = None
    header: Literal["none"] | None = None
    columns: str | None = Field(
        None, max_length=2000, json_schema_extra={"pattern": f"^{PAIR}(,{PAIR})*$"}, examples=["angel:Quem,polo:Onde"]
    )
    on_conflict: Literal["reject", "update"] | None = None

    @property
    def options(self) -> dict[str, str]:
        """As a query would have them."""
        return {name: str(value) for name, value in self if value is not None and name != "kind"}


class Preset(SentPreset):
    name: str
    changed_at: Timestamp
    changed_by: str | None


class PresetList(BaseModel):
    presets: list[Preset]
