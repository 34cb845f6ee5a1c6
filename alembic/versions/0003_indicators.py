"""The folded levels of the rollup, and the calendar.

A block holds the cells of a span of days, which `block` is the first of: grain 0 a day, 1 an eighth of a month (days
1-8, 9-16, 17-24, 25-end), 2 a month, 3 a quarter, 4 a year. Every level holds every folded visit, so that a range is
a few blocks. Cells are packed (indicators/packing.py): a reader sums 20,000 of them in a millisecond, and a fold
rewrites some blocks instead of upserting half a million rows.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
CREATE TABLE rollup_blocks (
    grain smallint NOT NULL,
    block date NOT NULL,
    visits bigint NOT NULL,
    cells bytea NOT NULL,
    PRIMARY KEY (grain, block)
);
ALTER TABLE rollup_blocks ALTER COLUMN cells SET STORAGE EXTERNAL;

-- Only visits after their deadline's day: days_late >= 1.
CREATE TABLE late_blocks (
    grain smallint NOT NULL,
    block date NOT NULL,
    visits bigint NOT NULL,
    cells bytea NOT NULL,
    PRIMARY KEY (grain, block)
);
ALTER TABLE late_blocks ALTER COLUMN cells SET STORAGE EXTERNAL;

-- Visits not made yet, by their deadline.
CREATE TABLE rollup_open (
    data_limite date NOT NULL,
    polo_id integer NOT NULL,
    angel_id integer NOT NULL,
    total integer NOT NULL,
    PRIMARY KEY (data_limite, polo_id, angel_id)
) WITH (fillfactor = 90);

-- folded: how many rows of rollup_deltas the levels have taken in.
CREATE TABLE rollup_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    folded bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO rollup_state DEFAULT VALUES;

-- Deltas come and go within seconds: keep them raw (pglz costs a load more than the bytes do) and swept.
ALTER TABLE rollup_deltas
    ALTER COLUMN day SET STORAGE EXTERNAL,
    ALTER COLUMN open SET STORAGE EXTERNAL,
    ALTER COLUMN polo_id SET STORAGE EXTERNAL,
    ALTER COLUMN angel_id SET STORAGE EXTERNAL,
    ALTER COLUMN days_late SET STORAGE EXTERNAL,
    ALTER COLUMN visits SET STORAGE EXTERNAL,
    ALTER COLUMN seconds SET STORAGE EXTERNAL;
ALTER TABLE rollup_deltas SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_threshold = 500
);
ALTER TABLE rollup_state SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Days without work; the truth of every business day. scope is empty, the state's two letters, or a polo's name.
-- 'oficial' and 'facultativo' days come from the package holidays and are replaced when it changes.
CREATE TABLE calendar_days (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('nacional', 'uf', 'polo')),
    scope text COLLATE "C" NOT NULL DEFAULT '',
    day date NOT NULL,
    name text NOT NULL,
    source text NOT NULL CHECK (source IN ('oficial', 'facultativo', 'local')),
    UNIQUE (kind, scope, day)
);

-- version: one more for every change to calendar_days. source: the package's version and the options it was asked with.
CREATE TABLE calendar_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 0,
    source text NOT NULL DEFAULT ''
);
INSERT INTO calendar_state DEFAULT VALUES;
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in (
        "calendar_state",
        "calendar_days",
        "rollup_state",
        "rollup_open",
        "late_blocks",
        "rollup_blocks",
    ):
        op.execute(f"DROP TABLE {table}")
