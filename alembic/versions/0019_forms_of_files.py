"""What a load's file was sent as, and the size of what was spooled of it."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '60s'")
    op.execute(
        """
        ALTER TABLE loads ADD COLUMN format text NOT NULL DEFAULT 'csv', ADD COLUMN sheet text,
            ADD COLUMN spooled_bytes bigint
        """
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
