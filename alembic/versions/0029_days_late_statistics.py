"""The planner knows how many visits are so many days late: it walks no list in order for some that are not there."""

from alembic import op

revision = "0029"
down_revision = "0028"

ADD = "CREATE STATISTICS services_days_late ON (data_de_atendimento::date - data_limite) FROM services"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(ADD)
    op.execute("ANALYZE services")


def downgrade() -> None:
    op.execute("DROP STATISTICS services_days_late")
