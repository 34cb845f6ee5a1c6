"""How much a load's waiting visits take, of what those of its user may."""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    "ALTER TABLE loads ADD COLUMN waiting_bytes bigint NOT NULL DEFAULT 0",
    """
    UPDATE loads SET waiting_bytes = w.bytes
    FROM (SELECT load_id, sum(octet_length("row")) AS bytes FROM services_waiting GROUP BY load_id) AS w
    WHERE w.load_id = loads.id
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
