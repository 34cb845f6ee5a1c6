"""A preset may be the one for files with a certain header: its names, in their order."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '60s'")
    op.execute('ALTER TABLE presets ADD COLUMN for_header text[] COLLATE "C"')


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
