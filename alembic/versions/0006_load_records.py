"""What a load knows of its records: long ones that chunks end within, and how many of its rejects are kept."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    """
    ALTER TABLE loads
        ADD COLUMN long_records jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN rejects_stored bigint NOT NULL DEFAULT 0,
        ADD COLUMN rejects_bytes bigint NOT NULL DEFAULT 0
    """,
    """
    UPDATE loads l SET rejects_stored = r.kept, rejects_bytes = r.size
    FROM (
        SELECT load_id, count(*) AS kept, sum(octet_length("row") + octet_length(coalesce(value, ''))) AS size
        FROM load_rejects GROUP BY load_id
    ) r WHERE r.load_id = l.id
    """,
    # The line of the file that was sent first, where the load is one of rejects sent again.
    "ALTER TABLE load_rejects ADD COLUMN origin_line bigint",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE load_rejects DROP COLUMN origin_line")
    op.execute("ALTER TABLE loads DROP COLUMN rejects_bytes, DROP COLUMN rejects_stored, DROP COLUMN long_records")
