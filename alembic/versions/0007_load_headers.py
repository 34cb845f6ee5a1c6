"""What a load knows of its file's header: the record as sent, our columns to its names, and what was passed over."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "SET LOCAL lock_timeout = '15s'",
    """
    ALTER TABLE loads
        ADD COLUMN header text,
        ADD COLUMN column_names jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN ignored jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN is_rejects_file boolean NOT NULL DEFAULT false
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for column in ("is_rejects_file", "ignored", "column_names", "header"):
        op.execute(f"ALTER TABLE loads DROP COLUMN {column}")
