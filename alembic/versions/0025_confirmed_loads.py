"""A load that was only tried is confirmed: another load takes its file over."""

from alembic import op

revision = "0025"
down_revision = "0024"

STATEMENTS = (
    """
ALTER TABLE loads
    ADD COLUMN confirms integer REFERENCES loads ON DELETE SET NULL,
    ADD COLUMN received_warnings jsonb NOT NULL DEFAULT '[]'
""",
    "CREATE UNIQUE INDEX loads_confirms_idx ON loads (confirms) WHERE confirms IS NOT NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE loads DROP COLUMN confirms, DROP COLUMN received_warnings")
