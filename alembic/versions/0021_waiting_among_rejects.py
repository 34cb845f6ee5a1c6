"""Visits that wait are listed with the rejects, by ids of one sequence."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    "ALTER TABLE services_waiting ADD COLUMN number bigint NOT NULL DEFAULT nextval('load_rejects_id_seq')",
    "CREATE UNIQUE INDEX services_waiting_number_idx ON services_waiting (number)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
