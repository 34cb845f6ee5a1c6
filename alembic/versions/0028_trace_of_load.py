"""A load knows the trace that its request belongs to, so that the work on it can be told in the same trace."""

from alembic import op

revision = "0028"
down_revision = "0027"

ADD = """
ALTER TABLE loads
    ADD COLUMN traceparent text CONSTRAINT loads_traceparent_bounded CHECK (length(traceparent) <= 64)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(ADD)


def downgrade() -> None:
    op.execute("ALTER TABLE loads DROP COLUMN traceparent")
