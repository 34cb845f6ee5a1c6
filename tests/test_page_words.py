"""The service's sentences in the page's words: one that is worded anew here is worded anew there, or a test fails."""

import ast
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import logistics_indicators
from logistics_indicators import errors
from logistics_indicators.accounts.audit import Action
from logistics_indicators.accounts.models import Registration
from logistics_indicators.accounts.passwords import refuse_common
from logistics_indicators.errors import Problem
from logistics_indicators.http.field_types import FIRST_DAY, LAST_DAY
from logistics_indicators.http.field_words import said_of
from logistics_indicators.last_change import BY_HAND
from logistics_indicators.loads import confirming
from logistics_indicators.loads.formats import CSV, NDJSON, Form
from logistics_indicators.loads.kinds import KINDS, FileKind, Kind
from logistics_indicators.loads.mending.mend import _fault
from logistics_indicators.loads.obstacles import (
    DELETED,
    FINAL,
    NOT_COMPLETED,
    changed_since,
    gone_since,
    referred_to,
    taken_since,
)
from logistics_indicators.loads.parsing import another_header, headers
from logistics_indicators.loads.parsing.findings import NOTES, SaneDays, warnings_of_findings
from logistics_indicators.loads.reading import package, parquet, workbook
from logistics_indicators.loads.receiving import receiver, room
from logistics_indicators.loads.receiving.opening import _refuse_what_is_no_table
from logistics_indicators.loads.receiving.recognising import NOT_TABLES
from logistics_indicators.loads.receiving.tables import told_of
from logistics_indicators.loads.receiving.unpacking import CUT_WORKBOOK, members_of
from logistics_indicators.loads.working.endings import NO_ROWS
from logistics_indicators.loads.working.reporting import EXCEL_ROWS, warnings_of

SOURCES = Path(logistics_indicators.__file__).parent
ASSETS = SOURCES / "page/assets"
TABLE = "".join((ASSETS / f"parts/{name}.js").read_text("utf-8") for name in ("sentences", "sentences_of_loads"))


