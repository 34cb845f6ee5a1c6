"""Visits of a load that wait for their customers."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = """
SET LOCAL lock_timeout = '60s';
ALTER TABLE loads
    ADD COLUMN unknown_customer text NOT NULL DEFAULT 'reject' CHECK (unknown_customer IN ('reject', 'wait')),
    ADD COLUMN rows_waiting bigint NOT NULL DEFAULT 0,
    ADD COLUMN waiting_ended_at timestamp;

-- What the file's line brought, and the line itself: it may become a reject yet.
CREATE TABLE services_waiting (
    load_id integer NOT NULL REFERENCES loads ON DELETE CASCADE,
    line bigint NOT NULL,
    id bigint NOT NULL,
    id_cliente bigint NOT NULL,
    data_de_atendimento timestamp(0),
    data_limite date NOT NULL,
    angel text COLLATE "C" NOT NULL,
    polo text COLLATE "C" NOT NULL,
    origin_line bigint,
    earlier_reason text,
    "row" text NOT NULL,
    PRIMARY KEY (load_id, line)
);
CREATE INDEX services_waiting_id_cliente_idx ON services_waiting (id_cliente);

-- Customers that came, and that visits wait for: written with them.
CREATE TABLE arrived_customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id_cliente bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- The visits that waited for them, to be tried in this order. One may have gone from services_waiting since.
CREATE TABLE services_ready (
    load_id integer NOT NULL,
    line bigint NOT NULL,
    PRIMARY KEY (load_id, line)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("services_ready", "arrived_customers", "services_waiting"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE loads DROP COLUMN waiting_ended_at, DROP COLUMN rows_waiting, DROP COLUMN unknown_customer")
