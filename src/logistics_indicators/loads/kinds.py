"""What a file may hold: each kind of file is declared here, and nowhere else.

What more a kind needs of the database than its table (how else rows are told apart, what follows them) is in
merging/rows_of_kind.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import polars as pl

from ..customers.models import EMAIL_MAX, EMAIL_PATTERN, NOME_MAX, TELEFONE_MAX
from ..rollup.dimensions import COLUMN_OF, Dimension, column_of_visits
from .words import Kind as Kind

DataType = pl.DataType | type[pl.DataType]

SQL_TYPES: Mapping[DataType, str] = {
    pl.Int64: "bigint",
    pl.String: "text",
    pl.Date: "date",
    pl.Datetime("us"): "timestamp",
}


@dataclass(frozen=True)
class Column:
    """dtype: integers are ids, dates and datetimes are dates in any spelling, the rest is text.

    synonyms: other names in a header, compared as headers.key_of makes them: without case, accents, blanks, `_`, `-`
    and `.`. A word that could stand for two columns of a kind is not among them.
    """

    name: str
    dtype: DataType
    synonyms: tuple[str, ...]
    longest: int = 0
    """Characters of a text."""
    pattern: str = ""
    """What a text must match; the reason of one that does not is invalid_{name}."""
    may_be_empty: bool = False
    may_be_absent: bool = False
    """A file with a header need not have the column."""
    came_later: bool = False
    """One without a header may end before it, as files did before there was this column. It is among the last."""
    is_grouped_by: bool = False
    """Figures are: its names have ids, which the table holds; how a name was spelled is told in the load's warnings."""

    @property
    def stored(self) -> str:
        """The table's column."""
        return column_of_visits(self.name) if self.is_grouped_by else self.name

    @property
    def sql_type(self) -> str:
        """Of the table's column."""
        return "integer" if self.is_grouped_by else SQL_TYPES[self.dtype]

    @property
    def is_id(self) -> bool:
        return self.dtype == pl.Int64

    @property
    def is_date(self) -> bool:
        return self.dtype in (pl.Date, pl.Datetime("us"))


class Reference(NamedTuple):
    """A column holds ids of another kind, whose loads go first. reason: of a row whose id is not there."""

    kind: Kind
    reason: str


@dataclass(frozen=True)
class FileKind:
    columns: tuple[Column, ...]
    """In the order of a file without a header. The first is the id."""
    indexes: Mapping[str, str]
    """Of the table's filters, by name, as the migrations make them; a test compares."""
    rows: str
    """Where its rows are read: the table, or a view of it that has names in the place of ids."""
    words: tuple[str, ...]
    """Of which one in a file's name tells the kind, where the columns do not."""
    summary: str
    description: str
    """Of the route."""
    stays: str
    """Said of a load that failed, where its rows cannot be taken back for references between kinds."""
    unique: tuple[str, ...] = ()
    """Columns beside the id of which no two rows may share a value, whatever its case."""
    refers_to: Mapping[str, Reference] = field(default_factory=dict)
    """By column."""

    @cached_property
    def widths(self) -> range:
        """How many columns a file without a header may have."""
        first = sum(not column.came_later for column in self.columns)
        return range(first, len(self.columns) + 1)

    @cached_property
    def goes_behind(self) -> tuple[Kind, ...]:
        """Kinds whose loads it waits for."""
        return tuple(reference.kind for reference in self.refers_to.values())

    @cached_property
    def columns_before(self) -> tuple[str, ...]:
        """What is kept of a row that a load updates, in the table {kind}_before."""
        stored = tuple(column.stored for column in self.columns)
        return (*stored, *(f"{column}_twin" for column in self.unique), "updated_by_load")

    @cached_property
    def values_before(self) -> str:
        """What an UPDATE sets that gives a row its values before again, from {kind}_before AS before."""
        return ", ".join(f"{column} = before.{column}" for column in self.columns_before[1:])

    @cached_property
    def dates(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_date)

    @cached_property
    def grouped_by(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_grouped_by)


