"""What a name on the wire means, wherever its own field, parameter or model does not say it.

docs/glossary.md explains the Portuguese ones.
"""

import re
from collections.abc import Iterable
from typing import Any

from ..loads.words import Kind
from ..rollup.dimensions import COLUMN_OF, Dimension


def any_of(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"


IN_PORTUGUESE = {
    **{by.value: column.meaning for by, column in COLUMN_OF.items()},
    **{f"backlog_{by}": f"A row for each {column.word} with open visits" for by, column in COLUMN_OF.items()},
    "ano": "Year",
    "atendimentos": "The services (visits) of this page",
    "atrasados_1_dia": "Late visits that were one day late",
    "atrasados_2_dias": "Late visits that were two days late",
    "atrasados_3_a_5_dias": "Late visits that were three to five days late",
    "atrasados_mais_de_5_dias": "Late visits that were more than five days late",
    "calendario": "Whose business days are counted: `nacional`, or `uf` for the state's and local days too",
    "cidade": "A city, in its state",
    "clientes": "The customers of this page",
    "data_de_atendimento": "When the visit was made, local wall time; null: not made yet",
    "data_limite": "The deadline: a visit on that day is still on time",
    "data_limite_mais_antiga": "The earliest deadline among the open visits; null without any",
    "demais": "How many names the series of all the others sums up",
    "dias_de_atraso_do_mais_antigo": "Days by which the earliest deadline has passed; never below 0",
    "dias_uteis": "Business days of the range",
    "em_aberto": "Visits not made yet",
    "fim": "The bucket's last day",
    "id_cliente": "The customer who is visited, by id",
    "inicio": "The bucket's first day",
    "media_de_dias_de_atraso": "Mean of the days by which the late visits were late",
    "melhores": "The best, by the lower end of the SLA's interval",
    "nome": "The customer's name",
    "nomes": "How many names there are in all",
    "nomes_em_demais": "How many names have no series of their own",
    "p50_de_dias_de_atraso": "Median of the days by which the late visits were late, by nearest rank",
    "p90_de_dias_de_atraso": "Days of delay that nine of ten late visits keep within; null without any",
    "percentual_1_dia": "Percent of the late visits that were one day late",
    "percentual_2_dias": "Percent of the late visits that were two days late",
    "percentual_3_a_5_dias": "Percent of the late visits that were three to five days late",
    "percentual_de_atrasados": "Percent of all visits that were late",
    "percentual_mais_de_5_dias": "Percent of the late visits that were more than five days late",
    "periodo": "The figures of the range that was asked for",
    "piores": "The worst, by the upper end of the SLA's interval",
    "polos": "The polos of this page",
    "produtividade": "Visits for each business day, 2 decimals; the list of an answer has a row for each angel",
    "proxima_pagina": "Relative URL of the next page; absent on the last one",
    "sla": "Share of the visits that were on time, as a text with two decimals",
    "sla_maximo": "Upper end of the SLA's 95% interval, percent",
    "sla_minimo": "Lower end of the SLA's 95% interval, percent",
    "sla_percentual": "Share of the visits that were on time, in percent, two decimals",
    "sla_pontos": "Change of the SLA in percentage points",
    "sla_uf": "A row for each state; null: polos without one",
    "telefone": "The customer's telephone as it was given; null: none",
    "tempo_medio_atendimento": "Mean of data_limite at 00:00 less data_de_atendimento, in words: positive is early",
    "tempo_medio_segundos": "The same mean in whole seconds: positive is early",
    "tendencia": "A point for each name and bucket",
    "total_atrasado": "Open visits whose deadline has passed",
    "total_de_atendimentos": "Visits made",
    "total_de_atendimentos_no_prazo": "Visits made on or before the deadline's day",
    "total_de_atendimentos_percentual": "Change of the visits made, in percent of those before; null without any",
    "total_de_atrasados": "Visits made after the deadline's day",
    "total_em_aberto": "Visits not made yet",
    "total_por_pagina": "Rows on this page",
    "uf_fixada": "Whether an admin set the polo's state; else its name says it",
    "variacao": "Change against the equal period before",
    "visitas": "Relative URL of the visits that were counted; null where no filter finds exactly them",
    "visitas_atrasadas": "Relative URL of the open visits whose deadline has passed; null where no filter finds them",
}
"""The names that are Portuguese, with those that stand beside them."""

IN_ENGLISH = {
    "access_token": "Send it as `Authorization: Bearer`; it lives for `expires_in` seconds",
    "action": "What was done",
    "active": "Whether the user may sign in",
    "address": "The network address that it came from",
    "addresses": "Networks that the token is taken from; empty: everywhere",
    "after": "The figures with the load",
    "angels_moved": "How many angels' figures the load changed",
    "as_of": "The day on which deadlines are judged: those before it have passed",
    "audit": "The entries of this page, newest first",
    "before": "The figures without the load",
    "block": "First day of the block that differs",
    "bucket": "What one point covers: a day, a week or a month",
    "by": f"What the rows are of: {any_of(Dimension)}",
    "changed_by": "Who changed it last; null: nobody yet, or a user who was removed",
    "changes": "The changes of this page, the last ones first",
    "column": "The column of ours that was wrong; null where it is the whole row",
    "columns": "The file's names of our columns, ours first, as `angel:Quem,polo:Onde`",
    "cores": "Logical processors",
    "cpu": "How busy the processors are",
    "created_at": "When it was made",
    "current_password": "The password until now",
    "customer_id": "The customer's id",
    "data_version": "Changes with each committed change of what the figures are made of; also the ETag",
    "database": "Whether the database answers",
    "day": "The day, YYYY-MM-DD",
    "day_id": "The calendar day's id, from GET /v1/calendar",
    "days_late": "Days by which the visits were late; null where the level does not tell them apart",
    "delimiter": "What parts the cells: `;`, `,` or `tab`",
    "detail": "What happened, in words for people",
    "drop": "true: the rows are left out for good",
    "dropped": "Rows that were left out for good",
    "dropped_by": "Who left the row out for good",
    "email": "Mail address",
    "embedded": "Whether the service runs a PostgreSQL of its own",
    "encoding": "How the file's bytes spell characters",
    "end_date": "Last day counted",
    "error": "Why the load failed; absent where it did not",
    "errors": "The fields that cannot be taken",
    "expires_at": "Until when it works; null: for good",
    "filename": "The file's name as the sender told it; null: none was told",
    "finished_at": "When it ended; null: not yet",
    "first_day": "First day that was touched; null: none",
    "header": "none: the first row is data already, and columns go by position",
    "id": "Its number, which never changes",
    "kind": f"What the file's rows are: {any_of(Kind)}",
    "last_day": "Last day that was touched; null: none",
    "last_used_address": "The network address of the last use",
    "level": "Which of the precomputed sums: by day, month or year",
    "line": "Line of the file, row of the sheet, place in the batch; the first is 1",
    "load": "The load",
    "load_id": "The load's id",
    "loads": "The loads of this page, newest first",
    "machine": "Architecture of the processor",
    "max_rejects": "With more rejected rows it fails and writes nothing; null: no such bound",
    "memory": "Main memory",
    "message": "What was done, for people",
    "metric": "The figure that is followed",
    "min_total": "Least visits of a best or worst",
    "msg": "What is wrong with it, for people",
    "name": "Its name",
    "on_conflict": "What becomes of a row whose id is stored with other values",
    "on_time_removed": "Of the visits that went, those that were on time",
    "open_removed": "Of the visits that went, those not made yet",
    "optional_days": "Of the days that each employer chooses, those that are no business days",
    "os": "Operating system",
    "password": "The account's password",
    "polo_id": "The polo's id, from GET /v1/polos",
    "polos_moved": "How many polos' figures the load changed",
    "presets": "All presets, by name",
    "processor": "The processor's name, or its architecture",
    "progress": "Share of the file that is done: 0 to 1",
    "reason": "Why the row was rejected",
    "refresh_token": "Good for one renewal at POST /v1/auth/refresh, which answers with the next one",
    "rejects": "The rejected rows",
    "release": "The operating system's release",
    "removed": "Visits that went, as they were",
    "reopened": "Dropped rows that are open again",
    "reset_token": "The one-time token that an admin handed over",
    "role": "What the user may do: admin more than analyst more than viewer",
    "row": "The whole row as it was sent",
    "rows": "How many rows",
    "rows_inserted": "Rows that are new in the table",
    "rows_per_second": "Rows read for each second since it began; null: not begun",
    "rows_read": "Rows of the file that were read so far",
    "rows_rejected": "Rows that were not taken",
    "rows_unchanged": "Rows that were stored with the same values already",
    "rows_updated": "Rows that changed a stored one",
    "rule": "One change for all open rejects that it fits",
    "scopes": "What the token is for",
    "service_id": "The service's id",
    "start_date": "First day counted",
    "started_at": "When its first row was worked on; null: not yet",
    "state": "What became of it; open: nothing yet",
    "status": "How it stands",
    "system": "What the machine is",
    "time_zone": "IANA name of the time zone whose today is meant",
    "title": "The status in words; docs/errors.md has each",
    "token_id": "The API token's id, from GET /v1/tokens; the token itself is in no address",
    "token_type": "How the token is sent: as Bearer",
    "tokens": "The API tokens of this page",
    "tolerance_days": "Days after data_limite that still counted as on time",
    "total": "How many",
    "type": "about:blank: the status alone says what kind of problem it is (RFC 9457)",
    "unknown_customer": "What becomes of a visit whose customer is not there: rejected, or it waits",
    "update": "The load that changed it last; null: none did",
    "upload_id": "The upload's id, from its Location",
    "url": "Relative URL of it",
    "used_percent": "Percent in use",
    "user": "Whose it is, by name; null: a user who was removed",
    "user_id": "The user's id",
    "username": "The user's name",
    "users": "The users of this page",
    "validate_only": "Whether it only reports what it would do; then nothing is written",
    "value": "The cell that was wrong, as it was sent; null where it is the whole row",
    "version": "The service's version",
    "visits": "Visits that were counted",
    "waiting": "The visits of this page that wait",
    "warnings": "What is odd about the file, in words for people",
    "where": "Which rejects it is for",
}

OF_ONE_MODEL = {
    "CalendarAnswer.calendario": "The days without work, and those that are worked all the same",
    "CalendarDayAnswer.name": "What the day is called",
    "Machine.system": "What the machine is",
    "NewCalendarDay.polo": "The polo whose day it is, by name",
    "NewCalendarDay.uf": "The state whose day it is, or whose city's",
    "ProblemDetail.status": "The HTTP status",
    "ProductivityAngelAnswer.produtividade": "A row for each angel",
    "SignedIn.user": "Who signed in",
    "SummaryChange.produtividade": "Change of the visits for each business day",
    "SummaryChange.tempo_medio_segundos": "Change of the mean, in seconds",
    "SummaryChange.total_de_atendimentos": "Change of the visits made, in visits",
    "TrackedReject.load": "The load that rejected it, by id",
    **{f"TrendPoint.{by}": f"With by={by}" for by in Dimension},
}
"""Where a name means something else than elsewhere."""

OF_MODELS = {
    "Act": "What made the change: a load, its undo, the rows that a failed load gave back, or a write by hand",
    "Bucket": "What one point of a trend covers; weeks begin on Monday",
    "CalendarKind": "Whose business days are counted: the national ones, or the state's and local ones too",
    "ChangesBy": "What is one row of the changes: a load or its undo, a user, or a single write",
    "Credentials": "What one signs in with",
    "Dimension": f"What the rows are of: {any_of(f'{column.word}s' for column in COLUMN_OF.values())}",
    "EffectFigures": "Figures of all visits, or of one name",
    "FieldError": "One field that cannot be taken, and why",
    "Health": "Whether the service can work",
    "Kind": "What the rows of a file are",
    "Machine": "How busy the machine is",
    "Message": "What was done, for people",
    "Metric": "The figure that a trend follows",
    "Moved": "A name whose figures the load moved, before and after",
    "NewUser": "An account that an admin makes for someone",
    "Origin": "Where a visit comes from",
    "OriginLoad": "A load, as far as a visit's origin needs it",
    "PasswordChange": "The password until now, and the next one",
    "PasswordReset": "A one-time token, and the next password",
    "Period": "Which period a trend is of: the range that is asked for, or one that it is compared with",
    "Polo": "A base that visits start from, and its state",
    "RebuildAnswer": "What was made anew",
    "ReceivedLoad": "The load or, of a zip, the loads that a file became",
    "Registration": "A new account of one's own",
    "RejectCount": "How many rows were rejected for one reason, in one column, with one value",
    "RejectCounts": "Rejected rows in groups that one mend can settle",
    "RejectSummary": "How many rows of the load were rejected for one reason",
    "ResetToken": "A one-time token by which the user sets a new password",
    "Role": "A viewer reads, an analyst also writes data, an admin also manages users, the calendar and settings",
    "RollupDifference": "A precomputed sum that is not what the rows add up to",
    "SentRefreshToken": "The refresh token, where no header has it",
    "SettingsAnswer": "What the figures depend on beside the visits and the calendar",
    "SignedIn": "The two tokens of a session, and who signed in",
    "StateOfPolo": "The state that a polo is in",
    "SummaryChange": "The figures less those of the period before",
    "SummaryOpen": "Visits not made yet, as of a day",
    "SummaryPeriod": "The figures of a range of days",
    "SummaryRank": "One of the best, or of the worst",
    "System": "What the machine is",
    "Total": "How many rows the filter finds",
    "TrendPoint": "The figure of one name in one bucket",
    "Used": "How full it is",
    "VerifyAnswer": "What differs between the indicators and the visits: nothing should",
    "WaitingVisit": "A visit whose customer is not there yet",
    "WholeFigures": "Figures of all visits, with those that are overdue",
}
OF_MODELS_THAT_END = {
    "Page": "A page of a list; `proxima_pagina` leads to the next",
    "List": "All there are",
    "Answer": "The answer: its rows, and what they were counted over",
}

OF_OTHERS = "One {}"


def word_for(name: str, model: str | None = None) -> str | None:
    """What it means; None where nothing is known of the name."""
    everywhere = IN_PORTUGUESE.get(name) or IN_ENGLISH.get(name) or _word_for_rows(name)
    return OF_ONE_MODEL.get(f"{model}.{name}") or everywhere


def _word_for_rows(name: str) -> str | None:
    """Of an indicator's answer."""
    return next((f"A row for each {column.word}" for by, column in COLUMN_OF.items() if name.endswith(f"_{by}")), None)


def word_for_model(model: str) -> str:
    if model in OF_MODELS:
        return OF_MODELS[model]
    for ending, word in OF_MODELS_THAT_END.items():
        if model.endswith(ending):
            return word
    return OF_OTHERS.format(" ".join(re.findall("[A-Z][a-z]*", model)).lower())


def describe(document: dict[str, Any]) -> None:
    """Gives every model, property and parameter that says nothing of itself the word for its name."""
    for model, schema in document["components"]["schemas"].items():
        _describe(schema, word_for_model(model))
        for name, field in schema.get("properties", {}).items():
            _describe(field, word_for(name, model))
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                _describe(parameter, parameter["schema"].get("description") or word_for(parameter["name"]))


def _describe(part: dict[str, Any], word: str | None) -> None:
    if word is not None and not part.get("description"):
        part["description"] = word
