"""What a file may look like: its kind's columns and their names, its delimiter and its encoding."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DELIMITERS = (";", ",", "\t")
LONGEST_ROW = 64 * 1024
"""Bytes. A longer row is rejected as too_long, and cut here already when it is received."""

PYTHON_CODECS = {
    "utf-8": "utf-8",
    "windows-1252": "cp1252",
    "iso-8859-1": "latin-1",
    "cp850": "cp850",
    "utf-16": "utf-8",
}
"""Of what is spooled, by the encoding that a load names: UTF-16 is spooled as UTF-8."""

ENCODINGS = {codecs.lookup(name).name: name for name in PYTHON_CODECS}


def named_encoding(name: object) -> object:
    """Our name of an encoding, of any that it goes by; what has none stays as it is."""
    try:
        return ENCODINGS.get(codecs.lookup(name).name, name) if isinstance(name, str) else name
    except (LookupError, ValueError):
        return name


REPORT_COLUMNS = ("line", "column", "reason")
"""Ours, in front of each record of a file of rejects; a load passes over them."""


class Kind(StrEnum):
    customers = "customers"
    services = "services"


COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.customers: ("id", "nome", "email", "telefone"),
    Kind.services: ("id", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"),
}
OPTIONAL_COLUMNS = {"telefone"}
SYNONYMS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.customers: {
        "id": ("id_cliente", "codigo", "cod", "codigo_cliente", "cod_cliente", "codigo_do_cliente", "customer_id"),
        "nome": ("name", "nome_cliente", "nome_do_cliente", "customer_name", "razao_social"),
        "email": ("mail", "email_cliente", "correio_eletronico", "endereco_de_email"),
        "telefone": ("tel", "fone", "celular", "phone", "telefone_cliente", "telefone_do_cliente"),
    },
    Kind.services: {
        "id": ("id_atendimento", "codigo", "cod", "codigo_atendimento", "cod_atendimento", "id_servico", "service_id"),
        "id_cliente": ("cliente", "codigo_cliente", "cod_cliente", "codigo_do_cliente", "customer_id"),
        "angel": ("green_angel", "tecnico", "agente", "nome_do_tecnico", "technician"),
        "polo": ("hub", "base", "base_logistica", "polo_logistico"),
        "data_limite": ("prazo", "data_prazo", "limite", "deadline", "due_date"),
        "data_de_atendimento": ("data_atendimento", "realizado", "realizado_em", "atendido_em", "data_de_realizacao"),
    },
}
"""Other names of columns. They are compared as headers.key_of makes them: without case, accents, blanks and signs.
A word that could stand for two columns of a kind is not among them."""


@dataclass(frozen=True)
class Layout:
    """How to read a row: `columns` are the file's, by our names; None is a column that we do not know.

    `has_header`: the first row that was spooled is the header.
    """

    delimiter: str
    columns: tuple[str | None, ...]
    has_header: bool = False
    is_rejects_file: bool = False
    """The file begins each record with REPORT_COLUMNS."""

    def of_records(self) -> "Layout":
        """Of the records without REPORT_COLUMNS."""
        if not self.is_rejects_file:
            return self
        return Layout(self.delimiter, self.columns[len(REPORT_COLUMNS) :], self.has_header)


@dataclass(frozen=True)
class FileFormat:
    kind: Kind
    layout: Layout
    encoding: str


@dataclass
class EncodingCensus:
    """Decides a file's encoding from counts that do not depend on where it was cut.

    The file is UTF-8 if it decodes, or if its valid rows have as many continuation bytes as there are rows
    that are not UTF-8: then those rows are rejected, and the others keep their accents. Else it is Windows-1252.
    """

    multibyte: int = 0
    invalid: int = 0

    def add(self, rows: bytes) -> None:
        """Count whole rows."""
        if rows.isascii():
            return
        try:
            text = rows.decode()
        except UnicodeDecodeError:
            self._count_row_by_row(rows)
        else:
            self.multibyte += len(rows) - len(text)

    def _count_row_by_row(self, rows: bytes) -> None:
        for row in rows.split(b"\n"):
            try:
                self.multibyte += len(row) - len(row.decode())
            except UnicodeDecodeError:
                self.invalid += 1

    @property
    def is_mixed(self) -> bool:
        """Read as Windows-1252, though some of it says more as UTF-8."""
        return self.encoding != "utf-8" and self.multibyte > 0

    @property
    def encoding(self) -> str:
        return "utf-8" if not self.invalid or self.multibyte >= self.invalid else "windows-1252"
