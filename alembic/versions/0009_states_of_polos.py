"""A polo's state stands in its row: read from its name, or given by an admin."""

from alembic import op
from sqlalchemy import text

from logistics_indicators.states import state_in_name

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    'ALTER TABLE polos ADD COLUMN uf text COLLATE "C", ADD COLUMN uf_given boolean NOT NULL DEFAULT false',
    "CREATE INDEX polos_uf_idx ON polos (uf)",
    # A value for each of some 140 polos: a rare state's visits are sought by the index, a common one's along the ids.
    "ALTER TABLE services ALTER COLUMN polo SET STATISTICS 200",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for row in connection.execute(text("SELECT id, name FROM polos")).fetchall():
        uf = state_in_name(row.name)
        if uf is not None:
            connection.execute(text("UPDATE polos SET uf = :uf WHERE id = :id"), {"uf": uf, "id": row.id})
    op.execute("UPDATE calendar_state SET version = version + 1")  # another data_version: states are read anew


def downgrade() -> None:
    op.execute("ALTER TABLE services ALTER COLUMN polo SET STATISTICS -1")
    op.execute("DROP INDEX polos_uf_idx")
    op.execute("ALTER TABLE polos DROP COLUMN uf, DROP COLUMN uf_given")
