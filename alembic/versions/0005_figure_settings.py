"""What figures depend on, kept in the database: optional days, the time zone of "today", and changes to the calendar.

A database that was made with CALENDAR_OPTIONAL_DAYS keeps its days.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
SET LOCAL lock_timeout = '15s';

-- version: one more for every change.
CREATE TABLE indicator_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 0,
    time_zone text NOT NULL DEFAULT 'America/Sao_Paulo',
    optional_days text[] NOT NULL DEFAULT '{}',
    changed_at timestamp,
    changed_by text
);
INSERT INTO indicator_settings (optional_days)
SELECT array_remove(ARRAY[
    CASE WHEN position('carnaval' IN source) > 0 THEN 'carnaval' END,
    CASE WHEN position('corpus_christi' IN source) > 0 THEN 'corpus_christi' END
], NULL)
FROM calendar_state;

-- works: a business day for this place, whatever the places around it say. scope of a cidade: CE - SOBRAL.
ALTER TABLE calendar_days ADD COLUMN works boolean NOT NULL DEFAULT false;
ALTER TABLE calendar_days DROP CONSTRAINT calendar_days_kind_check;
ALTER TABLE calendar_days ADD CONSTRAINT calendar_days_kind_check CHECK (kind IN ('nacional', 'uf', 'cidade', 'polo'));
ALTER TABLE calendar_days DROP CONSTRAINT calendar_days_kind_scope_day_key;
ALTER TABLE calendar_days ADD CONSTRAINT calendar_days_kind_scope_day_works_key UNIQUE (kind, scope, day, works);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DELETE FROM calendar_days WHERE works OR kind = 'cidade'")
    op.execute("ALTER TABLE calendar_days DROP CONSTRAINT calendar_days_kind_scope_day_works_key")
    op.execute("ALTER TABLE calendar_days ADD CONSTRAINT calendar_days_kind_scope_day_key UNIQUE (kind, scope, day)")
    op.execute("ALTER TABLE calendar_days DROP CONSTRAINT calendar_days_kind_check")
    op.execute(
        "ALTER TABLE calendar_days ADD CONSTRAINT calendar_days_kind_check CHECK (kind IN ('nacional', 'uf', 'polo'))"
    )
    op.execute("ALTER TABLE calendar_days DROP COLUMN works")
    op.execute("DROP TABLE indicator_settings")
