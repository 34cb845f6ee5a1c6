"""Loads can be listed in the order in which they came and ended."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = (
    "CREATE INDEX loads_received_at_idx ON loads (received_at)",
    "CREATE INDEX loads_finished_at_idx ON loads (finished_at)",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX loads_received_at_idx, loads_finished_at_idx")
