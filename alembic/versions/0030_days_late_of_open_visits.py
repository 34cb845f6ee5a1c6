"""bi_atendimentos says of a visit not made yet what docs/bi.md says: days late null, and not 0."""

from alembic import op

revision = "0030"
down_revision = "0029"

VISITS_OF_READERS = """
CREATE OR REPLACE VIEW bi_atendimentos AS
SELECT services.id, id_cliente, angels.name AS angel, polos.name AS polo, polos.uf, data_limite, data_de_atendimento,
       data_de_atendimento::date <= data_limite AS no_prazo, {days_late} AS dias_de_atraso
FROM services LEFT JOIN angels ON angels.id = angel_id LEFT JOIN polos ON polos.id = polo_id
"""
DAYS_LATE = "GREATEST(data_de_atendimento::date - data_limite, 0)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    # GREATEST passes over nulls.
    made = f"CASE WHEN data_de_atendimento IS NOT NULL THEN {DAYS_LATE} END"
    op.execute(VISITS_OF_READERS.format(days_late=made))


def downgrade() -> None:
    op.execute(VISITS_OF_READERS.format(days_late=DAYS_LATE))
