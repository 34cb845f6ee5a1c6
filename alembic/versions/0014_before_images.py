"""What a load's updates replaced, so that its undo can give it back; and who changed a row last.

updated_by_load: null for a row that nobody changed since it was inserted, 0 for one that was changed by hand, else
the load that changed it last. A row with nulls has room for it in its header, so rows do not grow.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = """
SET LOCAL lock_timeout = '60s';
ALTER TABLE customers ADD COLUMN updated_by_load integer;
ALTER TABLE services ADD COLUMN updated_by_load integer;

-- The row as it stood before load_id updated it, which it does once at most.
CREATE TABLE customers_before (
    load_id integer NOT NULL REFERENCES loads ON DELETE CASCADE,
    id bigint NOT NULL,
    nome text COLLATE "C" NOT NULL,
    email text COLLATE "C" NOT NULL,
    telefone text COLLATE "C",
    email_twin integer NOT NULL,
    updated_by_load integer,
    PRIMARY KEY (load_id, id)
);
CREATE TABLE services_before (
    load_id integer NOT NULL REFERENCES loads ON DELETE CASCADE,
    id bigint NOT NULL,
    id_cliente bigint NOT NULL,
    data_de_atendimento timestamp(0),
    data_limite date NOT NULL,
    updated_by_load integer,
    angel text COLLATE "C" NOT NULL,
    polo text COLLATE "C" NOT NULL,
    PRIMARY KEY (load_id, id)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for kind in ("customers", "services"):
        op.execute(f"DROP TABLE {kind}_before")
        op.execute(f"ALTER TABLE {kind} DROP COLUMN updated_by_load")
