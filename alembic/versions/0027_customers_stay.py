"""Whoever deletes customers waits for the chunks of visits that found them there; who writes others does not."""

from alembic import op

revision = "0027"
down_revision = "0026"

LOCK = 7_163_011
"""Lock.referred_rows, in database.py."""

STATEMENTS = (
    f"""
CREATE FUNCTION wait_for_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER customers_stay BEFORE DELETE ON customers FOR EACH STATEMENT EXECUTE FUNCTION wait_for_chunks()
""",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER customers_stay ON customers")
    op.execute("DROP FUNCTION wait_for_chunks()")
