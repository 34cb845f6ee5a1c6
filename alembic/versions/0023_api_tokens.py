"""API tokens: for machines, made by a user, with no more rights than that user has."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = (
    """
CREATE TABLE api_tokens (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('analyst', 'viewer')),
    scopes text[] NOT NULL,
    addresses text[] NOT NULL,
    created_at timestamp NOT NULL DEFAULT now(),
    expires_at timestamp,
    last_used_at timestamp,
    last_used_address text COLLATE "C",
    UNIQUE (user_id, name)
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE api_tokens")
