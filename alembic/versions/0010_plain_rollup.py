"""The rollup as plain rows, made anew from the visits.

grain: 0 a day, 1 an eighth of a month, 2 a month, 3 a quarter, 4 a year; `block` is its first day. 5 is a day with all
its visits in one cell (polo_id and angel_id are 0), 6 the visits not made yet by their deadline. Every merged visit is
in each of the levels 0 to 4, so that a range is a few blocks. seconds: sums of (data_limite at 00:00 less
data_de_atendimento).
"""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = """
-- A writer of the version before that is under way fails when it comes to its cells, and loses nothing.
LOCK TABLE rollup_deltas IN ACCESS EXCLUSIVE MODE;

CREATE TABLE rollup (
    grain smallint NOT NULL,
    block date NOT NULL,
    polo_id integer NOT NULL,
    angel_id integer NOT NULL,
    total integer NOT NULL,
    on_time integer NOT NULL,
    seconds bigint NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);

-- Only visits after their deadline's day: days_late >= 1.
CREATE TABLE rollup_late (
    grain smallint NOT NULL,
    block date NOT NULL,
    polo_id integer NOT NULL,
    angel_id integer NOT NULL,
    days_late integer NOT NULL,
    total integer NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);

-- What is not merged yet, as the writing transactions appended it, of the grains 0, 2, 4, 5 and 6. days_late is 0 for a
-- visit on time; totals may be negative. Its index costs writers nothing that they would notice: a b-tree doubles the
-- price of a row.
CREATE TABLE rollup_recent (
    commit_id bigint NOT NULL,
    grain smallint NOT NULL,
    block date NOT NULL,
    polo_id integer NOT NULL,
    angel_id integer NOT NULL,
    days_late integer NOT NULL,
    total integer NOT NULL,
    seconds bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX rollup_recent_idx ON rollup_recent USING brin (commit_id, grain, block) WITH (pages_per_range = 8);

-- A row for each writing transaction whose cells are not merged yet.
CREATE TABLE rollup_waiting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cells integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- The version that it had goes on.
ALTER TABLE rollup_state RENAME COLUMN folded TO merged;
UPDATE rollup_state SET merged = merged + 1 + (SELECT count(*) FROM rollup_deltas);

CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
SELECT day, open, polos.id AS polo_id, angels.id AS angel_id, days_late, total, seconds
FROM (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, polo, angel,
           COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0) AS days_late, count(*)::integer AS total,
           COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM services GROUP BY 1, 2, 3, 4, 5
) AS cells
JOIN polos ON polos.name = polo JOIN angels ON angels.name = angel;

CREATE TEMPORARY TABLE leveled ON COMMIT DROP AS
SELECT level.grain::smallint AS grain, level.block::date AS block, polo_id, angel_id, days_late,
       sum(total)::integer AS total, sum(seconds)::bigint AS seconds
FROM changed, LATERAL (VALUES
    (0, day),
    (1, date_trunc('month', day)::date + 8 * LEAST((EXTRACT(day FROM day)::integer - 1) / 8, 3)),
    (2, date_trunc('month', day)::date),
    (3, date_trunc('quarter', day)::date),
    (4, date_trunc('year', day)::date)
) AS level (grain, block)
WHERE NOT open
GROUP BY 1, 2, 3, 4, 5;

INSERT INTO rollup
SELECT grain, block, polo_id, angel_id, sum(total), COALESCE(sum(total) FILTER (WHERE days_late = 0), 0), sum(seconds)
FROM leveled GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
INSERT INTO rollup SELECT 5, day, 0, 0, sum(total), 0, 0 FROM changed WHERE NOT open GROUP BY day;
INSERT INTO rollup SELECT 6, day, polo_id, angel_id, total, 0, 0 FROM changed WHERE open ORDER BY 2, 3, 4;
INSERT INTO rollup_late
SELECT grain, block, polo_id, angel_id, days_late, total FROM leveled WHERE days_late > 0 ORDER BY 1, 2, 3, 4, 5;

-- A range is read from the index alone.
ALTER TABLE rollup ADD PRIMARY KEY (grain, block, polo_id, angel_id) INCLUDE (total, on_time, seconds);
ALTER TABLE rollup_late ADD PRIMARY KEY (grain, block, polo_id, angel_id, days_late) INCLUDE (total);
ANALYZE rollup, rollup_late;

DROP TABLE rollup_deltas, rollup_blocks, late_blocks, rollup_open
"""


def upgrade() -> None:
    op.execute("SET LOCAL work_mem = '64MB'")
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the packed rollup is gone; restore a backup")
