"""Visits hold the ids of their angels and polos. The view visits has the names.

The rows are written anew, in the order in which they lie, and what hangs on the table stays: rights, keys, indexes. A
few seconds for each million visits, while nobody reads or writes them.
"""

from alembic import op
from sqlalchemy import Connection, text

from logistics_indicators.states import state_in_name

revision = "0026"
down_revision = "0025"

LOCK = (
    "SET LOCAL lock_timeout = '60s'",
    "SET LOCAL maintenance_work_mem = '128MB'",
    "LOCK TABLE services, services_before IN ACCESS EXCLUSIVE MODE",
)

NEW_NAMES = """
SELECT {column} FROM services UNION SELECT {column} FROM services_before EXCEPT SELECT name FROM {table}
"""
ADD = {
    "angel": "INSERT INTO angels (name) VALUES (:name)",
    "polo": "INSERT INTO polos (name, uf) VALUES (:name, :uf)",
}
TABLES = {"angel": "angels", "polo": "polos"}

IDS = "SELECT quote_literal(COALESCE(jsonb_object_agg(name, id), '{{}}')) FROM {table}"
CHANGE = "ALTER TABLE {table} {changes}"
TO_IDS = "ALTER COLUMN {column} TYPE integer USING ({ids}::jsonb ->> {column})::integer"
"""A USING may not ask a table; to look a name up in a constant is ten times faster than to ask by a function."""

VISITS_OF_READERS = """
CREATE OR REPLACE VIEW bi_atendimentos AS
SELECT services.id, id_cliente, {angel} AS angel, {polo} AS polo, polos.uf, data_limite, data_de_atendimento,
       data_de_atendimento::date <= data_limite AS no_prazo,
       GREATEST(data_de_atendimento::date - data_limite, 0) AS dias_de_atraso
FROM {visits}
"""
NO_NAME = 'NULL::text COLLATE "C"'

NAMED = "services LEFT JOIN angels ON angels.id = angel_id LEFT JOIN polos ON polos.id = polo_id"
VISITS = f"""
CREATE VIEW visits AS
SELECT services.id, id_cliente, angel_id, polo_id, angels.name AS angel, polos.name AS polo, data_limite,
       data_de_atendimento, load_id, updated_by_load
FROM {NAMED}
"""


def upgrade() -> None:
    connection = op.get_bind()
    for statement in LOCK:
        op.execute(statement)
    _add_new_names(connection)
    # Readers keep what they were granted on the view: it lets go of the columns, and takes the new ones.
    op.execute(VISITS_OF_READERS.format(angel=NO_NAME, polo=NO_NAME, visits="services, polos"))
    ids = {column: connection.execute(text(IDS.format(table=table))).scalar() for column, table in TABLES.items()}
    changes = ", ".join(TO_IDS.format(column=column, ids=ids[column]) for column in TABLES)
    for table in ("services", "services_before"):
        connection.exec_driver_sql(CHANGE.format(table=table, changes=changes))  # a name may look like a parameter
        for column in TABLES:
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}_id")
    op.execute(VISITS)
    op.execute(VISITS_OF_READERS.format(angel="angels.name", polo="polos.name", visits=NAMED))
    op.execute("ANALYZE services")


def _add_new_names(connection: Connection) -> None:
    """Those that only visits have: there should be none."""
    for column, table in TABLES.items():
        for row in connection.execute(text(NEW_NAMES.format(column=column, table=table))).fetchall():
            values = {"name": row[0], "uf": state_in_name(row[0])}
            connection.execute(text(ADD[column]), values)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
