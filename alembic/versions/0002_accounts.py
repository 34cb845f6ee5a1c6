"""Sessions and their refresh tokens, the login throttle, one-time password resets and the audit log.

No secret is stored: tokens are kept as their SHA-256 (they are random, so a slow hash would add nothing).
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
-- A sign-in and all that descends from it by refreshing. expires_at is absolute: refreshing does not move it.
CREATE TABLE sessions (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    address text COLLATE "C",
    created_at timestamp NOT NULL DEFAULT now(),
    expires_at timestamp NOT NULL,
    revoked_at timestamp
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id, id);

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id integer NOT NULL REFERENCES sessions ON DELETE CASCADE,
    spent_at timestamp
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY,
    user_id integer NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    expires_at timestamp NOT NULL
);

-- One row per account or address with recent attempts, as a leaky bucket: an attempt moves empty_at on by
-- window / allowance, and is refused while empty_at lies more than the window ahead. subject is a hash.
CREATE TABLE throttle (
    subject bytea PRIMARY KEY,
    empty_at timestamp NOT NULL
);
CREATE INDEX throttle_empty_at_idx ON throttle (empty_at);

-- Who did what, when, from where. Rows outlive the users that they name, so there is no foreign key.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamp NOT NULL DEFAULT now(),
    action text COLLATE "C" NOT NULL,
    user_id integer,
    username text COLLATE "C",
    address text COLLATE "C",
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_action_idx ON audit_log (action, id);
CREATE INDEX audit_log_username_idx ON audit_log (username, id);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("refresh_tokens", "sessions", "password_resets", "throttle", "audit_log"):
        op.execute(f"DROP TABLE {table}")
