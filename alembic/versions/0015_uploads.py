"""Uploads that go on where they stopped: their parts wait here until the last byte is in, and become a load then."""

from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = """
CREATE TABLE uploads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id integer,
    username text COLLATE "C",
    address text COLLATE "C",
    kind text NOT NULL,
    filename text,
    options jsonb NOT NULL,
    metadata text NOT NULL,
    length bigint NOT NULL CHECK (length > 0),
    received bigint NOT NULL DEFAULT 0,
    parts integer NOT NULL DEFAULT 0,
    holder uuid,
    held_until timestamp,
    load_id integer REFERENCES loads ON DELETE CASCADE,
    problem jsonb,
    created_at timestamp NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamp NOT NULL,
    CHECK (received BETWEEN 0 AND length)
);
CREATE INDEX uploads_user_id_idx ON uploads (user_id);
CREATE INDEX uploads_load_id_idx ON uploads (load_id);
CREATE INDEX uploads_whole_idx ON uploads (created_at) WHERE received = length AND load_id IS NULL AND problem IS NULL;

CREATE TABLE upload_parts (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    place bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (upload_id, place)
);
ALTER TABLE upload_parts ALTER COLUMN body SET STORAGE EXTERNAL
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
