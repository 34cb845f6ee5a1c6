"""/v1/indicators/settings: what the figures depend on, for every process alike."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..accounts.audit import ActorOfRequest, audit
from ..accounts.current_user import Admin, Viewer
from ..database import ConnectionOfRequest
from ..errors import problems
from ..http.field_types import AnsweredTimestamp, TextRule
from .indicator_settings import IndicatorSettings, change_settings, read_settings

router = APIRouter(prefix="/v1/indicators", tags=["indicators"])

OptionalDay = Literal["carnaval", "corpus_christi"]


class SettingsAnswer(BaseModel):
    time_zone: str = Field(description="Whose today as_of is, where it is not given", examples=["America/Sao_Paulo"])
    optional_days: list[OptionalDay] = Field(description="Optional days that are no business days either")
    version: int = Field(description="One more for every change; part of data_version")
    changed_at: AnsweredTimestamp | None = Field(description="UTC")
    changed_by: str | None


class SettingsChange(BaseModel):
    """What is omitted is kept."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["time_zone"], "properties": {"time_zone": {"type": "string"}}},
                {
                    "required": ["optional_days"],
                    "properties": {"optional_days": {"type": "array", "items": {"type": "string"}}},
                },
            ]
        },
    )

    time_zone: Annotated[str, TextRule(64)] | None = Field(None, examples=["America/Sao_Paulo"])
    optional_days: list[OptionalDay] | None = Field(None, max_length=2, examples=[["carnaval"]])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.time_zone is None and self.optional_days is None:
            raise ValueError("give time_zone, optional_days or both")
        return self


def _wire(settings: IndicatorSettings) -> SettingsAnswer:
    return SettingsAnswer.model_validate(settings, from_attributes=True)


@router.get(
    "/settings",
    operation_id="get_indicator_settings",
    summary="What the figures depend on",
    responses=problems(401, 422, 503),
)
async def get_indicator_settings(_: Viewer, connection: ConnectionOfRequest) -> SettingsAnswer:
    """What the figures depend on beside the visits and the calendar."""
    return _wire(await read_settings(connection))


@router.put(
    "/settings",
    operation_id="change_indicator_settings",
    summary="Change what the figures depend on",
    responses=problems(401, 403, 409, 422, 503),
)
async def change_indicator_settings(
    user: Admin, actor: ActorOfRequest, connection: ConnectionOfRequest, body: SettingsChange
) -> SettingsAnswer:
    """Change what the figures depend on, for every process at once; data_version changes with it."""
    async with connection.transaction():
        before, after = await change_settings(
            connection, time_zone=body.time_zone, optional_days=body.optional_days, username=user.username
        )
        if after != before:
            words = {"before": _in_words(before), "after": _in_words(after)}
            await audit(connection, actor, "indicator_settings_changed", **words)
    return _wire(after)


def _in_words(settings: IndicatorSettings) -> str:
    return f"{settings.time_zone}; {', '.join(settings.optional_days) or 'no optional days'}"