KINDS: Mapping[Kind, FileKind] = {
    Kind.customers: FileKind(
        columns=(
            Column(
                "id",
                pl.Int64,
                (
                    *("id_cliente", "id_do_cliente", "codigo", "cod", "codigo_cliente", "cod_cliente"),
                    *("codigo_do_cliente", "customer_id"),
                ),
            ),
            Column(
                "nome",
                pl.String,
                ("name", "nome_cliente", "nome_do_cliente", "customer_name", "razao_social"),
                longest=NOME_MAX,
            ),
            Column(
                "email",
                pl.String,
                ("mail", "email_cliente", "correio_eletronico", "endereco_de_email"),
                longest=EMAIL_MAX,
                pattern=EMAIL_PATTERN,
            ),
            Column(
                "telefone",
                pl.String,
                ("tel", "fone", "celular", "phone", "telefone_cliente", "telefone_do_cliente"),
                longest=TELEFONE_MAX,
                may_be_empty=True,
                may_be_absent=True,
            ),
        ),
        indexes={"customers_nome_idx": "nome", "customers_telefone_idx": "telefone"},
        rows="customers",
        words=("customer", "client"),
        summary="Load a file of customers",
        description="""Columns `id;nome;email;telefone`, by position, or by name where the file has a header.

Answers 202 once every byte is durable; the load then goes on by itself. Watch it at its Location.""",
        stays="Its customers stay, for visits point at them.",
        unique=("email",),
    ),
    Kind.services: FileKind(
        columns=(
            Column(
                "id",
                pl.Int64,
                (
                    *("id_atendimento", "codigo", "cod", "codigo_atendimento", "cod_atendimento"),
                    *("id_servico", "service_id"),
                ),
            ),
            Column(
                "id_cliente",
                pl.Int64,
                ("cliente", "id_do_cliente", "codigo_cliente", "cod_cliente", "codigo_do_cliente", "customer_id"),
            ),
            Column(
                "angel",
                pl.String,
                ("green_angel", "tecnico", "agente", "nome_do_tecnico", "technician"),
                longest=COLUMN_OF[Dimension.angel].longest,
                is_grouped_by=True,
            ),
            Column(
                "polo",
                pl.String,
                ("hub", "base", "base_logistica", "polo_logistico"),
                longest=COLUMN_OF[Dimension.polo].longest,
                is_grouped_by=True,
            ),
            Column("data_limite", pl.Date, ("prazo", "data_prazo", "limite", "deadline", "due_date")),
            Column(
                "data_de_atendimento",
                pl.Datetime("us"),
                ("data_atendimento", "realizado", "realizado_em", "atendido_em", "data_de_realizacao"),
                may_be_empty=True,
            ),
        ),
        indexes={
            "services_angel_idx": "angel_id",
            "services_polo_idx": "polo_id",
            "services_id_cliente_idx": "id_cliente",
            "services_data_limite_idx": "data_limite",
            "services_data_de_atendimento_idx": "data_de_atendimento",
        },
        rows="visits",
        words=("service", "atendimento"),
        summary="Load a file of visits",
        description="""\
Columns `id_atendimento;id_cliente;angel;polo;data_limite;data_de_atendimento`, by position or by name.

Waits for every customers load received before it. Answers 202 once every byte is durable.""",
        stays="Its visits stay, for customers of those that it updated are gone.",
        refers_to={"id_cliente": Reference(Kind.customers, "unknown_customer")},
    ),
}
"""In the order in which files that come together are loaded."""

COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(column.name for column in declared.columns) for kind, declared in KINDS.items()
}
STORED: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(column.stored for column in declared.columns) for kind, declared in KINDS.items()
}
"""The table's columns."""
KEYS: Mapping[Kind, tuple[str, ...]] = {kind: ("id", *declared.unique) for kind, declared in KINDS.items()}
"""Columns of which no two rows may share a value (see merging.tables.key_of)."""

SCHEMAS: Mapping[Kind, dict[str, DataType]] = {
    kind: {column.name: column.dtype for column in declared.columns} for kind, declared in KINDS.items()
}

MOST_ID_DIGITS = 16
"""After its leading zeros, of which there may be any number."""

SUMMED_KINDS = [kind for kind, declared in KINDS.items() if declared.grouped_by]
"""Their rows are in the indicators' sums."""
