"""A load as the contract tells it: one row after the other, in plain Python. Slow, and easy to check by eye."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from logistics_indicators.loads.kinds import KINDS
from logistics_indicators.loads.parsing.dates import parse_moment
from logistics_indicators.texts import email_key, is_spreadsheet_error, normal_text, stands_for_nothing

COLUMNS = {kind.value: [column.name for column in declared.columns] for kind, declared in KINDS.items()}
WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's White_Space. Python's strip() takes four control characters as well."""

LIMITS = {"nome": 200, "email": 254, "telefone": 40, "angel": 200, "polo": 200}
_ATOM = r'[^@\s.\x00-\x1f\x7f"<>()\[\],;:\\]+'
_LABEL = r"(?!-)" + _ATOM.replace("[^", r"[^!#$%&'*+/=?^`{|}~") + r"(?<!-)"
EMAIL = re.compile(rf"(?!'){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+")


@dataclass
class Outcome:
    refused: bool = False
    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejects: list[tuple[int, str | None, str]] = field(default_factory=list)
    rows: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    waiting: list[tuple[int, int, tuple[Any, ...]]] = field(default_factory=list)
    """(line, id, values) of the visits whose customer is not there, where they wait."""


def load(
    kind: str,
    content: bytes,
    rows: dict[int, tuple[Any, ...]],
    customers: set[int],
    update: bool,
    has_header: bool = False,
    wait: bool = False,
) -> Outcome:
    """What a load of `content` must do to a table that holds `rows`. A header names all columns, in order."""
    outcome = Outcome(rows=dict(rows))
    columns = COLUMNS[kind]
    marked = content.startswith(b"\xef\xbb\xbf")
    while content.startswith(b"\xef\xbb\xbf"):
        content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in content and b"\r" in content.strip(b"\r"):
        content = content.replace(b"\r", b"\n")
    if not (before := content.rstrip(b"\x1a")) or before.endswith(b"\n"):
        content = before  # DOS' mark of the end
    text, delimiter, names = content.decode(errors="replace") if marked else decoded(content), ";", [*columns]
    records = [(number, record) for number, record in records_of(text, delimiter) if not is_blank(record, delimiter)]
    if not any(normal_text(record).strip('";,\t \x1a') or record.count('"') % 2 for _, record in records):
        outcome.refused = True
        return outcome
    for number, record in records[1:] if has_header else records:
        outcome.read += 1
        take_row(outcome, kind, number, record, delimiter, names, columns, customers, update, wait)
    return outcome


def decoded(content: bytes) -> str:
    continuation, broken = 0, 0
    for row in content.split(b"\n"):
        try:
            row.decode()
        except UnicodeDecodeError:
            broken += 1
        letters = row.decode(errors="ignore")  # a bad row's count too
        continuation += len(letters.encode()) - len(letters)
    return content.decode("utf-8" if not broken or continuation >= broken else "cp1252", errors="replace")


def records_of(text: str, delimiter: str) -> list[tuple[int, str]]:
    """(line number, text) of each record; a quoted field that closes properly may span lines."""
    records, start = [], 0
    while start < len(text):
        end = record_end(text, start, delimiter)
        records.append((text.count("\n", 0, start) + 1, text[start:end].rstrip("\r")))
        start = end + 1
    return records


def blanks_behind_quotes(delimiter: str) -> str:
    return " " if delimiter == "\t" else " \t"


def record_end(text: str, start: int, delimiter: str) -> int:
    behind = blanks_behind_quotes(delimiter)
    while True:
        ends = [place for place in (text.find(delimiter, start), text.find("\n", start)) if place >= 0]
        line_end = text.find("\n", start) if "\n" in text[start:] else len(text)
        if text[start:].lstrip(" ").startswith('"'):
            close = closing_quote(text, text.index('"', start) + 1)
            after = len(text[: close + 1]) + len(text[close + 1 :]) - len(text[close + 1 :].lstrip(behind))
            if close < 0 or not (text[after:].startswith(delimiter) or re.match(r"\r*(\n|\Z)", text[after:])):
                return line_end
            if not text[after:].startswith(delimiter):
                return text.find("\n", after) if "\n" in text[after:] else len(text)
            start = after + 1
        elif not ends or text[min(ends)] == "\n":
            return line_end
        else:
            start = min(ends) + 1


def closing_quote(text: str, start: int) -> int:
    place = text.find('"', start)
    while place >= 0 and text[place + 1 : place + 2] == '"':
        place = text.find('"', place + 2)
    return place


def fields_of(record: str, delimiter: str) -> list[str]:
    """A field that the record ends in before its quote closes is missing."""
    if '"' not in record:
        return record.split(delimiter)
    if goes_on_after_quote(record, delimiter):
        return [unquoted(field) for field in record.split(delimiter)]
    try:
        fields, longer = (
            next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), []) for text in (record, record + "\n")
        )
    except csv.Error:
        return record.split(delimiter)
    return fields if fields == longer else fields[:-1]


