"""What a load noticed beside its rejects, for its warnings: added up chunk by chunk, and bounded.

As JSON: {"spellings": {column: {as spelled: normal form}}, "far_dates": {column: [rows, first line]},
"stateless_polos": [names], "notes": {what: [lines, first line]}}.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from ...states import state_in_name
from ..kinds import KINDS
from .normal_texts import MOST_SPELLINGS, Spellings, first_spellings

Findings = dict[str, Any]

Counts = Mapping[str, Sequence[int]]
"""{what: (lines, first line)}"""

NOTES = {
    "rows_in_quotes": "inside of quotes looks like a row of its own: if a quote is missing before it, close it.",
    "months_first": "has a date that is one only with the month before the day. All dates are read day first: if the "
    "file has the month first, those that were taken are wrong. Undo the load, and send it with the day first.",
    "lone_returns": "holds a carriage return that ends no line: save the file with one kind of line ends.",
}

MOST_POLOS = 1000
"""Without a state, that are remembered by name."""

EXAMPLES = 3

DATES = {name for kind in KINDS.values() for name in kind.dates}


@dataclass(frozen=True)
class SaneDays:
    """Dates outside of them are taken, and warned of."""

    first: date
    last: date


def findings_of(rows: pl.DataFrame, spellings: Spellings, notes: Counts, sane: SaneDays) -> Findings:
    """Of a chunk: `rows` are those that were not rejected."""
    far = {name: _far(rows, name, sane) for name in rows.columns if name in DATES}
    names = rows["polo"].unique().to_list() if "polo" in rows.columns else []
    stateless = sorted(name for name in names if state_in_name(name) is None)
    return {
        "spellings": {column: texts for column, texts in spellings.items() if texts},
        "far_dates": {name: found for name, found in far.items() if found},
        "stateless_polos": stateless[:MOST_POLOS],
        "notes": dict(notes),
    }


def count_of(what: str, lines: Sequence[int], first_line: int) -> dict[str, Sequence[int]]:
    return {what: (len(lines), min(lines) + first_line)} if lines else {}


def _far(rows: pl.DataFrame, name: str, sane: SaneDays) -> Sequence[int] | None:
    days = rows[name].cast(pl.Date)
    lowest, highest = days.min(), days.max()
    if lowest is None or (lowest >= sane.first and highest <= sane.last):  # type: ignore[operator]
        return None
    lines = rows["line"].filter(((days < sane.first) | (days > sane.last)).fill_null(False))
    return [len(lines), int(lines.min())]  # type: ignore[arg-type]


def add_findings(before: Findings, more: Findings) -> Findings:
    spellings = add_spellings(before.get("spellings", {}), more.get("spellings", {}))
    far = add_counts(before.get("far_dates", {}), more.get("far_dates", {}))
    polos = sorted({*before.get("stateless_polos", []), *more.get("stateless_polos", [])})
    notes = add_counts(before.get("notes", {}), more.get("notes", {}))
    return {"spellings": spellings, "far_dates": far, "stateless_polos": polos[:MOST_POLOS], "notes": notes}


def add_counts(before: Counts, more: Counts) -> Counts:
    total = dict(before)
    for what, (lines, line) in more.items():
        known = total.get(what, (0, line))
        total[what] = (known[0] + lines, min(known[1], line))
    return total


def add_spellings(before: Spellings, more: Spellings) -> Spellings:
    columns = dict.fromkeys([*before, *more])
    joined = {column: {**before.get(column, {}), **more.get(column, {})} for column in columns}
    return {column: first_spellings(texts) for column, texts in joined.items()}


def warnings_of_findings(findings: Findings, sane: SaneDays) -> list[str]:
    spellings = sorted(findings.get("spellings", {}).items())
    return [
        *(warning for column, texts in spellings for warning in _joined(column, texts)),
        *(_far_dates(name, found[0], found[1], sane) for name, found in sorted(findings.get("far_dates", {}).items())),
        *_stateless(findings.get("stateless_polos", [])),
        *(_note(what, *found) for what, found in sorted(findings.get("notes", {}).items())),
    ]


def _joined(column: str, texts: Mapping[str, str]) -> list[str]:
    """Of names that came in several spellings."""
    spelled = Counter(texts.values())
    names = sorted(name for name, spellings in spelled.items() if spellings > 1)
    if not names:
        return []
    most = "at least " if len(texts) >= MOST_SPELLINGS else ""
    spellings = _number(sum(spelled[name] for name in names), "spelling")
    return [
        f"{column}: {most}{spellings} (blanks, invisible marks, Unicode form) joined to "
        f"{_number(len(names), 'name')}: {_examples(names)}."
    ]


def _far_dates(column: str, rows: int, line: int, sane: SaneDays) -> str:
    moves = ", and they move every range of days that is not asked for" if column == "data_de_atendimento" else ""
    return (
        f"{column}: {_number(rows, 'date')} before {sane.first} or after {sane.last}, the first in line {line}. "
        f"They were taken{moves}."
    )


def _note(what: str, lines: int, line: int) -> str:
    return f"Line {line}{f' (and {lines - 1} more)' if lines > 1 else ''} {NOTES[what]}"


def _stateless(names: list[str]) -> list[str]:
    if not names:
        return []
    most = "at least " if len(names) >= MOST_POLOS else ""
    return [
        f"{most}{_number(len(names), 'polo')} without a state, found by no uf: {_examples(names)}. "
        "An admin may set it: PUT /v1/polos/{id}."
    ]


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _examples(names: list[str]) -> str:
    shown = ", ".join(names[:EXAMPLES])
    return f"{shown}, …" if len(names) > EXAMPLES else shown
