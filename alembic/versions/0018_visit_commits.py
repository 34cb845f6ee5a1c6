"""Who changed the visits, by how much, and what a load did to the figures.

version: the data's version by which the commit was there; null until a process has seen it committed, a second at
most after it was. first_day, last_day: of the visits that came or went, by the day of the visit, or by the deadline
where it was not made yet. A visit that was changed has gone as it was, and come as it is.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = """
SET LOCAL lock_timeout = '60s';

CREATE TABLE visit_commits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint,
    written_at timestamp NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamp,
    act text NOT NULL CHECK (act IN ('load', 'undo', 'failure', 'hand')),
    load_id integer,
    user_id integer,
    username text,
    added integer NOT NULL,
    removed integer NOT NULL,
    on_time_added integer NOT NULL,
    on_time_removed integer NOT NULL,
    open_added integer NOT NULL,
    open_removed integer NOT NULL,
    first_day date,
    last_day date
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX visit_commits_version_idx ON visit_commits (version);
CREATE INDEX visit_commits_seen_at_idx ON visit_commits (seen_at);

-- Commits are kept from this version on.
CREATE TABLE visit_commits_kept (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL,
    seen_at timestamp NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO visit_commits_kept (version)
SELECT merged + (SELECT count(*) FROM rollup_waiting) + calendar_state.version + indicator_settings.version
FROM rollup_state, calendar_state, indicator_settings;

-- What a load under way has changed so far: by the day (polo and angel are null), and by polo and angel (day is null).
CREATE TABLE load_cells (
    load_id integer NOT NULL,
    day date,
    polo text COLLATE "C",
    angel text COLLATE "C",
    total integer NOT NULL,
    on_time integer NOT NULL,
    open integer NOT NULL
);
CREATE INDEX load_cells_load_id_idx ON load_cells (load_id);

ALTER TABLE loads ADD COLUMN effect jsonb;

-- Rows of a load lie together, so these few notes cost a load nothing. Few rows are ever updated by one.
CREATE INDEX services_load_id_idx ON services USING brin (load_id) WITH (pages_per_range = 16);
CREATE INDEX services_updated_by_load_idx ON services (updated_by_load) WHERE updated_by_load > 0
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX services_load_id_idx, services_updated_by_load_idx")
    op.execute("ALTER TABLE loads DROP COLUMN effect")
    op.execute("DROP TABLE load_cells, visit_commits_kept, visit_commits")
