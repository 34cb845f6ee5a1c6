"""Beside a large load: readers walk over fewer cells, and the vacuum of the spool takes its time."""

from alembic import op

revision = "0031"
down_revision = "0030"

PAGES = "ALTER INDEX rollup_recent_idx SET (pages_per_range = {pages})"
SLOWLY = "ALTER TABLE load_chunks SET (toast.autovacuum_vacuum_cost_delay = 20)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(PAGES.format(pages=2))
    op.execute("REINDEX INDEX rollup_recent_idx")
    op.execute(SLOWLY)


def downgrade() -> None:
    op.execute("ALTER TABLE load_chunks RESET (toast.autovacuum_vacuum_cost_delay)")
    op.execute(PAGES.format(pages=8))
    op.execute("REINDEX INDEX rollup_recent_idx")