def in_python(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\(\?<(?=\w)", "(?P<", pattern))


PATTERNS = [
    in_python(pattern) for pattern in re.findall(r"^\s+(?:\{ )?of: /(.+)/,", TABLE.partition("const ACCOUNTS")[2], re.M)
]


def taken_from(sentences: str) -> tuple[list[re.Pattern[str]], str]:
    """The patterns that take one sentence after the other, and what none of them takes."""
    used, rest = [], sentences
    while rest and (found := next((m for p in PATTERNS if (m := p.match(rest))), None)):
        used.append(found.re)
        rest = rest[found.end() :].lstrip()
    return used, rest


def refused(act: Callable[[], object]) -> str:
    try:
        act()
    except Problem as problem:
        return problem.detail
    except headers.BadHeader as problem:
        return str(problem)
    raise AssertionError("nothing was refused")


def of_header(text: str, kind: Kind = Kind.services, mapped: headers.Mapped | None = None, form: Form = CSV) -> str:
    return refused(lambda: headers.read_opening(kind, text, None, mapped or {}, form=form))


def of_account(**given: str) -> list[str]:
    right = {"username": "ana", "email": "ana@example.com", "password": "uma senha bem comprida 7"}
    with pytest.raises(ValidationError) as caught:
        Registration.model_validate({**right, **given})
    return [said_of(dict(error)) for error in caught.value.errors()]


def of_accounts() -> Iterator[str]:
    yield refused(lambda: refuse_common("12345678"))
    for given in (
        {"password": "1"},
        {"password": "1" * 200},
        {"username": "a" * 65},
        {"username": "ана"},
        {"username": "\u0301a"},
        {"email": "ana"},
        {"email": "a"},
    ):
        yield from of_account(**given)


def a_zip_of(*names: str) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(), "w")
    for name in names:
        archive.writestr(name, "1")
    return archive


def of_files() -> Iterator[str]:
    yield from (package.BROKEN, package.ENCRYPTED, workbook.MACROS, workbook.BINARY, workbook.NO_WORKBOOK)
    yield from (
        parquet.BROKEN,
        room.DISK_IS_FULL,
        receiver.MIXED_ENCODINGS,
        NO_ROWS,
        str(another_header.AnotherHeader(7)),
    )
    for start, _ in NOT_TABLES:
        yield refused(lambda head=start: _refuse_what_is_no_table(head + bytes(range(16)) * 8))  # type: ignore[misc]
    for head in (b"<html>", b'[{"id": 1}]', b"PK\x03\x04"):
        yield refused(lambda head=head: _refuse_what_is_no_table(head))  # type: ignore[misc]
    yield refused(lambda: members_of(a_zip_of("one.doc", "two.doc")))
    yield refused(lambda: told_of("fev/visitas de maio.csv")(_refuse_what_is_no_table)(b"%PDF-1.7"))


def of_what_is_packed() -> Iterator[str]:
    receiving = SOURCES / "loads/receiving"
    for module in ("unpacking", "apart"):
        yield from refusals_in(receiving / f"{module}.py")
    yield from (said for said in refusals_in(receiving / "tables.py") if "zip" in said)
    yield CUT_WORKBOOK


def refusals_in(source: Path) -> Iterator[str]:
    """What its errors say, where a person made a file so."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in ERRORS:
            for value in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "msg")):
                if isinstance(value, ast.Constant) and " " in str(value.value):
                    yield str(value.value)
                elif isinstance(value, ast.JoinedStr):
                    yield "".join(map(filled, value.values))


ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Problem)}


def of_columns() -> Iterator[str]:
    yield of_header("Codigo;Cliente;Quem;Onde;Vence;Feito\n1;2;a;b;c;d\n")
    yield of_header("what;is;this\n")
    yield of_header("Codigo,Cliente,Quem\n1,2,a\n", mapped={"angel": "Agente"})
    yield of_header("Codigo,Cliente,Quem\n1,2,a\n", form=NDJSON)
    yield of_header("id;nome;email;telefone\n1;Ana;ana@example.com;1\n")
    yield of_header("id;nome;email;email\n", Kind.customers)
    yield of_header('id;nome;email;"telefone\n', Kind.customers)
    yield of_header("1;Ana;ana@example.com;1\nid;nome;email;telefone\n", Kind.customers)


LOAD = {
    **{"warnings": [], "rows_read": 9, "rejects": [], "unknown_customer": "reject", "rejects_stored": 9},
    **{"rows_unchanged": 0, "rows_rejected": 0},
}


def of_loads() -> Iterator[str]:
    yield from warnings_of(LOAD | {"rows_unchanged": 9})
    yield from warnings_of(LOAD | {"rows_rejected": 9})
    yield from warnings_of(LOAD | {"rows_rejected": 8, "rejects_stored": 3})
    yield from warnings_of(LOAD | {"rows_read": EXCEL_ROWS})
    unknown = {"rejects": [{"reason": "unknown_customer", "rows": 4, "first_line": 2}], "unknown_customer": "wait"}
    yield from warnings_of(LOAD | unknown)
    findings = {
        "spellings": {"polo": {"A  b": "A b", "A b": "A b"}},
        "far_dates": {"data_limite": (1, 3), "data_de_atendimento": (4, 2)},
        "stateless_polos": ["Norte", "Sul"],
        "notes": dict.fromkeys(NOTES, (2, 7)),
    }
    yield from warnings_of_findings(findings, SaneDays(date(2000, 1, 1), date(2030, 1, 1)))


def of_undoing() -> Iterator[str]:
    for status, advice in NOT_COMPLETED.items():
        yield f"Load 3 is {status}: only a completed load can be undone. {advice}"
    for by in ({BY_HAND: 1, DELETED: 2, FINAL: 3, 7: 3}, {7: 1}, {BY_HAND: 1}, dict.fromkeys(range(1, 20), 1)):
        yield changed_since(3, by)
        yield referred_to(3, Kind.services, Kind.customers, by)
    for ids in ([7], range(1, 20)):
        yield gone_since(3, 2, Kind.customers, ids)
        yield taken_since(3, 2, "email", Kind.customers, ids)


REJECT = dict.fromkeys(("dropped_by", "is_under_way", "is_waiting", "is_mended")) | {"mend_id": 5, "mended_by": "bia"}


def of_mending() -> Iterator[str]:
    for now in ("dropped_by", "is_under_way", "is_waiting", "is_mended"):
        yield str(_fault("edits", REJECT | {now: "bia"}))


def of_confirming() -> Iterator[str]:
    trial = {"id": 3, "validate_only": True, "mends": None, "kind": "services"}
    asked = confirming.Changes(None, None)
    for status in ("undone", "failed", "loading"):
        yield refused(lambda status=status: confirming._refuse_to_confirm(trial | {"status": status}, asked))  # type: ignore[misc]
    yield refused(lambda: confirming._refuse_to_repeat(trial, asked, {"id": 4, "status": "undone"}))
    yield confirming.gone(trial).detail


EVERY = (of_accounts, of_files, of_what_is_packed, of_columns, of_loads, of_undoing, of_mending, of_confirming)


@pytest.mark.parametrize("sentences", EVERY)
def test_what_the_service_says_is_known_to_the_page_to_its_last_word(sentences: Callable[[], Iterator[str]]) -> None:
    said = list(sentences())
    assert said
    assert {sentence: rest for sentence in said if (rest := taken_from(sentence)[1])} == {}


FILLED = {"other": "services", "kind": "customers", "reference.kind": "customers", "column": "email"}


def filled(value: ast.expr) -> str:
    """An example of what a text is filled in with."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    code = ast.unparse(value.value) if isinstance(value, ast.FormattedValue) else ""
    return "7 rows" if code.startswith("counted(") else FILLED.get(code, "7")


def written_in(sources: Path) -> Iterator[str]:
    for source in sources.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                yield "".join(map(filled, node.values))


def test_the_page_knows_no_sentence_that_the_service_does_not_say() -> None:
    real = [said for sentences in EVERY for said in sentences()]
    pydantics = ("Field required", "Input should be a valid integer, unable to parse string as an integer")
    said = [*real, *written_in(SOURCES), *pydantics]
    used = {pattern for sentences in said for pattern in taken_from(sentences)[0]}
    assert [pattern.pattern for pattern in PATTERNS if pattern not in used] == []


def test_the_fields_of_days_take_those_that_the_service_takes() -> None:
    assert f'BOUNDS = {{ min: "{FIRST_DAY}", max: "{LAST_DAY}" }}' in (ASSETS / "days.js").read_text("utf-8")


def test_what_a_file_may_be_instead_of_a_table_has_a_name_in_portuguese() -> None:
    for sentence in of_files():
        if found := re.search("looks like (.+), which is no table", sentence):
            assert f'["{found[1]}", "' in TABLE


def declared_in_the_page() -> Iterator[tuple[Kind, list[tuple[str, bool, Kind | None]]]]:
    """Of each kind, in their order: its columns, whether a file may lack them, and the kind whose ids they hold."""
    module = (ASSETS / "kinds.js").read_text("utf-8")
    for kind, columns in re.findall(r"^  (\w+): \{\n    columns: \[\n(.+?)^    \],", module, re.M | re.S):
        lines = re.findall(r'\{ name: "(\w+)", (.+) \},', columns)
        refers = [re.search(r'refersTo: "(\w+)"', rest) for _, rest in lines]
        yield (
            Kind(kind),
            [
                (name, "absent: true" in rest, Kind(found[1]) if found else None)
                for (name, rest), found in zip(lines, refers, strict=True)
            ],
        )


def test_the_kinds_of_files_that_the_page_knows_are_those_of_the_service() -> None:
    ours = [
        (kind, [(column.name, column.may_be_absent, refers(declared, column.name)) for column in declared.columns])
        for kind, declared in KINDS.items()
    ]
    assert list(declared_in_the_page()) == ours


def refers(declared: FileKind, column: str) -> Kind | None:
    reference = declared.refers_to.get(column)
    return reference.kind if reference else None


DETAILS = {"detail", "of_token", "words"}
"""What a call of audit() is given beside the names of its own."""


def told_in(sources: Path) -> Iterator[str]:
    """What calls of audit() tell of an act."""
    for source in sources.rglob("*.py"):
        text = source.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "audit(" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit":
                yield from (keyword.arg for keyword in node.keywords if keyword.arg)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Subscript) and ast.unparse(target.value) in DETAILS:
                    yield ast.literal_eval(target.slice)
                if isinstance(target, ast.Name) and target.id in DETAILS:
                    dicts = (each for each in ast.walk(node.value) if isinstance(each, ast.Dict))
                    yield from (str(key.value) for each in dicts for key in each.keys if isinstance(key, ast.Constant))


@pytest.mark.parametrize("language", ["pt", "en"])
def test_the_audit_log_has_words_for_every_act_and_for_what_is_told_of_it(language: str) -> None:
    acts = (ASSETS / "views/admin/acts.js").read_text("utf-8")
    of_acts, told = (
        acts.partition(f"const {name} =")[2].partition("};\n" if name == "ACTS" else "});\n")[0]
        for name in ("ACTS", "told")
    )

    def words(declared: str) -> set[str]:
        block = re.search(rf"^  {language}: {{\n(.+?)^  }},", declared, re.M | re.S)
        assert block
        return set(re.findall(r"^    (\w+):", block[1], re.M))

    assert words(of_acts) == set(get_args(Action))
    shown = set(told_in(SOURCES))
    assert {"load_id", "of_username", "role", "tokens_revoked", "api_token"} <= shown
    assert shown - words(told) == set()
