"""Presets: what is asked of the files of one sender, under a name; and which of them a load was read by."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = """
CREATE TABLE presets (
    name text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    options jsonb NOT NULL,
    changed_at timestamp NOT NULL DEFAULT clock_timestamp(),
    changed_by text COLLATE "C"
);
ALTER TABLE loads ADD COLUMN preset text COLLATE "C"
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup")