def unquoted(field: str) -> str:
    bare = field.lstrip(" ").rstrip(" \t")
    inner = bare[1:-1]
    whole = len(bare) > 1 and bare[0] == bare[-1] == '"'
    return inner.replace('""', '"') if whole and '"' not in inner.replace('""', "") else field


def goes_on_after_quote(record: str, delimiter: str) -> bool:
    """Text follows a closing quote: then every quote of that field is a character."""
    start = 0
    while start >= 0:
        if record[start:].lstrip(" ").startswith('"'):
            close = closing_quote(record, record.index('"', start) + 1)
            after = record[close + 1 :].lstrip(blanks_behind_quotes(delimiter))
            if close < 0 or not after.strip("\r"):
                return False
            if not after.startswith(delimiter):
                return True
            start = close + 1
        start = record.find(delimiter, start) + 1 or -1
    return False


def is_blank(record: str, delimiter: str) -> bool:
    fields = fields_of(record, delimiter)
    return not record.replace(delimiter, "").strip(WHITE) or (
        bool(fields) and not any(f.strip(WHITE) for f in fields) and record.count('"') % 2 == 0
    )


def take_row(
    outcome: Outcome,
    kind: str,
    number: int,
    record: str,
    delimiter: str,
    names: Sequence[str | None],
    columns: list[str],
    customers: set[int],
    update: bool,
    wait: bool,
) -> None:
    fields = fields_of(record, delimiter)
    if len(fields) != len(names):
        missing = len(fields) < len(names)
        column = names[len(fields)] if missing else None
        outcome.rejects.append((number, column, "missing_column" if missing else "extra_column"))
        return
    texts = {name: normal_text(text.strip(WHITE)) for name, text in zip(names, fields, strict=True) if name}
    values: list[Any] = []
    for column in columns:
        value, reason = cleaned(column, texts.get(column, ""))
        if reason:
            outcome.rejects.append((number, column, reason))
            return
        values.append(value)
    row_id, row = values[0], tuple(values[1:])
    if kind == "services" and row[0] not in customers and wait:
        outcome.waiting.append((number, row_id, row))
        return
    if kind == "services" and row[0] not in customers:
        outcome.rejects.append((number, "id_cliente", "unknown_customer"))
        return
    if row_id in outcome.rows:  # a column that the file does not have is as it is stored
        row = tuple(
            value if column in names else stored
            for column, value, stored in zip(columns[1:], row, outcome.rows[row_id], strict=True)
        )
    settle(outcome, kind, number, row_id, row, update)


def try_waiting(outcome: Outcome, rows: dict[int, tuple[Any, ...]], customers: set[int], update: bool) -> None:
    """What becomes of a load's visits that waited, now that these customers are there and the table holds `rows`."""
    outcome.rows = dict(rows)
    ready = [visit for visit in outcome.waiting if visit[2][0] in customers]
    outcome.waiting = [visit for visit in outcome.waiting if visit[2][0] not in customers]
    for number, row_id, row in ready:
        settle(outcome, "services", number, row_id, row, update)
    outcome.rejects.sort(key=lambda reject: reject[0])


def cleaned(column: str, text: str) -> tuple[Any, str | None]:
    if re.search("[\x00\ufffd]", text):
        return None, "encoding"
    if re.search("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]", text):
        return None, "control_character"
    computed = column.startswith("data_") and is_spreadsheet_error(text)
    if stands_for_nothing(text) and not computed:
        return None, None if column in ("telefone", "data_de_atendimento") else "empty_field"
    if column in ("id", "id_cliente"):
        good = re.fullmatch("0*[0-9]{1,16}", text) and 1 <= int(text) < 2**53
        return (int(text), None) if good else (None, "invalid_id")
    if column.startswith("data_"):
        moment = parse_moment(text)
        if moment is None:
            return None, "invalid_date"
        if column == "data_limite":
            return moment.day, None
        return datetime.combine(moment.day, moment.at or datetime.min.time()), None
    if len(text) > LIMITS[column]:
        return None, "too_long"
    if column == "email" and not EMAIL.fullmatch(text):
        return None, "invalid_email"
    return text, None


def settle(outcome: Outcome, kind: str, number: int, row_id: int, row: Any, update: bool) -> None:
    rows = outcome.rows
    owner = None
    if kind == "customers":
        owner = next((i for i, other in rows.items() if email_key(other[1]) == email_key(row[1])), None)
    if row_id not in rows:
        if owner is not None:
            outcome.rejects.append((number, "email", "duplicate_email"))
            return
        outcome.inserted += 1
    elif rows[row_id] == row:
        outcome.unchanged += 1
    elif not update or row_id in outcome.seen:
        outcome.rejects.append((number, "id", "duplicate_id"))
        return
    elif owner not in (None, row_id):
        outcome.rejects.append((number, "email", "duplicate_email"))
        return
    else:
        outcome.updated += 1
    rows[row_id] = row
    outcome.seen.add(row_id)
