"""Rejects have a state: which load mends them, who dropped them, and what a mend that failed left of them."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    "SET LOCAL lock_timeout = '60s'",
    "ALTER TABLE loads ADD COLUMN mends integer REFERENCES loads ON DELETE SET NULL",
    "CREATE INDEX loads_mends_idx ON loads (mends) WHERE mends IS NOT NULL",
    """
    ALTER TABLE load_rejects
        ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY,
        ADD COLUMN mend_id integer REFERENCES loads ON DELETE SET NULL,
        ADD COLUMN is_taken boolean NOT NULL DEFAULT false,
        ADD COLUMN dropped_by text,
        ADD COLUMN settled_at timestamp,
        ADD COLUMN now_column text,
        ADD COLUMN now_reason text,
        ADD COLUMN now_value text,
        ADD COLUMN now_row text,
        ADD CONSTRAINT load_rejects_id_key UNIQUE (id)
    """,
    "CREATE INDEX load_rejects_mend_idx ON load_rejects (mend_id) WHERE mend_id IS NOT NULL",
    # The original lines of a mend's rows, for each line of the chunk.
    "ALTER TABLE load_chunks ADD COLUMN origin_lines bigint[]",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE load_chunks DROP COLUMN origin_lines")
    for column in ("row", "value", "reason", "column"):
        op.execute(f"ALTER TABLE load_rejects DROP COLUMN now_{column}")
    for column in ("settled_at", "dropped_by", "is_taken", "mend_id", "id"):
        op.execute(f"ALTER TABLE load_rejects DROP COLUMN {column}")
    op.execute("ALTER TABLE loads DROP COLUMN mends")
