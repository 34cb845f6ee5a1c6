"""Texts in their normal form, mail addresses without regard to case, and what a load notices beside its rejects.

Only what differs from its normal form is written. Visits of a name that becomes another move in the rollup by one
delta each, so the figures stay exact. Addresses that differ only by case stay as they are: email_twin numbers
them, and every new row has 0, so that nothing new may join them.
"""

from alembic import op
from sqlalchemy import Connection, text

from logistics_indicators.texts import BLANK, normal_text

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    "ALTER TABLE loads ADD COLUMN findings jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE customers ADD COLUMN email_twin integer NOT NULL DEFAULT 0",
)

# What a text that is not in its normal form has, and some that are in it.
ODD = rf"  |[\t\n\r\x80-\xa0\xad]|[\u0300-\U0010ffff]|^[{BLANK}]|[{BLANK}]$"

ODD_CUSTOMERS = "SELECT id, nome, email, telefone FROM customers WHERE concat_ws('|', nome, email, telefone) ~ :odd"
CHANGE_CUSTOMER = "UPDATE customers SET nome = :nome, email = :email, telefone = :telefone WHERE id = :id"
TAKEN = "SELECT EXISTS (SELECT FROM customers WHERE email = :email)"

NUMBER_TWINS = """
UPDATE customers SET email_twin = twins.number
FROM (
    SELECT id, row_number() OVER (PARTITION BY lower(email) ORDER BY id) - 1 AS number
    FROM customers WHERE lower(email) IN (SELECT lower(email) FROM customers GROUP BY 1 HAVING count(*) > 1)
) AS twins
WHERE customers.id = twins.id AND twins.number > 0
"""
UNIQUE_EMAIL = (
    "ALTER TABLE customers DROP CONSTRAINT customers_email_key",
    "CREATE UNIQUE INDEX customers_email_key ON customers (lower(email), email_twin)",
)

# A delta takes the visits of the old name out and puts them in under the new one.
MOVE_IN_ROLLUP = """
WITH cells AS (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open,
           polos.id AS polo_id, angels.id AS angel_id,
           COALESCE(data_de_atendimento::date - data_limite, 0) AS days_late, count(*)::integer AS visits,
           COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM services JOIN polos ON polos.name = polo JOIN angels ON angels.name = angel
    WHERE services.{column} = :old
    GROUP BY 1, 2, 3, 4, 5
), moved AS (
    SELECT day, open, polo_id, angel_id, days_late, -visits AS visits, -seconds AS seconds FROM cells
    UNION ALL
    SELECT day, open, {polo_id}, {angel_id}, days_late, visits, seconds FROM cells
)
INSERT INTO rollup_deltas (day, open, polo_id, angel_id, days_late, visits, seconds)
SELECT array_agg(day), array_agg(open), array_agg(polo_id), array_agg(angel_id),
       array_agg(days_late), array_agg(visits), array_agg(seconds)
FROM moved HAVING count(*) > 0
"""


def upgrade() -> None:
    connection = op.get_bind()
    for statement in STATEMENTS:
        op.execute(statement)
    _bring_customers_to_normal_form(connection)
    op.execute(NUMBER_TWINS)
    for statement in UNIQUE_EMAIL:
        op.execute(statement)
    for table, column in (("angels", "angel"), ("polos", "polo")):
        _bring_names_to_normal_form(connection, table, column)
    _bring_calendar_to_normal_form(connection)


def _bring_customers_to_normal_form(connection: Connection) -> None:
    for row in connection.execute(text(ODD_CUSTOMERS), {"odd": ODD}).fetchall():
        before = {"nome": row.nome, "email": row.email, "telefone": row.telefone}
        after = {name: _normal(value) for name, value in before.items()}
        if after["email"] != row.email and connection.execute(text(TAKEN), {"email": after["email"]}).scalar():
            after["email"] = row.email
        if after != before:
            connection.execute(text(CHANGE_CUSTOMER), {"id": row.id, **after})


def _bring_names_to_normal_form(connection: Connection, table: str, column: str) -> None:
    for row in connection.execute(text(f"SELECT id, name FROM {table} ORDER BY id")).fetchall():
        normal = _normal(row.name)
        if normal == row.name:
            continue
        found = connection.execute(text(f"SELECT id FROM {table} WHERE name = :name"), {"name": normal}).scalar()
        names = {"old": row.name, "new": normal}
        if found is None:
            connection.execute(text(f"UPDATE {table} SET name = :new WHERE name = :old"), names)
        else:
            ids = {"polo_id": "polo_id", "angel_id": "angel_id"} | {f"{column}_id": str(int(found))}
            connection.execute(text(MOVE_IN_ROLLUP.format(column=column, **ids)), {"old": row.name})
        connection.execute(text(f"UPDATE services SET {column} = :new WHERE {column} = :old"), names)


def _bring_calendar_to_normal_form(connection: Connection) -> None:
    """A day that is there under the normal form already stays there; the other finds no polo any more."""
    taken = "SELECT EXISTS (SELECT FROM calendar_days WHERE kind = :kind AND scope = :scope AND day = :day)"
    rows = connection.execute(text("SELECT id, kind, scope, day FROM calendar_days WHERE kind = 'polo'")).fetchall()
    for row in rows:
        key = {"kind": row.kind, "scope": _normal(row.scope), "day": row.day}
        if key["scope"] != row.scope and not connection.execute(text(taken), key).scalar():
            change = text("UPDATE calendar_days SET scope = :scope WHERE id = :id")
            connection.execute(change, {"id": row.id, "scope": key["scope"]})


def _normal(value: str | None) -> str | None:
    """As it is where nothing of it would be left."""
    return value if value is None else normal_text(value) or value


def downgrade() -> None:
    op.execute("DROP INDEX customers_email_key")
    op.execute("ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email)")
    op.execute("ALTER TABLE customers DROP COLUMN email_twin")
    op.execute("ALTER TABLE loads DROP COLUMN findings")
