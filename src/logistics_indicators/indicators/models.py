"""What the indicators look like on the wire; the bodies themselves are written by orjson (see answers.py)."""

from datetime import date

from pydantic import BaseModel, Field


class IndicatorAnswer(BaseModel):
    start_date: date | None = Field(description="First day counted; null where there is no data")
    end_date: date | None = Field(description="Last day counted; null where there is no data")
    data_version: int = Field(description="Changes with each committed change; also the ETag")


class SlaFigures(BaseModel):
    total_de_atendimentos: int = Field(examples=[1000])
    total_de_atendimentos_no_prazo: int = Field(examples=[980])
    sla: str = Field(examples=["98.00%"])
    sla_percentual: float = Field(examples=[98.0])
    visitas: str | None = Field(description="Relative URL of the visits counted", examples=["/v1/services?angel=Ana"])


class AngelSla(SlaFigures):
    angel: str


class PoloSla(SlaFigures):
    polo: str


class UfSla(SlaFigures):
    uf: str | None = Field(description="null: polos whose name begins with no state")


class SlaAnswer(IndicatorAnswer):
    tolerance_days: int


class SlaAngelAnswer(SlaAnswer):
    sla_angel: list[AngelSla]


class SlaPoloAnswer(SlaAnswer):
    sla_polo: list[PoloSla]


class SlaUfAnswer(SlaAnswer):
    sla_uf: list[UfSla]


class ProductivityFigures(BaseModel):
    total_de_atendimentos: int
    tempo_medio_atendimento: str = Field(
        description="Mean of data_limite at 00:00 less data_de_atendimento: positive is early",
        examples=["2 days, 14:33:21"],
    )
    tempo_medio_segundos: int
    dias_uteis: int = Field(description="Business days by this row's calendar")
    produtividade: float | None = Field(description="Visits for each business day; null where there is none")
    visitas: str | None = Field(description="Relative URL of the visits counted")


class AngelProductivity(ProductivityFigures):
    angel: str


class PoloProductivity(ProductivityFigures):
    polo: str


class UfProductivity(ProductivityFigures):
    uf: str | None


class ProductivityAnswer(IndicatorAnswer):
    calendario: str = Field(examples=["nacional"])
    dias_uteis: int | None = Field(description="Business days by the national calendar")


class ProductivityAngelAnswer(ProductivityAnswer):
    produtividade: list[AngelProductivity]


class ProductivityPoloAnswer(ProductivityAnswer):
    produtividade_polo: list[PoloProductivity]


class ProductivityUfAnswer(ProductivityAnswer):
    produtividade_uf: list[UfProductivity]
