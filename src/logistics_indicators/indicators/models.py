"""What the indicators look like on the wire; the bodies themselves are written by orjson (see answers.py)."""

from datetime import date

from pydantic import BaseModel, Field


class IndicatorAnswer(BaseModel):
    start_date: date | None = Field(description="First day counted; null where the range has no day")
    end_date: date | None = Field(description="Last day counted; null where the range has no day")
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
    uf: str | None = Field(description="null: polos without a state")


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


class TrendPoint(BaseModel):
    angel: str | None = Field(None, description="With by=angel")
    polo: str | None = Field(None, description="With by=polo")
    uf: str | None = Field(None, description="With by=uf")
    inicio: date
    fim: date
    total_de_atendimentos: int
    valor: float | None = Field(description="The metric; an SLA is null without visits, a pace without a business day")
    visitas: str | None
    demais: int = Field(description="Names summed in it, the name being null; 0 in a name's own points")


class TrendAnswer(IndicatorAnswer):
    bucket: str
    metric: str
    calendario: str
    tolerance_days: int
    nomes: int = Field(description="Names with a visit in the range")
    nomes_em_demais: int = Field(description="Those without points of their own: the fewest visits, summed in demais")
    tendencia: list[TrendPoint]


class BacklogFigures(BaseModel):
    total_em_aberto: int = Field(description="Visits not made yet")
    total_atrasado: int = Field(description="Those whose data_limite lies before as_of")
    data_limite_mais_antiga: date
    dias_de_atraso_do_mais_antigo: int
    visitas: str | None
    visitas_atrasadas: str | None


class AngelBacklog(BacklogFigures):
    angel: str


class PoloBacklog(BacklogFigures):
    polo: str


class UfBacklog(BacklogFigures):
    uf: str | None


class BacklogAnswer(BaseModel):
    as_of: date
    time_zone: str = Field(description="Whose today as_of is, where it was not given")
    data_version: int


class BacklogAngelAnswer(BacklogAnswer):
    backlog_angel: list[AngelBacklog]


class BacklogPoloAnswer(BacklogAnswer):
    backlog_polo: list[PoloBacklog]


class BacklogUfAnswer(BacklogAnswer):
    backlog_uf: list[UfBacklog]


class LatenessFigures(BaseModel):
    total_de_atendimentos: int
    total_de_atrasados: int
    percentual_de_atrasados: float = Field(description="Of all visits")
    media_de_dias_de_atraso: float | None = Field(description="Of the late visits; null without any")
    p50_de_dias_de_atraso: int | None = Field(description="Of the late visits, by nearest rank")
    p90_de_dias_de_atraso: int | None
    percentual_1_dia: float | None = Field(description="Share of the late visits")
    percentual_2_dias: float | None
    percentual_3_a_5_dias: float | None
    percentual_mais_de_5_dias: float | None
    visitas: str | None


class AngelLateness(LatenessFigures):
    angel: str


class PoloLateness(LatenessFigures):
    polo: str


class UfLateness(LatenessFigures):
    uf: str | None


class LatenessAngelAnswer(IndicatorAnswer):
    lateness_angel: list[AngelLateness]


class LatenessPoloAnswer(IndicatorAnswer):
    lateness_polo: list[PoloLateness]


class LatenessUfAnswer(IndicatorAnswer):
    lateness_uf: list[UfLateness]


class SummaryPeriod(BaseModel):
    start_date: date | None
    end_date: date | None
    total_de_atendimentos: int
    total_de_atendimentos_no_prazo: int
    sla: str | None
    sla_percentual: float | None
    sla_minimo: float | None = Field(description="Lower end of the 95% Wilson interval")
    sla_maximo: float | None = Field(description="Upper end of it")
    tempo_medio_atendimento: str | None
    tempo_medio_segundos: int | None
    calendario: str = Field(
        description="Whose business days were counted: nacional, or with calendario=uf the polo, state, or main polo "
        "of the angel that was asked for",
        examples=["nacional"],
    )
    dias_uteis: int | None = Field(description="Business days; null where the range has no day")
    produtividade: float | None = Field(description="Visits for each business day; null where there is none")


class SummaryChange(BaseModel):
    total_de_atendimentos: int
    total_de_atendimentos_percentual: float | None
    sla_pontos: float | None
    produtividade: float | None
    tempo_medio_segundos: int | None


class SummaryOpen(BaseModel):
    total_em_aberto: int
    total_atrasado: int
    data_limite_mais_antiga: date | None


class SummaryRank(SlaFigures):
    angel: str | None = None
    polo: str | None = None
    uf: str | None = None
    sla_minimo: float
    sla_maximo: float


class SummaryAnswer(IndicatorAnswer):
    periodo: SummaryPeriod
    periodo_anterior: SummaryPeriod = Field(description="As many days, right before")
    variacao: SummaryChange = Field(description="This period less the previous one")
    em_aberto: SummaryOpen
    melhores: list[SummaryRank] = Field(
        description="By sla_minimo: few visits do not outrank many; disjoint from piores"
    )
    piores: list[SummaryRank] = Field(description="By sla_maximo; nobody without a late visit")
    as_of: date
    time_zone: str = Field(description="Whose today as_of is, where it was not given")
    by: str
    min_total: int
    tolerance_days: int
    calendario: str


class RollupDifference(BaseModel):
    level: str = Field(examples=["month"])
    block: date
    polo: str
    angel: str
    days_late: int | None = None
    expected: list[int] = Field(description="Recomputed from the rows; per level: visits, on time, seconds")
    found: list[int] = Field(description="What the indicators answer from")


class VerifyAnswer(BaseModel):
    data_version: int
    visits: int = Field(description="Visits compared, open ones included")
    differences: int = Field(description="How many cells differ; 0 is as it should be")
    examples: list[RollupDifference] = Field(description="The first of them")


class RebuildAnswer(BaseModel):
    data_version: int
    visits: int
